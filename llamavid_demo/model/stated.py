"""What a checkpoint's `config.json` states of it, before anything is loaded. Needs no torch and opens no weights."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

GENERAL_VOCABULARY = 10_000  # tokens; a model of fewer was made for the questions of one world


@dataclass(frozen=True)
class Stated:
    """A model by its config: system, parameters of its LLaMA, tokens of a frame (None where only the weights say).

    `languages` are two-letter codes of those that it reads, any where there are none; `second_eyes` see real pictures.
    """

    system: Literal["LLaMA-VID", "LLaVA-Mini"]
    parameters: int
    tokens_per_frame: int | None
    general: bool
    languages: tuple[str, ...]
    second_eyes: bool


def stated(folder: Path) -> Stated | None:
    """What the folder's config states; None where there is none, or it is that of no system we know."""
    try:
        config = json.loads((folder / "config.json").read_text("utf-8"))
        mini = str(config.get("model_type", "")).startswith("llava_mini")
        if not mini and config.get("model_type") != "llava":
            return None
        return Stated(
            system="LLaVA-Mini" if mini else "LLaMA-VID",
            parameters=_parameters(config),
            tokens_per_frame=config.get("compressor_size", 1) ** 2 if mini else _content(config.get("compress_type")),
            general=config["vocab_size"] >= GENERAL_VOCABULARY,
            languages=tuple(config.get("languages") or ()),
            second_eyes=bool(config.get("second_eyes")),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):  # whoever loads it says what is wrong
        return None


def _parameters(config: Mapping[str, Any]) -> int:
    """Parameters of the LLaMA, without the few of its norms."""
    hidden, heads = config["hidden_size"], config["num_attention_heads"]
    keys = hidden * config.get("num_key_value_heads", heads) // heads
    block = 2 * hidden * (hidden + keys) + 3 * hidden * config["intermediate_size"]
    embeddings = config["vocab_size"] * hidden * (1 if config.get("tie_word_embeddings") else 2)
    return int(config["num_hidden_layers"] * block + embeddings)


def _content(compress: str | None) -> int | None:
    """Tokens of a LLaMA-VID's frame with its context token."""
    if compress == "mean":
        return 2
    return None if compress is None else int(compress.removeprefix("grid:")) ** 2 + 1
