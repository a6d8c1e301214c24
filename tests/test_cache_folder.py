"""Where the cache folder is, what it may hold, and what takes its place."""

import logging
import shutil
from collections import namedtuple
from pathlib import Path

import pytest

from llamavid_demo import cache_folder
from llamavid_demo.cache_folder import most_bytes, why_not_writable, writable
from llamavid_demo.settings import Settings

Disk = namedtuple("Disk", "total used free")


def test_it_is_in_the_users_cache_directory(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("LLAMAVID_CACHE_DIR", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert Settings().cache_dir == tmp_path / "llamavid"


@pytest.mark.parametrize(("held", "free", "most"), [(0, 1000, 100), (0, 100, 50), (60, 40, 50), (90, 0, 45)])
def test_it_holds_a_share_of_its_disk(
    held: int, free: int, most: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Disk(held + free, held, free))
    assert most_bytes(tmp_path / "not" / "yet", held=held, cap=100) == most


def test_a_folder_that_can_be_written_is_used(tmp_path: Path) -> None:
    with writable(tmp_path / "new" / "cache") as folder:
        assert folder == tmp_path / "new" / "cache"
    assert list(folder.iterdir()) == []


def test_another_takes_its_place_where_nothing_can_be_written(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("")
    caplog.set_level(logging.WARNING, logger=cache_folder.__name__)
    with writable(tmp_path / "file" / "cache") as folder:
        assert why_not_writable(folder) == ""
    assert not folder.exists()
    assert f"{tmp_path / 'file' / 'cache'} cannot be written (Not a directory)" in caplog.text
