"""Watches a worker over its files: time, memory, processes, leftovers, the canary, the network, and what is said."""

import json
import os
import re
import select
import subprocess
import sys
import unicodedata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psutil

from tests.hostile.bases import base
from tests.hostile.case import Case
from tests.hostile.trap import trap

SECONDS = 60  # in which a file must be answered
MEMORY = 1_500_000_000  # bytes of all our processes together
LONGEST = 1000  # letters that a sentence may have
ROOT = Path(__file__).parents[2]
_BYTES = re.compile(r"(^|[\s(:=])b['\"]|\\x[0-9a-f]{2}|\\u[0-9a-f]{4}|Traceback|\.py\b|0x[0-9a-f]{8}")

_BROKEN = {"Cc", "Zl", "Zp"}  # control characters and line breaks


class Inspector:
    """Gives files to a worker, one at a time; a new one follows when it was stuck or has died."""

    def __init__(self, folder: Path) -> None:
        self._files, self._temporary = folder / "files", folder / "temporary"
        self._files.mkdir()
        self._temporary.mkdir()
        self._folder = folder
        self._worker: psutil.Popen | None = None
        self._made = 0

    def faults(self, case: Case) -> list[str]:
        """Everything that is wrong with how the product took a file."""
        self._made += 1
        folder = self._files / str(self._made)
        folder.mkdir()
        given = case.make(folder)
        order = {"film": str(base("mp4")), "subtitles": str(given)} if case.subtitles else {"film": str(given)}
        faults = list(self._answered({"subtitles": None, **order}))
        faults += trap().sprung()
        return [f"{case}: {fault}" for fault in faults]

    def _answered(self, order: dict[str, str | None]) -> Iterator[str]:
        worker = self._started()
        worker.stdin.write(json.dumps(order) + "\n")
        worker.stdin.flush()
        ready, _, _ = select.select([worker.stdout], [], [], SECONDS)
        line = worker.stdout.readline() if ready else ""
        if line:
            yield from self._about(json.loads(line))
            yield from (f"left a process: {child.name()}" for child in _children(worker))
        else:
            yield f"no answer in {SECONDS} s" if not ready else "the worker died"
        if not line or _children(worker):
            self.close()
        left = [path.name for path in self._temporary.iterdir()]
        if left:
            yield f"left in the temporary folder: {left}"

    def _about(self, answer: dict[str, Any]) -> Iterator[str]:
        if "crash" in answer:
            yield answer["crash"]
        if answer["peak"] > MEMORY:
            yield f"{answer['peak'] / 1e9:.1f} GB"
            self.close()  # the next one starts from nothing
        for sentence in answer["said"]:
            if str(self._folder) in sentence or str(base("mp4").parent) in sentence:
                yield f"a path is shown: {sentence}"
            if _BYTES.search(sentence) or _BROKEN & {*map(unicodedata.category, sentence)} or len(sentence) > LONGEST:
                yield f"that is no sentence: {sentence[:2000]!r}"

    def _started(self) -> psutil.Popen:
        if self._worker is None:
            self._worker = psutil.Popen(
                [sys.executable, "-m", "tests.hostile.worker"],
                cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                env={**os.environ, "TMPDIR": str(self._temporary), "PYTHONPATH": str(ROOT)},
            )  # fmt: skip
        return self._worker

    def close(self) -> None:
        """End the worker and all that it started."""
        if self._worker is not None:
            for process in (*_children(self._worker), self._worker):
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            self._worker.communicate()
            self._worker = None


@contextmanager
def inspector(folder: Path) -> Iterator[Inspector]:
    """An inspector whose processes end with the context."""
    one = Inspector(folder)
    try:
        yield one
    finally:
        one.close()


def faults(cases: Iterable[Case], folder: Path) -> list[str]:
    """The faults of many files in a row."""
    with inspector(folder) as one:
        return [fault for case in cases for fault in one.faults(case)]


def _children(process: psutil.Process) -> list[psutil.Process]:
    with suppress(psutil.NoSuchProcess):
        return process.children(recursive=True)
    return []
