"""ZeroGPU: the Hub lends a Space a card for one call at a time, in a process of its own.

That process is forked for the call and may end with it. So a job brings all that it needs, what it gives is pickled,
and nothing in that process or on its card is counted on later. The Hub's package `spaces` is imported there alone.
"""

import logging
from collections.abc import Generator, Iterator
from contextlib import closing
from typing import Any, Protocol
from weakref import WeakValueDictionary

import torch

from llamavid_demo.chat.away_chat import Failed
from llamavid_demo.embedded import on_zero_gpu
from llamavid_demo.errors import CardError, DemoError
from llamavid_demo.model.load import load_chosen_model
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.settings import Settings

log = logging.getLogger(__name__)

_held: WeakValueDictionary[str, LoadedModel] = WeakValueDictionary()  # by the settings' name; a fork has them too
_there: dict[str, LoadedModel] = {}  # in the lent process: those that it has brought to the card


class Job(Protocol):
    """What is done on the card."""

    @property
    def settings(self) -> Settings:
        """They name the model."""

    @property
    def seconds(self) -> int:
        """How long the card is needed, at most."""

    def run(self, model: LoadedModel) -> Iterator[Any]:
        """Do it, with a model that is on the card."""


def hold(model: LoadedModel, settings: Settings) -> None:
    """Have a model, which is on the CPU, at hand in the processes to come; they would load it anew."""
    _held[settings.model] = model


def on_card(job: Job) -> Generator[Any, None, None]:
    """What a job gives, step by step. Raises `CardError` when no card is lent, and what goes wrong in the job."""
    with closing(_lent(job)) as steps:
        while True:
            try:
                step = next(steps)
            except StopIteration:
                return
            except Exception as error:
                said = str(getattr(error, "message", error)).strip().rstrip(".")
                raise CardError(f"The Hub lent no card for this answer ({said}): ask again in a while.") from error
            if isinstance(step, Failed):  # the Hub itself would tell the name of an error alone
                raise step.error
            yield step


def _run(job: Job) -> Generator[Any, None, None]:
    try:
        yield from job.run(_on_card(job.settings))
    except DemoError as error:
        yield Failed(error)
    except Exception as error:
        log.exception("a job on a lent card failed")
        yield Failed(RuntimeError(f"{type(error).__name__}: {error}"))


def _on_card(settings: Settings) -> LoadedModel:
    if settings.model not in _there:
        model = _held.get(settings.model) or load_chosen_model(settings)
        _there[settings.model] = model.moved("cuda" if torch.cuda.is_available() else "cpu")
    return _there[settings.model]


def _seconds(job: Job) -> int:
    return job.seconds


if on_zero_gpu():
    import spaces  # the page has done so before anything imported torch

    _lent = spaces.GPU(_run, duration=_seconds)
else:
    _lent = _run
