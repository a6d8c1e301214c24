from functools import partial

import pytest
import torch

from llamavid_demo.errors import ModelError
from llamavid_demo.model.load import load_model
from llamavid_demo.training.llava_mini import run as run_module
from llamavid_demo.training.llava_mini.run import run
from tests.training.killed import killed_in_every_stage
from tests.training.llava_mini.conftest import SHAPE, STEPS, micro


@pytest.fixture(scope="module")
def unbroken(base, tmp_path_factory):
    folder = tmp_path_factory.mktemp("unbroken")
    run(folder / "out", base=base, work=folder / "work", recipe=micro)
    return folder / "out"


def test_a_training_killed_in_every_stage_ends_with_the_same_weights(base, tmp_path, unbroken, monkeypatch):
    train = partial(run, tmp_path / "out", base=base, work=tmp_path / "work", recipe=micro)
    stages = ("distilling", "aligning", "answering")
    killed_in_every_stage(run_module, train, stages, steps=STEPS, patches=monkeypatch)
    weights = (tmp_path / "out" / "model.safetensors").read_bytes()
    assert weights == (unbroken / "model.safetensors").read_bytes()


def test_every_part_has_learned(base, unbroken, tmp_path):
    loaded = load_model(unbroken, device="cpu", dtype="float32", quantization="none").network.state_dict()
    begun = run_module.MiniTraining(tmp_path, base, recipe=micro).network.state_dict()
    moved = {key for key, value in loaded.items() if not torch.equal(value, begun[key].half().float())}
    for part in ("vision.", "compressor.", "projector.", "prefusion.", "llama."):
        assert any(key.startswith(part) for key in moved)


def test_the_checkpoint_says_how_it_was_trained(unbroken):
    model = load_model(unbroken)
    assert model.frame_format == SHAPE
    assert (model.config.system, model.config.answers, model.config.compressor_size) == ("", "raw", 1)
    assert model.tokenizer.eos == model.config.llama.eos_token_id


def test_a_frame_of_four_tokens_is_trained_and_loaded(base, tmp_path):
    run(tmp_path / "out", base=base, work=tmp_path / "work", recipe=partial(micro, compressor_size=2))
    assert load_model(tmp_path / "out").config.tokens_per_frame == 4


def test_the_training_leaves_its_learning_curves(unbroken):
    assert (unbroken.parent / "work" / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_only_a_llama_vid_can_be_the_base(unbroken, tmp_path):
    with pytest.raises(ModelError, match="is no LLaMA-VID"):
        run(tmp_path / "out", base=unbroken, work=tmp_path / "work", recipe=micro)
