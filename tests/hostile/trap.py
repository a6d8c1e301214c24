"""A canary that must not be opened, and a listener that must not be called."""

import ctypes
import os
import select
import socket
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from tests.hostile.bases import CUES, base

_IN_OPEN = 0x20


class Trap:
    """`canary` is a folder with a film and its subtitles, `address` the listener's host and port."""

    def __init__(self) -> None:
        self._holder = tempfile.TemporaryDirectory(prefix="hostile-canary-")
        self.canary = Path(self._holder.name)
        (self.canary / "canary.mp4").write_bytes(base("mp4").read_bytes())
        (self.canary / "canary.srt").write_text(CUES)
        self._tcp = socket.create_server(("127.0.0.1", 0))
        self.address = "{}:{}".format(*self._tcp.getsockname())
        libc = ctypes.CDLL(None)
        self._opened = libc.inotify_init1(os.O_NONBLOCK)
        assert libc.inotify_add_watch(self._opened, os.fsencode(self.canary), _IN_OPEN) >= 0

    def sprung(self) -> Iterator[str]:
        """What was touched since the last question."""
        ready, _, _ = select.select([self._tcp, self._opened], [], [], 0)
        if self._tcp in ready:
            self._tcp.accept()[0].close()
            yield "the listener was called"
        if self._opened in ready:
            os.read(self._opened, 65536)
            yield "the canary was opened"


@cache
def trap() -> Trap:
    """The one of this process."""
    return Trap()
