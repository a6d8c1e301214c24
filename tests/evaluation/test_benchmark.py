"""Benchmarks asked through the engine: several clips at once, gone on with when killed, scored."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from llamavid_demo.__main__ import main
from llamavid_demo.errors import BenchmarkError, DemoError
from llamavid_demo.evaluation.answer_log import AnswerLog
from llamavid_demo.evaluation.benchmark import answers, benchmark_scores, find_clips, prompt_of
from llamavid_demo.evaluation.layouts import BenchmarkQuestion
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.options import Options
from llamavid_demo.settings import Settings
from tests.chat.conftest import make_film
from tests.conftest import GOLDEN

OPTIONS = ("red", "blue", "green")


def asked(number: int, clip: str, **more: object) -> BenchmarkQuestion:
    return BenchmarkQuestion(str(number), clip, "What color is the car?", {}, **more)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    clip = make_film(folder)
    for name in ("v_one.mp4", "video2.mp4"):
        shutil.copy(clip, folder / name)
    (folder / "broken.mp4").write_text("no video")
    return folder


def test_clips_are_found_by_the_names_of_public_sets(videos: Path) -> None:
    found = find_clips(videos, [asked(n, name) for n, name in enumerate(("one", "2", "clip.mp4", "lost"))])
    assert {name: path.name for name, path in found.items()} == {
        "one": "v_one.mp4", "2": "video2.mp4", "clip.mp4": "clip.mp4",
    }  # fmt: skip
    with pytest.raises(BenchmarkError, match=r"lost\.mp4"):
        find_clips(videos, [asked(0, "lost")])


def test_a_choice_is_put_as_video_mme_puts_it() -> None:
    assert prompt_of(asked(0, "one", options=("red", "B. blue"))).splitlines()[-4:] == [
        "What color is the car?", "A. red", "B. blue", "The best answer is:",
    ]  # fmt: skip
    assert "(A, or B)" in prompt_of(asked(0, "one", options=("red", "blue")))
    assert prompt_of(asked(0, "one")) == "What color is the car?"


def test_every_question_is_answered_alone_and_a_broken_clip_harms_no_other(
    micro: LoadedModel, videos: Path, tmp_path: Path
) -> None:
    settings = Settings(cache_dir=tmp_path / "cache", max_new_tokens=4, answers_at_once=3)
    questions = [asked(0, "one"), asked(1, "one"), asked(2, "2", options=OPTIONS, right=0), asked(3, "broken")]
    clips = find_clips(videos, questions)
    said = {question.id: text for question, text in answers(micro, clips, questions, settings, Options())}
    assert isinstance(said["3"], DemoError) and "broken.mp4" in str(said["3"])
    assert said["0"] == said["1"] and isinstance(said["2"], str)


def test_scores_are_of_what_is_known(micro: LoadedModel) -> None:
    questions = [
        asked(0, "one", answer="The car.", group="short"), asked(1, "one", answer="a car"), asked(2, "one"),
        asked(3, "2", options=OPTIONS, right=1), asked(4, "2", options=OPTIONS, right=1), asked(5, "2", answer="lost"),
    ]  # fmt: skip
    found = benchmark_scores(questions, {"0": "car", "1": "a red car", "2": "?", "3": "B", "4": "Nothing."})
    assert (found["questions"], found["answered"], found["scored"], found["without_choice"]) == (6, 5, 4, 1)
    assert found["accuracy"]["accuracy"] == 0.5 and found["exact_match"]["accuracy"] == 0.5
    assert found["token_f1"] == pytest.approx((1 + 2 / 3) / 2)
    assert found["groups"]["short"]["exact_match"]["n"] == 1


def test_a_log_that_was_cut_off_goes_on(tmp_path: Path) -> None:
    path, about = tmp_path / "answers.jsonl", {"model": "a"}
    AnswerLog(path, about).add("1", "Mara.")
    whole = path.read_text()
    path.write_text(f'{whole}{{"id": "2", "sa')  # killed while it wrote
    again = AnswerLog(path, about)
    assert again.said == {"1": "Mara."} and path.read_text() == whole
    again.add("2", "Tom.")
    assert AnswerLog(path, about).said == {"1": "Mara.", "2": "Tom."}
    with pytest.raises(BenchmarkError, match="another model"):
        AnswerLog(path, {"model": "b"})
    with pytest.raises(BenchmarkError, match="give another --out"):
        AnswerLog(path / "inside.jsonl", about)


def test_the_command_asks_only_what_is_left(
    videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    questions = tmp_path / "test_qa.json"
    rows = [
        {"id": n, "video_id": clip, "question": "Who?", "answer": "Mara"} for n, clip in enumerate(("one", "2", "x"))
    ]
    questions.write_text(json.dumps(rows))
    for name, value in {
        "MODEL": GOLDEN / "checkpoint", "VISION_TOWER": GOLDEN / "eva_vit_g.pth", "BERT": GOLDEN / "bert",
        "CACHE_DIR": tmp_path / "cache", "MAX_NEW_TOKENS": 4,
    }.items():  # fmt: skip
        monkeypatch.setenv(f"LLAMAVID_{name}", str(value))
    words = ["eval", "--benchmark", questions, "--videos", videos, "--out", tmp_path / "out", "--json"]
    monkeypatch.setattr(sys, "argv", ["llamavid_demo", *map(str, words)])

    def run() -> dict[str, object]:
        with pytest.raises(SystemExit) as left:
            main()
        assert not left.value.code
        found: dict[str, object] = json.loads(capsys.readouterr().out)
        return found

    first = run()
    assert (first["answered"], first["clips_missing"], first["failed"]) == (2, 1, [])
    log = tmp_path / "out" / "answers.jsonl"
    about, one, _ = log.read_text().splitlines()
    kept = {**json.loads(one), "said": "Mara"}
    log.write_text(f"{about}\n{json.dumps(kept)}\n")
    again = run()
    assert again["answered"] == 2 and again["exact_match"]["n"] == 2  # type: ignore[index]
    written = map(json.loads, (tmp_path / "out" / "predictions.jsonl").read_text().splitlines())
    assert {str(row["id"]): row["pred"] for row in written}[kept["id"]] == "Mara"
