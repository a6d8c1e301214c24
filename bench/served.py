"""The page in a process of its own, and what that process holds: memory, threads, files."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

from llamavid_demo.settings import ROOT


@dataclass(frozen=True)
class Served:
    """Where the page is, its process, its log, and the folder with all that it may write."""

    url: str
    process: psutil.Process
    log: Path
    folder: Path

    @property
    def resident(self) -> int:
        """Bytes of memory of the server's own process."""
        return int(self.process.memory_info().rss)

    @property
    def resident_children(self) -> int:
        """Bytes of memory of processes that it has started."""
        found = 0
        for child in self.process.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                found += child.memory_info().rss
        return found

    def visitors_files(self) -> int:
        """Number of files in the folders for uploads and for temporary files."""
        folders = (self.folder / "cache" / "uploads", self.folder / "temp")
        return sum(path.is_file() for folder in folders for path in folder.rglob("*"))


@contextmanager
def served(folder: Path, **settings: object) -> Iterator[Served]:
    """Serve the page on a free port, all that it writes in `folder`; settings by the names that they have there."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (folder / "temp").mkdir(parents=True)
    chosen = {"port": port, "cache_dir": folder / "cache", **settings}
    environment = {
        **os.environ, "PYTHONUNBUFFERED": "1", "TMPDIR": str(folder / "temp"),
        **{f"LLAMAVID_{name.upper()}": str(value) for name, value in chosen.items()},
    }  # fmt: skip
    log = folder / "log.txt"
    with log.open("wb") as errors:
        program = subprocess.Popen(
            [sys.executable, ROOT / "app.py"], env=environment, stdout=subprocess.PIPE, stderr=errors, text=True
        )
    try:
        assert program.stdout is not None
        if not any("Running on local URL" in line for line in program.stdout):
            raise RuntimeError(f"the page did not start:\n{log.read_text()}")
        yield Served(f"http://127.0.0.1:{port}", psutil.Process(program.pid), log, folder)
    finally:
        program.terminate()
        try:
            program.wait(timeout=20)
        except subprocess.TimeoutExpired:
            program.kill()
            raise
