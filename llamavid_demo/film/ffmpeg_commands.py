"""How ffmpeg and ffprobe are called: local files of known containers only, no network, no keyboard."""

import contextlib
import json
import re
import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ffmpeg

from llamavid_demo.errors import MovieError
from llamavid_demo.film.children import start_child
from llamavid_demo.film.plain_files import DEMUXERS

SAFE_INPUT = {"protocol_whitelist": "file", "format_whitelist": DEMUXERS}
PROBE_SECONDS = 120.0  # most that a look at a file may take; only a damaged one ever takes that long
MEMORY = 1_200_000_000  # bytes that each of their processes may hold
_REMEDY = " It may be damaged or cut off; copy or download it again."


def address(path: Path) -> str:
    """Name a file so that ffmpeg takes it for nothing but a local file."""
    return f"file:{path.absolute()}"


def ffprobe(path: Path, **options: str) -> dict[str, Any]:
    """Ask ffprobe for what `options` name (`show_entries`, `read_intervals`, …) as a dictionary.

    Raises MovieError with ffprobe's reason when it cannot read the file.
    """
    output = _ffprobe(path, "-show_format", "-show_streams", "-of", "json", **options)
    try:
        description: dict[str, Any] = json.loads(output)
    except json.JSONDecodeError:
        raise MovieError(f"{path.name} cannot be read: its description makes no sense.{_REMEDY}") from None
    return description


def packet_times(path: Path, **options: str) -> Iterator[tuple[float | None, float | None]]:
    """Time and duration, in seconds, of each packet that ffprobe finds, where it has one.

    Raises MovieError with ffprobe's reason when it cannot read the file.
    """
    entries = "packet=pts_time,dts_time,duration_time"
    for line in _ffprobe(path, "-show_entries", entries, "-of", "csv=p=0", **options).splitlines():
        if line:  # some packets carry more, on empty lines of their own
            shown, decoded, lasts = (number(field) for field in line.decode().split(",")[:3])
            yield decoded if shown is None else shown, lasts


def _ffprobe(path: Path, *wanted: str, **options: str) -> bytes:
    named = [word for name, value in {**SAFE_INPUT, **options}.items() for word in (f"-{name}", value)]
    process = _start(
        ["ffprobe", "-loglevel", "error", *wanted, *named, address(path)],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    code, output, errors = _finish(process, PROBE_SECONDS)
    if code:
        raise MovieError(f"{path.name} cannot be read: {first_line(errors, path)}.{_REMEDY}")
    return output


def start_ffmpeg(node: Any, **streams: Any) -> subprocess.Popen[bytes]:
    """Start the ffmpeg run that the ffmpeg-python `node` describes; `streams` go to Popen (stdout, stderr)."""
    return _start(ffmpeg.compile(node.global_args("-nostdin", "-hide_banner", "-loglevel", "error")), **streams)


def run_ffmpeg(node: Any, *, seconds: float) -> tuple[int, bytes, bytes]:
    """Run `node` to its end; returns (exit code, stdout, stderr). A run past `seconds` is killed (code -9)."""
    return _finish(start_ffmpeg(node, stdout=subprocess.PIPE, stderr=subprocess.PIPE), seconds)


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


def _finish(process: subprocess.Popen[bytes], seconds: float) -> tuple[int, bytes, bytes]:
    with process:
        try:
            output, errors = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            output, errors = process.communicate()
        except BaseException:
            process.kill()
            raise
    return process.returncode, output, errors


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
