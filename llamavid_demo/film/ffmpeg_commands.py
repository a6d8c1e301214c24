"""How ffmpeg and ffprobe are called: local files of known containers only, no network, no keyboard."""

import contextlib
import json
import os
import re
import resource
import selectors
import subprocess
import time
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import ffmpeg

from llamavid_demo.errors import MovieError
from llamavid_demo.film.children import start_child
from llamavid_demo.film.plain_files import DEMUXERS

SAFE_INPUT = {"protocol_whitelist": "file", "format_whitelist": DEMUXERS}
LOOK_SECONDS = 20.0  # that a look at a file may take, whatever its size; only a damaged one ever takes that long
BYTES_A_SECOND = 20_000_000  # of a slow disk, for what has to read a file through
MOST_OUTPUT = 16_000_000  # bytes that a run may put out whole: a description, a track of text
MOST_COMPLAINTS = 100_000  # bytes that are kept of what it complains of
MEMORY = 1_200_000_000  # bytes that each of their processes may hold
_REMEDY = " It may be damaged or cut off; copy or download it again."


def address(path: Path) -> str:
    """Name a file so that ffmpeg takes it for nothing but a local file."""
    return f"file:{path.absolute()}"


def time_limit(path: Path) -> float:
    """Seconds in which all that is asked of a file must be answered: longer for a large one, which is read through."""
    return LOOK_SECONDS + path.stat().st_size / BYTES_A_SECOND


def ffprobe(path: Path, *, until: float | None = None, **options: str) -> dict[str, Any]:
    """Ask ffprobe for what `options` name (`show_entries`, `read_intervals`, …) as a dictionary.

    `until` is the end of its time on the clock of `time.monotonic`; `time_limit` from now on when it is not given.
    Raises MovieError with ffprobe's reason when it cannot read the file, and when the answer takes too long or has no
    end.
    """
    output = b"".join(
        _bounded(_ffprobe(path, "-show_format", "-show_streams", "-of", "json", until=until, **options), path)
    )
    try:
        description: dict[str, Any] = json.loads(output)
    except json.JSONDecodeError:
        raise MovieError(f"{path.name} cannot be read: its description makes no sense.{_REMEDY}") from None
    return description


def packet_times(
    path: Path, *, until: float | None = None, **options: str
) -> Iterator[tuple[float | None, float | None]]:
    """Time and duration, in seconds, of each packet that ffprobe finds, where it has one; none of them is kept.

    Raises MovieError as `ffprobe` does.
    """
    entries, line = "packet=pts_time,dts_time,duration_time", b""
    with closing(_ffprobe(path, "-show_entries", entries, "-of", "csv=p=0", until=until, **options)) as pieces:
        for piece in pieces:
            *lines, line = (line + piece).split(b"\n")
            for whole in filter(None, lines):  # some packets carry more, on empty lines of their own
                shown, decoded, lasts = (number(field) for field in whole.decode().split(",")[:3])
                yield decoded if shown is None else shown, lasts


def _ffprobe(path: Path, *wanted: str, until: float | None, **options: str) -> Generator[bytes, None, None]:
    named = [word for name, value in {**SAFE_INPUT, **options}.items() for word in (f"-{name}", value)]
    command = ["ffprobe", "-loglevel", "error", *wanted, *named, address(path)]
    process = _start(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    code, errors = yield from _output(process, path, until)
    if code:
        raise MovieError(f"{path.name} cannot be read: {first_line(errors, path)}.{_REMEDY}")


def start_ffmpeg(node: Any, **streams: Any) -> subprocess.Popen[bytes]:
    """Start the ffmpeg run that the ffmpeg-python `node` describes; `streams` go to Popen (stdout, stderr)."""
    return _start(ffmpeg.compile(node.global_args("-nostdin", "-hide_banner", "-loglevel", "error")), **streams)


def run_ffmpeg(node: Any, path: Path, *, until: float | None = None) -> tuple[int, bytes, bytes]:
    """Run `node`, which reads the file at `path`, to its end; returns (exit code, stdout, the beginning of stderr).

    `until` is as `ffprobe` has it. Raises MovieError when the run takes too long or its output has no end.
    """
    ended = list[tuple[int, bytes]]()

    def pieces() -> Generator[bytes, None, None]:
        process = start_ffmpeg(node, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        ended.append((yield from _output(process, path, until)))

    output = b"".join(_bounded(pieces(), path))
    ((code, errors),) = ended
    return code, output, errors


def _start(command: list[str], **streams: Any) -> subprocess.Popen[bytes]:
    try:
        process = start_child(command, **streams)  # paths follow file:
    except FileNotFoundError:
        raise MovieError(
            f"{command[0]} is not installed. Install ffmpeg (Debian and Ubuntu: apt install ffmpeg) and try again."
        ) from None
    if hasattr(resource, "prlimit"):  # on Linux; what asks for more fails and says so
        with contextlib.suppress(ProcessLookupError):
            resource.prlimit(process.pid, resource.RLIMIT_DATA, (MEMORY, MEMORY))
    return process


def _output(
    process: subprocess.Popen[bytes], path: Path, until: float | None
) -> Generator[bytes, None, tuple[int, bytes]]:
    """What a process puts out, as it comes; returns its exit code and the beginning of its complaints.

    It ends with the iterator. Raises MovieError when it takes too long.
    """
    until = time.monotonic() + time_limit(path) if until is None else until
    errors = bytearray()
    with process, selectors.DefaultSelector() as pipes:
        try:
            for pipe in filter(None, (process.stdout, process.stderr)):
                pipes.register(pipe, selectors.EVENT_READ)
            while pipes.get_map():
                ready = pipes.select(max(0.0, until - time.monotonic()))
                if not ready or time.monotonic() > until:
                    raise TimeoutError
                for key, _ in ready:
                    piece = os.read(key.fd, 1 << 16)
                    if not piece:
                        pipes.unregister(key.fileobj)
                    elif key.fileobj is process.stdout:
                        yield piece
                    else:
                        errors += piece[: MOST_COMPLAINTS - len(errors)]
            return process.wait(max(0.0, until - time.monotonic())), bytes(errors)
        except (TimeoutError, subprocess.TimeoutExpired):
            raise MovieError(f"{path.name} cannot be read: looking at it takes too long.{_REMEDY}") from None
        finally:
            process.kill()


def _bounded(pieces: Generator[bytes, None, None], path: Path) -> Iterator[bytes]:
    """The same pieces; MovieError when they are more than `MOST_OUTPUT` bytes."""
    came = 0
    with closing(pieces):
        for piece in pieces:
            came += len(piece)
            if came > MOST_OUTPUT:
                raise MovieError(f"{path.name} cannot be read: what is written in it has no end.{_REMEDY}")
            yield piece


def number(text: str | None) -> float | None:
    """A number that ffprobe wrote; None for "N/A" and the like."""
    try:
        return float(text) if text is not None else None
    except ValueError:
        return None


def first_line(stderr: bytes, path: Path) -> str:
    """What ffmpeg complained of first, without the file's address and the names of its parts."""
    line = stderr.decode("utf-8", "replace").strip().partition("\n")[0]
    return re.sub(r"^\[[^]]*\] ", "", line).replace(f"{address(path)}: ", "").strip().rstrip(".") or "no reason given"
