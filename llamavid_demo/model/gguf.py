"""A LLaMA of a GGUF file, de-quantised tensor by tensor.

`transformers` reads such files, too, but parses the whole vocabulary twice and looks up names once a module: five times
as long for a small model.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from gguf import MODEL_ARCH, GGUFReader, dequantize, get_tensor_name_map
from transformers import LlamaConfig, LlamaForCausalLM

from llamavid_demo.model.weights import lay_out


def load_gguf(path: Path) -> LlamaForCausalLM:
    """The LLaMA in float32 on the CPU. Raises whatever the reader trips over."""
    reader = GGUFReader(path)
    tensors = {tensor.name: tensor for tensor in reader.tensors}
    config = _config(reader, tensors)
    llama = lay_out(lambda: LlamaForCausalLM(config))
    names = get_tensor_name_map(MODEL_ARCH.LLAMA, config.num_hidden_layers)
    weights = {}
    for name in llama.state_dict():
        tensor = tensors.get(f"{names.get_name(name.removesuffix('.weight'))}.weight")
        if tensor is not None:  # a head that is tied to the embeddings has none of its own
            weights[name] = torch.from_numpy(_ordered(name, dequantize(tensor.data, tensor.tensor_type), config))
    if config.tie_word_embeddings:
        weights["lm_head.weight"] = weights["model.embed_tokens.weight"]
    llama.load_state_dict(weights, assign=True)
    llama.tie_weights()
    return llama.eval()


def _config(reader: GGUFReader, tensors: dict[str, Any]) -> LlamaConfig:
    def said(name: str) -> Any:
        field = reader.get_field(name)
        if field is None:
            raise ValueError(f"{name} is missing")
        return field.contents()

    if said("general.architecture") != "llama":
        raise ValueError(f"its architecture is {said('general.architecture')}")
    columns, rows = tensors["token_embd.weight"].shape
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
        tie_word_embeddings="output.weight" not in tensors,
        bos_token_id=said("tokenizer.ggml.bos_token_id"),
        eos_token_id=said("tokenizer.ggml.eos_token_id"),
        dtype="float32",
    )


def _ordered(name: str, weight: np.ndarray, config: LlamaConfig) -> np.ndarray:
    """A weight with its rows as `transformers` rotates them: halves of a head, not neighbours."""
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}.get(name.split(".")[-2])
    if heads is None:
        return weight if weight.flags.writeable else weight.copy()  # else it is the file's own memory
    return np.ascontiguousarray(weight.reshape(heads, -1, 2, weight.shape[1]).swapaxes(1, 2)).reshape(weight.shape)
