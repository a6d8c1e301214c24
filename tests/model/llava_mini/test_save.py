"""What is saved is what is loaded again."""

import json
from pathlib import Path

import pytest
import torch

from llamavid_demo.film.frame_format import FrameFormat
from llamavid_demo.model.llava_mini.load import load_llava_mini
from llamavid_demo.model.llava_mini.loaded import LoadedLlavaMini
from llamavid_demo.model.llava_mini.save import save_llava_mini
from llamavid_demo.model.llava_mini.tokenizer import Message
from tests.model.llava_mini.conftest import FOLDER, load_tiny

SHAPE = FrameFormat(56, 56, "stretch")


@pytest.fixture(scope="module")
def halved() -> LoadedLlavaMini:
    """The golden tiny model with the weights that float16 leaves."""
    model = load_tiny(dtype="float16")
    model.network.float()
    return model


@pytest.fixture
def saved(halved: LoadedLlavaMini, tmp_path: Path) -> Path:
    save_llava_mini(halved.network, tmp_path, tokenizer=FOLDER / "ckpt", frame_format=SHAPE)
    return tmp_path


def test_a_saved_model_answers_as_before(halved: LoadedLlavaMini, saved: Path) -> None:
    again = load_llava_mini(saved, device="cpu", dtype="float32")
    assert again.frame_format == SHAPE
    assert again.config == halved.config
    prompt = halved.tokenizer.encode_chat([Message("user", "What is this?", images=1)])
    assert again.tokenizer.encode_chat([Message("user", "What is this?", images=1)]) == prompt
    frames = torch.randint(0, 256, (2, 56, 56, 3), dtype=torch.uint8).numpy()
    with torch.inference_mode():
        before, after = (m.network.read(torch.tensor(prompt), [m.patches(frames).float()]) for m in (halved, again))
        torch.testing.assert_close(after, before)
        logits = [halved.network.llama(inputs_embeds=before[None]), again.network.llama(inputs_embeds=after[None])]
    torch.testing.assert_close(logits[1].logits, logits[0].logits)


def test_the_config_is_the_release_s_with_what_is_ours(halved: LoadedLlavaMini, saved: Path) -> None:
    released = json.loads((FOLDER / "ckpt" / "config.json").read_text())
    written = json.loads((saved / "config.json").read_text())
    for key in ("model_type", "rope_scaling", "rope_theta", "compressor_size", "prefusion_layer_num", "vocab_size"):
        assert written[key] == released[key]
    assert written["prompt"] == {"system": halved.config.system}
    assert "mm_vision_tower" not in written  # it is in the shards: nothing is to be looked for
