"""Reads a film and answers in processes that are killed at drawn moments: `python -m tests.chat.killed_readings 50`.

A moment is a step of the work, or one that touches the cache folder. Prints a JSON object a kill.
"""

import json
import multiprocessing
import os
import random
import shutil
import signal
import sys
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

import psutil
import torch

from llamavid_demo.chat import MovieChat, encoded_section, open_cache
from llamavid_demo.chat.prefixes import PrefixCache
from llamavid_demo.film import Movie, load_movie
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.settings import Settings
from tests.chat.conftest import FIRST, TokenCounter, make_film
from tests.conftest import load_golden

PART = 4  # frames that are kept together
TOUCHES = ("open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.utime")
FORK = multiprocessing.get_context("fork")  # a process that has the model already; nothing computes in this one


class Moments:
    """Counts moments and ends the process at one of them, as `kill -9` does."""

    def __init__(self, folder: Path, last: int | None) -> None:
        self.count, self._folder, self._last = 0, str(folder), last
        sys.addaudithook(self._touched)

    def pass_one(self, *_: object) -> None:
        self.count += 1
        if self.count == self._last:
            os.kill(os.getpid(), signal.SIGKILL)

    def _touched(self, event: str, about: tuple[object, ...]) -> None:
        if event in TOUCHES and str(about[0]).startswith(self._folder):
            self.pass_one()


def read(
    model: LoadedModel, movie: Movie, folder: Path, last: int | None, frames: "Synchronized[int]", told: Connection
) -> None:
    """Read the film and answer, in a process of its own."""
    os.setsid()
    torch.set_num_threads(1)
    moments, counter = Moments(folder, last), TokenCounter(model)

    def passed(progress: object) -> None:
        frames.value = counter.frames
        moments.pass_one(progress)

    settings = Settings(cache_dir=folder, max_new_tokens=8)
    chat = MovieChat(model, movie, settings=settings, prefixes=PrefixCache(10**9), progress=passed)
    turn = chat.ask(FIRST)
    for piece in turn:
        passed(piece)
    told.send((turn.text, moments.count))


def run(model: LoadedModel, movie: Movie, folder: Path, last: int | None = None) -> dict[str, object]:
    """What became of a process that reads: how it ended, frames that it encoded, processes that it left."""
    frames, (mine, its) = FORK.Value("i", 0), FORK.Pipe(duplex=False)
    process = FORK.Process(target=read, args=(model, movie, folder, last, frames, its))
    process.start()
    its.close()
    with suppress(EOFError):
        text, moments = mine.recv()
        process.join()
        return {"ended": process.exitcode, "frames": frames.value, "text": text, "moments": moments}
    process.join()
    _, left = psutil.wait_procs(list(_session(process.pid)), timeout=60)
    return {"ended": process.exitcode, "frames": frames.value, "left": len(left)}


def _session(number: int | None) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with suppress(ProcessLookupError):
            if os.getsid(process.pid) == number:
                yield process


def kills(count: int, seed: int, folder: Path) -> Iterator[dict[str, object]]:
    """First an undisturbed reading; then so many that are killed, each with the one after it."""
    encoded_section._PART, encoded_section._BATCH_ON_CPU = PART, 2
    model, movie = load_golden(device="cpu", dtype="float32", quantization="none"), load_movie(make_film(folder))
    whole = run(model, movie, folder / "whole")
    yield whole
    moments, drawn = range(1, int(str(whole["moments"])) + 1), random.Random(seed)
    for number in range(count):  # one of each stretch, so that kills come at all stages
        moment = drawn.choice(moments[len(moments) * number // count : len(moments) * (number + 1) // count])
        cache = folder / "killed"
        killed = run(model, movie, cache, moment)
        kept = [entry.kind for entry in open_cache(Settings(cache_dir=cache)).entries()]
        for left in cache.glob("aside-*"):
            os.utime(left, (0, 0))
        again = run(model, movie, cache)
        files = sorted(path.name for path in cache.rglob("*") if path.suffix not in (".safetensors", ".json"))
        yield {"moment": moment, "killed": killed, "kept": kept, "again": again, "files": files}
        shutil.rmtree(cache)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        for found in kills(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 0, Path(folder)):
            print(json.dumps(found), flush=True)
