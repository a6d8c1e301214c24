"""Gradio's endpoints for programs, `/films` and `/ask`: the same as `Programs`, with errors as Gradio tells them."""

from collections.abc import Callable
from functools import wraps
from typing import Any

import gradio as gr

from llamavid_demo.errors import DemoError
from llamavid_demo.ui.programs import Programs, Reports


def ask_endpoint(programs: Programs) -> Callable[..., Reports]:
    """The function behind `/ask`.

    After every report Gradio looks whether the caller is still there, and closes the generator when not, which stops
    the computation.
    """

    @wraps(programs.ask)
    def ask(*arguments: Any, **named: Any) -> Reports:
        try:
            yield from programs.ask(*arguments, **named)
        except DemoError as error:
            raise gr.Error(str(error), print_exception=False) from error

    return ask
