"""What the player needs: a copy that browsers can play, and the cues as WebVTT. page.js does the seeking."""

import hashlib
import re
import subprocess
from collections.abc import Generator
from pathlib import Path

import ffmpeg

from llamavid_demo.errors import MovieError
from llamavid_demo.film import Movie, to_webvtt
from llamavid_demo.film.ffmpeg_commands import SAFE_INPUT, address, start_ffmpeg

# What browsers play alike and Gradio hands on as it is; anything else it would re-encode inside the event.
PLAYABLE = {(".mp4", "h264"), (".webm", "vp9")}
ENCODER = {"vcodec": "libx264", "preset": "veryfast", "crf": 24, "pix_fmt": "yuv420p"}


def is_playable(movie: Movie) -> bool:
    """Whether browsers play the file as it is."""
    return (movie.path.suffix.lower(), movie.codec) in PLAYABLE


def copy_path(movie: Movie, folder: Path) -> Path:
    """Where the playable copy of a film lies: named by its path, size and time of change."""
    seen = movie.path.stat()
    name = hashlib.sha256(f"{movie.path}\0{seen.st_size}\0{seen.st_mtime_ns}".encode()).hexdigest()[:24]
    return folder / f"{name}.mp4"


def make_playable(movie: Movie, folder: Path) -> Generator[float, None, None]:
    """Make an H.264 copy in `folder` (`copy_path`), unless browsers play the film as it is, or the copy is there.

    Yields seconds of film done; closing it ends the copying, and nothing half-written stays. Raises `MovieError` when
    the film cannot be re-encoded.
    """
    if is_playable(movie):
        return
    target = copy_path(movie, folder)
    if target.exists():
        return
    folder.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".part")
    source = ffmpeg.input(address(movie.path), **SAFE_INPUT)
    pictures = {"vcodec": "copy"} if movie.codec == "h264" else ENCODER
    node = ffmpeg.output(
        source["v:0"], source["a:0?"], str(partial), format="mp4", acodec="aac", movflags="+faststart", **pictures
    )
    process = start_ffmpeg(
        node.global_args("-progress", "pipe:1").overwrite_output(), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    try:
        assert process.stdout is not None  # noqa: S101 - it was asked for above
        for line in process.stdout:
            if at := re.fullmatch(rb"out_time_us=(\d+)\s*", line):
                yield int(at[1]) / 1e6
        if process.wait() != 0:
            raise MovieError(
                f"{movie.path.name} is {movie.codec} video, which browsers cannot play, and it could not be "
                "converted: it may be damaged. Try another file, best an MP4 with H.264."
            )
        partial.replace(target)
    finally:
        process.kill()
        process.wait()
        partial.unlink(missing_ok=True)


def subtitle_file(movie: Movie, folder: Path) -> Path | None:
    """The film's cues as a WebVTT file in `folder`, or None where it has none."""
    if not movie.subtitles or not movie.subtitles.cues:
        return None
    text = "\0".join(f"{cue.start} {cue.end} {cue.text}" for cue in movie.subtitles.cues)
    target = folder / f"{hashlib.sha256(text.encode()).hexdigest()[:24]}.vtt"
    if not target.exists():
        folder.mkdir(parents=True, exist_ok=True)
        to_webvtt(movie.subtitles.cues, target)
    return target
