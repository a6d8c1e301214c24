"""Threads that end when their work is done, so that only one at a time has workers for PyTorch's products.

PyTorch's workers on Linux (GNU OpenMP) belong to the thread that calls it and wait for its next product as long as it
lives. As soon as more of them wait than there are cores they all go to sleep between products, and to wake them takes
longer than the many small products of a conversation's step: it runs at half the speed.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import wraps
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")


def in_own_thread(function: Callable[P, T]) -> Callable[P, T]:
    """The function, each call of which runs in a thread that ends with it."""

    @wraps(function)
    def call(*args: P.args, **options: P.kwargs) -> T:
        with ThreadPoolExecutor(1, thread_name_prefix=function.__name__) as pool:
            return pool.submit(function, *args, **options).result()

    return call
