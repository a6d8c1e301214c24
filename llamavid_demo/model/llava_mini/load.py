"""LLaVA-Mini from the released files: shards, and a vision tower in them, in a folder of its own or on the Hub."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from llamavid_demo.errors import ModelError
from llamavid_demo.model.files import find_adapter, find_folder, find_shards, read_json, read_shapes, read_tensors
from llamavid_demo.model.fitting import fitting
from llamavid_demo.model.llava_mini.config import LlavaMiniConfig, is_llava_mini, read_config
from llamavid_demo.model.llava_mini.layout import (
    TOWER_IN_CLIP,
    TOWER_IN_SHARDS,
    our_checkpoint_key,
    our_clip_key,
    plain_key,
)
from llamavid_demo.model.llava_mini.loaded import LoadedLlavaMini
from llamavid_demo.model.llava_mini.network import LlavaMini
from llamavid_demo.model.llava_mini.tokenizer import ChatTokenizer
from llamavid_demo.model.lora import Lora, is_lora
from llamavid_demo.model.placement import choose_placement
from llamavid_demo.model.preprocessor import read_preprocessor
from llamavid_demo.model.weights import bring_in, check_weights, fingerprint, lay_out

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class LlavaMiniFiles:
    """Files of one LLaVA-Mini; `clip` is the folder of the vision tower, None when the shards hold it."""

    folder: Path
    shards: tuple[Path, ...]
    clip: Path | None
    clip_shards: tuple[Path, ...]

    @property
    def weights(self) -> tuple[Path, ...]:
        """Files that decide what the model answers, the tower's aside: the shards, and an adapter."""
        return (*self.shards, find_adapter(self.folder)) if is_lora(self.folder) else self.shards


def load_llava_mini(
    name: str | Path,
    *,
    quantization: str | None = None,
    device: str | None = None,
    dtype: str | None = None,
    vision_tower: str | Path | None = None,
    base: str | None = None,
) -> LoadedLlavaMini:
    """Load a LLaVA-Mini from a folder in the released layout, or from the Hub; see `load_model`.

    The vision tower is, in this order: `vision_tower` (a folder or a Hub id), a folder `clip` beside the shards, what
    `mm_vision_tower` names if that is a local folder, the copy in the shards, what `mm_vision_tower` names on the Hub.
    `base` is where a LoRA release's base is.
    Raises `ModelError` that names whatever is missing, left over or of a wrong shape.
    """
    placement = choose_placement(device, dtype, quantization)
    files = find_llava_mini(name, clip=vision_tower)
    config = file_config(files)
    network = empty_llava_mini(config)
    placement = fitting(placement, network, name=name)
    lora = Lora.of(files.folder, our_checkpoint_key, base=base) if is_lora(files.folder) else None

    def tensors(*, merge: bool) -> Iterator[tuple[str, torch.Tensor]]:
        return lora.whole(_tensors(files), merge=merge) if lora else _tensors(files)

    check_weights(network, tensors(merge=False), f"{files.folder} does not fit a LLaVA-Mini.")
    bring_in(network, tensors(merge=True), placement, [network.llama, network.prefusion])
    log.info("vision tower: %s", files.clip or "the copy in the shards")
    log.info("%s: %s", name, placement.reason)
    picture_format, mean, std = read_preprocessor(files.clip or files.folder, config.clip.image)
    return LoadedLlavaMini(
        name=f"{files.folder.name}-{fingerprint([*files.weights, *files.clip_shards])}",
        weights=fingerprint(files.clip_shards or files.shards),
        network=network,
        tokenizer=ChatTokenizer(files.folder),
        frame_format=replace(picture_format, fit="stretch"),
        picture_format=picture_format,
        mean=mean,
        std=std,
        quantization=placement.quantization,
        shrunk=placement.shrunk,
    )


def find_llava_mini(name: str | Path, *, clip: str | Path | None = None) -> LlavaMiniFiles:
    """Find a LLaVA-Mini's files; see `load_llava_mini` for where the vision tower is looked for.

    Raises `ModelError` that names what is missing.
    """
    folder = find_folder(name)
    shards = tuple(find_shards(folder))
    tower = _tower_folder(folder, shards, clip)
    return LlavaMiniFiles(folder, shards, tower, tuple(find_shards(tower)) if tower else ())


def file_config(files: LlavaMiniFiles) -> LlavaMiniConfig:
    """The config of a checkpoint, from its `config.json`, that of CLIP and the shapes in the files.

    Raises `ModelError`, also when the `config.json` is another network's.
    """
    released = read_json(files.folder / "config.json")
    if not is_llava_mini(released):
        raise ModelError(f"{files.folder} is no LLaVA-Mini: its config.json says {released.get('model_type')!r}.")
    shapes = _shapes(files.shards)
    tower, begin = (_shapes(files.clip_shards), TOWER_IN_CLIP) if files.clip else (shapes, TOWER_IN_SHARDS)
    named = {key.removeprefix(begin): shape for key, shape in tower.items() if key.startswith(begin)}
    stated: dict[str, Any] = read_json(files.clip / "config.json") if files.clip else {}
    return read_config(released, shapes, named, clip=stated)


def empty_llava_mini(config: LlavaMiniConfig) -> LlavaMini:
    """The network with its parameters on the meta device: shapes, no memory."""
    return lay_out(lambda: LlavaMini(config))


def _tower_folder(folder: Path, shards: tuple[Path, ...], clip: str | Path | None) -> Path | None:
    if clip is not None:
        return find_folder(clip)
    if (folder / "clip").is_dir():
        return folder / "clip"
    stated = read_json(folder / "config.json").get("mm_vision_tower")
    if stated and Path(stated).is_dir():
        return Path(stated)
    if any(key.startswith(TOWER_IN_SHARDS) for key in _shapes(shards)):
        return None
    if not stated:
        raise ModelError(f"{folder} has no vision tower: give the folder of its CLIP.")
    try:
        return find_folder(stated)
    except ModelError as error:
        raise ModelError(f"{folder} has no vision tower in its weights. {error}") from error


def _shapes(paths: tuple[Path, ...]) -> dict[str, tuple[int, ...]]:
    return {plain_key(key): shape for path in paths for key, shape in read_shapes(path).items()}


def _tensors(files: LlavaMiniFiles) -> Iterator[tuple[str, torch.Tensor]]:
    """All tensors under our names. With a CLIP folder, the copy in the shards is left alone."""
    for path in files.shards:
        for key, value in read_tensors(path):
            if files.clip and plain_key(key).startswith(TOWER_IN_SHARDS):
                continue
            if ours := our_checkpoint_key(key):
                yield ours, value
    for path in files.clip_shards:
        for key, value in read_tensors(path):
            if ours := our_clip_key(key):
                yield ours, value
