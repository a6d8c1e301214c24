"""A process for one measurement: nothing is warm in it, and its peak of memory is its own."""

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, TypeVar

Result = TypeVar("Result")


def in_new_process(function: Callable[..., Result], *arguments: Any, **named: Any) -> Result:
    """What a function of a module gives in a process that is started for it and ends with it."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        return pool.submit(function, *arguments, **named).result()
