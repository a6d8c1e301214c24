"""Write a network in the released layout: shards, vision tower, tokenizers, configs. What `load_model` reads."""

import json
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

from llamavid_demo.film.frame_format import FrameFormat
from llamavid_demo.model.llama_vid.config import LlamaVidConfig
from llamavid_demo.model.llama_vid.layout import released_state
from llamavid_demo.model.llama_vid.network import LlamaVid
from llamavid_demo.model.preprocessor import CLIP_MEAN, CLIP_STD


def save_checkpoint(
    network: LlamaVid,
    folder: Path,
    *,
    tokenizer: Path,
    bert_vocabulary: list[str],
    frame_format: FrameFormat,
    legacy: bool = True,
    adapter: Path | None = None,
) -> None:
    """Save in float16 as `model.safetensors`, `eva_vit_g.safetensors`, the `tokenizer`'s file, `bert/` and configs.

    With a folder `adapter`, in peft's layout, the LLaMA is not written: the adapter and its base take its place, and
    the other parts are called `non_lora_trainables.safetensors`. The vocabulary's last word should be `[DEC]`, as in
    the release.
    """
    (folder / "bert").mkdir(parents=True, exist_ok=True)
    state = {key: value for key, value in network.state_dict().items() if not (adapter and key.startswith("llama."))}
    checkpoint, tower = released_state(state)
    for name, tensors in (("non_lora_trainables" if adapter else "model", checkpoint), ("eva_vit_g", tower)):
        half = {key: value.detach().to("cpu", torch.float16).contiguous() for key, value in tensors.items()}
        save_file(half, folder / f"{name}.safetensors", metadata={"format": "pt"})
    kept = [tokenizer, *(adapter.glob("adapter_*") if adapter else ())]
    for path in kept:
        if path.resolve() != (folder / path.name).resolve():
            shutil.copyfile(path, folder / path.name)
    if tokenizer.suffix == ".model":
        _write(folder / "tokenizer_config.json", {"tokenizer_class": "LlamaTokenizer", "legacy": legacy})
    _write(folder / "config.json", released_config(network.config))
    _write(folder / "preprocessor_config.json", preprocessor_config(frame_format))
    (folder / "bert" / "vocab.txt").write_text("\n".join(bert_vocabulary) + "\n", encoding="utf-8")


def released_config(config: LlamaVidConfig) -> dict[str, Any]:
    """`config.json` as the release writes it.

    `autocast`, `evidence_heads`, `evidence_layers`, `guide`, `languages`, `look_words`, `mm_vision_depth`,
    `mm_vision_heads`, `prompt`, `quotes`, `second_eyes` and `spoken_evidence` are ours.
    """
    llama, rope = config.llama, config.llama.rope_parameters or {}
    scaled = rope.get("rope_type", "default") != "default"
    return {
        "architectures": ["LlavaLlamaAttForCausalLM"],
        "autocast": "bfloat16" if config.autocast else None,
        "bert_type": "qformer_pretrain",
        "bos_token_id": llama.bos_token_id,
        "compress_type": config.compress,
        "eos_token_id": llama.eos_token_id,
        "evidence_heads": config.watched_heads,
        "evidence_layers": sorted(config.watched_layers),
        "guide": config.guide,
        "hidden_act": llama.hidden_act,
        "hidden_size": llama.hidden_size,
        "intermediate_size": llama.intermediate_size,
        "languages": list(config.languages) or None,
        "look_words": vars(config.look_words) if config.look_words else None,
        "max_position_embeddings": llama.max_position_embeddings,
        "max_token": config.max_tokens,
        "mm_hidden_size": config.vision.width,
        "mm_projector_type": config.projector,
        "mm_vision_depth": config.vision.depth,
        "mm_vision_heads": config.vision.heads,
        "model_type": "llava",
        "num_attention_heads": llama.num_attention_heads,
        "num_hidden_layers": llama.num_hidden_layers,
        "num_key_value_heads": llama.num_key_value_heads,
        "num_query": config.text.queries,
        "prompt": vars(config.prompt),
        "quotes": config.quotes,
        "rms_norm_eps": llama.rms_norm_eps,
        "rope_scaling": {"type": rope["rope_type"], "factor": rope["factor"]} if scaled else None,
        "rope_theta": rope.get("rope_theta", 10000.0),
        "second_eyes": config.second_eyes,
        "spoken_evidence": config.spoken_evidence,
        "tie_word_embeddings": False,
        "torch_dtype": "float16",
        "vocab_size": llama.vocab_size,
    }


def preprocessor_config(frame_format: FrameFormat) -> dict[str, Any]:
    """`preprocessor_config.json` of a vision tower that is shown frames in this form."""
    size = {"height": frame_format.height, "width": frame_format.width}
    return {
        "do_resize": True,
        "do_center_crop": frame_format.fit == "crop",
        "size": size if frame_format.fit == "stretch" else frame_format.width,
        "crop_size": size,
        "resample": 3,
        "do_normalize": True,
        "image_mean": list(CLIP_MEAN),
        "image_std": list(CLIP_STD),
    }


def _write(path: Path, content: dict[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")
