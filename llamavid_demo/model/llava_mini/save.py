"""Write a LLaVA-Mini in the released layout: shards with the vision tower in them, tokenizer, configs."""

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from llamavid_demo.film.frame_format import FrameFormat
from llamavid_demo.model.llama_vid.save import preprocessor_config
from llamavid_demo.model.llava_mini.config import LlavaMiniConfig
from llamavid_demo.model.llava_mini.layout import released_state
from llamavid_demo.model.llava_mini.network import LlavaMini

TOKENIZER_FILES = ("tokenizer.json", "tokenizer_config.json")


def save_llava_mini(network: LlavaMini, folder: Path, *, tokenizer: Path, frame_format: FrameFormat) -> None:
    """Save in float16 as `model.safetensors`, with the files of the folder `tokenizer` and the configs."""
    folder.mkdir(parents=True, exist_ok=True)
    tensors = released_state(dict(network.named_parameters()))
    half = {key: value.detach().to("cpu", torch.float16).contiguous() for key, value in tensors.items()}
    save_file(half, folder / "model.safetensors", metadata={"format": "pt"})
    for name in TOKENIZER_FILES:
        if (tokenizer / name).resolve() != (folder / name).resolve():
            shutil.copyfile(tokenizer / name, folder / name)
    _write(folder / "config.json", released_config(network.config))
    _write(folder / "preprocessor_config.json", preprocessor_config(frame_format))


def released_config(config: LlavaMiniConfig) -> dict[str, Any]:
    """`config.json` as the release writes it; `answers`, `evidence_layers`, `mm_vision_heads`, `prompt` are ours.

    The tower has no name to look for: it is in the shards.
    """
    llama, rope = config.llama, dict(config.llama.rope_parameters or {})
    theta = rope.pop("rope_theta", 10000.0)
    return {
        "architectures": ["LlavaMiniLlamaForCausalLM"],
        "model_type": "llava_mini_llama",
        "answers": config.answers,
        "bos_token_id": llama.bos_token_id,
        "compressor_size": config.compressor_size,
        "eos_token_id": llama.eos_token_id,
        "evidence_layers": list(config.evidence_layers),
        "hidden_act": llama.hidden_act,
        "hidden_size": llama.hidden_size,
        "intermediate_size": llama.intermediate_size,
        "max_position_embeddings": config.max_tokens,
        "mm_hidden_size": config.clip.width,
        "mm_projector_type": config.projector,
        "mm_vision_heads": config.clip.heads,
        "mm_vision_select_feature": "patch",
        "mm_vision_select_layer": config.vision_layer,
        "num_attention_heads": llama.num_attention_heads,
        "num_hidden_layers": llama.num_hidden_layers,
        "num_key_value_heads": llama.num_key_value_heads,
        "prefusion_layer_num": config.prefusion_layers,
        "prompt": {"system": config.system},
        "resolution_ratio": config.resolution_ratio,
        "rms_norm_eps": llama.rms_norm_eps,
        "rope_scaling": None if rope.get("rope_type", "default") == "default" else rope,
        "rope_theta": theta,
        "tie_word_embeddings": False,
        "torch_dtype": "float16",
        "vocab_size": llama.vocab_size,
    }


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
