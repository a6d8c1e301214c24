"""How the server ends: SIGTERM or Ctrl-C, and within five seconds it is gone, with all that it started.

Answers end with a sentence, streams are sent to their end, processes that decode are killed, visitors' files deleted.
"""

import logging
import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import FrameType

import gradio as gr
import psutil
from starlette.types import ASGIApp, Receive, Scope, Send

from llamavid_demo.ui.health import Health
from llamavid_demo.ui.models import Models
from llamavid_demo.ui.sessions import Sessions

LONGEST = 4.5  # seconds from the signal to the end of the process, whatever hangs
STREAMS = 1.5  # seconds that are left to streams to reach their visitors
LOOK_AROUND = 1.0  # seconds between two looks at signals that another thread was handed
SIGNALS = (signal.SIGTERM, signal.SIGINT)

log = logging.getLogger(__name__)


class OpenStreams:
    """How many requests are being answered, heartbeats of open pages left out."""

    def __init__(self) -> None:
        self._count = 0
        self._changed = threading.Condition()

    def change(self, by: int) -> None:
        """So many more."""
        with self._changed:
            self._count += by
            self._changed.notify_all()

    def wait_until_none(self, seconds: float) -> bool:
        """Wait until there is none, no longer than that; whether there is none."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._count, seconds)


class CountStreams:
    """ASGI middleware that counts requests in `OpenStreams`."""

    def __init__(self, app: ASGIApp, streams: OpenStreams) -> None:
        self._app, self._streams = app, streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on."""
        if scope["type"] != "http" or "/heartbeat/" in scope["path"]:
            await self._app(scope, receive, send)
            return
        self._streams.change(1)
        try:
            await self._app(scope, receive, send)
        finally:
            self._streams.change(-1)


@contextmanager
def until_signalled() -> Iterator[None]:
    """A signal raises `SystemExit` in the block; when the block has tidied up, the process ends, with status 0.

    It ends with status 143 when that takes too long. To be entered in the main thread.
    """

    def end(*_: int | FrameType | None) -> None:
        for number in SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        late = threading.Timer(LONGEST, _leave, args=(128 + signal.SIGTERM,))
        late.daemon = True
        late.start()
        raise SystemExit(0)

    before = {number: signal.signal(number, end) for number in SIGNALS}
    try:
        yield
    except SystemExit:
        _leave(0)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def wait_for_signal() -> None:
    """Wait in the main thread until a signal's handler raises.

    The system may hand a signal to any thread. The handler runs in this one, which another's signal does not wake.
    """
    never = threading.Event()
    while not never.wait(LOOK_AROUND):
        pass


def close(demo: gr.Blocks, models: Models, sessions: Sessions, health: Health, streams: OpenStreams) -> None:
    """End all work and the server of a page, so that whoever waits for an answer hears why there will be none."""
    log.info("the server is being stopped")
    health.closing = True
    models.close()
    sessions.close()
    if not streams.wait_until_none(STREAMS):
        log.info("streams that are still open are cut")
    if getattr(demo, "server", None):  # not if the signal came before it was there
        demo.server.config.timeout_graceful_shutdown = 1  # a page keeps its connection for ever
        logging.getLogger("uvicorn.error").disabled = True  # it tells of each that is then cut as of a fault
    demo.close(verbose=False)
    end_children()


def end_children() -> None:
    """Kill all processes that this one has started, and wait until they are gone."""
    children = psutil.Process().children(recursive=True)
    for child in children:
        with suppress(psutil.NoSuchProcess):
            child.kill()
    psutil.wait_procs(children, timeout=1)


def _leave(status: int) -> None:
    """End the process at once: threads may be inside PyTorch, which would not survive a tidy end of Python."""
    end_children()
    logging.shutdown()
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    os._exit(status)
