"""A LoRA release becomes the same network as its base with the adapter's matrices added; what doesn't fit is told."""

import json
import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import LlamaConfig, LlamaForCausalLM

from llamavid_demo.errors import ModelError
from llamavid_demo.film.frame_format import FrameFormat
from llamavid_demo.model.files import find_checkpoint
from llamavid_demo.model.llama_vid.layout import our_checkpoint_key
from llamavid_demo.model.llama_vid.network import LlamaVid
from llamavid_demo.model.llama_vid.save import save_checkpoint
from llamavid_demo.model.llama_vid.tokenizer import BpeTokenizer
from llamavid_demo.model.llava_mini.layout import released_state
from llamavid_demo.model.load import load_model
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.model.lora import Lora
from llamavid_demo.training.english.adapter import Adapter, lora_config
from tests.byte_tokenizer import byte_tokenizer

GOLDEN = Path(__file__).parents[1] / "golden" / "llama_vid"
MINI = GOLDEN.parent / "llava_mini"


@dataclass(frozen=True)
class Release:
    """A release with its base: folders, and the base's weights."""

    folder: Path
    base: Path
    weights: dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def release(micro: LoadedModel, tmp_path_factory: pytest.TempPathFactory) -> Release:
    folder = tmp_path_factory.mktemp("release")
    torch.manual_seed(0)
    llama = LlamaConfig(
        vocab_size=258, hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, tie_word_embeddings=True, bos_token_id=256, eos_token_id=257,
    )  # fmt: skip
    base = LlamaForCausalLM(llama)
    base.save_pretrained(folder / "base")
    weights = {name: weight.clone() for name, weight in base.state_dict().items()}
    adapter = Adapter(base, lora_config(str(folder / "base"), 4))
    for matrix in adapter.matrices.values():
        torch.nn.init.normal_(matrix, std=0.1)
    adapter.save(folder / "adapter")
    byte_tokenizer(folder / "tokenizer.json")
    network = LlamaVid(replace(micro.config, llama=llama))
    save_checkpoint(
        network, folder / "checkpoint", tokenizer=folder / "tokenizer.json",
        bert_vocabulary=[*(GOLDEN / "bert" / "vocab.txt").read_text().split("\n")[:-1], "[DEC]"],
        frame_format=FrameFormat(56, 56, "stretch"), adapter=folder / "adapter",
    )  # fmt: skip
    return Release(folder / "checkpoint", folder / "base", weights)


def test_the_adapter_is_added_to_the_base(release: Release) -> None:
    model = load_model(release.folder, device="cpu", quantization="none")
    expected = merged(release.weights, load_file(release.folder / "adapter_model.safetensors"), scale=2.0)
    same(model.llama.state_dict(), expected)  # lora_alpha is twice the rank


def merged(base: dict[str, torch.Tensor], adapter: dict[str, torch.Tensor], *, scale: float) -> dict[str, torch.Tensor]:
    """A base's tensors with an adapter's matrices added."""
    whole = dict(base)
    for name in {key.partition(".lora_")[0] for key in adapter}:
        a, b = (adapter[f"{name}.lora_{part}.weight"].float() for part in "AB")
        key = name.removeprefix("base_model.model.") + ".weight"
        whole[key] = base[key] + scale * b @ a
    assert sum(not torch.equal(whole[key], base[key]) for key in base) == len(adapter) // 2 > 0
    return whole


def same(loaded: dict[str, torch.Tensor], expected: dict[str, torch.Tensor]) -> None:
    assert loaded.keys() == expected.keys()
    for key, value in expected.items():
        torch.testing.assert_close(loaded[key], value, atol=1e-5, rtol=1e-5, msg=key)


def test_a_llava_mini_is_merged_with_its_base_pre_fusion_included(tmp_path: Path) -> None:
    whole = load_model(MINI / "ckpt", vision_tower=MINI / "clip", device="cpu", dtype="float32")
    released = {
        key: value
        for key, value in released_state(whole.network.state_dict()).items()  # type: ignore[attr-defined]
        if "vision_tower" not in key
    }
    base, folder = tmp_path / "base", tmp_path / "lora"
    for place in (base, folder):
        shutil.copytree(MINI / "ckpt", place, ignore=shutil.ignore_patterns("*.safetensors*"))
    config = json.loads((base / "config.json").read_text())
    (base / "config.json").write_text(json.dumps({**config, "model_type": "llama"}))
    llama = {key: value for key, value in released.items() if re.match(r"model\.(layers|embed|norm)|lm_head", key)}
    beside = {f"base_model.model.{key}": value for key, value in released.items() if key not in llama}
    save_file(llama, base / "model.safetensors")
    torch.save(beside, folder / "non_lora_trainables.bin")
    matrices = {}
    for key, value in released.items():
        if re.search(r"(q|v|down)_proj\.weight$", key):
            name = f"base_model.model.{key.removesuffix('.weight')}"
            matrices[f"{name}.lora_A.weight"] = torch.randn(4, value.shape[1])
            matrices[f"{name}.lora_B.weight"] = torch.randn(value.shape[0], 4)
    assert any("prefusion" in key for key in matrices)
    save_file(matrices, folder / "adapter_model.safetensors")
    about = {"base_model_name_or_path": str(base), "lora_alpha": 6, "r": 4, "peft_type": "LORA"}
    (folder / "adapter_config.json").write_text(json.dumps(about))
    model = load_model(folder, vision_tower=MINI / "clip", device="cpu", dtype="float32")
    again = released_state(model.network.state_dict())  # type: ignore[attr-defined]
    same({key: again[key] for key in released}, merged(released, matrices, scale=1.5))
    assert model.name != load_model(MINI / "ckpt", vision_tower=MINI / "clip", device="cpu").name


def test_only_one_matrix_of_the_base_is_in_float32_at_a_time(
    release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    LlamaForCausalLM.from_pretrained(release.base, dtype=torch.float16).save_pretrained(tmp_path)
    monkeypatch.setattr("llamavid_demo.model.base.load_base", lambda place: pytest.fail("the base was read whole"))
    lora = Lora.of(release.folder, our_checkpoint_key, base=str(tmp_path))
    types = {key: value.dtype for key, value in lora.whole([])}
    assert {key for key, dtype in types.items() if dtype == torch.float32} == lora.pairs.keys()
    assert {value.dtype for _, value in lora.whole([], merge=False)} == {torch.float16}


def test_a_training_begins_with_the_adapter_of_a_checkpoint(release: Release) -> None:
    base = LlamaForCausalLM.from_pretrained(release.base)
    adapter = Adapter(base, lora_config(str(release.base), 4))
    adapter.begin_with(release.folder)
    saved = load_file(release.folder / "adapter_model.safetensors")
    name = "model.layers.0.self_attn.q_proj.lora_B"
    torch.testing.assert_close(
        adapter.matrices[name.replace(".", "/")].data,
        saved[f"base_model.model.{name}.weight"].float(),
    )


@pytest.mark.parametrize(("has_it", "dtype"), [(True, torch.bfloat16), (False, torch.float32)])
def test_the_frozen_base_is_in_the_type_that_a_cpu_multiplies_in(
    release: Release, monkeypatch: pytest.MonkeyPatch, has_it: bool, dtype: torch.dtype
) -> None:
    """In another type a product takes many times as long."""
    monkeypatch.setattr("torch.cpu._is_avx512_bf16_supported", lambda: has_it)
    monkeypatch.setattr("torch.cpu._is_amx_tile_supported", lambda: False)
    adapter = Adapter(base := LlamaForCausalLM.from_pretrained(release.base), lora_config(str(release.base), 4))
    assert base.model.layers[0].mlp.up_proj.weight.dtype == dtype
    assert {matrix.dtype for matrix in adapter.matrices.values()} == {torch.float32}


def test_it_is_smaller_than_what_it_becomes(release: Release) -> None:
    assert not (release.folder / "model.safetensors").exists()
    names = load_file(release.folder / "non_lora_trainables.safetensors")
    assert names and not any(".layers." in name and "vlm_att" not in name for name in names)


@pytest.mark.parametrize("form", ["4bit", "8bit"])
def test_a_merged_llama_can_be_quantized(release: Release, form: str) -> None:
    model = load_model(release.folder, device="cpu", quantization=form)
    assert (
        type(model.llama.model.layers[0].mlp.down_proj).__name__
        in {"4bit": ("Linear4bit", "Int4Linear"), "8bit": ("Linear8bitLt",)}[form]
    )


def test_it_answers_in_its_own_chat_format(release: Release) -> None:
    tokenizer = load_model(release.folder, device="cpu", quantization="none").tokenizer
    assert isinstance(tokenizer, BpeTokenizer)
    ids = tokenizer.encode("<|im_start|>user\nWho? é<|im_end|>")
    assert ids[0] == 256 and ids[-1] == tokenizer.eos == 257
    assert tokenizer.decode(ids) == "user\nWho? é"
    assert tokenizer.plain("a<|im_<|im_end|>end|>b") == "ab"


def test_a_base_of_another_size_is_told(release: Release, tmp_path: Path) -> None:
    other = LlamaConfig(
        vocab_size=258, hidden_size=32, intermediate_size=64, num_hidden_layers=2, num_attention_heads=2
    )
    LlamaForCausalLM(other).save_pretrained(tmp_path)
    with pytest.raises(ModelError, match="cannot be merged"):
        load_model(release.folder, device="cpu", base=str(tmp_path))


def test_a_damaged_adapter_is_told(release: Release, tmp_path: Path) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(release.folder, folder)
    whole = (folder / "adapter_model.safetensors").read_bytes()
    (folder / "adapter_model.safetensors").write_bytes(whole[:300])
    with pytest.raises(ModelError, match="cannot be merged"):
        load_model(folder, device="cpu")


def test_a_base_that_is_nowhere_is_told(release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    folder = tmp_path / "lost"
    shutil.copytree(release.folder, folder)
    config = json.loads((folder / "adapter_config.json").read_text())
    (folder / "adapter_config.json").write_text(json.dumps({**config, "base_model_name_or_path": "nobody/nothing"}))
    with pytest.raises(ModelError, match="LLAMAVID_BASE"):
        load_model(folder, device="cpu")


@pytest.mark.parametrize("name", ["adapter_model.safetensors", "adapter_model.bin"])
def test_an_adapter_of_either_kind_tells_checkpoints_apart(name: str, tmp_path: Path) -> None:
    (tmp_path / "non_lora_trainables.bin").touch()
    (tmp_path / name).touch()
    assert tmp_path / name in find_checkpoint(tmp_path).weights
