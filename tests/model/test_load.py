"""Loading: what is missing, left over or damaged is named; nothing in a file is executed."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from llamavid_demo.errors import ModelError
from llamavid_demo.film.frame_format import FrameFormat
from llamavid_demo.model.llama_vid.save import save_checkpoint
from llamavid_demo.model.llama_vid.tokenizer import LlamaTokenizer
from llamavid_demo.model.load import load_model, read_outline
from llamavid_demo.model.loaded import LoadedModel
from tests.conftest import GOLDEN, load_golden


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(GOLDEN / "checkpoint", tmp_path / "checkpoint")
    return tmp_path / "checkpoint"


def load_copy(folder: Path, **options: object) -> LoadedModel:
    known = {"vision_tower": GOLDEN / "eva_vit_g.pth", "bert": GOLDEN / "bert", "vision_depth": 2}
    return load_model(folder, **{**known, **options})  # type: ignore[arg-type]


def change_shard(folder: Path, change) -> None:
    shard = folder / "pytorch_model-00002-of-00002.bin"
    state = torch.load(shard, weights_only=True)
    change(state)
    torch.save(state, shard)


def test_saved_checkpoint_loads_through_the_one_loader(micro: LoadedModel, tmp_path: Path) -> None:
    vocabulary = (GOLDEN / "bert" / "vocab.txt").read_text().split("\n")[:-1]
    save_checkpoint(
        micro.network,
        tmp_path,
        tokenizer=GOLDEN / "checkpoint" / "tokenizer.model",
        bert_vocabulary=[*vocabulary, "[DEC]"],
        frame_format=FrameFormat(56, 56, "stretch"),
    )
    again = load_model(tmp_path)
    for (key, ours), (_, theirs) in zip(
        micro.network.state_dict().items(), again.network.state_dict().items(), strict=True
    ):
        assert torch.equal(ours, theirs), key
    assert again.frame_format == FrameFormat(56, 56, "stretch")
    assert again.config.text == micro.config.text
    assert torch.equal(again.guide_tokenizer("Where?")[0], micro.guide_tokenizer("Where?")[0])


def test_missing_tensor_is_named(copy: Path) -> None:
    change_shard(copy, lambda state: state.pop("lm_head.weight"))
    with pytest.raises(ModelError, match=r"missing: llama\.lm_head\.weight"):
        load_copy(copy)


def test_unknown_tensor_is_named(copy: Path) -> None:
    change_shard(copy, lambda state: state.update({"model.surprise.weight": torch.zeros(2)}))
    with pytest.raises(ModelError, match=r"not known: .*surprise"):
        load_copy(copy)


def test_wrong_shape_is_named(copy: Path) -> None:
    change_shard(copy, lambda state: state.update({"lm_head.weight": torch.zeros(600, 31)}))
    with pytest.raises(ModelError, match=r"lm_head\.weight is \[600, 31\], not \[600, 32\]"):
        load_copy(copy)


def test_tower_in_the_shards_is_used_when_there_is_no_file() -> None:
    from_shards = load_golden(vision_tower=None, dtype="float32")
    from_file = load_golden(dtype="float32")
    frames = np.zeros((1, 56, 56, 3), np.uint8)
    ours, theirs = from_shards.patches(frames).float(), from_file.patches(frames).float()
    assert not torch.equal(ours, theirs), "the copy in these shards is rounded, so the two must differ"
    assert (ours - theirs).abs().max() < 0.1


def test_no_tower_anywhere_says_where_to_get_one(copy: Path) -> None:
    for shard in copy.glob("*.bin"):
        state = torch.load(shard, weights_only=True)
        torch.save({k: v for k, v in state.items() if "vision_tower" not in k}, shard)
    with pytest.raises(ModelError, match=r"no vision tower.*eva_vit_g\.pth"):
        load_copy(copy, vision_tower=None)


def test_safetensors_shard_gives_the_same_network(copy: Path, micro: LoadedModel) -> None:
    state = {}
    for shard in sorted(copy.glob("*.bin")):
        state |= {k: v.contiguous().clone() for k, v in torch.load(shard, weights_only=True).items()}
        shard.unlink()
    (copy / "pytorch_model.bin.index.json").unlink()
    save_file(state, copy / "model.safetensors")
    assert load_file(copy / "model.safetensors").keys() == state.keys()
    again = load_copy(copy, dtype="float32").network.state_dict()
    assert all(torch.equal(again[key], value) for key, value in micro.network.state_dict().items())


def test_a_file_that_runs_code_is_refused(copy: Path, tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple:
            return Path.touch, (tmp_path / "sprung",)

    torch.save({"lm_head.weight": Trap()}, copy / "pytorch_model-00002-of-00002.bin")
    with pytest.raises(ModelError, match="cannot be read as weights"):
        load_copy(copy)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("name", ["no/such/folder", "nowhere", "../escape"])
def test_unknown_model_says_what_to_give(name: str) -> None:
    with pytest.raises(ModelError, match="give a folder, or a Hub id"):
        load_model(name)


def test_truncated_shard_is_named(copy: Path) -> None:
    shard = copy / "pytorch_model-00001-of-00002.bin"
    shard.write_bytes(shard.read_bytes()[:1000])
    with pytest.raises(ModelError, match="00001-of-00002"):
        load_copy(copy)


def test_missing_shard_is_named(copy: Path) -> None:
    (copy / "pytorch_model-00002-of-00002.bin").unlink()
    with pytest.raises(ModelError, match=r"names pytorch_model-00002-of-00002\.bin, not found"):
        load_copy(copy)


@pytest.mark.parametrize("kind", ["qwen2_vl", "gemma2", None])
def test_another_network_is_told_before_its_weights_are_read(copy: Path, kind: str | None) -> None:
    (copy / "config.json").write_text(json.dumps({"model_type": kind, "hidden_size": 32}))
    for shard in copy.glob("*.bin"):
        shard.unlink()
    with pytest.raises(ModelError, match=f"holds another network .*{kind!r}.*give a LLaMA-VID"):
        load_copy(copy)
    with pytest.raises(ModelError, match="holds another network"):
        read_outline(copy)


def test_a_config_that_is_no_object_is_told(copy: Path) -> None:
    (copy / "config.json").write_text("[]")
    with pytest.raises(ModelError, match=r"config\.json holds no JSON object but a list"):
        load_copy(copy)


def test_weights_in_the_form_before_pytorch_1_6_are_read(copy: Path, micro: LoadedModel, tmp_path: Path) -> None:
    tower = torch.load(GOLDEN / "eva_vit_g.pth", weights_only=True)
    torch.save(tower, tmp_path / "eva_vit_g.pth", _use_new_zipfile_serialization=False)
    again = load_copy(copy, dtype="float32", vision_tower=tmp_path / "eva_vit_g.pth").network.state_dict()
    assert all(torch.equal(again[key], value) for key, value in micro.network.state_dict().items())


def test_a_converted_tokenizer_beside_the_original_is_left_alone(copy: Path) -> None:
    (copy / "tokenizer.json").write_text("{}")
    assert isinstance(load_copy(copy).tokenizer, LlamaTokenizer)


def test_an_empty_file_is_named(copy: Path) -> None:
    (copy / "pytorch_model-00002-of-00002.bin").write_bytes(b"")
    with pytest.raises(ModelError, match=r"00002-of-00002\.bin cannot be read as weights \(EOFError\)"):
        load_copy(copy)


def test_index_may_not_lead_out_of_the_folder(copy: Path) -> None:
    (copy / "pytorch_model.bin.index.json").write_text(json.dumps({"weight_map": {"a": "../evil.bin"}}))
    with pytest.raises(ModelError, match=r"\.\./evil\.bin"):
        load_copy(copy)
