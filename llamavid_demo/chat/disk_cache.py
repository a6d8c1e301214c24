"""Tensors on disk that outlive the program: patches and frame tokens of sections that were read before.

One safetensors file and one JSON sidecar an entry, written aside and renamed, so that an entry is whole or absent,
also for another program that shares the folder. Its checksum is compared when it is opened, once as long as nobody
touches it. What a killed program has left of one goes when the cache is opened, or when the next entry is put there.
"""

import contextlib
import hashlib
import json
import logging
import os
import shutil
import tempfile
import time
import zlib
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

from llamavid_demo.cache_folder import most_bytes
from llamavid_demo.chat.shared_store import SharedStore

ASIDE = "aside-"  # begins the names of folders in which entries are written
LEFT_BEHIND = 3600.0  # seconds after which nobody writes there any more

log = logging.getLogger(__name__)

_verified: dict[Path, tuple[int, int, int]] = {}  # what this program has compared with its checksum, as it was then


def file_fingerprint(path: Path) -> str:
    """A name for a file's content: its SHA-256, taken again only when the file has changed."""
    about = path.stat()
    return _fingerprint(path, about.st_size, about.st_mtime_ns)


@lru_cache(maxsize=64)
def _fingerprint(path: Path, _size: int, _changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@dataclass(frozen=True)
class CacheEntry:
    """What lies in the cache: its kind, what it is `about` for people, its bytes, when it was used (Unix seconds)."""

    kind: str
    about: str
    nbytes: int
    used: float


class DiskCache:
    """A folder of tensors by key, with a size cap in bytes; the least recently used entries go first.

    Where nothing can be written, or read, it holds nothing; where the disk gets full, less than the cap: `limit`.
    With a `subfolder`, a folder inside the first, entries are put there and looked for there only, so that they can be
    deleted together. The cap is for all subfolders together. What is not there is looked for in the `shared` store, and
    what is put there goes to that too; the cap is not for it.
    """

    def __init__(
        self, folder: Path, *, max_bytes: int, subfolder: Path | None = None, shared: SharedStore | None = None
    ) -> None:
        self.folder, self.max_bytes, self.subfolder, self.shared = folder, max_bytes, subfolder or folder, shared
        self._sweep()

    def get(self, kind: str, key: dict[str, object]) -> torch.Tensor | None:
        """The tensor of a key, mapped from disk; None when it is absent or damaged (then it is removed)."""
        path = self._path(kind, key)
        try:
            if not path.is_file() and not self._fetched(path):
                return None
            with safe_open(path, framework="pt") as file:
                tensor: torch.Tensor = file.get_tensor("data")
                whole = _verified.get(path) == _state(path)
                if not whole and _checksum(tensor) != (file.metadata() or {}).get("crc32"):
                    raise SafetensorError("its checksum is wrong")
            with contextlib.suppress(OSError):  # a folder that can only be read is a cache still
                os.utime(path)
            _verified[path] = _state(path)
        except FileNotFoundError:  # another program has just removed it
            return None
        except (SafetensorError, OSError) as error:
            log.warning("%s is damaged (%s) and will be made again", path, error)
            self._remove(path)
            return None
        return tensor

    def put(self, kind: str, key: dict[str, object], tensor: torch.Tensor, *, about: str = "") -> None:
        """Keep a tensor, `about` a film. A full disk is no failure: the work is only done again the next time."""
        path, tensor = self._path(kind, key), tensor.contiguous()
        try:
            self.subfolder.mkdir(parents=True, exist_ok=True)
            self._sweep()
            with tempfile.TemporaryDirectory(prefix=ASIDE, dir=self.subfolder) as aside:
                save_file({"data": tensor}, Path(aside) / "data", metadata={"crc32": _checksum(tensor)})
                sidecar = json.dumps({"about": about, "key": key}, indent=2, ensure_ascii=False)
                (Path(aside) / "key").write_text(sidecar, encoding="utf-8")
                (Path(aside) / "key").replace(path.with_suffix(".json"))
                (Path(aside) / "data").replace(path)
        except (OSError, SafetensorError) as error:
            log.warning("%s was not kept: %s", path, error)
        else:
            if self.shared:
                self.shared.send(path.with_suffix(".json"), path)
        self._shrink(keep=path)

    @property
    def nbytes(self) -> int:
        """Bytes of all entries."""
        return sum(size for _, size, _ in self._files())

    @property
    def limit(self) -> int:
        """Bytes that all entries may have: the cap, or less where the disk has little left."""
        return most_bytes(self.folder, held=self.nbytes, cap=self.max_bytes)

    def entries(self) -> list[CacheEntry]:
        """Everything that is kept, the most recently used first."""
        found = []
        for path in self.folder.rglob("*.safetensors"):
            try:
                about = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))["about"]
                size, used = path.stat().st_size, path.stat().st_mtime
            except (OSError, ValueError, KeyError, TypeError):  # removed or overwritten meanwhile
                continue
            found.append(CacheEntry(path.name.partition("-")[0], about, size, used))
        return sorted(found, key=lambda entry: -entry.used)

    def clear(self) -> None:
        """Remove everything that is kept; other files in the folder stay."""
        for path in self.folder.rglob("*-*.safetensors"):
            self._remove(path)

    def _fetched(self, path: Path) -> bool:
        """Whether an entry came from the shared store."""
        if self.shared is None:
            return False
        self.subfolder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=ASIDE, dir=self.subfolder) as aside:
            names = path.with_suffix(".json").name, path.name
            if not self.shared.fetch(Path(aside), *names):
                return False
            for name in names:
                (Path(aside) / name).replace(path.with_name(name))
        self._shrink(keep=path)
        return True

    def _path(self, kind: str, key: dict[str, object]) -> Path:
        digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:32]
        return self.subfolder / f"{kind}-{digest}.safetensors"

    def _remove(self, path: Path) -> None:
        with contextlib.suppress(OSError):  # of a folder that can only be read
            path.unlink(missing_ok=True)
            path.with_suffix(".json").unlink(missing_ok=True)

    def _files(self) -> list[tuple[float, int, Path]]:
        """When each entry was used last, its bytes, its path."""
        found = []
        for path in self.folder.rglob("*.safetensors"):
            with contextlib.suppress(OSError):  # another program was faster
                about = path.stat()
                found.append((about.st_mtime, about.st_size, path))
        return found

    def _sweep(self) -> None:
        """Remove what was written aside and has not been renamed for long: whoever wrote it was killed."""
        for left in self.subfolder.glob(f"{ASIDE}*"):
            with contextlib.suppress(OSError):  # another program was faster, or the folder can only be read
                if time.time() - left.stat().st_mtime > LEFT_BEHIND:
                    shutil.rmtree(left, ignore_errors=True)

    def _shrink(self, *, keep: Path) -> None:
        files = self._files()
        limit = most_bytes(self.folder, held=sum(size for _, size, _ in files), cap=self.max_bytes)
        used = 0
        for _, size, path in sorted(files, reverse=True):
            used += size
            if used > limit and path != keep:
                log.info("%s leaves the cache, which may hold %d bytes", path.name, limit)
                self._remove(path)


def _state(path: Path) -> tuple[int, int, int]:
    """What changes when a file is written or replaced."""
    about = path.stat()
    return about.st_ino, about.st_size, about.st_mtime_ns


def _checksum(tensor: torch.Tensor) -> str:
    """CRC-32 of a contiguous tensor's bytes."""
    return f"{zlib.crc32(tensor.reshape(-1).view(torch.uint8).numpy().data):08x}"
