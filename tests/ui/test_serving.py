"""What keeps `app.py` from serving is told in one line."""

import os
import runpy
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from llamavid_demo.settings import Settings
from llamavid_demo.ui.serve import reached_by_anybody
from tests.ui.conftest import ROOT


def told(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.MonkeyPatch.context() as patch, pytest.raises(SystemExit) as left:
        patch.setattr(sys, "argv", ["app.py", *words])
        runpy.run_path(os.fspath(ROOT / "app.py"), run_name="__main__")  # a process of its own takes seconds to begin
    assert left.value.code == 2
    (line,) = capsys.readouterr().err.strip().splitlines()
    return line


def test_a_folder_without_films_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in (("MOVIES", tmp_path), ("CACHE_DIR", tmp_path / "cache"), ("PORT", "0")):
        monkeypatch.setenv(f"LLAMAVID_{name}", str(value))
    assert told(capsys).startswith(f"No film in {tmp_path} can be opened")


def test_a_setting_that_is_none_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LLAMAVID_PORT", "seven")
    assert told(capsys).startswith("port: ")


def test_it_takes_what_serve_takes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in (("MOVIES", tmp_path), ("CACHE_DIR", tmp_path / "cache"), ("PORT", "0")):
        monkeypatch.setenv(f"LLAMAVID_{name}", str(value))
    (chosen := tmp_path / "chosen").mkdir()
    assert told(capsys, "--movies", str(chosen)).startswith(f"No film in {chosen} can be opened")
    with pytest.raises(SystemExit), pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["app.py", "--prot", "8000"])
        runpy.run_path(os.fspath(ROOT / "app.py"), run_name="__main__")
    assert "No such option: --prot" in capsys.readouterr().err


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1"])
def test_a_page_for_this_machine_alone_warns_of_nothing(host: str) -> None:
    assert reached_by_anybody(Settings(host=host)) == ""
    assert "Gradio's shared address" in reached_by_anybody(Settings(host=host, share=True))


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.7", "films.example"])  # noqa: S104
def test_a_page_for_everybody_says_what_that_means(host: str) -> None:
    assert reached_by_anybody(Settings(host=host, port=7860)).startswith(f"Everybody who reaches {host}:7860 can ask")
    assert reached_by_anybody(Settings(host=host, login=SecretStr("ada:secret"))) == ""
