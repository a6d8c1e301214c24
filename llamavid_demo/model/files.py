"""The files of a checkpoint: found in a folder or on the Hub, opened tensor by tensor, never unpickled."""

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

import torch
from huggingface_hub import snapshot_download
from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
from safetensors import safe_open

from llamavid_demo.errors import ModelError
from llamavid_demo.model.releases import find_release, way_to_get

log = logging.getLogger(__name__)

_INDEXES = ("model.safetensors.index.json", "pytorch_model.bin.index.json")
_SINGLES = ("model.safetensors", "pytorch_model.bin", "non_lora_trainables.safetensors", "non_lora_trainables.bin")
_ADAPTERS = ("adapter_model.safetensors", "adapter_model.bin")
_TOWERS = ("eva_vit_g.safetensors", "eva_vit_g.pth")
_EXAMPLE = "YanweiLi/llama-vid-7b-full-224-long-video"
_WANTED = ["*.json", "*.safetensors", "*.bin", "*.pth", "*.model", "vocab.txt", "bert/*"]


@dataclass(frozen=True)
class CheckpointFiles:
    """Files of one model; `tower` is None when only the copy in the shards (if any) is left to use."""

    folder: Path
    shards: tuple[Path, ...]
    tower: Path | None
    bert: Path

    @property
    def weights(self) -> tuple[Path, ...]:
        """Files that decide what the model answers, the tower's aside: the shards, and an adapter."""
        return (*self.shards, *(self.folder / name for name in _ADAPTERS if (self.folder / name).is_file()))


def find_adapter(folder: Path) -> Path:
    """The file with a LoRA's matrices. Raises `ModelError`."""
    for name in _ADAPTERS:
        if (folder / name).is_file():
            return folder / name
    raise ModelError(f"{folder} holds no {' or '.join(_ADAPTERS)}: copy it again from the release.")


def find_checkpoint(name: str | Path, *, vision_tower: Path | None = None, bert: Path | None = None) -> CheckpointFiles:
    """Find a model's files in a local folder, else on the Hub; companions in the folder unless given.

    Raises `ModelError` that names what is missing.
    """
    folder = find_folder(name)
    if vision_tower is not None and not vision_tower.is_file():
        raise ModelError(f"The vision tower {vision_tower} is no file: give the path of eva_vit_g.pth.")
    if vision_tower is None:
        vision_tower = next((folder / t for t in _TOWERS if (folder / t).is_file()), None)
    return CheckpointFiles(folder, tuple(find_shards(folder)), vision_tower, bert or folder / "bert")


def find_folder(name: str | Path) -> Path:
    """A local folder as it is; else what the Hub has under this name. Raises `ModelError`."""
    folder = Path(name)
    return folder if folder.is_dir() else _download(str(name))


def find_shards(folder: Path) -> list[Path]:
    """The files with a folder's weights, by their index or by a single file's name. Raises `ModelError`."""
    for index in _INDEXES:
        if (folder / index).is_file():
            names = sorted(set(read_json(folder / index).get("weight_map", {}).values()))
            lost = [name for name in names if Path(name).name != name or not (folder / name).is_file()]
            if lost or not names:
                raise ModelError(f"{folder / index} names {', '.join(lost) or 'no shard'}, not found beside it.")
            return [folder / name for name in names]
    for single in _SINGLES:
        if (folder / single).is_file():
            return [folder / single]
    raise ModelError(f"{folder} holds no weights: expected one of {', '.join(_INDEXES + _SINGLES)}.")


def read_json(path: Path) -> dict[str, Any]:
    """A JSON file of a checkpoint. Raises `ModelError` when it is missing or damaged."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(f"{path} is missing: check that every file of the release is there.") from error
    except ValueError as error:
        raise ModelError(f"{path} is no JSON ({error}): copy it again from the release.") from error
    if not isinstance(content, dict):
        raise ModelError(f"{path} holds no JSON object but a {type(content).__name__}: copy it again from the release.")
    return content


def read_shapes(path: Path) -> dict[str, tuple[int, ...]]:
    """Names and shapes of a file's tensors, without reading their values. Raises `ModelError`."""
    return {key: tuple(tensor.shape) for key, tensor in _open(path, shapes_only=True)}


def read_tensors(path: Path) -> Iterator[tuple[str, torch.Tensor]]:
    """Names and tensors of a file, mapped from disk rather than read at once. Raises `ModelError`."""
    yield from _open(path, shapes_only=False)


def _open(path: Path, *, shapes_only: bool) -> Iterator[tuple[str, torch.Tensor]]:
    try:
        if path.suffix == ".safetensors":
            with safe_open(path, framework="pt") as file:
                for key in file.keys():  # noqa: SIM118 - safe_open is no dict
                    if shapes_only:
                        shape = file.get_slice(key).get_shape()
                        yield key, torch.empty(shape, device="meta")
                    else:
                        yield key, file.get_tensor(key)
            return
        device = "meta" if shapes_only else "cpu"
        # torch maps only the zipped form; what was saved before PyTorch 1.6 is read at once.
        state = torch.load(path, map_location=device, weights_only=True, mmap=is_zipfile(path))
        yield from state.items()
    except Exception as error:  # whatever a reader trips over, it is the file that is no good
        reason = (str(error) or type(error).__name__).splitlines()[0].partition(". ")[0]
        raise ModelError(f"{path} cannot be read as weights ({reason}): copy it again.") from error


def _download(name: str) -> Path:
    release = find_release(name)
    if release and name == release.name:
        raise ModelError(way_to_get(release))
    if name.count("/") != 1 or name.startswith((".", "/", "~")):
        raise ModelError(f"There is no model folder {name}: give a folder, or a Hub id such as {_EXAMPLE}.")
    try:
        return Path(snapshot_download(name, allow_patterns=_WANTED))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise ModelError(f"{name} is no local folder and could not be had from the Hub: {error}") from error
