"""A section as the model sees it: the patches of its frames, which no question changes, and its cues."""

import logging
from dataclasses import dataclass, field

import torch

from llamavid_demo.chat.disk_cache import DiskCache, file_fingerprint
from llamavid_demo.chat.progress import Progress, ProgressCallback, ignore_progress
from llamavid_demo.errors import MovieError
from llamavid_demo.film import Cue, Movie, Section, cues_by_frame, read_frames
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.settings import Settings

log = logging.getLogger(__name__)

_BATCH = 32  # frames


@dataclass(frozen=True)
class EncodedSection:
    """Patches (T, N, C) of the frames at `times` (seconds), and the cues that end at each frame."""

    times: tuple[float, ...]
    patches: torch.Tensor
    cues: tuple[tuple[Cue, ...], ...]
    key: dict[str, object] = field(repr=False)

    @property
    def texts(self) -> list[str]:
        """What is said at each frame, "" where nothing is."""
        return [" ".join(" ".join(cue.text.split()) for cue in cues) for cues in self.cues]


def open_cache(settings: Settings) -> DiskCache:
    """The cache folder that the settings name."""
    return DiskCache(settings.cache_dir, max_bytes=int(settings.cache_gb * 1e9))


def encode_section(
    model: LoadedModel,
    movie: Movie,
    section: Section,
    cache: DiskCache,
    *,
    progress: ProgressCallback = ignore_progress,
) -> EncodedSection:
    """Read a section's frames and encode them, or find them in the cache. Raises `MovieError`."""
    key: dict[str, object] = {
        "file": file_fingerprint(movie.path),
        "section": [section.start, section.end],
        "frames": [model.frame_format.width, model.frame_format.height, model.frame_format.fit],
        "vision": model.weights,
    }
    patches = cache.get("patches", key)
    if patches is None:
        patches = _read(model, movie, section, progress)
        cache.put("patches", key, patches)
    times = section.seconds[: len(patches)]
    cues = tuple(tuple(row) for row in cues_by_frame(movie.cues(section), times))
    return EncodedSection(times, patches, cues, key)


def frame_tokens(
    model: LoadedModel,
    section: EncodedSection,
    guide: str,
    cache: DiskCache,
    *,
    progress: ProgressCallback = ignore_progress,
) -> torch.Tensor:
    """Frame tokens (T, 1+n, H) of a section for a guide question, made or found in the cache."""
    key = tokens_key(model, section, guide)
    tokens = cache.get("tokens", key)
    if tokens is None:
        parts = []
        for start in range(0, len(section.times), _BATCH):
            parts.append(model.frame_tokens(section.patches[start : start + _BATCH], guide).cpu())
            progress(Progress("tokens", start + len(parts[-1]), len(section.times)))
        tokens = torch.cat(parts)
        cache.put("tokens", key, tokens)
    return tokens


def tokens_key(model: LoadedModel, section: EncodedSection, guide: str) -> dict[str, object]:
    """What frame tokens depend on."""
    return {**section.key, "guide": guide.strip().lower(), "model": model.name, "dtype": str(model.dtype)}


def _read(model: LoadedModel, movie: Movie, section: Section, progress: ProgressCallback) -> torch.Tensor:
    vision, total = model.config.vision, len(section.seconds)
    patches = torch.empty(total, vision.patches, vision.width, dtype=torch.float16)  # (T, N, C)
    done = 0
    for batch in read_frames(movie, section, model.frame_format, batch=_BATCH):
        patches[done : done + len(batch.times)] = model.patches(batch.pixels)
        done += len(batch.times)
        progress(Progress("frames", done, total))
    if not done:
        raise MovieError(f"{movie.path.name} shows no picture between {section.label}: the file may be damaged.")
    if done < total:
        log.warning("%s ends early: %d of %d frames in %s", movie.path.name, done, total, section.label)
    return patches[:done]
