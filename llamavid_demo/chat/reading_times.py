"""How long reading took on this machine, by model: what the expected seconds of a section come from.

A small JSON file in the cache folder, so that a program that has just started knows it too. It names models, no films.
"""

import json
import logging
import threading
import time
from collections.abc import Generator
from functools import cache
from pathlib import Path
from typing import TypeVar

import torch

from llamavid_demo.model.loaded import LoadedModel

S = TypeVar("S")
T = TypeVar("T")
NAME = "reading-times.json"

log = logging.getLogger(__name__)


class ReadingTimes:
    """Seconds by model and stage: "frames" and "tokens" for each frame, "prefill" for each token.

    Safe to use from any thread.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME
        self._lock = threading.Lock()
        self._known = self._load()

    def add(self, model: LoadedModel, stage: str, count: int, seconds: float) -> None:
        """So many frames or tokens took so many seconds; what was measured before counts half from now on."""
        if count <= 0:
            return
        with self._lock:
            stages = self._known.setdefault(_name(model), {})
            done, took = stages.get(stage, (0.0, 0.0))
            stages[stage] = done / 2 + count, took / 2 + seconds
            self._save()

    def expected(self, model: LoadedModel, *, frames: int, tokens: int) -> float | None:
        """Seconds that reading a section will take; None when this model has not read one here yet."""
        with self._lock:
            stages = dict(self._known.get(_name(model), {}))
        if not {"frames", "prefill"} <= stages.keys():
            return None
        counts = {"frames": frames, "tokens": frames, "prefill": tokens}
        return sum(counts[stage] * took / done for stage, (done, took) in stages.items())

    def timed(self, model: LoadedModel, stage: str, count: int, work: Generator[S, None, T]) -> Generator[S, None, T]:
        """The same work; when it has ended, the time of its own steps is added, waiting between them left out."""
        seconds = 0.0
        while True:
            began = time.perf_counter()
            try:
                step = next(work)
            except StopIteration as ended:
                if model.device.type == "cuda":  # kernels may still be running
                    torch.cuda.synchronize(model.device)
                self.add(model, stage, count, seconds + time.perf_counter() - began)
                value: T = ended.value
                return value
            seconds += time.perf_counter() - began
            yield step

    def _load(self) -> dict[str, dict[str, tuple[float, float]]]:
        try:
            kept = json.loads(self._path.read_text("utf-8"))
            return {
                str(model): {
                    stage: (float(done), float(took))
                    for stage, (done, took) in stages.items()
                    if stage in ("frames", "tokens", "prefill") and done > 0 and took >= 0
                }
                for model, stages in kept.items()
            }
        except (OSError, ValueError, TypeError, AttributeError):  # none yet, or damaged: measured anew
            return {}

    def _save(self) -> None:
        partial = self._path.with_suffix(".part")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_text(json.dumps(self._known, indent=2), encoding="utf-8")
            partial.replace(self._path)
        except OSError as error:
            log.warning("%s was not kept: %s", self._path, error)


@cache
def reading_times(folder: Path) -> ReadingTimes:
    """The one record of a cache folder."""
    return ReadingTimes(folder)


def _name(model: LoadedModel) -> str:
    return f"{model.name} {model.quantization or ''} {model.dtype} {model.device}"
