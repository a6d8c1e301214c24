"""Progress bars on the command line; they appear only for work that lasts."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

_NAMES = {
    "frames": "reading frames",
    "tokens": "making frame tokens",
    "prefill": "reading the section",
    "words": "reading the question with every frame",
    "films": "asking about films",
    "download": "downloading",
    "check": "checking what is here",
    "copy": "copying",
    "speech": "listening, in seconds",
}


class Step(Protocol):
    """Anything that says how far a stage is: `done` of `total`."""

    @property
    def stage(self) -> str:
        """Name of the stage."""

    @property
    def done(self) -> int:
        """Steps done."""

    @property
    def total(self) -> int | None:
        """Steps in all; None when nobody knows."""


class Bars:
    """A progress callback that keeps one bar a stage."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._tasks: dict[str, int] = {}

    def __call__(self, step: Step) -> None:
        """Move the bar of the step's stage."""
        if step.stage not in self._tasks:
            name = _NAMES.get(step.stage, step.stage)
            self._tasks[step.stage] = self._progress.add_task(name, total=step.total)
        self._progress.update(self._tasks[step.stage], completed=step.done, total=step.total)  # type: ignore[arg-type]


@contextmanager
def progress_bars(console: Console, *, in_bytes: bool = False) -> Iterator[Bars]:
    """Bars on `console` while the block runs; gone afterwards. Steps are counted, or shown as sizes."""
    done: tuple[ProgressColumn, ...] = (
        (DownloadColumn(), TransferSpeedColumn()) if in_bytes else (MofNCompleteColumn(),)
    )
    with Progress(
        TextColumn("{task.description}"), BarColumn(), *done, TimeRemainingColumn(), console=console, transient=True
    ) as progress:
        yield Bars(progress)
