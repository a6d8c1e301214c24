"""LLaMA-VID from the released files, or our own: files → network, checked key by key."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch

from llamavid_demo.errors import ModelError
from llamavid_demo.model.config import VisionConfig
from llamavid_demo.model.files import CheckpointFiles, find_checkpoint, read_json, read_shapes, read_tensors
from llamavid_demo.model.fitting import fitting
from llamavid_demo.model.llama_vid.config import LlamaVidConfig, read_config
from llamavid_demo.model.llama_vid.layout import TOWER_IN_SHARDS, fuse_qkv_bias, our_checkpoint_key, our_tower_key
from llamavid_demo.model.llama_vid.loaded import LoadedLlamaVid
from llamavid_demo.model.llama_vid.look_lines import LookReader
from llamavid_demo.model.llama_vid.network import LlamaVid
from llamavid_demo.model.llama_vid.tokenizer import GuideTokenizer, VidTokenizer, read_tokenizer
from llamavid_demo.model.llama_vid.vision import stretch_positions
from llamavid_demo.model.lora import Lora, is_lora
from llamavid_demo.model.placement import choose_placement
from llamavid_demo.model.preprocessor import read_preprocessor
from llamavid_demo.model.real_world.eyes import RealWorldEyes
from llamavid_demo.model.real_world.named_tokens import NamedTokens
from llamavid_demo.model.real_world.network import SIDE, load_efficientnet
from llamavid_demo.model.real_world.packages import INSTALL, weights_file
from llamavid_demo.model.weights import bring_in, check_weights, fingerprint, lay_out

log = logging.getLogger(__name__)


def load_llama_vid(
    name: str | Path,
    *,
    quantization: str | None = None,
    device: str | None = None,
    dtype: str | None = None,
    vision_tower: Path | None = None,
    bert: Path | None = None,
    vision_depth: int | None = None,
    base: str | None = None,
) -> LoadedLlamaVid:
    """Load a LLaMA-VID from a folder in the released layout, or from the Hub; see `load_model`.

    `vision_depth` states the blocks to use of a tower that isn't the release's, `base` where a LoRA release's base is.
    Raises `ModelError` that names whatever is missing, left over or of a wrong shape.
    """
    placement = choose_placement(device, dtype, quantization)
    files = find_checkpoint(name, vision_tower=vision_tower, bert=bert)
    config = file_config(files, vision_depth=vision_depth)
    network = empty_network(config)
    placement = fitting(placement, network, name=name)
    lora = Lora.of(files.folder, our_checkpoint_key, base=base) if is_lora(files.folder) else None

    def tensors(*, merge: bool) -> Iterator[tuple[str, torch.Tensor]]:
        own = released_tensors(files, config.vision)
        return lora.whole(own, merge=merge) if lora else own

    check_weights(network, tensors(merge=False), f"{files.folder} does not fit a LLaMA-VID.")
    products = torch.bfloat16 if config.autocast and dtype is None else torch.float32
    bring_in(network, tensors(merge=True), placement, [network.llama], products=products)
    log.info("%s: %s", name, placement.reason)
    tokenizer = read_tokenizer(files.folder)
    second_eyes, seen_by = _second_eyes(network, tokenizer) if config.second_eyes else (None, "")
    look_reader = LookReader(config.look_words, tokenizer, _word_embeddings(network)) if config.look_words else None
    side = SIDE if config.second_eyes else config.vision.image
    frame_format, mean, std = read_preprocessor(files.folder, side)
    return LoadedLlamaVid(
        name=f"{files.folder.name}-{fingerprint(files.weights)}",
        weights=fingerprint([files.tower] if files.tower else files.shards) + seen_by,
        network=network,
        tokenizer=tokenizer,
        guide_tokenizer=GuideTokenizer(files.bert / "vocab.txt"),
        second_eyes=second_eyes,
        look_reader=look_reader,
        frame_format=frame_format,
        mean=mean,
        std=std,
        quantization=placement.quantization,
        shrunk=placement.shrunk,
    )


def _second_eyes(network: LlamaVid, tokenizer: VidTokenizer) -> tuple[RealWorldEyes, str]:
    """Second eyes for a network, and a name for what they see by, for caches."""
    path = weights_file()
    if path is None:
        log.warning("Real pictures can't be seen, only drawn ones: %s brings the eyes for them.", INSTALL)
    table = _word_embeddings(network)
    eyes = load_efficientnet(path, network.context.value_projector.weight.device) if path else None
    return RealWorldEyes(
        network.config.vision.width, eyes, NamedTokens(tokenizer, table)
    ), path.stem if path else "drawn"


def _word_embeddings(network: LlamaVid) -> torch.Tensor:
    """The LLaMA's (V, H), float32."""
    llama: Any = network.llama
    table: torch.Tensor = llama.get_input_embeddings().weight.detach().float()
    return table


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
    return lay_out(lambda: LlamaVid(config))


def released_tensors(files: CheckpointFiles, vision: VisionConfig) -> Iterator[tuple[str, torch.Tensor]]:
    """All tensors under our names. Without a tower file, the copy in the shards is the tower.

    The tower's positions are stretched to the pictures that it is to read: its file has those for 224 pixels.
    """
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
        if ours := our_tower_key(key, depth=vision.depth):
            yield ours, stretch_positions(value, vision.patches) if key == "pos_embed" else value
