"""A section as the model sees it: the patches of its frames, which no question changes, and its cues."""

import logging
import time
from bisect import bisect_left
from collections.abc import Generator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import groupby

import numpy as np
import torch

from llamavid_demo.chat.disk_cache import DiskCache, file_fingerprint
from llamavid_demo.chat.progress import Progress, tell
from llamavid_demo.chat.reading_times import ReadingTimes, reading_times
from llamavid_demo.chat.scheduler import scheduler_of
from llamavid_demo.chat.shared_store import shared_store
from llamavid_demo.chat.single_flight import flight
from llamavid_demo.chat.task import Priority, Urgency
from llamavid_demo.errors import GONE, MovieError, TooLongError
from llamavid_demo.film import Cue, Movie, Section, cues_by_frame, read_frames
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.model.section_frames import SectionFrames
from llamavid_demo.settings import Settings

log = logging.getLogger(__name__)


# Frames. On a processor few: once a batch is begun it is decoded, and takes cores from a question that comes meanwhile.
_BATCH, _BATCH_ON_CPU = 32, 8
_PART = 256  # frames that are kept together: a reading that was cut off loses no more


@dataclass(frozen=True)
class EncodedSection:
    """Patches of the frames at `times` (seconds) in parts (T, …), and the cues that end at each frame.

    Parts that are on disk are mapped into memory, so a long section need not fit there.
    """

    title: str
    times: tuple[float, ...]
    parts: tuple[torch.Tensor, ...]
    cues: tuple[tuple[Cue, ...], ...]
    key: dict[str, object] = field(repr=False)

    def batches(self, frames: int) -> list[torch.Tensor]:
        """The patches, so many frames at a time."""
        return [batch for part in self.parts for batch in part.split(frames) if len(batch)]

    def until(self, seconds: float) -> "EncodedSection":
        """What comes before a second of the film: its frames, and the cues that have ended by then."""
        count, parts = bisect_left(self.times, seconds), list[torch.Tensor]()
        for part in self.parts:
            parts.append(part[: max(0, count - sum(len(before) for before in parts))])
        last = tuple(cue for cue in self.cues[count - 1] if cue.end <= seconds)
        key = {**self.key, "seconds": [self.times[0], count]}
        return EncodedSection(self.title, self.times[:count], tuple(parts), (*self.cues[: count - 1], last), key)

    def without_cues(self) -> "EncodedSection":
        """Its frames, as if nobody said a word."""
        return replace(self, cues=((),) * len(self.cues))

    def texts(self, model: LoadedModel) -> list[str]:
        """What a model reads behind each frame, "" where nothing is said."""
        return [model.cue_text(cues, second) for cues, second in zip(self.cues, self.times, strict=True)]


def open_cache(settings: Settings, movie: Movie | None = None) -> DiskCache:
    """The cache folder that the settings name; of it the subfolder of a movie that has one, which is not shared."""
    subfolder = movie.kept_in if movie else None
    shared = None if subfolder else shared_store(settings.shared_cache)
    return DiskCache(settings.cache_dir, max_bytes=int(settings.cache_gb * 1e9), subfolder=subfolder, shared=shared)


def encode_section(
    model: LoadedModel, movie: Movie, section: Section, cache: DiskCache, *, priority: Priority = Priority.READ
) -> Generator[Progress, None, EncodedSection]:
    """Read a section's frames and encode them, or find them in the cache part by part; it is the generator's value.

    A part that somebody else reads at the moment is waited for. Raises `MovieError`, also when the file has gone, and
    `TooLongError` before anything is read.
    """
    check_length(model, len(section.seconds) * model.config.tokens_per_frame)
    try:
        return (yield from _encoded(model, movie, section, cache, priority))
    except (MovieError, OSError):
        if movie.path.exists():
            raise
        raise MovieError(GONE) from None


def check_length(model: LoadedModel, tokens: int) -> None:
    """Raises `TooLongError` for more tokens than a model reads."""
    if tokens > model.config.max_tokens:
        raise TooLongError(
            f"{tokens} tokens are more than the {model.config.max_tokens} that this model reads: "
            "choose shorter sections (LLAMAVID_SECTION_MINUTES) or shorter answers."
        )


def _encoded(
    model: LoadedModel, movie: Movie, section: Section, cache: DiskCache, priority: Priority
) -> Generator[Progress, None, EncodedSection]:
    film = film_key(model, movie)
    seconds, parts, done = section.seconds, list[torch.Tensor](), 0
    for _, group in groupby(seconds, key=lambda second: int(second) // _PART):
        times = tuple(group)
        key = {**film, "seconds": [times[0], times[-1]]}
        patches = cache.get("patches", key)
        if patches is None:
            part = replace(section, start=times[0], end=times[-1] + 1)
            with flight(str(cache.subfolder), key, priority) as shared:
                making = partial(_keep, model, movie, part, shared.urgency, cache, key)
                work = shared.work(partial(cache.get, "patches", key), making)
                patches = yield from tell("frames", len(seconds), work, before=done)
        parts.append(patches)
        done += len(patches)
        if len(patches) < len(times):
            log.warning("%s ends early: %d of %d frames in %s", movie.slug, done, len(seconds), section.label)
            break
    if not done:
        raise MovieError(f"{movie.path.name} shows no picture between {section.label}: the file may be damaged.")
    cues = tuple(tuple(row) for row in cues_by_frame(movie.cues(section), seconds[:done]))
    return EncodedSection(movie.title, seconds[:done], tuple(parts), cues, {**film, "seconds": [seconds[0], done]})


def make_rows(
    model: LoadedModel, section: EncodedSection, frames: SectionFrames, guide: str, cache: DiskCache
) -> Generator[Progress, None, torch.Tensor]:
    """Frame tokens, and whatever else a model reads besides ids (R, H), made batch by batch or found in the cache.

    They are the generator's value.
    """
    key = tokens_key(model, section, guide)
    rows = cache.get("tokens", key)
    if rows is None:
        count = len(section.times)
        making = reading_times(cache.folder).timed(model, "tokens", count, frames.rows())
        rows = yield from tell("tokens", count, making)
        cache.put("tokens", key, rows, about=": ".join(filter(None, (section.title, guide.strip()))))
    return rows


def film_key(model: LoadedModel, movie: Movie) -> dict[str, object]:
    """What the patches of a movie's frames depend on."""
    return {
        "file": file_fingerprint(movie.path),
        "frames": [model.frame_format.width, model.frame_format.height, model.frame_format.fit],
        "patches": list(model.config.patch_shape),
        "vision": model.weights,
    }


def tokens_key(model: LoadedModel, section: EncodedSection, guide: str) -> dict[str, object]:
    """What frame tokens depend on."""
    made_by = {"model": model.name, "dtype": str(model.dtype), "quantization": model.quantization}
    return {**section.key, "guide": guide.strip().lower(), **made_by}


def _keep(
    model: LoadedModel, movie: Movie, part: Section, urgency: Urgency, cache: DiskCache, key: dict[str, object]
) -> Generator[int, None, torch.Tensor]:
    """Patches of a part, put into the cache; mapped from there, they take no memory of their own."""
    patches = yield from _read(model, movie, part, urgency, reading_times(cache.folder))
    cache.put("patches", key, patches, about=movie.title)
    kept = cache.get("patches", key)
    return patches if kept is None else kept


def _read(
    model: LoadedModel, movie: Movie, part: Section, urgency: Urgency, times: ReadingTimes
) -> Generator[int, None, torch.Tensor]:
    """Patches of some seconds of a movie; yields how many are done. Fewer come where the film ends early.

    What decoding and encoding took goes to `times`, without what was waited for others.
    """
    scheduler = scheduler_of(model)
    patches = torch.empty(len(part.seconds), *model.config.patch_shape, dtype=torch.float16)  # (T, …)
    done, took, began = 0, 0.0, time.perf_counter()
    size = _BATCH_ON_CPU if model.device.type == "cpu" else _BATCH
    for batch in read_frames(movie, part, model.frame_format, batch=size):
        rows = patches[done : done + len(batch.times)]
        took += time.perf_counter() - began
        took += scheduler.compute(partial(_encode, model, batch.pixels, rows), urgency)
        done += len(rows)
        yield done
        began = time.perf_counter()
    times.add(model, "frames", done, took)
    return patches[:done]


def _encode(model: LoadedModel, frames: np.ndarray, patches: torch.Tensor) -> float:
    """Put the patches of frames (B, h, w, 3) where they belong (B, …); the seconds that it took."""
    began = time.perf_counter()
    patches[:] = model.patches(frames)
    return time.perf_counter() - began
