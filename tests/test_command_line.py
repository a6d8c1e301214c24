"""The command line as a person uses it, on the golden micro model and a small film.

Most commands run in this process: one of its own takes seconds to begin.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
from PIL import Image

from llamavid_demo.__main__ import main
from llamavid_demo.report import Report
from tests.conftest import GOLDEN

MINI = GOLDEN.parent / "llava_mini"
Run = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("films") / "clip.mp4"
    source = ["-f", "lavfi", "-i", "testsrc=size=128x72:rate=10:duration=6"]
    subprocess.run(["ffmpeg", "-v", "error", *source, "-pix_fmt", "yuv420p", path], check=True)
    return path


@pytest.fixture(scope="module")
def cache_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture
def settings(cache_dir: Path) -> dict[str, str]:
    """The environment of a command."""
    return {
        "LLAMAVID_MODEL": str(GOLDEN / "checkpoint"),
        "LLAMAVID_VISION_TOWER": str(GOLDEN / "eva_vit_g.pth"),
        "LLAMAVID_BERT": str(GOLDEN / "bert"),
        "LLAMAVID_CACHE_DIR": str(cache_dir),
        "LLAMAVID_MAX_NEW_TOKENS": "8",
    }


@pytest.fixture
def run(settings: dict[str, str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """A command in this process."""

    def command(*words: object, **more: object) -> subprocess.CompletedProcess[str]:
        line = ["llamavid_demo", *map(str, words)]
        with monkeypatch.context() as chosen:
            for name, value in {**settings, **more}.items():
                chosen.setenv(name, str(value))
            chosen.setattr(sys, "argv", line)
            with pytest.raises(SystemExit) as left:
                main()
        return subprocess.CompletedProcess(line, int(left.value.code or 0), *capsys.readouterr())

    return command


@pytest.fixture
def run_process(settings: dict[str, str]) -> Run:
    """A command in a process of its own."""

    def command(*words: object) -> subprocess.CompletedProcess[str]:
        line = [sys.executable, "-m", "llamavid_demo", *map(str, words)]
        return subprocess.run(line, env={**os.environ, **settings}, capture_output=True, text=True, check=False)

    return command


def test_ask_prints_one_object(run: Run, clip: Path, tmp_path: Path) -> None:
    history = tmp_path / "history.json"
    first = run("ask", clip, "What color is the car?", "--json", "--history", history)
    answer = json.loads(first.stdout)
    jsonschema.validate(answer, Report.model_json_schema())
    assert answer["finished"] in {"end", "length"}
    assert answer["section"] == [0, 6]
    assert answer["stats"]["frames"] == 6
    assert all(moment.keys() == {"seconds", "weight", "cue"} for moment in answer["evidence"])
    steered = ["--temperature", 0.5, "--top-p", 0.9, "--max-new-tokens", 4, "--guide", "every", "--until", 3]
    second = run("ask", clip, "And then?", "--history", history, *steered, "--reads", "frames", "--style", "short")
    assert second.returncode == 0, second.stderr
    said = json.loads(history.read_text())
    assert [turn["question"] for turn in said] == ["What color is the car?", "And then?"]
    assert second.stdout.strip() == said[1]["answer"]


def test_ask_about_pictures_and_about_nothing(
    settings: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pictures = [tmp_path / "a.png", tmp_path / "b.jpg"]
    for path in pictures:
        Image.new("RGB", (80, 60), "green").save(path)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    for about, frames in ((pictures, 2), ([], 0)):
        words = ["ask", *map(str, about), "What color is the car?", "--json", "--repetition-penalty", "1.5"]
        monkeypatch.setattr(sys, "argv", ["llamavid_demo", *words])
        with pytest.raises(SystemExit) as left:
            main()
        assert not left.value.code
        answer = json.loads(capsys.readouterr().out)
        jsonschema.validate(answer, Report.model_json_schema())
        assert answer["stats"]["frames"] == frames and answer["section"] == [0, frames]


def test_a_saved_conversation_gives_the_same_answer_again_in_another_process(
    run: Run, run_process: Run, clip: Path, tmp_path: Path
) -> None:
    saved = tmp_path / "saved.json"
    saved.write_text(json.dumps({"section": {"number": 0}, "model": "micro", "turns": []}))
    for question in ("What color is the car?", "And then?"):
        assert run("ask", clip, question, "--history", saved).returncode == 0
    talk = json.loads(saved.read_text())
    *earlier, last = talk["turns"]
    assert last["options"]["temperature"] == 0
    again = tmp_path / "again.json"
    again.write_text(json.dumps({**talk, "turns": earlier}))
    longest = last["options"]["max_new_tokens"]
    done = run_process("ask", clip, last["question"], "--history", again, "--max-new-tokens", longest)
    assert done.stdout.strip() == last["answer"]
    assert json.loads(again.read_text()) == talk
    again.write_text('{"turns": 3}')
    assert "no history" in run("ask", clip, "Who?", "--history", again).stderr


def test_ingest_reads_ahead(run: Run, clip: Path, cache_dir: Path) -> None:
    for kept in cache_dir.glob("patches-*"):  # of the clip as `ask` reads it, which is short and has no subtitles
        kept.unlink()
    done = run("ingest", clip, "--guide", "Who?")
    assert done.returncode == 0, done.stderr
    assert len(list(cache_dir.glob("patches-*.safetensors"))) == 1
    assert list(cache_dir.glob("tokens-*.safetensors"))


def test_cache_shows_and_clears_what_was_read(run: Run, clip: Path, cache_dir: Path) -> None:
    run("ingest", clip, "--guide", "What color is the car?")
    run("ingest", clip, LLAMAVID_GUIDE="ahead")
    kept = json.loads(run("cache", "--json").stdout)
    assert kept["folder"] == str(cache_dir)
    assert {(entry["kind"], entry["about"]) for entry in kept["entries"]} >= {
        ("patches", "clip"), ("tokens", "clip: What color is the car?"),
        ("tokens", "clip: What happens in this film?"),
    }  # fmt: skip
    assert "patches" in run("cache").stdout
    assert json.loads(run("cache", "--clear", "--json").stdout)["entries"] == []


def test_plan_of_a_film_and_of_a_length(run: Run, clip: Path) -> None:
    (section,) = json.loads(run("plan", clip, "--json").stdout)
    assert (section["frames"], section["frame_tokens"], section["fits"]) == (6, 12, True)
    hour = json.loads(run("plan", "--minutes", 61, "--json").stdout)
    assert [row["frames"] for row in hour] == [1800, 1860]
    assert "KV cache" in run("plan", "--minutes", 30).stdout


def test_llava_mini_is_planned_and_asked_by_the_same_commands(run: Run, clip: Path, tmp_path: Path) -> None:
    mini = {"LLAMAVID_MODEL": MINI / "ckpt", "LLAMAVID_VISION_TOWER": MINI / "clip"}
    (section,) = json.loads(run("plan", clip, "--json", **mini).stdout)
    assert (section["frames"], section["frame_tokens"], section["fits"]) == (6, 6, True)
    assert {"pre-fusion", "keys of frames"} <= section["bytes"].keys()
    history = tmp_path / "history.json"
    first = json.loads(run("ask", clip, "Who?", "--json", "--history", history, **mini).stdout)
    assert first["stats"]["frames"] == 6 and first["model"].startswith("ckpt-")
    second = run("ask", clip, "And then?", "--history", history, **mini)
    assert second.returncode == 0, second.stderr
    assert second.stdout.strip() == json.loads(history.read_text())[1]["answer"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ask", "nowhere.mp4", "Who?"], "nowhere.mp4"),
        (["ask", __file__, "Who?"], "test_command_line.py"),
        (["subtitles", "CLIP"], "no sound"),
        (["plan"], "--minutes"),
        (["plan", "--minutes", "30", "--model", "no/such/model"], "no/such/model"),
        (["ask", "CLIP", "  "], "empty"),
        (["ask", "CLIP"], "no question about"),
        (["ask", "CLIP", "photo.jpg", "Who?"], "clip.mp4 is no picture"),
        (["ask", "CLIP", "Who?", "--high-resolution"], "no pictures in parts"),
        (["ask", "CLIP", "Who?", "--repetition-penalty", "0.5"], "from 1 to 2, not 0.5"),
        (["eval", "--benchmark", __file__], "needs --videos"),
        (["eval", "--benchmark", __file__, "--videos", "."], "cannot be read as JSON"),
        (["ask", "CLIP", "Who?", "--section", "7"], "not 7"),
        (["ask", "CLIP", "Who?", "--section", "some"], "or all"),
        (["ask", "CLIP", "Who?", "--until", "0"], "0:00"),
        (["ask", "CLIP", "Who?", "--temperature", "9"], "from 0 to 2, not 9.0"),
        (["ask", "CLIP", "Who?", "--reads", "subtitles"], "Nothing is said"),
        (["ask", "CLIP", "Who?", "--quantization", "3bit"], "3bit"),
    ],
)
def test_what_a_person_causes_is_one_line_and_exit_code_2(run: Run, clip: Path, words: list[str], said: str) -> None:
    done = run(*[clip if word == "CLIP" else word for word in words])
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_a_process_ends_with_that_code(run_process: Run) -> None:
    done = run_process("ask", "nowhere.mp4", "Who?")
    assert (done.returncode, done.stdout) == (2, "")
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_subtitles_are_written_down_as_srt(run: Run, clip: Path, tmp_path: Path) -> None:
    film, out = tmp_path / "spoken.mp4", tmp_path / "spoken.srt"
    voice = ["-f", "lavfi", "-i", "flite=text='The keeper lost his map.':voice=slt"]
    subprocess.run(["ffmpeg", "-v", "error", "-i", clip, *voice, "-c:v", "copy", film], check=True)
    done = run("subtitles", film, "--out", out)
    assert done.returncode == 0, done.stderr
    assert "lost his map" in out.read_text()
    assert run("subtitles", film).stdout.strip() == out.read_text().strip()
