"""The doctor: a healthy machine, and one thing after the other that is wrong."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from llamavid_demo.cli import machine_checks as machine
from llamavid_demo.cli import model_checks as models
from llamavid_demo.cli.doctor import _found
from llamavid_demo.cli.findings import Finding
from llamavid_demo.errors import ModelError
from llamavid_demo.settings import ROOT, Settings

ALL = ["Python", "packages", "ffmpeg", "decord", "GPU", "bitsandbytes", "model", "memory", "cache", "disk", "films",
       "subtitles", "speech", "port"]  # fmt: skip


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that something else listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def doctor(*words: object, **settings: object) -> subprocess.CompletedProcess[str]:
    chosen = {f"LLAMAVID_{name.upper()}": str(value) for name, value in settings.items()}
    line = [sys.executable, "-m", "llamavid_demo", "doctor", *map(str, words)]
    return subprocess.run(line, env={**os.environ, **chosen}, capture_output=True, text=True, check=False)


def test_it_looks_at_everything_and_tells_by_its_status(tmp_path: Path, taken: int) -> None:
    done = doctor("--json", "--port", taken, cache_dir=tmp_path, model=ROOT / "assets" / "llama-vid-tiny")
    report = json.loads(done.stdout)
    found = {one["check"]: one for one in report["checks"]}
    assert list(found) == ALL
    assert [name for name, one in found.items() if one["state"] == "wrong"] == ["port"]
    assert (report["ok"], done.returncode, done.stderr) == (False, 1, "")
    assert "Address already in use" in found["port"]["said"] and "--port" in found["port"]["do"]


def test_what_is_wrong_with_the_machine_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = tmp_path / "requirements.txt"
    listed.write_text("torch==0.1\npytest==1.0\n")
    assert machine.packages(listed).state == "warning"
    listed.write_text("torch==0.1\nno-such-package==1.0\n")
    assert machine.packages(listed).said == "missing: no-such-package"
    (tmp_path / "cache").write_text("")
    assert machine.cache(tmp_path / "cache", 10).said.endswith(
        "cannot be written (a file has its place): films are kept until the program ends only"
    )
    monkeypatch.setattr(machine, "LITTLE", float("inf"))
    assert machine.disk(tmp_path / "not" / "yet").state == "warning"
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine.ffmpeg().said == "not found: ffmpeg, ffprobe"


def test_an_ffmpeg_that_lacks_codecs_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ffmpeg", "ffprobe"):
        (tmp_path / name).write_text(
            "#!/bin/sh\necho ' V..... libx264  H.264'\necho ' D  mov,mp4,m4a,3gp,3g2,mj2 MOV'\n"
        )
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    lacking = machine.ffmpeg()
    assert lacking.state == "warning" and "encoders aac, libopus: some films" in lacking.said
    assert "demuxers asf, avi, flv, gif, matroska, mpeg, mpegts, ogg, webm;" in lacking.said


def test_what_is_wrong_with_models_and_films_is_said(tmp_path: Path) -> None:
    (tmp_path / "movies").mkdir()
    (tmp_path / "movies" / "film.mp4").write_text("no film")
    settings = Settings(model=str(tmp_path / "none"), movies=tmp_path / "movies", device="tpu!", speech_model="small")
    assert models.model_files(settings).state == "wrong"
    assert models.films(settings).said.startswith(f"none of 1 in {tmp_path / 'movies'} opens; the first: film.mp4 is ")
    with pytest.raises(ModelError, match="is not known: use cpu"):
        models.device(settings)
    assert models.speech(settings) == Finding("ok", "what is said can be written down, with small")
    tiny = str(ROOT / "assets" / "llama-vid-tiny")
    assert models.memory(Settings(model=tiny, section_minutes=10**7)).state == "wrong"


def test_a_check_that_fails_has_found_something_wrong() -> None:
    assert _found(lambda: models.device(Settings(device="tpu!"))).state == "wrong"
    broken = _found(lambda: Finding("ok", str(1 / 0)))
    assert broken.said == "could not be checked: ZeroDivisionError: division by zero"
