"""What a model can do, by its config alone: our own, released ones, damaged ones."""

import json
from pathlib import Path
from typing import Any

import pytest

from llamavid_demo.embedded import BEST, SMALL
from llamavid_demo.settings import Settings
from llamavid_demo.ui import abilities
from llamavid_demo.ui.abilities import ability
from llamavid_demo.ui.language import speaking

SEVEN_B: dict[str, Any] = {
    "model_type": "llava", "compress_type": "mean", "hidden_size": 4096, "intermediate_size": 11008,
    "num_hidden_layers": 32, "num_attention_heads": 32, "vocab_size": 32000, "max_position_embeddings": 65536,
}  # fmt: skip
MINI_8B = {
    **SEVEN_B, "model_type": "llava_mini_llama", "intermediate_size": 14336, "num_key_value_heads": 8,
    "vocab_size": 128256,
}  # fmt: skip


def line(folder: Path, config: object, name: str = "some") -> str:
    (folder / name).mkdir()
    (folder / name / "config.json").write_text(json.dumps(config))
    return ability(Settings(model=str(folder / name)))


@pytest.mark.parametrize("eyes", [Path("weights.pth"), None])
def test_embedded_models_say_what_they_see(monkeypatch: pytest.MonkeyPatch, eyes: Path | None) -> None:
    monkeypatch.setattr(abilities, "weights_file", lambda: eyes)
    seen = "drawn films and real pictures" if eyes else "drawn films only"
    assert ability(Settings(model=str(BEST))) == f"subtitles in English, {seen}"
    assert ability(Settings(model=str(SMALL))) == "drawn films only, small words"
    with speaking("zh-CN"):
        assert ability(Settings(model=str(BEST))).startswith("英语字幕")


@pytest.mark.parametrize(
    ("config", "said"),
    [
        (SEVEN_B, "LLaMA-VID 7B, two tokens a frame"),
        ({**SEVEN_B, "compress_type": "grid:4"}, "LLaMA-VID 7B, 17 tokens a frame"),
        ({**SEVEN_B, "compress_type": None}, "LLaMA-VID 7B"),
        (MINI_8B, "LLaVA-Mini 8B, one token a frame"),
        ({**SEVEN_B, "vocab_size": "many"}, ""),
        ({"model_type": "bert"}, ""),
        ([], ""),
    ],
)
def test_others_say_which_system_they_are(tmp_path: Path, config: object, said: str) -> None:
    assert line(tmp_path, config) == said


def test_releases_say_what_they_were_made_for_here_or_not(tmp_path: Path) -> None:
    name, does = "llama-vid-7b-long", "films of hours, with subtitles"
    assert ability(Settings(model="YanweiLi/llama-vid-7b-full-224-long-video", releases=tmp_path)) == does
    assert line(tmp_path, SEVEN_B, name) == f"LLaMA-VID 7B, two tokens a frame · {does}"
    assert ability(Settings(model=name, releases=tmp_path)) == f"LLaMA-VID 7B, two tokens a frame · {does}"
    assert ability(Settings(model="nobody/knows", releases=tmp_path)) == ""
