"""A file from the web. What has come stays when the connection breaks, and the next call goes on from there.

Only http and https are spoken, redirects included. Nobody believes what a server says of a file's type and length: the
caller's `check` looks at the first bytes as soon as they are there, and bytes are counted as they come.
"""

import json
import re
import shutil
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from pathlib import Path

import httpx

from llamavid_demo.errors import DownloadError, NoRoomError, TooLargeError

HEAD = 65536  # bytes after which `check` may look
SPARE = 100_000_000  # bytes of the disk that stay free
_ATTEMPTS = 5  # connections in all, as long as each brings something
_PATIENCE = 30.0  # seconds without a byte
_COPIED_AT_ONCE = 1 << 20  # bytes


@dataclass(frozen=True)
class Transfer:
    """How far a file has come: `done` bytes of `total`; None when the server does not say."""

    stage: str
    done: int
    total: int | None


@dataclass(frozen=True)
class _Part:
    """The bytes that have come, and a note of where they are from."""

    file: Path
    url: str

    @property
    def note(self) -> Path:
        return note_beside(self.file)

    @property
    def size(self) -> int:
        return self.file.stat().st_size if self.file.is_file() else 0

    @property
    def version(self) -> str:
        """What the server called the version of these bytes; "" when they are no good for going on."""
        try:
            said = json.loads(self.note.read_text("utf-8"))
            return str(said["version"]) if said["url"] == self.url and self.size else ""
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def begin(self, response: httpx.Response) -> None:
        """Forget what has come, and note the version that comes now. A weak ETag names no bytes."""
        self.clear()
        tag = response.headers.get("ETag", "W/")
        version = response.headers.get("Last-Modified", "") if tag.startswith("W/") else tag
        self.note.write_text(json.dumps({"url": self.url, "version": version}), "utf-8")

    def clear(self) -> None:
        """Forget what has come."""
        self.file.unlink(missing_ok=True)
        self.note.unlink(missing_ok=True)


def is_address(source: str) -> bool:
    """Whether `source` is an address of the web (or of anything that is no path) and no file."""
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", source) is not None


def note_beside(file: Path) -> Path:
    """Where `download` notes which version of a file it has; the file may go on without it when all is there."""
    return file.with_name(f".{file.name}.json")


def download(
    url: str,
    file: Path,
    *,
    most_bytes: int,
    check: Callable[[Path], object] = lambda _: None,
    headers: Mapping[str, str] | None = None,
    transport: httpx.BaseTransport | None = None,
) -> Generator[Transfer, None, None]:
    """Fetch `url` into `file`, which may hold the beginning that an earlier call left.

    `headers` go to the server of `url`; where it redirects to another, no `Authorization` goes along. `transport` sends
    the requests, and may refuse some; it is closed in the end.
    A note beside it, `.NAME.json`, says which version that is; it stays, and with it a second call finds all there.

    `check` may refuse the file by its first 64 kB: it raises, and what came is deleted. Raises `DownloadError` when the
    address is none, the server refuses, the file is larger than `most_bytes` or than the disk has room, or the
    connection breaks; then what came is kept.
    """
    part = _Part(file, url)
    timeout = httpx.Timeout(_PATIENCE)
    sent = {**(headers or {}), "Accept-Encoding": "identity"}
    with httpx.Client(follow_redirects=True, timeout=timeout, headers=sent, transport=transport) as client:
        for _ in range(_ATTEMPTS):
            before = part.size
            try:
                yield from _go_on(client, part, most_bytes, check)
                break
            except (httpx.UnsupportedProtocol, httpx.InvalidURL):
                raise DownloadError(f"{url} leads to no address of http or https: give another.") from None
            except httpx.TooManyRedirects:
                raise DownloadError(f"{url} is redirected again and again: give another address.") from None
            except httpx.TransportError as error:
                trouble = str(error) or type(error).__name__
                if part.size <= before:
                    raise _broken(part, trouble) from None
        else:
            raise _broken(part, trouble)


def copy_file(source: Path, target: Path, *, most_bytes: int) -> Generator[Transfer, None, None]:
    """Copy a file as `download` fetches one. Raises `DownloadError` when it is too large, or the disk has no room."""
    total, done = source.stat().st_size, 0
    check_size(total, most_bytes, name=source.name)
    check_room(target.parent, total, name=source.name)
    try:
        with source.open("rb") as there, target.open("wb") as here:
            while piece := there.read(_COPIED_AT_ONCE):
                here.write(piece)
                done += len(piece)
                yield Transfer("copy", done, total)
    except OSError as error:
        raise _unwritable(target, error) from None


def check_room(folder: Path, wanted: int, *, name: str) -> None:
    """Raise `DownloadError` unless the disk of `folder` has room for `wanted` bytes and some to spare."""
    free = shutil.disk_usage(folder).free
    if wanted + SPARE > free:
        raise NoRoomError(
            f"{name} needs {megabytes(wanted)}, and the disk of {folder} has {megabytes(free)} free: make room there."
        )


def check_size(size: int, most_bytes: int, *, name: str) -> None:
    """Raise `DownloadError` when a file is larger than `most_bytes`."""
    if size > most_bytes:
        raise TooLargeError(f"{name} has more than {megabytes(most_bytes)}, the most that is taken: see --most-gb.")


def megabytes(count: float) -> str:
    """Bytes for people, in MB."""
    return f"{count / 1e6:,.0f} MB" if count >= 1e7 else f"{count / 1e6:.3f} MB"


def _unwritable(file: Path, error: OSError) -> NoRoomError:
    return NoRoomError(f"{file} cannot be written ({error.strerror}): see to that, and try again.")


def _broken(part: _Part, trouble: str) -> DownloadError:
    trouble = re.sub(r"^\[Errno -?\d+\] ", "", trouble).rstrip(".")
    if not part.size:
        return DownloadError(f"{part.url} cannot be reached ({trouble}): check the address and the network.")
    came, again = megabytes(part.size), "Try again: it goes on from there."
    if not part.version:
        part.clear()
        again = "The server cannot go on from there: try again from the beginning."
    return DownloadError(f"{part.url} broke off after {came} ({trouble}). {again}")


def _go_on(
    client: httpx.Client, part: _Part, most_bytes: int, check: Callable[[Path], object]
) -> Generator[Transfer, None, None]:
    """One connection: what is missing, or all of it where the server cannot go on or has another version by now."""
    version = part.version
    asked = part.size if version else 0
    headers = {"Range": f"bytes={asked}-", "If-Range": version} if asked else {}
    with client.stream("GET", part.url, headers=headers) as response:
        start, total = _extent(response, asked)
        if start is not None:
            yield from _write(response, part, start, total, most_bytes, check)
            return
    part.clear()
    yield from _go_on(client, part, most_bytes, check)


def _extent(response: httpx.Response, asked: int) -> tuple[int | None, int | None]:
    """(first byte that comes, size of the whole file); (None, …) when what is here already fits nothing there."""
    said = re.fullmatch(r"bytes (?:(\d{1,18})-\d+|\*)/(\d{1,18}|\*)", response.headers.get("Content-Range", ""))
    total = int(said[2]) if said and said[2] != "*" else None
    if response.status_code == httpx.codes.OK:
        length = response.headers.get("Content-Length", "")
        return 0, int(length) if re.fullmatch(r"[0-9]{1,18}", length) else None
    if asked and response.status_code == httpx.codes.PARTIAL_CONTENT:
        return (asked if said and said[1] and int(said[1]) == asked else None), total
    if asked and response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE:
        return (asked if total == asked else None), total
    status = f"{response.status_code} {response.reason_phrase}".rstrip()
    raise DownloadError(f"{response.url} answers {status}: check the address.")


def _write(
    response: httpx.Response,
    part: _Part,
    start: int,
    total: int | None,
    most_bytes: int,
    check: Callable[[Path], object],
) -> Generator[Transfer, None, None]:
    done, checked = start, False
    if total is not None:
        check_size(total, most_bytes, name=part.url)
        check_room(part.file.parent, total - start, name=part.url)
    if start == 0:
        part.begin(response)
    try:
        complete = response.status_code == httpx.codes.REQUESTED_RANGE_NOT_SATISFIABLE
        with part.file.open("ab") as file:
            for piece in () if complete else response.iter_raw():
                done += len(piece)
                check_size(done, most_bytes, name=part.url)
                if total is not None and done > total:
                    raise DownloadError(
                        f"{part.url} sends more than the {total} bytes it told of: try another address."
                    )
                file.write(piece)
                if not checked and done >= HEAD:
                    file.flush()
                    check(part.file)
                    checked = True
                yield Transfer("download", done, total)
        if total is not None and done < total:
            raise httpx.RemoteProtocolError(f"{total - done} bytes are missing")
        if not checked:
            check(part.file)
    except OSError as error:
        raise _unwritable(part.file, error) from None
    except httpx.TransportError:
        raise  # what came is kept
    except Exception:
        part.clear()
        raise
