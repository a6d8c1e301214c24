"""A film that is pasted: fetched from its address, or copied from a folder that the operator named. Off unless set.

Strangers choose here what the server opens. So addresses lie on the public internet (film/public_web.py), paths lead
into the named folders by whatever links, and the first bytes must be a video's. It arrives in the folder of uploads.
"""

import re
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future, wait
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

from llamavid_demo.errors import BusyError, DownloadError, MovieError, NoRoomError, TooLargeError
from llamavid_demo.film.download import Transfer, copy_file, download, is_address, note_beside
from llamavid_demo.film.plain_files import VIDEO_SUFFIXES, check_plain_file, fitting_suffix, sniff_container
from llamavid_demo.film.public_web import PublicWeb
from llamavid_demo.settings import Settings
from llamavid_demo.ui.uploads import NO_ROOM, Uploads
from llamavid_demo.ui.visit import Brought, Visit
from llamavid_demo.ui.words import size

NO_ADDRESSES = "This page fetches no films from addresses: choose a video file."
NO_PATHS = "This page opens no films by their path: choose a video file."
NEITHER = "This is no address and no path: an address begins with http:// or https://, a path with /."
ELSEWHERE = "This page does not open films that lie there: paste the path of one in a folder that is named above."
BUSY = "Too many films are being fetched: try again in a while, or choose a video file."
LONGEST = 1000  # letters of an address or a path
AT_ONCE = 8  # films that are fetched, of all visitors
MOST_SECONDS = 3600.0  # for one film
ARRIVING = "arriving"  # what a visit needs the folder as that a film arrives in
LOOK_EVERY = 0.25  # seconds
_LONGEST_NAME = 50  # letters, each of up to four bytes


@dataclass(frozen=True)
class Fetched:
    """Bytes of a film that have come, `total` 0 when the server does not say; looks like the chat room's progress."""

    done: int
    total: int
    stage: str = "download"
    seconds: float | None = None


class Pasting:
    """Brings what was pasted into the folder of uploads."""

    def __init__(self, settings: Settings, uploads: Uploads) -> None:
        self._settings, self._uploads = settings, uploads
        self._free = threading.Semaphore(AT_ONCE)

    def check(self, pasted: str) -> None:
        """Raise `DownloadError` unless this is an address or a path, and the operator allows it; opens nothing."""
        if pasted.startswith("/"):
            allowed, forbidden = bool(self._settings.open_folders), NO_PATHS
        elif re.match("https?://", pasted, re.IGNORECASE) and _is_parted(pasted):
            allowed, forbidden = self._settings.paste_addresses != "off", NO_ADDRESSES
        else:
            raise DownloadError(NEITHER)
        if not allowed:
            raise DownloadError(forbidden)
        if len(pasted) > LONGEST:
            raise DownloadError(NEITHER)

    def fetch(self, visit: Visit, brought: Brought) -> Generator[Fetched, None, None]:
        """Bring the film of `brought.source`, which `check` lets pass, and make it the video of `brought`.

        Ends early when `brought` is stopped. When the connection broke off, what came waits for the same source; see
        `drop`. Raises `DownloadError`, and `MovieError` for what is no video.
        """
        if brought.stopping.is_set():
            return
        stem, suffix = _name(brought.source)
        file = self._room(visit, brought.source) / f"{stem}{suffix}"
        try:
            with self._uploads.arriving(int(self._settings.upload_mb * 1e6)):
                yield from self._arrive(brought, file)
        except TooLargeError:
            most = size(self._settings.upload_mb * 1e6)
            raise TooLargeError(
                f"{file.name} is larger than {most}, the most that this page takes. Cut it, or make a smaller copy."
            ) from None
        except NoRoomError:
            raise NoRoomError(NO_ROOM) from None
        if brought.stopping.is_set():
            return
        note_beside(file).unlink(missing_ok=True)
        fitting = fitting_suffix(file, sniff_container(file))
        brought.video = file.rename(file.with_name(f"{stem}{fitting}"))
        self._uploads.hold(visit, brought, brought.video, brought.subtitles)

    def drop(self, visit: Visit) -> None:
        """What arrived is another's by now, or not wanted any more."""
        visit.pasted = None
        self._uploads.hold(visit, ARRIVING)

    def _room(self, visit: Visit, source: str) -> Path:
        """The folder that it arrives in, with what came before if that broke off."""
        if not visit.pasted or visit.pasted[0] != source:
            visit.pasted = source, self._uploads.room(visit, ARRIVING)
        return visit.pasted[1]

    def _arrive(self, brought: Brought, file: Path) -> Generator[Fetched, None, None]:
        most = int(self._settings.upload_mb * 1e6)
        if not is_address(brought.source):
            source = self._allowed_file(brought.source)
            yield from self._followed(copy_file(source, file, most_bytes=most), brought.stopping)
            return
        web = PublicWeb() if self._settings.paste_addresses == "public" else PublicWeb(allows=lambda _: True)
        work = download(brought.source, file, most_bytes=most, check=sniff_container, transport=web)
        yield from self._followed(work, brought.stopping, web.cut)

    def _allowed_file(self, path: str) -> Path:
        """The video that a path means; of what lies outside of the named folders nobody learns whether it is there."""
        try:
            real = Path(path).resolve()
        except (OSError, RuntimeError, ValueError):  # links in a circle, a null character
            raise MovieError(ELSEWHERE) from None
        if not any(real.is_relative_to(folder) for folder in self._settings.open_folders):
            raise MovieError(ELSEWHERE)
        sniff_container(check_plain_file(real))
        return real

    def _followed(
        self, work: Generator[Transfer, None, None], stopping: threading.Event, cut: Callable[[], None] = lambda: None
    ) -> Generator[Fetched, None, None]:
        """Tell of work in a thread of its own, and leave it at once when `stopping` is set: servers may be silent."""
        if not self._free.acquire(blocking=False):
            raise BusyError(BUSY)
        fetching = _Fetching(work, self._free.release)
        begun, told = time.monotonic(), None
        try:
            while not stopping.is_set():
                if wait([fetching.ended], timeout=LOOK_EVERY).done:
                    fetching.ended.result()
                    return
                if time.monotonic() - begun > MOST_SECONDS:
                    raise DownloadError("The film comes too slowly: fetch it yourself, and choose the file.")
                if fetching.latest and fetching.latest != told:
                    told = fetching.latest
                    yield Fetched(told.done, told.total or 0)
        finally:
            fetching.left.set()
            cut()


class _Fetching:
    """A transfer in a thread of its own: how far it is, and what became of it; it soon ends once it was `left`."""

    def __init__(self, work: Generator[Transfer, None, None], release: Callable[[], None]) -> None:
        self.latest: Transfer | None = None
        self.ended: Future[None] = Future()
        self.left = threading.Event()
        self._work, self._release = work, release
        threading.Thread(target=self._run, daemon=True, name="fetching").start()

    def _run(self) -> None:
        try:
            with closing(self._work) as work:
                for self.latest in work:
                    if self.left.is_set():
                        break
        except BaseException as error:
            self.ended.set_exception(error)
        else:
            self.ended.set_result(None)
        finally:
            self._release()


def _is_parted(address: str) -> bool:
    """Whether an address has parts at all."""
    try:
        return bool(urlsplit(address).hostname)
    except ValueError:
        return False


def _name(source: str) -> tuple[str, str]:
    """What an address or a path calls its film, as far as it can be a file's name, and the suffix of a video or ""."""
    name = PurePosixPath(PurePosixPath(unquote(urlsplit(source).path) if is_address(source) else source).name)
    suffix = name.suffix.lower() if name.suffix.lower() in VIDEO_SUFFIXES else ""
    stem = re.sub(r"[^\w .()'-]+", " ", name.stem if suffix else name.name)
    return stem[:_LONGEST_NAME].strip(" .") or "film", suffix
