"""The published stages at embedded sizes: what learns, that they go on exactly, and that what comes of them answers."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file, save_file
from transformers import LlamaForCausalLM
from typer.testing import CliRunner

from llamavid_demo.__main__ import app
from llamavid_demo.errors import ModelError, TrainingError
from llamavid_demo.model.llama_vid.layout import released_state
from llamavid_demo.model.load import load_model
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.training.real import run as run_module
from llamavid_demo.training.real.beginning import _NAMES
from llamavid_demo.training.real.run import run
from llamavid_demo.training.real.stage_run import StageRun
from llamavid_demo.training.real.stages import STAGES
from llamavid_demo.training.stages import Progress
from tests.training.killed import KilledError

WORDS = ("red", "green", "blue")
STEPS = 4
SMALL = {number: replace(stage, batch=4, at_once=3, tokens=128, warm_up=0.1) for number, stage in STAGES.items()}
PARTS = ("vision.", "text_decoder.qformer.", "text_decoder.projector.", "context.", "content.", "llama.")


@dataclass(frozen=True)
class Trained:
    """What a stage left: the checkpoint, its state, and the losses on the way."""

    out: Path
    work: Path
    losses: list[float]

    @property
    def files(self) -> dict[str, bytes]:
        return {
            path.name: path.read_bytes() for folder in (self.out, self.work) for path in folder.glob("*.safetensors")
        }


@pytest.fixture(autouse=True, scope="module")
def small() -> Any:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_module, "STAGES", SMALL)
        yield


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three pictures that are asked about in two turns, and a conversation about none."""
    folder = tmp_path_factory.mktemp("data")
    rows: list[dict[str, Any]] = []
    for number, word in enumerate(WORDS):
        noise = np.random.default_rng(number).integers(0, 256, (30, 40, 3), np.uint8)
        Image.fromarray(noise).save(folder / f"{word}.png")
        said = [("human", "What colour is it?\n<image>"), ("gpt", word), ("human", "Sure?"), ("gpt", f"It is {word}.")]
        rows.append({"id": word, "image": f"{word}.png", "conversations": [{"from": f, "value": v} for f, v in said]})
    rows.append({"id": "none", "conversations": [{"from": "human", "value": "Hello"}, {"from": "gpt", "value": "Hi."}]})
    (folder / "data.json").write_text(json.dumps(rows))
    return folder / "data.json"


@pytest.fixture(scope="module")
def base(micro: LoadedModel, wider_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LLaMA-VID wide enough for 4 bits, with eyes that see something."""
    folder = tmp_path_factory.mktemp("base") / "checkpoint"
    shutil.copytree(wider_checkpoint, folder)
    parts, tower = released_state({k: v for k, v in micro.network.state_dict().items() if not k.startswith("llama.")})
    shards = load_file(folder / "model.safetensors")
    seen = {name: value for name, value in parts.items() if shards[name].shape == value.shape}
    for name, tensors in (("model", {**shards, **seen}), ("eva_vit_g", tower)):
        half = {key: value.half().contiguous() for key, value in tensors.items()}
        save_file(half, folder / f"{name}.safetensors", metadata={"format": "pt"})
    return folder


def trained(data: Path, base: Path, folder: Path, stage: int, **options: Any) -> Trained:
    seen: list[Progress] = []
    options = {"steps": STEPS, "save_seconds": 0, "device": "cpu", **options}
    run(data, base, folder / "out", stage=stage, work=folder / "work", report=seen.append, **options)
    return Trained(folder / "out", folder / "work", [at.loss for at in seen])


@pytest.fixture(scope="module")
def whole(data: Path, base: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[int, Trained]:
    """Each stage by itself, all of the LLaMA learning where it does."""
    return {stage: trained(data, base, tmp_path_factory.mktemp("whole"), stage) for stage in (1, 2)}


@pytest.fixture(scope="module")
def lora(data: Path, base: Path, tmp_path_factory: pytest.TempPathFactory) -> Trained:
    """Stage 2 with LoRA on a base in 4 bits."""
    return trained(data, base, tmp_path_factory.mktemp("lora"), 2, lora=True, quantization="4bit")


def moved(before: Path, after: Path) -> set[str]:
    """Parts whose weights are others than before."""
    old, new = (load_model(folder, device="cpu").network.state_dict() for folder in (before, after))
    return {
        part
        for part in PARTS
        if any(not torch.equal(old[k].to_dense(), new[k].to_dense()) for k in old if k.startswith(part))
    }


def test_loss_falls(whole: dict[int, Trained], lora: Trained) -> None:
    for losses in (whole[1].losses, whole[2].losses, lora.losses):
        assert len(losses) == STEPS and losses[-1] < losses[0] - 0.05


def test_each_stage_learns_what_the_papers_does(whole: dict[int, Trained], base: Path) -> None:
    assert moved(base, whole[1].out) == {"text_decoder.projector.", "context.", "content."}
    assert moved(base, whole[2].out) == set(PARTS) - {"vision."}


@pytest.mark.parametrize("form", [{}, {"lora": True, "quantization": "4bit"}], ids=["whole", "lora"])
def test_killed_training_goes_on_to_the_very_same_weights(
    form: dict[str, Any], data: Path, base: Path, whole: dict[int, Trained], lora: Trained,
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    step = StageRun._step

    def killed(self: StageRun, number: int) -> float:
        if number == 2:
            raise KilledError
        return step(self, number)

    with monkeypatch.context() as patch:
        patch.setattr(StageRun, "_step", killed)
        with pytest.raises(KilledError):
            trained(data, base, tmp_path, 2, **form)
    resumed, unbroken = trained(data, base, tmp_path, 2, **form), lora if form else whole[2]
    assert resumed.losses == unbroken.losses[2:]
    assert resumed.files == unbroken.files


def test_state_of_another_training_is_not_gone_on_from(data: Path, base: Path, lora: Trained) -> None:
    with pytest.raises(TrainingError, match="another training"):
        trained(data, base, lora.work.parent, 3, lora=True, quantization="4bit")


def test_lora_release_is_its_base_with_the_matrices_added(base: Path, lora: Trained) -> None:
    base, merged = (load_model(folder, device="cpu").network.state_dict() for folder in (base, lora.out))
    adapter = load_file(lora.out / "adapter_model.safetensors")
    name = "model.layers.1.mlp.down_proj"
    a, b = (adapter[f"base_model.model.{name}.lora_{part}.weight"].float() for part in "AB")
    old, new = (state[f"llama.{name}.weight"].to_dense() for state in (base, merged))
    assert b.abs().max() > 0
    torch.testing.assert_close(new, old + 2 * b @ a, atol=1e-6, rtol=1e-5)
    assert not (lora.out / "model.safetensors").exists()


def test_lora_release_answers_and_learns_on(data: Path, lora: Trained, tmp_path: Path) -> None:
    command = ["ask", str(data.parent / "red.png"), "What colour is it?", "--json", "--model", str(lora.out)]
    told = CliRunner().invoke(app, [*command, "--quantization", "4bit"], catch_exceptions=False)
    assert json.loads(told.stdout)["stats"]["frames"] == 1
    flags = {"data": data, "base": lora.out, "stage": 3, "out": tmp_path / "out", "work": tmp_path, "steps": 1}
    command = ["train", "--lora", *(f"--{name}={value}" for name, value in flags.items())]
    CliRunner().invoke(app, [*command, "--quantization=4bit"], catch_exceptions=False)
    before, after = (load_file(folder / "adapter_model.safetensors") for folder in (lora.out, tmp_path / "out"))
    assert before.keys() == after.keys() and any(not torch.equal(before[key], after[key]) for key in before)


def test_long_videos_are_read_with_their_subtitles_at_extended_positions(
    base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = tmp_path / "short"
    short.mkdir()
    for path in base.glob("*"):
        (short / path.name).symlink_to(path)
    config = json.loads((short / "config.json").read_text())
    (short / "config.json").unlink()
    (short / "config.json").write_text(json.dumps({**config, "rope_scaling": None, "max_token": 4096}))
    turns = [{"from": "human", "value": "<image>\nWho?"}, {"from": "gpt", "value": "A fox."}]
    (tmp_path / "data.json").write_text(json.dumps([{"video": "the-lost-map/movie.mp4", "conversations": turns}]))
    lessons = []
    monkeypatch.setattr(
        "llamavid_demo.training.real.stage_run.lesson_losses",
        lambda student, found, rows: lessons.append((found, rows)) or torch.ones(len(found), requires_grad=True),
    )
    monkeypatch.setitem(SMALL, 3, replace(SMALL[3], batch=1))
    movies = Path(__file__).parents[3] / "movies"
    done = trained(tmp_path / "data.json", short, tmp_path, 3, media=movies, steps=1, lora=True, tokens=60)
    ((found, rows),) = lessons
    stated = json.loads((done.out / "config.json").read_text())
    assert stated["rope_scaling"] == {"type": "linear", "factor": 16.0} and stated["max_token"] == 65536
    assert len(found[0].ids) == 60 and found[0].guides == ["Who?"]
    assert rows[0].shape == (30, 16, 88), "without CLS, and no more frames than can be read"


def test_stage_1_begins_with_a_plain_llama_and_its_pretrained_companions(
    data: Path, base: Path, tmp_path: Path
) -> None:
    known = load_model(base, device="cpu", quantization="none")
    vicuna = tmp_path / "vicuna"
    torch.manual_seed(0)
    LlamaForCausalLM(known.config.llama).save_pretrained(vicuna)
    for name in ("tokenizer.model", "tokenizer_config.json", "bert", "eva_vit_g.safetensors"):
        (vicuna / name).symlink_to(base / name)
    with pytest.raises(TrainingError, match="instruct_blip_vicuna7b_trimmed"):
        trained(data, vicuna, tmp_path, 1)
    with pytest.raises(TrainingError, match=r"Stage 2 \(instruction tuning\) cannot begin"):
        trained(data, vicuna, tmp_path, 2)
    state, _ = released_state(known.network.state_dict())
    qformer = {
        theirs + key.removeprefix(ours): value
        for key, value in state.items()
        for theirs, ours in _NAMES
        if key.startswith(ours)
    }
    torch.save({"model": {**qformer, "llm_proj.weight": torch.zeros(1)}}, vicuna / "instruct_blip_vicuna7b_trimmed.pth")
    first = trained(data, vicuna, tmp_path / "1", 1, lora=True, quantization="4bit")
    second = trained(data, first.out, tmp_path / "2", 2, lora=True, quantization="4bit", steps=1)
    kept = load_model(first.out, device="cpu").network.state_dict()["text_decoder.queries"]
    assert torch.equal(kept, known.network.state_dict()["text_decoder.queries"]) and first.losses[-1] < first.losses[0]
    assert load_model(second.out, device="cpu").config.tokens_per_frame == 2


def damaged(change: Callable[[Path], None], base: Path, folder: Path) -> Path:
    folder.mkdir()
    for path in base.glob("*"):
        (folder / path.name).symlink_to(path)
    change(folder)
    return folder


def test_what_cannot_begin_is_told(
    data: Path, base: Path, lora: Trained, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = partial(trained, data, folder=tmp_path, stage=2)

    def without_shard(folder: Path) -> None:
        (folder / "model.safetensors.index.json").write_text('{"weight_map": {"a": "model-1.safetensors"}}')

    def of_llava_mini(folder: Path) -> None:
        (folder / "config.json").unlink()
        (folder / "config.json").write_text('{"model_type": "llava_mini_llama"}')

    with pytest.raises(ModelError, match=r"names model-1.safetensors, not found"):
        begin(damaged(without_shard, base, tmp_path / "a"))
    with pytest.raises(TrainingError, match="holds a LLaVA-Mini"):
        begin(damaged(of_llava_mini, base, tmp_path / "b"))
    with pytest.raises(TrainingError, match="add --lora"):
        begin(base, quantization="4bit")
    with pytest.raises(TrainingError, match="go on from it with --lora"):
        begin(lora.out)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(TrainingError, match="--lora needs peft: pip install peft"):
        begin(base, lora=True)


def test_command_line_tells_in_a_sentence_what_goes_with_what(data: Path) -> None:
    def told(*flags: str) -> str:
        return str(CliRunner().invoke(app, ["train", *flags]).exception)

    assert "--data needs --base" in told("--data", str(data))
    assert "LLaVA-Mini is trained on drawn films" in told("--data", str(data), "--system", "llava-mini")
    assert "name their JSON with --data" in told("--lora")
