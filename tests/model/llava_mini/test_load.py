"""Loading: where the vision tower comes from, and that what is missing, left over or misshapen is named."""

import json
import shutil
import socket
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from llamavid_demo.errors import ModelError
from llamavid_demo.model import files
from llamavid_demo.model.llava_mini.load import load_llava_mini
from llamavid_demo.model.llava_mini.loaded import LoadedLlavaMini
from tests.model.llava_mini.conftest import FOLDER, load_tiny, random_picture

LAST = "model-00003-of-00003.safetensors"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    shutil.copytree(FOLDER / "ckpt", tmp_path / "ckpt")
    return tmp_path / "ckpt"


@pytest.fixture
def no_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("loading opened a socket")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(files, "snapshot_download", refuse)


def change(path: Path, **changes: object) -> None:
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def change_shard(folder: Path, edit) -> None:
    state = load_file(folder / LAST)
    edit(state)
    save_file(state, folder / LAST)


def same_patches(ours: LoadedLlavaMini, theirs: LoadedLlavaMini) -> bool:
    rgb = random_picture(56, 56)
    pixels = ours.picture_pixels(rgb)
    return torch.equal(pixels, theirs.picture_pixels(rgb)) and torch.equal(
        ours.patches(rgb[None]), theirs.patches(rgb[None])
    )


@pytest.mark.usefixtures("no_socket")
def test_the_copy_in_the_shards_serves_without_a_socket(copy: Path, tiny: LoadedLlavaMini) -> None:
    change(copy / "config.json", mm_vision_heads=4)  # of so narrow a tower they cannot be told from the shapes
    assert same_patches(load_llava_mini(copy), tiny)


@pytest.mark.usefixtures("no_socket")
def test_a_local_tower_in_the_config_goes_before_the_copy(copy: Path, tmp_path: Path, tiny: LoadedLlavaMini) -> None:
    shutil.copytree(FOLDER / "clip", tmp_path / "clip")
    state = load_file(tmp_path / "clip" / "model.safetensors")
    state["vision_model.embeddings.class_embedding"] += 1
    save_file(state, tmp_path / "clip" / "model.safetensors")
    change(copy / "config.json", mm_vision_tower=str(tmp_path / "clip"), mm_vision_heads=4)
    assert not same_patches(load_llava_mini(copy), tiny)
    assert same_patches(load_llava_mini(copy, vision_tower=FOLDER / "clip"), tiny)
    assert load_llava_mini(copy).weights != load_llava_mini(copy, vision_tower=FOLDER / "clip").weights


def test_without_a_copy_the_hub_is_asked_for_the_tower(
    monkeypatch: pytest.MonkeyPatch, golden, tiny: LoadedLlavaMini
) -> None:
    asked = []
    monkeypatch.setattr(files, "snapshot_download", lambda name, **options: asked.append(name) or str(FOLDER / "clip"))
    again = load_llava_mini(FOLDER / "ckpt_compressor2", dtype="float32")
    assert asked == ["openai/clip-vit-large-patch14-336"]
    assert same_patches(again, golden.four_tokens)


def test_a_tower_that_cannot_be_had_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def offline(*args: object, **kwargs: object) -> None:
        raise OSError("no network")

    monkeypatch.setattr(files, "snapshot_download", offline)
    with pytest.raises(ModelError, match=r"no vision tower in its weights.*clip-vit-large.*no network"):
        load_llava_mini(FOLDER / "ckpt_compressor2")


def test_missing_tensor_is_named(copy: Path) -> None:
    change_shard(copy, lambda state: state.pop("model.compressor.pos_embed"))
    with pytest.raises(ModelError, match=r"does not fit a LLaVA-Mini.*missing: compressor\.pos_embed"):
        load_llava_mini(copy, vision_tower=FOLDER / "clip")


def test_unknown_tensor_is_named(copy: Path) -> None:
    change_shard(copy, lambda state: state.update({"model.surprise.weight": torch.zeros(2)}))
    with pytest.raises(ModelError, match=r"not known: .*surprise"):
        load_llava_mini(copy, vision_tower=FOLDER / "clip")


def test_wrong_shape_is_named(copy: Path) -> None:
    change_shard(copy, lambda state: state.update({"lm_head.weight": torch.zeros(409, 63)}))
    with pytest.raises(ModelError, match=r"lm_head\.weight is \[409, 63\], not \[409, 64\]"):
        load_llava_mini(copy, vision_tower=FOLDER / "clip")


def test_a_tensor_that_sizes_are_read_from_is_named(copy: Path) -> None:
    change_shard(copy, lambda state: state.pop("model.compressor.query"))
    with pytest.raises(ModelError, match=r"no complete LLaVA-Mini: model\.compressor\.query"):
        load_llava_mini(copy, vision_tower=FOLDER / "clip")


def test_another_network_is_refused(copy: Path) -> None:
    change(copy / "config.json", model_type="llava")
    with pytest.raises(ModelError, match=r"no LLaVA-Mini: its config\.json says 'llava'"):
        load_llava_mini(copy, vision_tower=FOLDER / "clip")


def test_a_clip_with_another_activation_is_refused(tmp_path: Path) -> None:
    shutil.copytree(FOLDER / "clip", tmp_path / "clip")
    about = json.loads((tmp_path / "clip" / "config.json").read_text())
    about["vision_config"]["hidden_act"] = "gelu"
    (tmp_path / "clip" / "config.json").write_text(json.dumps(about))
    with pytest.raises(ModelError, match="'gelu' is not known"):
        load_tiny(vision_tower=tmp_path / "clip")


def test_pickled_shards_are_read_and_never_executed(copy: Path, tmp_path: Path, tiny: LoadedLlavaMini) -> None:
    state = {}
    for shard in copy.glob("*.safetensors"):
        state |= load_file(shard)
        shard.unlink()
    (copy / "model.safetensors.index.json").unlink()
    torch.save(state, copy / "pytorch_model.bin")
    again = load_llava_mini(copy, vision_tower=FOLDER / "clip", dtype="float32")
    ours, theirs = again.network.state_dict(), tiny.network.state_dict()
    assert ours.keys() == theirs.keys() and all(torch.equal(ours[key], theirs[key]) for key in ours)

    class Trap:
        def __reduce__(self) -> tuple:
            return Path.touch, (tmp_path / "sprung",)

    torch.save(state | {"lm_head.weight": Trap()}, copy / "pytorch_model.bin")
    with pytest.raises(ModelError, match="cannot be read as weights"):
        load_llava_mini(copy, vision_tower=FOLDER / "clip")
    assert not (tmp_path / "sprung").exists()


def test_in_bfloat16_everything_is_bfloat16(film: torch.Tensor) -> None:
    model = load_tiny(dtype="bfloat16")
    assert {parameter.dtype for parameter in model.network.parameters()} == {torch.bfloat16}
    ids = torch.tensor(model.tokenizer.encode_prompt("<image>Who?"))
    assert model.network.read(ids, [film]).dtype == torch.bfloat16
