"""What the doctor looks at on the machine: Python and its packages, ffmpeg, decord, the card, disk, cache and port."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from contextlib import closing
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from llamavid_demo.address import why_not_free
from llamavid_demo.cache_folder import free_bytes, why_not_writable
from llamavid_demo.cli.findings import Finding, ok, warning, wrong
from llamavid_demo.embedded import ROOT

PYTHON = (3, 11)
REQUIREMENTS = ROOT / "requirements.txt"
INSTALL_FFMPEG = "Install a whole one (Debian and Ubuntu: apt install ffmpeg)."
ENCODERS = {"libx264", "aac", "libopus"}  # of copies for browsers
DECODERS = {"h264", "hevc", "mpeg4", "vp8", "vp9", "aac", "mp3", "opus", "vorbis", "subrip", "ass", "mov_text"}
LITTLE, TOO_LITTLE = 2e9, 200e6  # bytes of free disk
PATIENCE = 30.0  # seconds for one call of ffmpeg


def python() -> Finding:
    """The version that all packages were tested with."""
    found = sys.version_info[:3]
    words = ".".join(map(str, found))
    if found[:2] == PYTHON:
        return ok(f"{words}, {sys.executable}")
    return warning(f"{words}, tested with 3.11 only", "Install Python 3.11, and make .venv with it.")


def packages(listed: Path = REQUIREMENTS) -> Finding:
    """Those that requirements.txt lists, in the versions that it lists."""
    lacking, others, lines = [], [], re.findall(r"^([\w.-]+)==(\S+)", listed.read_text("utf-8"), re.MULTILINE)
    for name, wanted in lines:
        try:
            found = version(name)
        except PackageNotFoundError:
            lacking.append(name)
        else:
            others += [] if found.partition("+")[0] == wanted else [f"{name} {found}, not {wanted}"]
    do = f"{Path(sys.executable).name} -m pip install -r {listed}"
    if lacking:
        return wrong(f"missing: {', '.join(lacking)}", do)
    return warning(f"other versions than tested: {'; '.join(others)}", do) if others else ok(f"all {len(lines)}")


def ffmpeg() -> Finding:
    """Ffmpeg and ffprobe, with the codecs and containers that films come in."""
    from llamavid_demo.film.plain_files import DEMUXERS

    missing = [name for name in ("ffmpeg", "ffprobe") if not shutil.which(name)]
    if missing:
        return wrong(f"not found: {', '.join(missing)}", INSTALL_FFMPEG)
    said = _listed("-version").partition(" Copyright")[0]
    wanted = {"-demuxers": set(DEMUXERS.split(",")), "-decoders": DECODERS, "-encoders": ENCODERS}
    lacking = [f"{kind[1:]} {', '.join(sorted(names - _names(kind)))}" for kind, names in wanted.items()]
    lacking = [line for line in lacking if not line.endswith(" ")]
    if lacking:
        return warning(f"{said} lacks {'; '.join(lacking)}: some films cannot be opened or shown", INSTALL_FFMPEG)
    return ok(f"{said}, with all codecs and containers that are needed")


def decord() -> Finding:
    """Whether decord reads a frame of a clip that ffmpeg has just made."""
    from llamavid_demo.film.decord_frames import DecordError, decord_frames
    from llamavid_demo.film.frame_format import FrameFormat
    from llamavid_demo.film.probe import probe

    with tempfile.TemporaryDirectory() as folder:
        clip = Path(folder) / "clip.mp4"
        picture = "testsrc=size=64x64:rate=5:duration=1"
        _listed("-v", "error", "-f", "lavfi", "-i", picture, "-pix_fmt", "yuv420p", str(clip))
        try:
            with closing(decord_frames(probe(clip), 0, 1, FrameFormat(32, 32, "stretch"))) as frames:
                next(frames)
        except DecordError as error:
            return warning(
                f"cannot read a test clip ({error}): ffmpeg reads all films, which starts more slowly",
                "python -m pip install --force-reinstall --no-deps decord==0.6.0",
            )
    return ok("reads a test clip")


def port(host: str, number: int) -> Finding:
    """Whether the page can be served there."""
    if reason := why_not_free(host, number):
        return wrong(
            f"{host}:{number} cannot be used ({reason}); perhaps the page runs there already",
            "Stop what uses it, or choose another: --port, or LLAMAVID_PORT.",
        )
    return ok(f"{host}:{number} is free")


def cache(folder: Path, cap: int) -> Finding:
    """Whether what is read of films can be kept, and how much of it."""
    from llamavid_demo.chat.disk_cache import DiskCache

    if reason := why_not_writable(folder):
        return warning(
            f"{folder} cannot be written ({reason}): films are kept until the program ends only",
            "Set LLAMAVID_CACHE_DIR to a folder of your own.",
        )
    kept = DiskCache(folder, max_bytes=cap)
    return ok(f"{folder} holds {_gigabytes(kept.nbytes)} of at most {_gigabytes(kept.limit)}")


def disk(folder: Path) -> Finding:
    """Room on the disk where a folder is, or would be."""
    free = free_bytes(folder)
    said = f"{_gigabytes(free)} are free where {folder} is"
    do = "Free space there, or set LLAMAVID_CACHE_DIR to a folder on another disk."
    if free < TOO_LITTLE:
        return wrong(said, do)
    return warning(f"{said}: few films can be kept", do) if free < LITTLE else ok(said)


def _listed(*options: str) -> str:
    """What ffmpeg prints."""
    command = ["ffmpeg", "-hide_banner", "-nostdin", *options]
    done = subprocess.run(  # noqa: S603 - no shell, words of our own
        command, capture_output=True, text=True, errors="replace", timeout=PATIENCE, env={**os.environ, "LC_ALL": "C"}
    )
    return done.stdout


def _names(kind: str) -> set[str]:
    """Names in a list such as -encoders: a word of flags, then names with commas between them."""
    lines = re.findall(r"^\s+[A-Z.]+\s+(\S+)\s", _listed(kind), re.MULTILINE)
    return {name for line in lines for name in line.split(",")}


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:.1f} GB"
