"""What is kept is found again for exactly what it was made of: any change of any field is another key."""

import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from llamavid_demo.chat.disk_cache import DiskCache
from llamavid_demo.chat.encoded_section import EncodedSection, film_key, tokens_key
from llamavid_demo.chat.prefixes import PrefixCache
from llamavid_demo.film import Movie
from llamavid_demo.model.loaded import LoadedModel


@dataclass(frozen=True)
class Format:
    """As `FrameFormat`."""

    width: int = 56
    height: int = 56
    fit: str = "stretch"


@dataclass(frozen=True)
class Config:
    """Of a model's config what patches depend on."""

    patch_shape: tuple[int, ...] = (16, 8)


@dataclass(frozen=True)
class Model:
    """Of a loaded model what keys are made of."""

    frame_format: Format
    config: Config
    weights: str
    name: str
    dtype: str
    quantization: str


@dataclass(frozen=True)
class Film:
    """A movie's file."""

    path: Path = field(compare=False)
    content: bytes = b""


NAME = st.text(max_size=8)
FORMAT = st.builds(Format, st.integers(1, 999), st.integers(1, 999), st.sampled_from(["stretch", "pad", "crop"]))
MODEL = st.builds(
    Model, FORMAT, st.builds(Config, st.tuples(st.integers(1, 99), st.integers(1, 99))), NAME, NAME,
    st.sampled_from(["float32", "float16"]), st.sampled_from(["none", "4bit", "8bit"]),
)  # fmt: skip
PARTS = {
    "content": st.binary(max_size=4),
    "seconds": st.tuples(st.integers(0, 9), st.integers(1, 9)),
    "guide": st.sampled_from(["", "Who?", " who? ", "Where?"]),
}
VISION = ("frame_format", "config", "weights")  # what patches depend on


def plain(part: Any) -> Any:
    """A part of a key as it counts: guide questions without the space around them, in small letters."""
    return part.strip().lower() if isinstance(part, str) else part


def key_of(model: Model, content: bytes, seconds: tuple[int, int], guide: str, folder: Path) -> dict[str, object]:
    """The key of a section's frame tokens."""
    path = folder / f"film-{content.hex() or 'empty'}.mp4"
    path.write_bytes(content)
    film = film_key(cast(LoadedModel, model), cast(Movie, Film(path)))
    section = EncodedSection("", (0.0,), (), ((),), {**film, "seconds": list(seconds)})
    return tokens_key(cast(LoadedModel, model), section, guide)


@pytest.mark.parametrize("changed", [*Model.__dataclass_fields__, *PARTS])
@settings(max_examples=15)
@given(MODEL, MODEL, st.fixed_dictionaries(PARTS), st.fixed_dictionaries(PARTS))
def test_another_value_of_any_field_is_another_key(
    changed: str, model: Model, other: Model, parts: dict[str, Any], other_parts: dict[str, Any]
) -> None:
    if changed in PARTS:
        another, another_parts = model, {**parts, changed: other_parts[changed]}
        same = plain(parts[changed]) == plain(other_parts[changed])
    else:
        another, another_parts = replace(model, **{changed: getattr(other, changed)}), parts
        same = model == another
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        keys = key_of(model, **parts, folder=folder), key_of(another, **another_parts, folder=folder)
        assert (keys[0] == keys[1]) == same
        cache = DiskCache(folder / "cache", max_bytes=1 << 20)
        cache.put("tokens", keys[0], torch.ones(1))
        assert (cache.get("tokens", keys[1]) is not None) == same
        assert cache.get("patches", keys[0]) is None
    prefixes = PrefixCache(1 << 20)
    assert (prefix(prefixes, keys[0]) is prefix(prefixes, keys[1])) == same
    assert prefix(prefixes, keys[0]) is not prefix(prefixes, keys[0], eight_bit=True)


@given(MODEL, MODEL, st.binary(max_size=4))
def test_patches_are_shared_by_models_that_see_alike(model: Model, other: Model, content: bytes) -> None:
    alike = replace(other, **{name: getattr(model, name) for name in VISION})
    with tempfile.TemporaryDirectory() as name:
        (path := Path(name) / "film.mp4").write_bytes(content)
        film = cast(Movie, Film(path))
        keys = [film_key(cast(LoadedModel, one), film) for one in (model, alike, other)]
    assert keys[0] == keys[1]
    assert (keys[0] == keys[2]) == all(getattr(model, part) == getattr(other, part) for part in VISION)


def prefix(prefixes: PrefixCache, key: dict[str, object], **other: Any) -> object:
    """The shared prefix of a key, as a section's reader takes it."""
    options = {"layers": 1, "tokens": 1, "eight_bit": False, "nbytes": {}, **other}
    return prefixes.take(key, **options)
