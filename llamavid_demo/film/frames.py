"""The pictures of a section, one a second, in batches: decord where it can, else ffmpeg. Memory is one batch."""

import contextlib
import logging
from collections.abc import Generator, Iterator
from dataclasses import dataclass

import numpy as np

from llamavid_demo.film.decord_frames import DecordError, decord_frames
from llamavid_demo.film.ffmpeg_frames import ffmpeg_frames
from llamavid_demo.film.frame_format import FrameFormat
from llamavid_demo.film.movie import Movie
from llamavid_demo.film.probe import VideoInfo, probe
from llamavid_demo.film.sections import Section

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class FrameBatch:
    """Frames in a row: `times` in seconds of the movie, `pixels` (B, h, w, 3) uint8 RGB."""

    times: tuple[float, ...]
    pixels: np.ndarray


def read_frames(movie: Movie, section: Section, format: FrameFormat, *, batch: int = 32) -> Iterator[FrameBatch]:
    """Yield the picture on screen at every whole second of `section`, resized to `format`, `batch` at a time.

    Closing the iterator ends the process that decodes. Raises MovieError when the file has gone, has changed into
    something else, or shows no picture.
    """
    if batch < 1:
        raise ValueError(f"a batch of {batch} frames cannot be read")
    times = section.seconds
    if not times:
        return
    pictures = _pictures(probe(movie.path), int(times[0]), len(times), format)
    try:
        for start in range(0, len(times), batch):
            chunk = times[start : start + batch]
            yield FrameBatch(chunk, np.stack([next(pictures) for _ in chunk]))
    finally:
        pictures.close()


def _pictures(info: VideoInfo, start: int, count: int, format: FrameFormat) -> Generator[np.ndarray, None, None]:
    """The pictures from decord as far as it gets, the rest from ffmpeg."""
    done = 0
    with contextlib.closing(decord_frames(info, start, count, format)) as pictures:
        try:
            for picture in pictures:
                yield picture
                done += 1
        except DecordError as error:
            logger.debug("ffmpeg reads %s from second %d: decord: %s", info.path.name, start + done, error)
    if done < count:
        yield from ffmpeg_frames(info, start + done, count - done, format)
