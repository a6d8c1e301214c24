"""The contact sheet of a film: small stills of the whole film in one JPEG, for the timeline to show under the pointer.

Unlike other stills it is a file: a browser loads it once. It lies where the film's copy would, and goes when that goes.
"""

import logging
import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import ffmpeg
import numpy as np
from PIL import Image

from llamavid_demo.errors import DemoError, MovieError
from llamavid_demo.film import Movie
from llamavid_demo.film.ffmpeg_commands import SAFE_INPUT, address, start_ffmpeg
from llamavid_demo.film.ffmpeg_frames import PATIENCE, end, read_exactly
from llamavid_demo.film.probe import VideoInfo, probe
from llamavid_demo.settings import Settings
from llamavid_demo.ui.conversation import Talking
from llamavid_demo.ui.player import files_folder
from llamavid_demo.ui.screening import Parts
from llamavid_demo.ui.sessions import Sessions
from llamavid_demo.ui.timeline import WIDTH, sheet_path, still_count, still_height

KEY_FRAMES_FROM = 5.0  # seconds between two stills from which key frames alone, seldom further apart, are near enough

log = logging.getLogger(__name__)


class ContactSheets:
    """The handler that makes the sheet of the film that a visitor has open."""

    def __init__(self, settings: Settings, sessions: Sessions, talking: Talking) -> None:
        self._settings = settings
        self._sessions = sessions
        self._talking = talking

    def complete(self, key: str) -> Parts:
        """The timeline with its stills; nothing if they cannot be had, or the visitor has turned to another film.

        Raises `MovieError` when the film is not there (any more).
        """
        visit = self._sessions.visit(key)
        if not visit.showing:
            return {}
        movie = self._sessions.movie(key, visit.showing[0])
        folder = files_folder(self._settings, movie, own=movie.slug in visit.own)
        try:
            make_sheet(movie, folder)
        except (DemoError, OSError) as error:  # a visitor's film, and its folder, may go at any time
            log.warning("no contact sheet of %s: %s", movie.path.name, error)
            return {}
        slug, section = visit.showing
        return {"timeline": self._talking.view.timeline(key, movie, section)} if slug == movie.slug else {}


def make_sheet(movie: Movie, folder: Path) -> Path:
    """Draw the sheet of a film in `folder`, unless it is there; gives its path.

    `folder` is never created: one that has gone was a visitor's. Raises `MovieError` when no picture can be read, and
    `OSError` when film or folder have gone.
    """
    target = sheet_path(movie, folder)
    if target.exists():
        return target
    sheet = _drawn(movie)
    handle, name = tempfile.mkstemp(dir=folder, prefix=f"{target.stem}-", suffix=".part")
    partial = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            sheet.save(file, "JPEG", quality=60)
        partial.replace(target)
    finally:
        partial.unlink(missing_ok=True)
    return target


def _drawn(movie: Movie) -> Image.Image:
    """All stills, side by side; where the pictures end before the film, the last one stands."""
    count, height = still_count(movie.duration), still_height(movie)
    sheet = Image.new("RGB", (WIDTH * count, height))
    run = _stills(probe(movie.path), movie.duration / count, count, height)
    process = start_ffmpeg(run, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    still = None
    try:
        assert process.stdout is not None  # noqa: S101 (a pipe was asked for; this tells mypy)
        for number in range(count):
            movie.path.stat()  # a film that was removed is read no further
            pixels = read_exactly(process.stdout, WIDTH * height * 3, patience=PATIENCE)
            if len(pixels) == WIDTH * height * 3:
                still = Image.fromarray(np.frombuffer(pixels, np.uint8).reshape(height, WIDTH, 3))
            if still is None:
                raise MovieError(f"No picture of {movie.path.name} can be decoded: the file may be damaged.")
            sheet.paste(still, (number * WIDTH, 0))
    finally:
        end(process)
    return sheet


def _stills(info: VideoInfo, every: float, count: int, height: int) -> Any:
    """The ffmpeg run, one pass on one thread: what is on screen in the middle of each `every` seconds."""
    nearest = {"skip_frame": "nokey"} if every >= KEY_FRAMES_FROM else {}
    source = ffmpeg.input(address(info.path), copyts=None, threads=1, **nearest, **SAFE_INPUT)[str(info.stream)]
    micros = round((info.origin + every / 2) * 1_000_000)
    timed = f"settb=1/1000000,setpts=PTS-{micros},fps=1/{every:.6f}:start_time=0:round=up:eof_action=pass"
    filters = f"{timed},scale={WIDTH}:{height}:flags=bilinear"
    return source.output("pipe:", format="rawvideo", pix_fmt="rgb24", vf=filters, vsync="passthrough", vframes=count)
