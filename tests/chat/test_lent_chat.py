"""A conversation whose turns are answered in processes of their own, as on ZeroGPU, is the same conversation."""

import importlib
import multiprocessing
import os
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest
import torch

from llamavid_demo.chat import MovieChat, Progress, lent_card, lent_chat
from llamavid_demo.chat.lent_chat import LentChat
from llamavid_demo.errors import CardError, MovieError, QuestionError
from llamavid_demo.film import Movie
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.settings import Settings
from tests.chat.conftest import FIRST, SECOND

STAND_IN = Path(__file__).parents[1] / "stand_in"


@pytest.fixture
def spaces(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[ModuleType]:
    """The stand-in for the Hub's package, with the modules that lend through it."""
    monkeypatch.syspath_prepend(STAND_IN)
    with monkeypatch.context() as there:
        there.setenv("SPACES_ZERO_GPU", "true")
        there.setenv("STAND_IN_CALLS", str(tmp_path / "calls"))
        importlib.reload(lent_card)
        importlib.reload(lent_chat)
        yield importlib.import_module("spaces")
    importlib.reload(lent_card)
    importlib.reload(lent_chat)


@pytest.fixture
def lent(spaces: ModuleType, micro: LoadedModel, film: Movie, tmp_path: Path) -> Callable[..., LentChat]:
    def make(*, film: Movie = film, max_new_tokens: int = 8) -> LentChat:
        settings = Settings(cache_dir=tmp_path / "lent", max_new_tokens=max_new_tokens)
        return lent_chat.LentChat(micro, film, settings=settings)

    return make


def stages(told: list[list[Progress | str]]) -> set[str]:
    return {what.stage for list_ in told for what in list_ if isinstance(what, Progress)}


def test_each_turn_runs_in_a_process_of_its_own_and_says_the_same(
    lent: Callable[..., LentChat], new_chat: Callable[..., MovieChat], tmp_path: Path
) -> None:
    there, runs = lent(), []
    for question in (FIRST, SECOND):
        turn = there.ask(question)
        runs.append((turn, list(turn.events(0))))
    again = there.retry(temperature=0).finish()
    # Only now does a thread of this process compute: a process forked meanwhile could wait for its locks for ever.
    here = new_chat()
    for question, (turn, told) in zip((FIRST, SECOND), runs, strict=True):
        mine = here.ask(question).finish()
        assert turn.text == mine.text and turn.finished == mine.finished
        assert turn.evidence == mine.evidence != []
        moment = turn.evidence[0].seconds
        assert torch.allclose(there.heat_map(moment, turn), here.heat_map(moment, mine))
        assert "".join(what for list_ in told for what in list_ if isinstance(what, str)) == turn.text
        # The frames are encoded once and found on disk by the next process, which reads them into its memory anew.
        assert ("frames" in stages(told)) == (question == FIRST)
        assert "prefill" in stages(told)
        assert turn.stats and mine.stats and turn.stats.prompt_tokens == mine.stats.prompt_tokens
        assert turn.stats.reused_tokens == 0
    calls = [line.split() for line in (tmp_path / "calls").read_text().splitlines()]
    assert len({process for _, process in calls} - {str(os.getpid())}) == 3
    assert int(calls[0][0]) > int(calls[1][0])  # a card for a section that is on disk is asked for a shorter time
    assert again.text == there.turns[-1].text == here.turns[-1].text and len(there.turns) == 2
    with pytest.raises(QuestionError):
        there.heat_map(-1.0)


def test_stopping_ends_it_over_there_and_keeps_what_was_written(lent: Callable[..., LentChat]) -> None:
    turn = lent(max_new_tokens=400).ask(FIRST)
    for told in turn.events(0):
        if any(isinstance(what, str) for what in told):
            turn.stop()
    assert turn.finished == "stopped" and turn.text
    assert turn.stats and 0 < turn.stats.new_tokens < 400
    assert turn.evidence


def test_whoever_leaves_ends_it_too(lent: Callable[..., LentChat]) -> None:
    others = {*multiprocessing.active_children()}  # the pages of other tests
    turn = lent(max_new_tokens=400).ask(FIRST)
    told = turn.events(0)
    next(told)
    told.close()  # type: ignore[attr-defined]
    assert turn.finished == "stopped"
    assert {*multiprocessing.active_children()} <= others


def test_what_goes_wrong_is_told_in_its_own_words(
    lent: Callable[..., LentChat], spaces: ModuleType, film: Movie, tmp_path: Path
) -> None:
    with pytest.raises(MovieError, match="no longer here"):
        lent(film=replace(film, path=tmp_path / "gone.mp4")).ask(FIRST).finish()
    chat = lent()
    spaces.refusal = "You have exceeded your GPU quota (30s requested vs. 2s left)."  # type: ignore[attr-defined]
    try:
        with pytest.raises(CardError, match=r"no card for this answer \(You have exceeded .* left\)\): ask again"):
            chat.ask(FIRST).finish()
    finally:
        spaces.refusal = None  # type: ignore[attr-defined]
    assert chat.turns == []
