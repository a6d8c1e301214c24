"""Every bench runs at its smallest and writes what it found; how fast it was is nobody's business here."""

import json
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import torch
import typer
from transformers import LlamaConfig
from typer.testing import CliRunner

from bench import __main__ as door
from bench import four_bits, full_size, fusion, gpu, growth, looks, newcomer, restart, together, turns
from bench.asking import FIRST, SECOND
from bench.copied_prefix import CopiedPrefix
from bench.prefix_attention import seconds_over_prefix
from bench.processes import in_new_process
from bench.random_model import random_model
from bench.stateless import Stateless, Turns
from bench.stored_film import stored_film
from llamavid_demo.chat import MovieChat
from llamavid_demo.errors import TooLongError
from llamavid_demo.model.allocator import peak_bytes
from llamavid_demo.model.attention import TailReading
from llamavid_demo.model.config import VisionConfig
from llamavid_demo.model.llama_vid.config import LlamaVidConfig, TextDecoderConfig
from llamavid_demo.model.llama_vid.loaded import LoadedLlamaVid
from llamavid_demo.model.llava_mini.config import LlavaMiniConfig
from llamavid_demo.model.llava_mini.load import load_llava_mini
from llamavid_demo.settings import ROOT

SMALL = LlamaVidConfig(  # wide enough for bitsandbytes' blocks
    vision=VisionConfig(width=64, depth=1, heads=1, patch=56, image=112, mlp=64),
    text=TextDecoderConfig(
        hidden=64, layers=2, heads=1, intermediate=64, vocabulary=30523, positions=512, queries=2
    ),
    llama=LlamaConfig(
        vocab_size=1313, hidden_size=64, intermediate_size=128, num_hidden_layers=2, num_attention_heads=2,
        num_key_value_heads=2, max_position_embeddings=4096,
    ),
)  # fmt: skip

SMALL_MINI = LlavaMiniConfig(
    clip=VisionConfig(width=64, depth=2, heads=1, patch=56, image=112, mlp=64),
    llama=LlamaConfig(
        vocab_size=2048, hidden_size=64, intermediate_size=128, num_hidden_layers=4, num_attention_heads=2,
        num_key_value_heads=1, max_position_embeddings=4096,
    ),
)  # fmt: skip


@pytest.fixture(scope="module")
def small() -> LoadedLlamaVid:
    return random_model(SMALL)


@pytest.fixture(autouse=True)
def _small_models(small: LoadedLlamaVid, monkeypatch: pytest.MonkeyPatch) -> None:
    for bench in (turns, together, newcomer, restart, growth):
        monkeypatch.setattr(bench, "random_model", lambda: small)
    monkeypatch.setattr(gpu, "MIDSIZE", SMALL)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process takes seconds to start: what a bench does in one of its own, it does here."""

    def call(function: Callable[..., Any], *arguments: Any) -> Any:
        return function(*arguments)

    for bench in (growth, restart):
        monkeypatch.setattr(bench, "in_new_process", call)


def written(folder: Path, bench: ModuleType | str) -> dict[str, Any]:
    """What a bench has written, after a look at what all benches write."""
    name = bench if isinstance(bench, str) else bench.__name__.removeprefix("bench.")
    found: dict[str, Any] = json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
    assert found["bench"] == name
    assert found["command"].startswith("python -m bench")
    assert {"processor", "cores", "torch", "threads"} <= found["machine"].keys()
    assert 0 < (folder / f"{name}.png").stat().st_size < 60_000
    return found


def positive(row: dict[str, Any], *keys: str) -> bool:
    return all(row[key] > 0 for key in keys)


def test_turns(tmp_path: Path) -> None:
    turns.turns([6], out=tmp_path)
    (row,) = written(tmp_path, turns)["rows"]
    assert row["frames"] == 6
    assert positive(row, "anew_1_s", "ours_1_s", "turn_1_ratio", "anew_2_s", "ours_2_s", "turn_2_faster", "memory_gb")
    assert positive(row, "copied_2_s", "every_2_s", "ahead_2_s", "ahead_rest_s", "ahead_2_than_every")
    assert row["ahead_rest_s"] == row["ahead_2_s"] - row["ahead_prefix_s"]
    assert 6 < row["ahead_2_read"] <= row["ahead_2_allowed"]


def test_a_copied_prefix_gives_the_answer_of_everything_read_anew(small: LoadedLlamaVid, tmp_path: Path) -> None:
    anew = Stateless.of(small, *stored_film(small, 6, tmp_path))
    copied = CopiedPrefix.of(anew, FIRST)
    talk: Turns = [(FIRST, "It is red."), (SECOND, None)]
    assert copied.ids(talk, 5) == copied.ids(talk, 5) == anew.ids(talk, 5)


def test_timing_attention_over_the_prefix_changes_no_answer(small: LoadedLlamaVid, tmp_path: Path) -> None:
    movie, settings = stored_film(small, 40, tmp_path)
    attend = TailReading.attend
    chats = [MovieChat(small, movie, settings=settings.model_copy(update={"guide": "ahead"})) for _ in range(2)]
    with seconds_over_prefix() as spent:
        timed = [chats[0].ask(question, max_new_tokens=8).finish().text for question in (FIRST, SECOND)]
    assert timed == [chats[1].ask(question, max_new_tokens=8).finish().text for question in (FIRST, SECOND)]
    assert len(spent) == 2 * small.config.llama.num_hidden_layers
    assert TailReading.attend is attend


def test_looks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ways = [looks.Way(), looks.Way(most=None, hidden="none", tail=True), looks.Way(most=4, hidden="theirs")]
    ways += [looks.Way(most=4, choose=choose) for choose in looks.CHOICES]
    monkeypatch.setattr(looks, "WAYS", tuple(ways))
    looks.looks(1, out=tmp_path)
    rows = written(tmp_path, looks)["rows"]
    assert [row["looked_at"] for row in rows[:3]] == ["–", "all frames", "4 frames"]
    assert [row["chosen_by"] for row in rows[3:]] == list(looks.CHOICES)
    assert all(row["n"] == 4 and 0 <= row["low"] <= row["right"] <= row["high"] <= 1 for row in rows)


def test_fusion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(__file__).parent.parent / "golden" / "llava_mini"
    mini = load_llava_mini(folder / "ckpt", vision_tower=folder / "clip", device="cpu", quantization="none")
    monkeypatch.setattr(fusion, "random_llava_mini", lambda: mini)
    fusion.fusion([6], out=tmp_path)
    rows = written(tmp_path, fusion)["rows"]
    assert [(row["answers"], row["frames"]) for row in rows] == [("fused", 6), ("raw", 6)]
    for row in rows:
        assert positive(row, "anew_1_s", "ours_1_s", "turn_1_ratio", "anew_2_s", "batched_2_s", "ours_2_s", "memory_gb")


def test_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(together, "TOKENS", 4)
    together.together(6, [3], out=tmp_path)
    found = written(tmp_path, together)
    one, three = found["rows"]
    assert (one["conversations"], three["conversations"]) == (1, 3)
    assert one["prefix_mb"] == three["prefix_mb"]
    assert three["tails_mb"] == pytest.approx(3 * one["tails_mb"])
    assert positive(three, "apart_tokens_per_s", "together_tokens_per_s", "held_ratio", "process_ratio")
    assert positive(found, "generate_tokens_per_s", "one_against_generate")


def test_newcomer(tmp_path: Path) -> None:
    newcomer.newcomer(6, rounds=1, out=tmp_path)
    found = written(tmp_path, newcomer)
    assert [row["section"] for row in found["rows"]] == ["read", "unread"]
    for row in found["rows"]:
        assert positive(row, "opens_s", "alone_s", "beside_s", "ratio", "usual_gap_ms", "longest_gap_ms", "gap_ratio")
        assert not row["running_ended"]


@pytest.mark.usefixtures("in_this_process")
def test_restart(tmp_path: Path) -> None:
    restart.restart(frames=6, out=tmp_path)
    rows = written(tmp_path, restart)["rows"]
    assert {row["film"] for row in rows} == {"the-lost-map", "6 frames, pictures stored"}
    assert len(rows) == 2 * len(restart.SPANS)
    assert all(positive(row, "first_s", "second_s", "ratio") for row in rows)


@pytest.mark.usefixtures("in_this_process")
def test_growth(tmp_path: Path) -> None:
    growth.growth([6, 12], out=tmp_path)
    found = written(tmp_path, growth)
    six, twelve = found["rows"]
    assert twelve["prefix_mb"] > six["prefix_mb"]
    assert all(positive(row, "prompt_tokens", "patches_mb", *growth.KEYS) for row in found["rows"])
    assert found["powers"].keys() == set(growth.KEYS)


def test_power_is_the_slope_of_the_logarithms() -> None:
    assert growth.power([1, 10, 100], [3.0, 300.0, 30000.0]) == pytest.approx(2)


def test_a_process_of_its_own_has_its_own_peak() -> None:
    assert 0 < in_new_process(peak_bytes) < peak_bytes()


def test_gpu_twin(tmp_path: Path) -> None:
    gpu.gpu([0.1], cpu=True, viewers=[1, 2], tokens=4, out=tmp_path)
    found = written(tmp_path, "gpu-cpu")
    ours, generate = found["rows"]
    assert (ours["who"], generate["who"]) == ("ours", "generate")
    assert positive(ours, "planned_gib", "frame_tokens_s", "prefill_s")
    for row in found["rows"]:
        assert row["failed"] is None
        assert positive(row, "tokens", "peak_gib", "turn_1_s", "turn_2_s")
    assert (ours["tokens_per_s"].keys(), generate["tokens_per_s"].keys()) == ({"1", "2"}, {"1"})


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA out of memory.\nMore"), TooLongError("Too long.")])
def test_gpu_says_what_does_not_fit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, error: Exception
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(gpu, "ours", fail)
    monkeypatch.setattr(gpu, "theirs", fail)
    gpu.gpu([0.1], cpu=True, viewers=[1], tokens=4, quantization="none", out=tmp_path)
    for row in written(tmp_path, "gpu-cpu")["rows"]:
        assert row["failed"] == str(error).splitlines()[0]
        assert row["turn_1_s"] is None
    assert "0.1 min do not fit (ours): " in capsys.readouterr().out


@pytest.mark.skipif(torch.cuda.is_available(), reason="a card is here")
def test_gpu_names_the_twin_where_no_card_is(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    with pytest.raises(typer.Exit):
        gpu.gpu(out=tmp_path)
    assert "python -m bench gpu --cpu" in capsys.readouterr().out


@pytest.mark.parametrize("config", [SMALL, SMALL_MINI], ids=["llama-vid", "llava-mini"])
def test_a_random_twin_of_a_release_is_asked_twice(tmp_path: Path, config: LlamaVidConfig | LlavaMiniConfig) -> None:
    full_size.write_random(config, tmp_path / "random", shard=300_000)
    assert len([*(tmp_path / "random").glob("model-*.safetensors")]) > 1
    row = full_size.ask_twice(
        tmp_path / "random", ROOT / "movies" / "the-lost-map", seconds=3, quantization="4bit", tokens=3
    )
    assert row["frames"] == 3
    assert positive(row, "load_s", "turn_1_s", "turn_2_s", "tokens_per_s", "resident_peak_gb", "planned_gb")


def test_four_bits(tmp_path: Path) -> None:
    four_bits.four_bits([1, 3], shrink=4, out=tmp_path)
    rows = written(tmp_path, "four-bits")["rows"]
    assert [row["rows"] for row in rows] == [1, 3]
    for row in rows:
        assert positive(row, "bitsandbytes_s", "kernel_s", "ratio")
        assert 0 < row["kernel_error"] < row["bitsandbytes_error"] < 0.15
        assert row["kernel_mb"] / row["bitsandbytes_mb"] == pytest.approx(5 / 4.125, rel=0.05)


def test_all_stand_behind_one_door(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def note(bench: Callable[..., None], *, out: Path) -> None:
        ran.append(pickle.loads(pickle.dumps(bench)).__name__)  # noqa: S301 - as it travels to its process
        assert out == tmp_path

    monkeypatch.setattr(door, "in_new_process", note)
    CliRunner().invoke(door.app, ["all", "--out", str(tmp_path)], catch_exceptions=False)
    listed = CliRunner().invoke(door.app, ["--help"]).output
    assert ran == ["turns", "fusion", "together", "newcomer", "restart", "growth"]
    assert all(name in listed for name in [*ran, "gpu", "looks", "all"])
