"""What keeps `app.py` from serving is told in one line."""

import os
import runpy
from pathlib import Path

import pytest

from tests.ui.conftest import ROOT


def told(capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as left:  # in this process: one of its own takes seconds to begin
        runpy.run_path(os.fspath(ROOT / "app.py"), run_name="__main__")
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
