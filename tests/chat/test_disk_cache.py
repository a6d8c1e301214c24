"""The cache folder: entries are whole or absent, damaged ones are made again, the size cap holds."""

import errno
import os
import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from llamavid_demo.chat import disk_cache
from llamavid_demo.chat.disk_cache import DiskCache, file_fingerprint


@pytest.fixture
def cache(tmp_path: Path) -> DiskCache:
    return DiskCache(tmp_path / "cache", max_bytes=10_000)


def test_what_was_put_is_found_by_its_key_only(cache: DiskCache) -> None:
    tensor = torch.arange(6, dtype=torch.float16).view(2, 3)
    cache.put("patches", {"file": "a"}, tensor)
    found = cache.get("patches", {"file": "a"})
    assert found is not None
    assert torch.equal(found, tensor)
    assert found.dtype == torch.float16
    assert cache.get("patches", {"file": "b"}) is None
    assert cache.get("tokens", {"file": "a"}) is None


def test_a_damaged_entry_is_removed_with_a_warning(cache: DiskCache, caplog: pytest.LogCaptureFixture) -> None:
    cache.put("patches", {"file": "a"}, torch.zeros(100))
    entry = next(cache.folder.glob("*.safetensors"))
    entry.write_bytes(entry.read_bytes()[:50])
    assert cache.get("patches", {"file": "a"}) is None
    assert "damaged" in caplog.text
    assert list(cache.folder.iterdir()) == []


@pytest.mark.parametrize("opened", [False, True])
def test_a_changed_byte_is_noticed(cache: DiskCache, caplog: pytest.LogCaptureFixture, opened: bool) -> None:
    cache.put("patches", {"file": "a"}, torch.zeros(100))
    if opened:
        assert cache.get("patches", {"file": "a"}) is not None
    entry = next(cache.folder.glob("*.safetensors"))
    content = bytearray(entry.read_bytes())
    content[-7] ^= 1
    entry.write_bytes(content)
    assert cache.get("patches", {"file": "a"}) is None
    assert "checksum" in caplog.text


def test_what_nobody_touched_is_checked_once(cache: DiskCache, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.put("patches", {"file": "a"}, torch.zeros(100))
    checked, checksum = [], disk_cache._checksum
    monkeypatch.setattr(disk_cache, "_checksum", lambda tensor: checked.append(tensor) or checksum(tensor))
    for _ in range(3):
        assert cache.get("patches", {"file": "a"}) is not None
    assert len(checked) == 1


def test_two_programs_may_share_the_folder(cache: DiskCache) -> None:
    other = DiskCache(cache.folder, max_bytes=cache.max_bytes)
    cache.put("patches", {"file": "a"}, torch.ones(10))
    mapped = cache.get("patches", {"file": "a"})
    other.clear()
    assert mapped is not None
    assert mapped.sum() == 10  # it stays readable for who has it open
    assert cache.get("patches", {"file": "a"}) is None
    other.put("patches", {"file": "a"}, torch.ones(10))
    assert cache.get("patches", {"file": "a"}) is not None


def test_what_is_kept_is_listed_and_cleared(cache: DiskCache) -> None:
    cache.put("patches", {"file": "a"}, torch.zeros(100), about="A film")
    cache.put("tokens", {"file": "a"}, torch.zeros(10), about="A film: Who?")
    os.utime(next(cache.folder.glob("tokens-*.safetensors")), (1e9, 1e9))
    (cache.folder / "notes.txt").write_text("not ours")
    listed = [(entry.kind, entry.about) for entry in cache.entries()]
    assert listed == [("patches", "A film"), ("tokens", "A film: Who?")]
    assert cache.entries()[0].nbytes >= 400
    cache.clear()
    assert cache.entries() == []
    assert [path.name for path in cache.folder.iterdir()] == ["notes.txt"]


def test_the_least_recently_used_entry_goes_first(cache: DiskCache) -> None:
    for age, name in ((300, "used"), (200, "unused")):
        cache.put("patches", {"file": name}, torch.zeros(1000))
        newest = max(cache.folder.glob("*.safetensors"), key=lambda path: path.stat().st_mtime)
        os.utime(newest, (newest.stat().st_atime, newest.stat().st_mtime - age))
    assert cache.get("patches", {"file": "used"}) is not None  # the older one, but now it is in use
    cache.put("patches", {"file": "new"}, torch.zeros(1000))
    assert cache.get("patches", {"file": "unused"}) is None
    assert cache.get("patches", {"file": "used"}) is not None
    assert cache.get("patches", {"file": "new"}) is not None


def test_nothing_but_entries_is_left_in_the_folder(cache: DiskCache) -> None:
    cache.put("patches", {"file": "a"}, torch.zeros(10))
    assert sorted(path.suffix for path in cache.folder.iterdir()) == [".json", ".safetensors"]


def test_what_a_killed_program_left_goes_when_the_cache_is_opened(cache: DiskCache) -> None:
    old, fresh = cache.folder / f"{disk_cache.ASIDE}old", cache.folder / f"{disk_cache.ASIDE}fresh"
    for folder in (old, fresh):
        folder.mkdir(parents=True)
    os.utime(old, (0, 0))
    DiskCache(cache.folder, max_bytes=cache.max_bytes)
    assert (old.exists(), fresh.exists()) == (False, True)  # somebody may be writing the fresh one


def test_a_folder_that_cannot_be_written_is_no_failure(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("in the way")
    cache = DiskCache(tmp_path / "file" / "cache", max_bytes=100)
    cache.put("patches", {}, torch.zeros(3))
    assert "was not kept" in caplog.text
    assert cache.get("patches", {}) is None


def test_a_fingerprint_changes_with_the_content(tmp_path: Path) -> None:
    path = tmp_path / "film"
    path.write_bytes(b"a" * 3_000_000)
    before = file_fingerprint(path)
    path.write_bytes(b"a" * 2_999_999 + b"b")
    assert file_fingerprint(path) != before


def test_a_subfolder_has_entries_of_its_own_under_the_same_cap(cache: DiskCache) -> None:
    subfolder = DiskCache(cache.folder, max_bytes=cache.max_bytes, subfolder=cache.folder / "own" / "clip")
    subfolder.put("patches", {"file": "a"}, torch.zeros(1000), about="A clip")
    assert cache.get("patches", {"file": "a"}) is None
    assert subfolder.get("patches", {"file": "a"}) is not None
    assert [entry.about for entry in cache.entries()] == ["A clip"]
    assert {path.parent for path in cache.folder.rglob("*.*")} == {subfolder.subfolder}
    os.utime(next(subfolder.subfolder.glob("*.safetensors")), (1e9, 1e9))
    cache.put("patches", {"file": "b"}, torch.zeros(2000))
    assert subfolder.get("patches", {"file": "a"}) is None  # there was no room for both


@pytest.mark.usefixtures("full_disk")
def test_on_a_full_disk_what_was_kept_stays_and_the_rest_is_not_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    cache = DiskCache(tmp_path / "cache", max_bytes=10**9)
    cache.put("patches", {"file": "a"}, torch.ones(100))
    cache.put("patches", {"file": "b"}, torch.zeros(100_000))
    assert "was not kept" in caplog.text and "File too large" in caplog.text
    assert cache.get("patches", {"file": "b"}) is None
    assert cache.get("patches", {"file": "a"}) is not None
    assert {path.suffix for path in cache.folder.iterdir()} == {".safetensors", ".json"}  # nothing half-written


def test_a_file_in_the_folders_place_holds_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "cache").write_text("")
    cache = DiskCache(tmp_path / "cache", max_bytes=10**9)
    cache.put("patches", {"file": "a"}, torch.ones(100))
    assert "was not kept" in caplog.text
    assert cache.get("patches", {"file": "a"}) is None
    assert (cache.entries(), cache.nbytes) == ([], 0)


def test_a_folder_that_can_only_be_read_is_a_cache_still(cache: DiskCache, monkeypatch: pytest.MonkeyPatch) -> None:
    cache.put("patches", {"file": "a"}, torch.ones(100))

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr(os, "utime", refuse)  # a file system of this kind needs root
    monkeypatch.setattr(Path, "unlink", refuse)
    assert cache.get("patches", {"file": "a"}) is not None
    cache.clear()
    assert len(cache.entries()) == 1


def test_entries_leave_when_the_disk_gets_full(cache: DiskCache, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in "abc":
        cache.put("patches", {"file": name}, torch.ones(100))
    room, used = cache.nbytes // 3, cache.nbytes
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=0))  # a mount of one's own needs root
    assert cache.limit == used // 2
    cache.put("patches", {"file": "d"}, torch.ones(100))
    assert cache.get("patches", {"file": "d"}) is not None and cache.get("patches", {"file": "a"}) is None
    assert cache.nbytes == 2 * room
