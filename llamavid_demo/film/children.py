"""Processes that end with this one, however it ends."""

import os
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any

_TIED = ["setpriv", "--pdeathsig", "KILL"]


def _starter() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(1, thread_name_prefix="starting")


# Linux kills such a child when the thread that started it ends (prctl(2), PR_SET_PDEATHSIG): this one ends with Python.
_starting = _starter()


def _begin_anew() -> None:
    global _starting
    _starting = _starter()


os.register_at_fork(after_in_child=_begin_anew)


def start_child(command: list[str], **streams: Any) -> subprocess.Popen[bytes]:
    """Start a command; `streams` go to Popen. Where `setpriv` can do it, the kernel kills it when this process ends.

    Raises FileNotFoundError when there is no such program.
    """
    if not shutil.which(command[0]):
        raise FileNotFoundError(command[0])
    words = [*(_TIED if _can_be_tied() else []), *command]

    def start() -> subprocess.Popen[bytes]:
        return subprocess.Popen(words, stdin=subprocess.DEVNULL, **streams)  # noqa: S603 (no shell)

    return _starting.submit(start).result()


@cache
def _can_be_tied() -> bool:
    """Whether there is a `setpriv` that can do it; those of small systems cannot."""
    if not shutil.which(_TIED[0]):
        return False
    return subprocess.run([*_TIED, "true"], capture_output=True, check=False).returncode == 0  # noqa: S603 - our own words
