"""Conversations that outgrow what their model reads go on: the earliest turns are read no more."""

from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llamavid_demo.chat import MovieChat
from llamavid_demo.chat.history import first_turn_read
from llamavid_demo.chat.prefixes import PrefixCache
from llamavid_demo.chat.text_only import ask_text
from llamavid_demo.chat.turn import TurnStats
from llamavid_demo.film import Movie
from llamavid_demo.model.llama_vid.loaded import LoadedLlamaVid
from llamavid_demo.model.prompt import Exchange
from llamavid_demo.options import Options
from llamavid_demo.settings import Settings
from tests.chat.conftest import FIRST, SECOND
from tests.chat.test_movie_chat import uncached_answer

QUESTIONS = 4 * [FIRST, SECOND, "And then?"]


def begins(sizes: list[int], room: int) -> list[int]:
    """Where each turn of a growing conversation makes the model begin; sizes are those of questions with answers."""
    turns = [("x", "x" * (size - 1)) for size in sizes]
    return [first_turn_read(turns[:count], characters, room) for count in range(1, len(sizes) + 1)]


def characters(turns: Sequence[Exchange]) -> int:
    return sum(len(question) + len(answer or "") for question, answer in turns)


@given(st.lists(st.integers(1, 30), min_size=1, max_size=40), st.integers(1, 100))
def test_what_is_read_fits_and_begins_ever_later(sizes: list[int], room: int) -> None:
    found = begins(sizes, room)
    assert found == sorted(found)
    for last, begin in enumerate(found):
        assert sum(sizes[begin:last]) + 1 <= room or begin == last
        assert begin == 0 or sum(sizes[:last]) + 1 > room


def test_several_turns_follow_before_the_next_are_dropped() -> None:
    assert begins([10] * 12, 60) == [0, 0, 0, 0, 0, 0, 4, 4, 4, 4, 8, 8]


@pytest.fixture
def small(micro: LoadedLlamaVid) -> LoadedLlamaVid:
    """A model that reads little more than the film's tokens."""
    network = copy(micro.network)
    network.config = replace(network.config, max_tokens=360)
    return replace(micro, network=network)


@pytest.fixture
def new_chat(small: LoadedLlamaVid, film: Movie, settings: Settings) -> Callable[..., MovieChat]:
    return lambda **more: MovieChat(small, film, settings=settings, prefixes=PrefixCache(10**9), **more)


def test_a_long_conversation_goes_on_and_answers_as_if_it_began_later(new_chat: Callable[..., MovieChat]) -> None:
    chat = new_chat()
    turns: list[tuple[str, str | None]] = []
    costs: list[TurnStats] = []
    for question in QUESTIONS:
        turn = chat.ask(question).finish()
        assert turn.stats
        assert turn.text == uncached_answer(chat, [*turns[turn.stats.dropped_turns :], (question, None)], FIRST, 8)
        costs.append(turn.stats)
        turns.append((question, turn.text))
    assert [cost.dropped_turns for cost in costs] == [0, 0, 0, 0, 0, 3, 3, 3, 6, 6, 6, 6]
    assert [turn.question for turn in chat.turns] == QUESTIONS
    for before, after in pairwise(costs):
        assert after.dropped_turns > before.dropped_turns or after.reused_tokens >= before.prompt_tokens


def test_a_reloaded_conversation_drops_the_same_turns(new_chat: Callable[..., MovieChat]) -> None:
    chat = new_chat()
    for question in QUESTIONS[:-1]:
        chat.ask(question).finish()
    again = new_chat(history=[(turn.question, turn.text) for turn in chat.turns])
    before, after = chat.ask(QUESTIONS[-1]).finish(), again.ask(QUESTIONS[-1]).finish()
    assert before.stats and after.stats
    assert (before.text, before.stats.dropped_turns) == (after.text, after.stats.dropped_turns)


def test_talk_without_a_film_goes_on_too(small: LoadedLlamaVid) -> None:
    settings, history = Settings(max_new_tokens=8), []
    for question in QUESTIONS:
        history.append(ask_text(small, question, Options(), settings, history=history).finish())
    stats = history[-1].stats
    assert stats and stats.dropped_turns > 0
    alone = ask_text(small, QUESTIONS[-1], Options(), settings, history=history[stats.dropped_turns : -1]).finish()
    assert alone.text == history[-1].text
