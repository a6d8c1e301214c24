"""A LLaMA of a GGUF file, de-quantised tensor by tensor.

`transformers` reads such files, too, but parses the whole vocabulary twice and looks up names once a module: five times
as long for a small model.
"""

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gguf import (
    MODEL_ARCH,
    GGUFEndian,
    GGUFReader,
    GGUFValueType,
    ReaderTensor,
    dequantize,
    get_tensor_name_map,
)
from transformers import LlamaConfig, LlamaForCausalLM

from llamavid_demo.model.weights import lay_out


def load_gguf(path: Path) -> LlamaForCausalLM:
    """The LLaMA in float32 on the CPU. Raises whatever the reader trips over."""
    config = _config(_Reader(path))
    llama = lay_out(lambda: LlamaForCausalLM(config))
    llama.load_state_dict(dict(gguf_tensors(path)), assign=True)
    llama.tie_weights()
    return llama.eval()


def gguf_tensors(path: Path, *, shapes_only: bool = False) -> Iterator[tuple[str, torch.Tensor]]:
    """The LLaMA's tensors in float32 under the names of `LlamaForCausalLM`, one by one; a tied head is the embeddings.

    With `shapes_only` they are on the meta device, and nothing is de-quantised. Raises whatever the reader trips over.
    """
    reader = _Reader(path)
    config = _config(reader)
    tensors = {tensor.name: tensor for tensor in reader.tensors}
    names, table = get_tensor_name_map(MODEL_ARCH.LLAMA, config.num_hidden_layers), None
    for name in lay_out(lambda: LlamaForCausalLM(config)).state_dict():
        tensor = tensors.get(f"{names.get_name(name.removesuffix('.weight'))}.weight")
        if tensor is not None:
            value = _meta(tensor) if shapes_only else _whole(name, tensor, config)
            table = value if name == "model.embed_tokens.weight" else table
            yield name, value
        elif name == "lm_head.weight" and table is not None:  # tied to the embeddings
            yield name, table


class _Reader(GGUFReader):
    """A reader that skips lists, such as the vocabulary: the library makes two arrays of each of 100,000 words."""

    def _get_field_parts(self, orig_offs: int, raw_type: int) -> tuple[int, list[Any], list[int], list[GGUFValueType]]:
        if raw_type != GGUFValueType.ARRAY:
            parts: tuple[int, list[Any], list[int], list[GGUFValueType]] = super()._get_field_parts(orig_offs, raw_type)
            return parts
        order, held = "<" if self.endianess == GGUFEndian.LITTLE else ">", self.data.data
        kind, length = struct.unpack_from(f"{order}IQ", held, orig_offs)
        end = orig_offs + 12
        if kind == GGUFValueType.STRING:
            size = struct.Struct(f"{order}Q")
            for _ in range(length):
                end += size.size + size.unpack_from(held, end)[0]
        else:
            end += length * np.dtype(self.gguf_scalar_to_np[kind]).itemsize
        return end - orig_offs, [], [], [GGUFValueType.ARRAY]


def _config(reader: GGUFReader) -> LlamaConfig:
    def said(name: str) -> Any:
        field = reader.get_field(name)
        if field is None:
            raise ValueError(f"{name} is missing")
        return field.contents()

    if said("general.architecture") != "llama":
        raise ValueError(f"its architecture is {said('general.architecture')}")
    shapes = {tensor.name: tensor.shape for tensor in reader.tensors}
    columns, rows = shapes["token_embd.weight"]
    return LlamaConfig(
        vocab_size=int(rows),
        hidden_size=int(columns),
        intermediate_size=said("llama.feed_forward_length"),
        num_hidden_layers=said("llama.block_count"),
        num_attention_heads=said("llama.attention.head_count"),
        num_key_value_heads=said("llama.attention.head_count_kv"),
        max_position_embeddings=said("llama.context_length"),
        rms_norm_eps=said("llama.attention.layer_norm_rms_epsilon"),
        rope_parameters={"rope_type": "default", "rope_theta": said("llama.rope.freq_base")},
        tie_word_embeddings="output.weight" not in shapes,
        bos_token_id=said("tokenizer.ggml.bos_token_id"),
        eos_token_id=said("tokenizer.ggml.eos_token_id"),
        dtype="float32",
    )


def _meta(tensor: ReaderTensor) -> torch.Tensor:
    return torch.empty(tuple(map(int, reversed(tensor.shape))), device="meta")


def _whole(name: str, tensor: ReaderTensor, config: LlamaConfig) -> torch.Tensor:
    """A weight in float32, with its rows as `transformers` rotates them: halves of a head, not neighbours."""
    weight: np.ndarray = dequantize(tensor.data, tensor.tensor_type)
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}.get(name.split(".")[-2])
    if heads:
        halves = weight.reshape(heads, -1, 2, weight.shape[1]).swapaxes(1, 2)
        weight = np.ascontiguousarray(halves).reshape(weight.shape)
    elif not weight.flags.writeable:  # it is the file's own memory
        weight = weight.copy()
    return torch.from_numpy(weight)
