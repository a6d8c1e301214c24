"""Gradio's import without the type stubs that it writes beside each of its components: two of its five seconds.

They are for editors. Gradio parses and compares them whenever a component's class is made, in every process.
"""

import inspect
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


@contextmanager
def no_type_stubs() -> Iterator[None]:
    """While it is open, Gradio takes its components for classes that are in no file, of which it writes none."""
    find = inspect.getfile

    def getfile(of: Any) -> str:
        if sys._getframe(1).f_globals.get("__name__") == "gradio.component_meta":
            raise OSError("no stub is needed")
        return find(of)

    inspect.getfile = getfile  # type: ignore[assignment]  # its argument has another name
    try:
        yield
    finally:
        if inspect.getfile is getfile:  # PyTorch, which another thread may import meanwhile, puts its own there
            inspect.getfile = find
