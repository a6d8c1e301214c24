"""What a scheduler says of itself, how it closes, and what is counted and logged of turns."""

import json
import logging
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from llamavid_demo.chat import MovieChat
from llamavid_demo.chat.load import Load
from llamavid_demo.chat.prefixes import PrefixCache
from llamavid_demo.chat.scheduler import Scheduler, scheduler_of
from llamavid_demo.chat.tally import BOUNDS, Tally
from llamavid_demo.chat.turn import TurnStats
from llamavid_demo.errors import BusyError, ClosingError
from llamavid_demo.film import Movie
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.settings import Settings
from tests.chat.conftest import FIRST, SECOND, NewChat
from tests.chat.test_scheduler import new_answer
from tests.conftest import load_golden

STATS = TurnStats(
    frames=10, prompt_tokens=100, reused_tokens=70, new_tokens=5, ttft_s=0.3, tokens_per_s=9.0, section_tokens=60,
    memory_bytes=1,
)  # fmt: skip


@pytest.fixture
def own_model() -> LoadedModel:
    """A model whose scheduler a test may close."""
    return load_golden(device="cpu", dtype="float32", quantization="none")


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO, logger="llamavid_demo.turns")
    return caplog


def logged(lines: pytest.LogCaptureFixture) -> list[dict[str, object]]:
    return [json.loads(line.getMessage()) for line in lines.records if line.name == "llamavid_demo.turns"]


def test_a_scheduler_that_closes_ends_answers_in_a_sentence_and_keeps_their_text(
    own_model: LoadedModel, film: Movie, settings: Settings
) -> None:
    chosen = settings.model_copy(update={"max_new_tokens": 400})
    chat = MovieChat(own_model, film, settings=chosen, prefixes=PrefixCache(10**9))
    turn = chat.ask(FIRST)
    pieces = iter(turn)
    first = next(pieces)
    scheduler_of(own_model).close()
    with pytest.raises(ClosingError):
        list(pieces)
    assert turn.finished == "stopped" and turn.text.startswith(first)
    assert chat.turns == [turn]
    with pytest.raises(ClosingError):  # and whoever comes later
        chat.ask(SECOND).finish()
    assert scheduler_of(own_model).alive


def test_load_counts_who_waits_and_who_is_answered(new_chat: NewChat, settings: Settings) -> None:
    chosen = settings.model_copy(update={"answers_at_once": 1, "queue_length": 1})
    chats, release = [new_chat(settings=chosen) for _ in range(3)], threading.Event()
    scheduler = Scheduler(chats[0].model)
    first = scheduler.submit(new_answer(chats[0], when=release))
    second = scheduler.submit(new_answer(chats[1])).heard()
    assert next(second)[0].stage == "queue"
    with pytest.raises(BusyError):
        list(scheduler.submit(new_answer(chats[2])).heard())
    assert (scheduler.load.waiting, scheduler.load.answering, scheduler.alive) == (1, 1, True)
    release.set()
    assert list(first.heard()) and list(second)
    assert scheduler._thread is not None
    scheduler._thread.join()
    assert (scheduler.load.waiting, scheduler.load.answering, scheduler.alive) == (0, 0, True)


def test_a_round_without_an_end_counts_as_stuck() -> None:
    now = Load()
    assert not now.stuck
    assert replace(now, at=now.at - 3600).stuck


def test_a_line_a_turn_says_what_it_cost_and_no_word_of_it(new_chat: NewChat, lines: pytest.LogCaptureFixture) -> None:
    chat = new_chat()
    turn = chat.ask(FIRST).finish()
    (line,) = logged(lines)
    assert turn.stats is not None
    assert line["film"] == chat.movie.slug and line["outcome"] == turn.finished
    assert (line["read"], line["written"]) == (turn.stats.prompt_tokens - turn.stats.reused_tokens, 8)
    assert line["reused"] == turn.stats.reused_tokens
    assert FIRST not in str(line) and turn.text not in line.values()


def test_a_visitors_film_has_no_name_in_the_log(
    new_chat: NewChat, film: Movie, tmp_path: Path, lines: pytest.LogCaptureFixture
) -> None:
    new_chat(movie=replace(film, slug="my-wedding", kept_in=tmp_path / "kept")).ask(FIRST).finish()
    assert logged(lines)[0]["film"] == "own"


def test_words_are_logged_where_a_setting_asks(
    new_chat: NewChat, settings: Settings, lines: pytest.LogCaptureFixture
) -> None:
    turn = new_chat(settings=settings.model_copy(update={"log_texts": True})).ask(FIRST).finish()
    (line,) = logged(lines)
    assert (line["question"], line["answer"]) == (FIRST, turn.text)


def test_turns_that_stop_or_fail_are_logged_too(
    new_chat: NewChat, lines: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = new_chat()
    stopped = chat.ask(FIRST)
    stopped.stop()
    stopped.finish()
    monkeypatch.setattr(chat, "_encoded", None)
    with pytest.raises(AttributeError):
        chat.ask(SECOND, after=0).finish()
    assert [line["outcome"] for line in logged(lines)] == ["stopped", "failed"]


def test_the_tally_counts_by_outcome_and_by_seconds() -> None:
    tally = Tally()
    tally.add("m", "end", STATS)
    tally.add("m", "end", replace(STATS, ttft_s=1000.0))
    tally.add("m", "stopped", replace(STATS, new_tokens=0))
    tally.add("m", "busy", None)
    counted = tally.counted()
    assert counted.turns == {("m", "end"): 2, ("m", "stopped"): 1, ("m", "busy"): 1}
    assert counted.tokens == {"read": 60, "reused": 140, "written": 10}
    assert dict(zip((*BOUNDS, None), counted.first_token, strict=True)) == {
        0.1: 0, 0.25: 0, 0.5: 1, 1.0: 1, 2.5: 1, 5.0: 1, 10.0: 1, 30.0: 1, 60.0: 1, 120.0: 1, None: 2,
    }  # fmt: skip
    assert counted.first_token_seconds == pytest.approx(1000.3)
