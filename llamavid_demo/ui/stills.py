"""Small pictures of a film at given seconds, as data addresses kept in memory.

They never become files: a visitor's film leaves nothing behind.
"""

import base64
import io
import logging
import threading
from collections import OrderedDict
from collections.abc import Iterable
from pathlib import Path

from PIL import Image

from llamavid_demo.errors import DemoError
from llamavid_demo.film import FrameFormat, Movie
from llamavid_demo.film.ffmpeg_frames import ffmpeg_frames
from llamavid_demo.film.probe import probe

WIDTH = 240
KEPT = 2000  # about 10 MB of JPEG

log = logging.getLogger(__name__)


class Stills:
    """A bounded store of pictures; the least recently used goes first."""

    def __init__(self, kept: int = KEPT) -> None:
        self._kept = kept
        self._pictures: OrderedDict[tuple[Path, float], str] = OrderedDict()
        self._lock = threading.Lock()

    def known(self, movie: Movie, seconds: Iterable[float]) -> dict[float, str]:
        """Those of the pictures that are there already."""
        with self._lock:
            found = {second: self._pictures.get((movie.path, second)) for second in seconds}
        return {second: picture for second, picture in found.items() if picture}

    def at(self, movie: Movie, seconds: Iterable[float]) -> dict[float, str]:
        """Seconds to `data:` addresses; a second whose picture cannot be read is left out."""
        wanted = tuple(seconds)
        pictures = self.known(movie, wanted)
        for second in wanted:
            if second not in pictures and (picture := _picture(movie, second)):
                pictures[second] = picture
                self._keep((movie.path, second), picture)
        return pictures

    def _keep(self, key: tuple[Path, float], picture: str) -> None:
        with self._lock:
            self._pictures[key] = picture
            self._pictures.move_to_end(key)
            while len(self._pictures) > self._kept:
                self._pictures.popitem(last=False)


def _picture(movie: Movie, second: float) -> str | None:
    height = max(2, min(3 * WIDTH, round(WIDTH * movie.height / max(1, movie.width))))
    wanted = FrameFormat(WIDTH, height, "stretch")
    try:
        # ffmpeg alone: for one picture it answers three times sooner than a decord worker starts.
        for pixels in ffmpeg_frames(probe(movie.path), int(second), 1, wanted):  # (h, w, 3)
            file = io.BytesIO()
            Image.fromarray(pixels).save(file, "JPEG", quality=72)
            return "data:image/jpeg;base64," + base64.b64encode(file.getvalue()).decode()
    except DemoError as error:
        log.warning("no still of %s at %s s: %s", movie.path.name, second, error)
    return None
