"""What a record shows: frames of its picture or film and the subtitles between them, and the rows that a tower sees."""

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

from llamavid_demo.errors import DemoError, TrainingError
from llamavid_demo.film import Movie, Section, cues_by_frame, load_movie, read_frames
from llamavid_demo.film.frame_format import FrameFormat, resize_frame
from llamavid_demo.film.pictures import read_picture
from llamavid_demo.model.llama_vid.config import PromptFormat
from llamavid_demo.model.llama_vid.prompt import cue_text
from llamavid_demo.model.preprocessor import normalised, resized
from llamavid_demo.training.real.data import Record, media_file
from llamavid_demo.training.real.student import Student

FRAMES_AT_ONCE = 32
T = TypeVar("T")


class Media:
    """A record's image or film in `folder`, of which at most so many frames are read.

    Reading raises `TrainingError` that names the record when its file cannot be read.
    """

    def __init__(self, record: Record, folder: Path, *, most: int) -> None:
        self.record, self.folder, self.most = record, folder, most

    @cached_property
    def movie(self) -> Movie | None:
        """The film, if it is one."""
        record = self.record
        return self._told(lambda: load_movie(media_file(record, self.folder))) if record.video else None

    @property
    def frames(self) -> int:
        """How many frames are read."""
        if self.movie is None:
            return 1 if self.record.image else 0
        return len(self._section(self.movie).seconds)

    def cues(self, texts: PromptFormat) -> list[str]:
        """What is read behind each frame of a film."""
        if self.movie is None:
            return []
        section = self._section(self.movie)
        placed = cues_by_frame(self.movie.cues(section), section.seconds)
        return [cue_text(texts, said, int(second)) for said, second in zip(placed, section.seconds, strict=True)]

    def pixels(self, format: FrameFormat, mean: tuple[float, ...], *, padded: bool) -> np.ndarray:
        """Frames (T, h, w, 3) uint8; a picture may be padded to a square with the mean colour, as originally."""
        movie = self.movie
        if movie is not None:
            section = self._section(movie)
            return self._told(lambda: np.concatenate([b.pixels for b in read_frames(movie, section, format)]))
        picture = self._told(lambda: read_picture(media_file(self.record, self.folder)))
        if padded and format.fit == "crop":
            picture = _square(picture, mean)
        return np.stack([resize_frame(picture, format)])

    def _section(self, movie: Movie) -> Section:
        """A film from its beginning, as far as it is read."""
        return Section(0, 0.0, float(min(movie.whole.end, self.most)))

    def _told(self, read: Callable[[], T]) -> T:
        try:
            return read()
        except TrainingError:
            raise
        except DemoError as error:
            raise TrainingError(f"{self.record.media!r} of {self.record.name} cannot be read: {error}") from error


@torch.no_grad()
def visual_rows(student: Student, pixels: np.ndarray) -> torch.Tensor:
    """Frames (T, h, w, 3) uint8 → the tower's rows (T, 1+N, C), CLS first."""
    vision, placement = student.network.vision, student.placement
    rows = []
    for start in range(0, len(pixels), FRAMES_AT_ONCE):
        frames = pixels[start : start + FRAMES_AT_ONCE]
        normal = normalised(frames, student.mean, student.std, placement.device).to(placement.dtype)
        rows.append(vision(resized(normal, student.network.config.vision.image)))
    return torch.cat(rows)


def _square(rgb: np.ndarray, mean: tuple[float, ...]) -> np.ndarray:
    height, width = rgb.shape[:2]
    side = max(height, width)
    square = np.empty((side, side, 3), np.uint8)
    square[:] = [int(value * 255) for value in mean]
    top, left = (side - height) // 2, (side - width) // 2
    square[top : top + height, left : left + width] = rgb
    return square
