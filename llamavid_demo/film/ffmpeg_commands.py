"""How ffmpeg and ffprobe are called: local files of known containers only, no network, no keyboard."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import ffmpeg

from llamavid_demo.errors import MovieError
from llamavid_demo.film.plain_files import DEMUXERS

SAFE_INPUT = {"protocol_whitelist": "file", "format_whitelist": DEMUXERS}
PROBE_SECONDS = 120.0  # most that a look at a file may take; only a damaged one ever takes that long
_REMEDY = " It may be damaged or cut off; copy or download it again."
_MISSING = "{} is not installed. Install ffmpeg (Debian and Ubuntu: apt install ffmpeg) and try again."


def address(path: Path) -> str:
    """Name a file so that ffmpeg takes it for nothing but a local file."""
    return f"file:{path.absolute()}"


def ffprobe(path: Path, **options: str) -> dict[str, Any]:
    """Ask ffprobe for what `options` name (`show_entries`, `read_intervals`, …) as a dictionary.

    Raises MovieError with ffprobe's reason when it cannot read the file.
    """
    try:
        return ffmpeg.probe(address(path), loglevel="error", **SAFE_INPUT, **options)
    except FileNotFoundError:
        raise MovieError(_MISSING.format("ffprobe")) from None
    except ffmpeg.Error as error:
        raise MovieError(f"{path.name} cannot be read: {first_line(error.stderr, path)}.{_REMEDY}") from None
    except json.JSONDecodeError:
        raise MovieError(f"{path.name} cannot be read: its description makes no sense.{_REMEDY}") from None


def start_ffmpeg(node: Any, **streams: Any) -> subprocess.Popen[bytes]:
    """Start the ffmpeg run that the ffmpeg-python `node` describes; `streams` go to Popen (stdout, stderr)."""
    command = ffmpeg.compile(node.global_args("-nostdin", "-hide_banner", "-loglevel", "error"))
    try:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, **streams)  # noqa: S603 (no shell; paths follow file:)
    except FileNotFoundError:
        raise MovieError(_MISSING.format("ffmpeg")) from None


def run_ffmpeg(node: Any, *, seconds: float) -> tuple[int, bytes, bytes]:
    """Run `node` to its end; returns (exit code, stdout, stderr). A run past `seconds` is killed (code -9)."""
    with start_ffmpeg(node, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        try:
            output, errors = process.communicate(timeout=seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            output, errors = process.communicate()
        except BaseException:
            process.kill()
            raise
    return process.returncode, output, errors


def first_line(stderr: bytes, path: Path) -> str:
    """What ffmpeg complained of first, without the file's address and the names of its parts."""
    line = stderr.decode("utf-8", "replace").strip().partition("\n")[0]
    return re.sub(r"^\[[^]]*\] ", "", line).replace(f"{address(path)}: ", "").strip().rstrip(".") or "no reason given"
