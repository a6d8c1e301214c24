"""Films that have no picture: their patches lie in the cache, so that reading begins behind the vision tower."""

from pathlib import Path

import torch

from llamavid_demo.chat.encoded_section import _PART, film_key, open_cache
from llamavid_demo.film import Cue, Movie, Section
from llamavid_demo.film.cues import SubtitleTrack
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.model.own_thread import in_own_thread
from llamavid_demo.settings import Settings

WORDS = "The key is in the castle. Mia has lost the map."  # 13 tokens


@in_own_thread
def stored_film(model: LoadedModel, frames: int, folder: Path, *, cue_every: int = 3) -> tuple[Movie, Settings]:
    """A film as `described_film` gives it, its random patches (T, …) for a model in the settings' cache."""
    movie, settings = described_film(frames, folder, cue_every=cue_every)
    cache = open_cache(settings)
    patches = torch.randn(min(frames, _PART), *model.config.patch_shape, generator=torch.Generator().manual_seed(0))
    patches = patches.half()
    for start in range(0, frames, _PART):
        end = min(start + _PART, frames)
        key = {**film_key(model, movie), "seconds": [float(start), end - 1.0]}
        cache.put("patches", key, patches[: end - start])
    return movie, settings


def described_film(frames: int, folder: Path, *, cue_every: int = 3) -> tuple[Movie, Settings]:
    """A film of so many frames with a subtitle on every so many, and settings whose cache lies in the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{frames}.mp4"
    path.write_text(str(frames))  # nobody opens it: its patches are found
    cues = tuple(Cue(t + 0.1, t + 0.9, WORDS) for t in range(0, frames, cue_every))
    movie = Movie(
        slug=path.stem, title=f"{frames} frames", path=path, duration=float(frames), width=224, height=224, codec="",
        sections=(Section(0, 0.0, float(frames)),), subtitles=SubtitleTrack(cues, "", None, None, ()), poster=None,
        year=None, licence="", source="", synopsis="", questions=(),
    )  # fmt: skip
    return movie, Settings(cache_dir=folder / "cache", cache_gb=100, guide="first")
