"""Models of random weights, made where they compute: of middling size, and of the 7B's."""

import logging
from dataclasses import replace

import torch
from torch import nn
from transformers import LlamaConfig

from llamavid_demo.film.frame_format import FrameFormat
from llamavid_demo.model.attention import READING
from llamavid_demo.model.config import VisionConfig
from llamavid_demo.model.llama_vid.config import LlamaVidConfig, TextDecoderConfig
from llamavid_demo.model.llama_vid.load import empty_network, load_llama_vid
from llamavid_demo.model.llama_vid.loaded import LoadedLlamaVid
from llamavid_demo.model.llama_vid.network import LlamaVid
from llamavid_demo.model.llava_mini.config import LlavaMiniConfig
from llamavid_demo.model.llava_mini.load import empty_llava_mini, load_llava_mini
from llamavid_demo.model.llava_mini.loaded import LoadedLlavaMini
from llamavid_demo.model.llava_mini.network import LlavaMini
from llamavid_demo.model.own_thread import in_own_thread
from llamavid_demo.model.packed_linear import pack_linear
from llamavid_demo.model.placement import choose_placement
from llamavid_demo.settings import ROOT

MIDSIZE = LlamaVidConfig(
    vision=VisionConfig(width=352, depth=1, heads=4, patch=14, image=224, mlp=1408),
    text=TextDecoderConfig(
        hidden=256, layers=4, heads=4, intermediate=1024, vocabulary=30523, positions=512, queries=32
    ),
    llama=LlamaConfig(
        vocab_size=1313, hidden_size=512, intermediate_size=1376, num_hidden_layers=8, num_attention_heads=8,
        num_key_value_heads=8, max_position_embeddings=65536,
    ),
)  # fmt: skip
MIDSIZE_MINI = LlavaMiniConfig(
    clip=VisionConfig(width=256, depth=2, heads=4, patch=14, image=336, mlp=1024),
    llama=LlamaConfig(
        vocab_size=2048, hidden_size=512, intermediate_size=1376, num_hidden_layers=8, num_attention_heads=8,
        num_key_value_heads=8, max_position_embeddings=65536,
    ),
)  # fmt: skip


@in_own_thread
def random_model(
    config: LlamaVidConfig = MIDSIZE, *, device: str = "cpu", quantization: str = "none", seed: int = 0
) -> LoadedLlamaVid:
    """A model that is placed and quantized as `load_model` does it; it reads words as the embedded model does.

    No answer of it ends before its longest: of random weights it might end anywhere.
    """
    small = load_llama_vid(ROOT / "assets" / "llama-vid-tiny", device="cpu", quantization="none")
    network = empty_network(config)
    _make_ready(network, device, quantization, seed, eos=small.tokenizer.eos)
    name = f"random-{config.llama.hidden_size}-{seed}"
    form, image = None if quantization == "none" else quantization, config.vision.image
    return replace(
        small, name=name, weights=name, network=network, frame_format=FrameFormat(image, image, "crop"),
        quantization=form,
    )  # fmt: skip


@in_own_thread
def random_llava_mini(config: LlavaMiniConfig = MIDSIZE_MINI, *, seed: int = 0) -> LoadedLlavaMini:
    """A LLaVA-Mini of random weights on the CPU; see `random_model`."""
    small = load_llava_mini(ROOT / "assets" / "llava-mini-tiny", device="cpu", quantization="none")
    network = empty_llava_mini(config)
    _make_ready(network, "cpu", "none", seed, eos=small.tokenizer.eos)
    pack_linear(network.prefusion)
    name = f"random-mini-{config.llama.hidden_size}-{seed}"
    form = FrameFormat(config.clip.image, config.clip.image, "stretch")
    return replace(small, name=name, weights=name, network=network, frame_format=form, picture_format=form)


def _make_ready(network: LlamaVid | LlavaMini, device: str, quantization: str, seed: int, *, eos: int) -> None:
    _fill(network, device, quantization, seed)
    network.llama.lm_head.weight.data[eos] = 0  # of a thousand others one is always likelier
    network.eval().requires_grad_(False)
    pack_linear(network.llama)
    network.llama.set_attn_implementation(READING)


def _fill(network: LlamaVid | LlavaMini, device: str, quantization: str, seed: int) -> None:
    """Give the weights values one by one, so that the device never holds more than the model and a layer."""
    placement = choose_placement(device, None, quantization)
    shapes = {key: parameter.shape for key, parameter in network.named_parameters()}
    if placement.quantization:
        logging.getLogger("bitsandbytes").setLevel(logging.ERROR)  # as `load_model` does
        from llamavid_demo.model.quantization import prepare, quantized_weight  # bitsandbytes imports slowly

        prepare(network.llama, placement.quantization, placement.dtype, device=placement.device)
    generator = torch.Generator(placement.device).manual_seed(seed)
    for key, shape in shapes.items():
        parent, _, name = key.rpartition(".")
        layer, parameter = network.get_submodule(parent), None
        value = torch.empty(shape, device=placement.device, dtype=placement.dtype).normal_(0, 0.02, generator=generator)
        if name == "weight" and len(shape) == 1:  # of a norm
            value.fill_(1)
        if name == "weight" and placement.quantization:
            parameter = quantized_weight(layer, value, placement.device)
        setattr(layer, name, nn.Parameter(value, requires_grad=False) if parameter is None else parameter)
    network.to(placement.device)  # what is no parameter, such as the angles of positions
