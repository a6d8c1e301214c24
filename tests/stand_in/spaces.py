"""Stands in for the Hub's package `spaces` on ZeroGPU: what is lent runs in a process forked for each call.

So nothing of a call is there in the next one, and what passes between the two is pickled, without tensors. As the
Hub's does, that process lets go of the server's connections: one that it held would not end where the server ends it,
and what a browser then sends on it reaches nobody. A line for each call, its seconds and its process, goes to the file
that `STAND_IN_CALLS` names.
"""

import multiprocessing
import os
import pickle
import threading
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any

import psutil

FORK = multiprocessing.get_context("fork")
refusal: str | None = None  # what the Hub says when it lends none


class HubError(Exception):
    """As Gradio's: its text is its `message`."""

    def __init__(self, message: str) -> None:
        self.message = message


def GPU(task: Callable[..., Iterator[Any]], *, duration: Callable[..., int]) -> Callable[..., Iterator[Any]]:  # noqa: N802
    """The function, each call of which runs elsewhere."""

    def lent(*given: Any) -> Iterator[Any]:
        if refusal:
            raise HubError(refusal)
        here, there = FORK.Pipe(duplex=False)
        stopping = FORK.Event()
        process = FORK.Process(target=_work, args=(task, _packed(given), there, stopping), daemon=True)
        process.start()
        there.close()
        if calls := os.environ.get("STAND_IN_CALLS"):
            with Path(calls).open("a") as file:
                file.write(f"{duration(*given)} {process.pid}\n")
        try:
            while (step := pickle.loads(here.recv_bytes())) is not None:  # noqa: S301 - our own
                yield step
        except EOFError:
            raise HubError("GPU task aborted") from None
        finally:
            stopping.set()
            process.join()

    return lent


def gradio_auto_wrap(function: Any) -> Any:
    """Gradio calls it for each of its handlers."""
    return function


def _work(task: Callable[..., Iterator[Any]], given: bytes, there: Connection, stopping: Event) -> None:
    for connection in psutil.Process().net_connections("inet"):
        os.close(connection.fd)

    def iterate() -> None:
        steps = task(*pickle.loads(given))  # noqa: S301 - our own
        for step in steps:
            if stopping.is_set():
                steps.close()
                break
            there.send_bytes(_packed(step))
        there.send_bytes(_packed(None))

    thread = threading.Thread(target=iterate)
    thread.start()
    thread.join()


def _packed(what: Any) -> bytes:
    packed = pickle.dumps(what)
    assert b"torch" not in packed, "a tensor cannot leave the process that lent its card"
    return packed
