"""Tensors on disk that outlive the program: patches and frame tokens of sections that were read before.

One safetensors file and one JSON sidecar an entry, written aside and renamed, so that an entry is whole or absent.
"""

import hashlib
import json
import logging
import os
import tempfile
from functools import lru_cache
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file

log = logging.getLogger(__name__)


def file_fingerprint(path: Path) -> str:
    """A name for a file's content: its SHA-256, taken again only when the file has changed."""
    about = path.stat()
    return _fingerprint(path, about.st_size, about.st_mtime_ns)


@lru_cache(maxsize=64)
def _fingerprint(path: Path, _size: int, _changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class DiskCache:
    """A folder of tensors by key, with a size cap in bytes; the least recently used entries go first."""

    def __init__(self, folder: Path, *, max_bytes: int) -> None:
        self.folder, self.max_bytes = folder, max_bytes

    def get(self, kind: str, key: dict[str, object]) -> torch.Tensor | None:
        """The tensor of a key, mapped from disk; None when it is absent or damaged (then it is removed)."""
        path = self._path(kind, key)
        if not path.is_file():
            return None
        try:
            with safe_open(path, framework="pt") as file:
                tensor = file.get_tensor("data")
        except (SafetensorError, OSError) as error:
            log.warning("%s is damaged (%s) and will be made again", path, error)
            self._remove(path)
            return None
        os.utime(path)
        return tensor

    def put(self, kind: str, key: dict[str, object], tensor: torch.Tensor) -> None:
        """Keep a tensor. A full disk is no failure: the work is only done again the next time."""
        path = self._path(kind, key)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=self.folder) as aside:
                save_file({"data": tensor.contiguous()}, Path(aside) / "data")
                (Path(aside) / "key").write_text(json.dumps(key, indent=2), encoding="utf-8")
                (Path(aside) / "key").replace(path.with_suffix(".json"))
                (Path(aside) / "data").replace(path)
        except (OSError, SafetensorError) as error:
            log.warning("%s was not kept: %s", path, error)
        self._shrink(keep=path)

    def _path(self, kind: str, key: dict[str, object]) -> Path:
        digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()[:32]
        return self.folder / f"{kind}-{digest}.safetensors"

    def _remove(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        path.with_suffix(".json").unlink(missing_ok=True)

    def _shrink(self, *, keep: Path) -> None:
        entries = sorted(self.folder.glob("*.safetensors"), key=lambda path: path.stat().st_mtime, reverse=True)
        used = 0
        for path in entries:
            used += path.stat().st_size
            if used > self.max_bytes and path != keep:
                log.info("%s leaves the cache, which may hold %d bytes", path.name, self.max_bytes)
                self._remove(path)
