"""Visitors' files on disk: whatever becomes of them, they are deleted as soon as nobody needs them.

A server has a folder of its own. `files` in it holds what Gradio took in, each file in a folder named by its content;
`read` holds what the model made of a film, in a folder of the same name.
"""

import fcntl
import json
import logging
import math
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Collection, Hashable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from llamavid_demo.cache_folder import FULL
from llamavid_demo.errors import NoRoomError

NO_ROOM = "This server has no room for the file now: try a smaller one, or come back later."
GRACE = 10.0  # seconds in which what is still on its way finds its files

log = logging.getLogger(__name__)


@contextmanager
def own_folder(root: Path) -> Iterator[Path]:
    """A folder in `root` for this program alone, deleted in the end.

    Whatever lies in `root` and belongs to no program that runs is deleted first: their visitors are gone.
    """
    root = root.resolve()
    root.mkdir(parents=True, exist_ok=True)
    with _locked(root):  # two programs may start at once
        for left in root.iterdir():
            with suppress(BlockingIOError), _locked(left, wait=False):
                _remove(left)
        own = Path(tempfile.mkdtemp(dir=root))
        lock = os.open(own, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)  # the system lets go of it, however the program ends
    try:
        yield own
    finally:
        _remove(own)
        os.close(lock)


class Uploads:
    """Who needs which files. Two visitors may bring the same film: it goes with the last of them."""

    def __init__(self, folder: Path, *, most_bytes: float = math.inf, grace: float = GRACE) -> None:
        """All files together take `most_bytes`; those that nobody has claimed after `grace` seconds are deleted."""
        self.files, self._read = folder.resolve() / "files", folder.resolve() / "read"
        self._grace = grace
        self._held: dict[Hashable, dict[Hashable, set[str]]] = {}
        self._most_bytes = most_bytes
        self._arriving = list[int]()  # bytes of each file on its way
        self.count = 0  # of all files that ever came
        self._arrived: list[str] = []  # nobody has claimed them yet; the same film may arrive twice
        self._sweeping = False
        self._lock = threading.Lock()

    def hold(self, owner: Hashable, what: Hashable, *paths: Path | None) -> None:
        """From now on `owner` needs these files as its `what`, and no others; what nobody needs any more is deleted."""
        names = {name for path in paths if path and (name := self._name(path))}
        with self._lock:
            held = self._held.setdefault(owner, {})
            before = held.pop(what, set())
            dropped = before - names
            self._unlist(names - before)
            if names:
                held[what] = names
            if not held:
                del self._held[owner]
            self._delete(dropped)
        if dropped:
            self._sweep_later()  # who reads a film may need a moment to stop

    def room(self, owner: Hashable, what: Hashable) -> Path:
        """A new folder for what is made for `owner` as its `what`; it goes as files that they brought do."""
        self.files.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=self.files))
        self.hold(owner, what, folder / "made")
        return folder

    def arrived(self, *paths: Path) -> None:
        """These files are here: until they are claimed, or the grace is over, they are needed."""
        names = [name for path in paths if (name := self._name(path))]
        with self._lock:
            self._arrived += names
            self.count += len(names)
        self._later(lambda: self._give_up(names))

    @property
    def nbytes(self) -> int:
        """Bytes of all files that are here; what comes or goes meanwhile may be among them."""
        found = 0
        for path in self.files.rglob("*"):
            with suppress(OSError):
                found += path.stat().st_size if path.is_file() else 0
        return found

    def let_go(self, owner: Hashable) -> None:
        """`owner` has left: after the grace nothing is needed for them any more."""
        self._later(lambda: self._let_go(owner))

    def pass_on(self, owner: Hashable, to: Hashable, what: Collection[Hashable]) -> None:
        """`to` needs from now on what `owner` needed as one of `what`; all else that was for `owner` goes."""
        with self._lock:
            held = self._held.get(owner, {})
            taken = {name: held.pop(name) for name in list(held) if name in what}
            if taken:
                self._held.setdefault(to, {}).update(taken)
        self.let_go(owner)

    def kept_in(self, path: Path) -> Path | None:
        """The folder for what the model makes of a visitor's film; None for other films."""
        name = self._name(path)
        return self._read / name if name else None

    @contextmanager
    def arriving(self, nbytes: int = 0) -> Iterator[None]:
        """While a file of at most `nbytes` is on its way. If it is broken off, nothing of it stays.

        Raises `NoRoomError` when the files of all visitors would take more than they may.
        """
        with self._lock:
            if self.nbytes + sum(self._arriving) + nbytes > self._most_bytes:
                raise NoRoomError(NO_ROOM)
            self._arriving.append(nbytes)
        try:
            yield
        finally:
            with self._lock:
                self._arriving.remove(nbytes)
            self.tidy()
            self._sweep_later()

    def tidy(self) -> bool:
        """Delete what nobody needs; whether something is left that may still be claimed."""
        with self._lock:
            held, fresh = self._needed(), False
            for path in _inside(self.files):
                if path.is_file():
                    gone = not self._arriving  # Gradio writes here until a file is whole
                else:
                    young = time.time() - path.stat().st_mtime < self._grace
                    gone = path.name not in held and not young
                    fresh |= path.name not in held and young
                if gone:
                    _remove(path)
            for path in _inside(self._read):
                if path.name not in held:
                    _remove(path)
            return fresh

    def _let_go(self, owner: Hashable) -> None:
        with self._lock:
            self._delete(set[str]().union(*self._held.pop(owner, {}).values()))
        self._sweep_later()

    def _give_up(self, names: list[str]) -> None:
        with self._lock:
            self._unlist(names)
        self._sweep_later()

    def _unlist(self, names: Iterable[str]) -> None:
        for name in names:
            if name in self._arrived:
                self._arrived.remove(name)

    def _name(self, path: Path) -> str | None:
        """The folder's name, for a path to something in a folder of `files`."""
        real = path.resolve()
        parts = real.relative_to(self.files).parts if real.is_relative_to(self.files) else ()
        return parts[0] if len(parts) > 1 else None

    def _needed(self) -> set[str]:
        return {name for held in self._held.values() for names in held.values() for name in names} | {*self._arrived}

    def _delete(self, names: Iterable[str]) -> None:
        for name in set(names) - self._needed():
            _remove(self._read / name)
            _remove(self.files / name)

    def _sweep_later(self) -> None:
        """Look once more when the grace is over, until nothing is left to look for."""
        with self._lock:
            if self._sweeping:
                return
            self._sweeping = True
        self._later(self._sweep)

    def _sweep(self) -> None:
        with self._lock:
            self._sweeping = False
        if self.tidy():
            self._sweep_later()

    def _later(self, work: Callable[[], object]) -> None:
        if not self._grace:
            work()
            return
        timer = threading.Timer(self._grace, work)
        timer.daemon = True
        timer.start()


class Arrivals:
    """ASGI middleware that tells `Uploads` of files on their way. A visitor who breaks one off is no error.

    What comes without its length is refused, and so is what there is no room for.
    """

    def __init__(self, app: ASGIApp, uploads: Uploads) -> None:
        self._app = app
        self._uploads = uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on."""
        body = bytearray()

        async def answer(message: Message) -> None:
            body.extend(message.get("body", b""))
            if message["type"] == "http.response.body" and not message.get("more_body"):
                with suppress(ValueError):  # words for a person: the files were refused
                    self._uploads.arrived(*map(Path, json.loads(body)))
            await send(message)

        if scope["type"] == "http" and scope["method"] == "POST" and scope["path"].endswith("/gradio_api/upload"):
            length = Headers(scope=scope).get("content-length", "")
            if not length.isdecimal():
                await PlainTextResponse("Say in Content-Length how large the files are.", 411)(scope, receive, send)
                return
            try:
                with self._uploads.arriving(int(length[:20])), suppress(ClientDisconnect):
                    await self._app(scope, receive, answer)
            except (NoRoomError, OSError) as error:
                if isinstance(error, OSError) and error.errno not in FULL:
                    raise
                log.warning("a file was not taken: %s", error)
                await PlainTextResponse(NO_ROOM, 507)(scope, receive, send)
        else:
            await self._app(scope, receive, send)


@contextmanager
def _locked(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold a path's lock. Raises `BlockingIOError` when somebody has it and we don't `wait`."""
    handle = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(handle)


def _inside(folder: Path) -> list[Path]:
    return list(folder.iterdir()) if folder.is_dir() else []


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
