"""One loader for the released checkpoints and our own: files → network, checked key by key."""

import logging
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import torch
from accelerate import init_empty_weights

from llamavid_demo.errors import ModelError
from llamavid_demo.film.frame_format import FrameFormat
from llamavid_demo.model.allocator import keep_freed_memory
from llamavid_demo.model.attention import READING
from llamavid_demo.model.config import LlamaVidConfig, read_config
from llamavid_demo.model.files import CheckpointFiles, find_checkpoint, read_json, read_shapes, read_tensors
from llamavid_demo.model.layout import TOWER_IN_SHARDS, fuse_qkv_bias, our_checkpoint_key, our_tower_key
from llamavid_demo.model.llama_vid import LlamaVid
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.model.own_thread import in_own_thread
from llamavid_demo.model.packed_linear import pack_linear
from llamavid_demo.model.placement import choose_placement
from llamavid_demo.model.tokenizer import GuideTokenizer, LlamaTokenizer
from llamavid_demo.model.weights import Quantize, check_weights, fill, fingerprint
from llamavid_demo.settings import Settings

log = logging.getLogger(__name__)

CLIP_MEAN = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD = (0.26862954, 0.26130258, 0.27577711)


@in_own_thread
def load_model(
    name: str | Path,
    *,
    quantization: str | None = None,
    device: str | None = None,
    dtype: str | None = None,
    vision_tower: Path | None = None,
    bert: Path | None = None,
    vision_depth: int | None = None,
) -> LoadedModel:
    """Load a LLaMA-VID from a folder in the released layout, or from the Hub.

    `quantization` is "4bit", "8bit" or "none" (None: 4bit on CUDA, none on a CPU); `device="auto"` spreads the LLaMA
    over all cards; `vision_depth` states the blocks to use of a tower that isn't the release's.
    Raises `ModelError` that names whatever is missing, left over or of a wrong shape.
    """
    began = time.perf_counter()
    placement = choose_placement(device, dtype, quantization)
    if placement.device.type == "cpu":
        keep_freed_memory()
    files = find_checkpoint(name, vision_tower=vision_tower, bert=bert)
    config = file_config(files, vision_depth=vision_depth)
    network = empty_network(config)
    depth = config.vision.depth
    check_weights(network, _tensors(files, depth), f"{files.folder} does not fit a LLaMA-VID.")
    quantize: Quantize | None = None
    if placement.quantization:
        # On a CPU it tells at every layer of every token that it rounds inputs.
        logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
        from llamavid_demo.model.quantization import prepare, quantized_weight  # bitsandbytes imports slowly

        prepare(network.llama, placement.quantization, placement.dtype)
        quantize = quantized_weight
    fill(network, _tensors(files, depth), placement, quantize)
    network.eval().requires_grad_(False)
    if not placement.spread:  # accelerate's hooks call the layers as they were
        pack_linear(network.llama)
    network.llama.set_attn_implementation(READING)
    log.info("%s: %s; read in %.1f s", name, placement.reason, time.perf_counter() - began)
    frame_format, mean, std = read_preprocessor(files.folder, config.vision.image)
    return LoadedModel(
        name=f"{files.folder.name}-{fingerprint(files.shards)}",
        weights=fingerprint([files.tower] if files.tower else files.shards),
        network=network,
        tokenizer=LlamaTokenizer.from_folder(files.folder),
        guide_tokenizer=GuideTokenizer(files.bert / "vocab.txt"),
        frame_format=frame_format,
        mean=mean,
        std=std,
        quantization=placement.quantization,
    )


def load_chosen_model(settings: Settings) -> LoadedModel:
    """Load the model that the settings name, where and how they say. Raises `ModelError`."""
    return load_model(
        settings.model,
        quantization=settings.quantization,
        device=settings.device,
        dtype=settings.dtype,
        vision_tower=settings.vision_tower,
        bert=settings.bert,
    )


def file_config(files: CheckpointFiles, *, vision_depth: int | None = None) -> LlamaVidConfig:
    """The config of a checkpoint, from `config.json` and the shapes in its files. Raises `ModelError`."""
    shapes = {key: shape for path in files.shards for key, shape in read_shapes(path).items()}
    if files.tower:
        tower = read_shapes(files.tower)
    else:
        tower = {k.removeprefix(TOWER_IN_SHARDS): s for k, s in shapes.items() if k.startswith(TOWER_IN_SHARDS)}
    if not tower:
        raise ModelError(
            f"{files.folder} has no vision tower: put eva_vit_g.pth (from LAVIS) into the folder, "
            "or give its path in LLAMAVID_VISION_TOWER."
        )
    released = read_json(files.folder / "config.json")
    return read_config(released, shapes, tower, vision_depth=vision_depth)


def empty_network(config: LlamaVidConfig) -> LlamaVid:
    """The network with its parameters on the meta device: shapes, no memory."""
    with init_empty_weights(include_buffers=False):
        return LlamaVid(config)


def read_preprocessor(folder: Path, image: int) -> tuple[FrameFormat, tuple[float, ...], tuple[float, ...]]:
    """How frames are resized and scaled: `preprocessor_config.json`, or CLIP's way for `image` pixels."""
    path = folder / "preprocessor_config.json"
    stated = read_json(path) if path.is_file() else {}
    fit: Literal["crop", "stretch"] = "crop" if stated.get("do_center_crop", True) else "stretch"
    mean, std = stated.get("image_mean", CLIP_MEAN), stated.get("image_std", CLIP_STD)
    return FrameFormat(image, image, fit), tuple(mean), tuple(std)


def _tensors(files: CheckpointFiles, depth: int) -> Iterator[tuple[str, torch.Tensor]]:
    """All tensors under our names. Without a tower file, the copy in the shards is the tower."""
    tower: dict[str, torch.Tensor] = {}
    for path in files.shards:
        for key, value in read_tensors(path):
            if files.tower is None and key.startswith(TOWER_IN_SHARDS):
                tower[key.removeprefix(TOWER_IN_SHARDS)] = value
            elif ours := our_checkpoint_key(key):
                yield ours, value
    if files.tower:
        tower = dict(read_tensors(files.tower))
    log.info("vision tower: %s", files.tower or "the copy in the shards")
    for key, value in fuse_qkv_bias(tower).items():
        if ours := our_tower_key(key, depth=depth):
            yield ours, value
