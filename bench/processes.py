"""A process for one measurement: nothing is warm in it, and its peak of memory is its own."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

Result = TypeVar("Result")


def in_new_process(function: Callable[..., Result], *arguments: Any, **named: Any) -> Result:
    """What a function of a module gives in a process that is started for it and ends with it."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments, **named).result()


def peak_bytes() -> int:
    """Most memory (bytes) that this process has held, files that it maps included.

    From Linux itself: `getrusage` begins with what the parent held.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return 1024 * int(next(line for line in status.splitlines() if line.startswith("VmHWM")).split()[1])
