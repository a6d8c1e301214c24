"""A poster for a film that has none: the frame with the most to see among a few of its beginning."""

from pathlib import Path

import numpy as np
from PIL import Image

from llamavid_demo.film.ffmpeg_frames import ffmpeg_frames
from llamavid_demo.film.frame_format import FrameFormat
from llamavid_demo.film.probe import VideoInfo, probe

LOOKED_AT = 12  # frames
FROM, TO = 0.05, 0.65  # of the film; later frames give the end away, earlier ones hold titles
HEIGHT = 360  # a page shows it at a sixth of that
_SMALL = 180


def make_poster(video: Path, poster: Path) -> float:
    """Write a frame of `video` to `poster` as JPEG, at most `HEIGHT` high; gives the second of the film that it shows.

    Raises `MovieError` when the film shows no picture.
    """
    info = probe(video)
    seconds = sorted({int(info.duration * part) for part in np.linspace(FROM, TO, LOOKED_AT)})
    best = max(seconds, key=lambda second: interest(_frame(info, second, _SMALL)))
    Image.fromarray(_frame(info, best, min(HEIGHT, info.display[1]))).save(poster, "JPEG", quality=88)
    return float(best)


def interest(rgb: np.ndarray) -> float:
    """How much there is to see in a frame, (H, W, 3) uint8: the entropy of its brightness, in bits.

    Black frames, fades and titles on one ground come last. Only the middle counts, which a poster's 2:3 leaves.
    """
    height, width = rgb.shape[:2]
    middle = min(width, max(1, height * 2 // 3))
    left = (width - middle) // 2
    grey = rgb[:, left : left + middle].mean(axis=-1)  # (H, middle)
    counts, _ = np.histogram(grey, bins=64, range=(0, 256))
    shares = counts[counts > 0] / grey.size
    return float(-(shares * np.log2(shares)).sum())


def _frame(info: VideoInfo, second: int, height: int) -> np.ndarray:
    """The frame on screen at `second`, (height, width, 3) uint8, in the shape in which it is shown."""
    width = max(1, min(4 * height, round(height * info.display[0] / info.display[1])))
    # ffmpeg alone: for one picture it answers sooner than a decord worker starts.
    return next(ffmpeg_frames(info, second, 1, FrameFormat(width, height, "stretch")))
