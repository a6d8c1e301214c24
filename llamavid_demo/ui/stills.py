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
MOST_LETTERS = 16 << 20  # of all addresses together: some two thousand pictures

log = logging.getLogger(__name__)


class Stills:
    """A bounded store of pictures; the least recently used goes first."""

    def __init__(self, most_letters: int = MOST_LETTERS) -> None:
        self._most_letters = most_letters
        self._letters = 0
        self._pictures: OrderedDict[tuple[Path, float], str] = OrderedDict()
        self._lock = threading.Lock()

    def known(self, movie: Movie, seconds: Iterable[float]) -> dict[float, str]:
        """Those of the pictures that are there already."""
        found = {}
        with self._lock:
            for second in seconds:
                if picture := self._pictures.get((movie.path, second)):
                    self._pictures.move_to_end((movie.path, second))
                    found[second] = picture
        return found

    def at(self, movie: Movie, seconds: Iterable[float]) -> dict[float, str]:
        """Seconds to `data:` addresses; a second whose picture cannot be read is left out."""
        wanted = tuple(seconds)
        pictures = self.known(movie, wanted)
        for second in wanted:
            if second not in pictures and (picture := _picture(movie, second)):
                pictures[second] = picture
                self._keep((movie.path, second), picture)
        return pictures

    def forget(self, movie: Movie) -> None:
        """Drop a film's pictures: it was a visitor's, and was deleted."""
        with self._lock:
            for key in [key for key in self._pictures if key[0] == movie.path]:
                self._letters -= len(self._pictures.pop(key))

    def _keep(self, key: tuple[Path, float], picture: str) -> None:
        with self._lock:
            if not key[0].exists():  # it was deleted, and forgotten, while its picture was drawn
                return
            self._letters += len(picture) - len(self._pictures.pop(key, ""))
            self._pictures[key] = picture
            while self._letters > self._most_letters:
                self._letters -= len(self._pictures.popitem(last=False)[1])


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
        log.warning("no still of %s at %s s: %s", movie.slug, second, movie.for_log(error))
    return None
