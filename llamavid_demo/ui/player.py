"""What the player needs: a file that browsers can play, and the cues as WebVTT. page.js does the seeking."""

import errno
import hashlib
import logging
import os
import re
import select
import signal
import subprocess
import tempfile
import time
from collections.abc import Generator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import ffmpeg

from llamavid_demo.cache_folder import FULL, most_bytes
from llamavid_demo.errors import MovieError
from llamavid_demo.film import Movie, to_webvtt
from llamavid_demo.film.ffmpeg_commands import SAFE_INPUT, address, first_line, start_ffmpeg
from llamavid_demo.film.probe import VideoInfo, probe
from llamavid_demo.machine import cores
from llamavid_demo.settings import Settings

# What browsers play alike, and Gradio hands on as it is: pictures and sound by the kind of file that they stand in.
PICTURES = {"h264": ".mp4", "vp8": ".webm", "vp9": ".webm", "av1": ".webm"}
SOUND = {".mp4": ("aac", "mp3"), ".webm": ("opus", "vorbis")}
CONTAINER = {".mp4": "mov", ".webm": "matroska"}
PROFILES = ("Constrained Baseline", "Baseline", "Main", "High")  # of H.264
PIXELS = ("yuv420p", "yuvj420p")
SIDE = 1920  # pixels; what has to be encoded anew is made no larger
ENCODER = {
    "c:v": "libx264",
    "preset": "veryfast",
    "crf": 24,
    "pix_fmt": "yuv420p",
    "threads": max(1, cores() // 2),  # the rest is left to the answers
    "vf": f"scale='min({SIDE},iw)':'min({SIDE},ih)':force_original_aspect_ratio=decrease:force_divisible_by=2",
}
SOUND_ENCODER = {".mp4": "aac", ".webm": "libopus"}
STANDSTILL = 300.0  # seconds in which a copy must grow; at its end all of it may be written once more
LEFT_BEHIND = 3600.0  # seconds after which a copy that did not grow is what a killed server left


log = logging.getLogger(__name__)


@dataclass(frozen=True)
class CopyProgress:
    """Seconds of film copied; looks like the chat room's progress."""

    done: int
    total: int
    stage: str = "copy"
    seconds: float | None = None


def files_folder(settings: Settings, movie: Movie, *, own: bool) -> Path:
    """Where a film's copy and subtitles go: beside a visitor's upload, to go when that goes, or in the cache."""
    return movie.path.parent if own else settings.cache_dir / "page"


def is_playable(movie: Movie) -> bool:
    """Whether browsers play the file as it is, by what is in it. Raises `MovieError` when it cannot be opened."""
    info = probe(movie.path)
    home = _home(info)
    if home is None or home != movie.path.suffix.lower() or info.container != CONTAINER[home]:
        return False
    heard = info.sound is None or (info.sound.leads and info.sound.codec in SOUND[home])
    return info.leads and heard and not info.origin  # browsers take the first tracks, and begin at 0


def copy_path(movie: Movie, folder: Path) -> Path:
    """Where the playable copy of a film lies: named by its path, size and time of change.

    Raises `MovieError` when the film cannot be opened.
    """
    home = _home(probe(movie.path)) or ".mp4"
    seen = movie.path.stat()
    name = hashlib.sha256(f"{movie.path}\0{seen.st_size}\0{seen.st_mtime_ns}".encode()).hexdigest()[:24]
    return folder / f"{name}{home}"


def playable_file(movie: Movie, folder: Path) -> Path | None:
    """The film itself, or its copy in `folder`; None where the copy is yet to be made.

    Raises `MovieError` when the film cannot be opened.
    """
    if is_playable(movie):
        return movie.path
    copy = copy_path(movie, folder)
    if not copy.is_file():
        return None
    with suppress(OSError):
        os.utime(copy)  # it is used: see `trim`
    return copy


def trim(folder: Path, cap: int) -> None:
    """Delete the files of a folder that were used longest ago, until the rest has what it may: at most `cap` bytes."""
    files = sorted(
        ((path.stat(), path) for path in folder.iterdir() if path.is_file()),
        key=lambda found: found[0].st_mtime,
        reverse=True,
    )
    kept, most = 0, most_bytes(folder, held=sum(about.st_size for about, _ in files), cap=cap)
    for about, path in files:
        kept += about.st_size
        if kept > most:
            path.unlink(missing_ok=True)


def make_playable(movie: Movie, folder: Path) -> Generator[CopyProgress, None, None]:
    """Make a copy in `folder` (`copy_path`), unless browsers play the film as it is, or the copy is there.

    What browsers play of it is copied, the rest is encoded anew. Closing it ends the copying, and nothing half-written
    stays. Raises `MovieError` when there can be no copy.
    """
    if playable_file(movie, folder):
        return
    target = copy_path(movie, folder)
    partial = _new_part(movie, target)
    try:
        yield from _written(movie, partial, target.suffix)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)


def _new_part(movie: Movie, target: Path) -> Path:
    """An empty file beside the copy-to-be; `MovieError` when nothing can be written there."""
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        for old in target.parent.glob("*.part"):
            if time.time() - old.stat().st_mtime > LEFT_BEHIND:
                old.unlink(missing_ok=True)
        # A name of its own: the ffmpeg of a server that was killed may still be writing.
        handle, name = tempfile.mkstemp(dir=target.parent, prefix=f"{target.stem}-", suffix=".part")
    except OSError as error:
        raise _no_room(movie, error.strerror or str(error)) from None
    os.close(handle)
    return Path(name)


def _no_room(movie: Movie, reason: str) -> MovieError:
    return MovieError(
        f"Browsers cannot play {movie.path.name} as it is, and a copy cannot be written on this server ({reason}): "
        "free space on its disk, or bring an MP4 with H.264."
    )


def _written(movie: Movie, partial: Path, suffix: str) -> Generator[CopyProgress, None, None]:
    """Let ffmpeg write the copy; MovieError when it fails."""
    run = _copying(probe(movie.path), partial, suffix)
    with tempfile.TemporaryFile() as errors:
        process = start_ffmpeg(run, stdout=subprocess.PIPE, stderr=errors)
        try:
            assert process.stdout is not None  # noqa: S101 - it was asked for above
            for second in seconds_written(process.stdout):
                yield CopyProgress(min(second, int(movie.duration)), int(movie.duration))
            code = process.wait()
        except TimeoutError:
            raise MovieError(
                f"Browsers cannot play {movie.path.name} as it is, and making a copy came to a standstill. Try another "
                "file, best an MP4 with H.264."
            ) from None
        finally:
            process.kill()
            process.wait()
        if code != 0:
            errors.seek(0)
            said = errors.read()
            if full := _why_full(code, said):
                raise _no_room(movie, full)
            raise MovieError(
                f"Browsers cannot play {movie.path.name} as it is, and it could not be converted "
                f"({first_line(said, movie.path)}). Try another file, best an MP4 with H.264."
            )


def seconds_written(progress: IO[bytes], *, patience: float = STANDSTILL) -> Generator[int, None, None]:
    """Seconds of film that ffmpeg says it has written; TimeoutError when they don't grow for `patience` seconds."""
    text, furthest, until = b"", -1, time.monotonic() + patience
    while select.select([progress], [], [], max(0.0, until - time.monotonic()))[0]:
        read = progress.read1(4096)  # type: ignore[attr-defined]  # a BufferedReader has it
        if not read:
            return
        *lines, text = (text + read).split(b"\n")
        for at in filter(None, (re.fullmatch(rb"out_time_us=(\d+)\s*", line) for line in lines)):
            if int(at[1]) > furthest:
                furthest, until = int(at[1]), time.monotonic() + patience
                yield furthest // 1_000_000
    raise TimeoutError


def _why_full(code: int, said: bytes) -> str:
    """Why ffmpeg could not write on, by its exit code and last words; "" if it failed of something else."""
    if code == -signal.SIGXFSZ:
        return os.strerror(errno.EFBIG)
    return next((os.strerror(error) for error in FULL if os.strerror(error).encode() in said), "")


def _copying(info: VideoInfo, target: Path, suffix: str) -> Any:
    """The ffmpeg run: the tracks that the model reads, on the clock that it reads them by."""
    source = ffmpeg.input(address(info.path), **SAFE_INPUT)
    streams = [source[str(info.stream)]]
    options: dict[str, Any] = {"c:v": "copy"} if _home(info) else dict(ENCODER)
    if info.container == "avi":  # its pictures are late, its sound is not
        options["vf"] = f"setpts=PTS-{info.origin - info.start}/TB,{ENCODER['vf']}"
    if info.sound:
        streams.append(source[str(info.sound.index)])
        kept = info.sound.codec in SOUND[suffix]
        options |= {"c:a": "copy"} if kept else {"c:a": SOUND_ENCODER[suffix], "ac": 2}
    if suffix == ".mp4":
        options["movflags"] = "+faststart"
    if info.start > info.origin:  # ffmpeg would begin with the first picture or sound
        options["output_ts_offset"] = info.start - info.origin
    node = ffmpeg.output(*streams, str(target), format=suffix[1:], **options)
    return node.global_args("-progress", "pipe:1").overwrite_output()


def _home(info: VideoInfo) -> str | None:
    """The kind of file in which browsers play the film's pictures as they are; None where they play them in none."""
    if info.container == "avi" or info.pixels not in PIXELS:  # AVI has no times of display, a copy needs them
        return None
    return None if info.codec == "h264" and info.profile not in PROFILES else PICTURES.get(info.codec)


def subtitle_file(movie: Movie, folder: Path) -> Path | None:
    """The film's cues as a WebVTT file in `folder`; None where it has none, or where nothing can be written."""
    if not movie.subtitles or not movie.subtitles.cues:
        return None
    text = "\0".join(f"{cue.start} {cue.end} {cue.text}" for cue in movie.subtitles.cues)
    target = folder / f"{hashlib.sha256(text.encode()).hexdigest()[:24]}.vtt"
    if target.exists():
        with suppress(OSError):
            os.utime(target)  # of a visitor's files those go first that were shown longest ago
        return target
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder) as aside:
            to_webvtt(movie.subtitles.cues, Path(aside) / target.name)
            (Path(aside) / target.name).replace(target)
    except OSError as error:
        log.warning("the player shows %s without subtitles: %s", movie.slug, error.strerror)
        return None
    return target
