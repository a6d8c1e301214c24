"""A conversation whose turns replicas answer is the same conversation, also when they die under it. Without Ray."""

from collections.abc import Awaitable, Callable, Generator, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from threading import Event
from threading import enumerate as enumerate_threads
from typing import Any

import pytest
import torch
from anyio.from_thread import BlockingPortal, start_blocking_portal

from llamavid_demo.chat import MovieChat, Progress, memory, replica
from llamavid_demo.chat.away_chat import Ended, Failed, Step
from llamavid_demo.chat.replica import Call, Replica
from llamavid_demo.chat.replica_chat import LostError, ReplicaChat
from llamavid_demo.chat.turn import Turn
from llamavid_demo.errors import MovieError, ReplicaError
from llamavid_demo.film import Movie
from llamavid_demo.model.load import empty_network
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.settings import Settings
from tests.chat.conftest import FIRST, SECOND


class Two:
    """Two replicas in this process; a call goes to the first that lives. `fatal` steps of a call kill its replica."""

    def __init__(self, settings: Settings) -> None:
        self.alive = [Replica({"micro": settings}) for _ in range(2)]
        self.calls: list[Call] = []
        self.fatal: Callable[[Step], bool] = lambda step: False

    def steps(self, call: Call, *, sticky: str) -> Generator[Step, None, None]:
        self.calls.append(call)
        chosen = self.alive[0]
        with start_blocking_portal() as loop, closing(_told(loop, chosen, call)) as told:
            for step in told:
                if isinstance(step, Failed):
                    raise step.error
                yield step
                if self.fatal(step):
                    self.alive.remove(chosen)
                    raise LostError

    def stop(self, number: str) -> None:
        for one in self.alive:
            in_a_loop(one.stop, number)


def in_a_loop(work: Callable[..., Awaitable[Any]], *given: Any) -> Any:
    """What a coroutine gives. A thread of its own runs it: a browser's event loop may have this one."""
    with start_blocking_portal() as loop:
        return loop.call(work, *given)


def _told(loop: BlockingPortal, chosen: Replica, call: Call) -> Iterator:
    steps = chosen.steps(call)
    try:
        while True:
            try:
                yield loop.call(steps.__anext__)
            except StopAsyncIteration:
                return
    finally:
        loop.call(steps.aclose)


@pytest.fixture
def two(micro: LoadedModel, settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Two:
    memory._prefixes.cache_clear()  # another test of this process may have read the film
    monkeypatch.setattr(replica, "load_chosen_model", lambda settings: micro)
    return Two(settings.model_copy(update={"cache_dir": tmp_path / "replicas"}))


@pytest.fixture
def away(two: Two, micro: LoadedModel, film: Movie, settings: Settings) -> Callable[..., ReplicaChat]:
    config, bare = in_a_loop(two.alive[0].outline, "micro")
    outline = replace(bare, network=empty_network(config))
    assert outline.device.type == "meta" and outline.name == micro.name

    def make(*, film: Movie = film, **chosen: object) -> ReplicaChat:
        own = settings.model_copy(update=chosen)
        return ReplicaChat(outline, film, name="micro", replicas=two, settings=own)

    return make


def words(turn: Turn) -> str:
    return "".join(what for told in turn.events(0) for what in told if isinstance(what, str))


def has_words(step: Step) -> bool:
    return isinstance(step, list) and any(isinstance(what, str) for what in step)


def test_the_answers_are_those_of_a_model_in_this_process(
    away: Callable[..., ReplicaChat], new_chat: Callable[..., MovieChat]
) -> None:
    here, there = new_chat(), away()
    for question in (FIRST, SECOND):
        mine, turn = here.ask(question).finish(), there.ask(question)
        assert words(turn) == turn.text == mine.text
        assert turn.finished == mine.finished and turn.evidence == mine.evidence != []
        moment = turn.evidence[0].seconds
        assert torch.allclose(there.heat_map(moment), here.heat_map(moment, mine))
        assert turn.stats and mine.stats and turn.stats.reused_tokens == mine.stats.reused_tokens


def test_a_replica_that_dies_while_it_writes_loses_no_word_and_repeats_none(
    away: Callable[..., ReplicaChat], two: Two, new_chat: Callable[..., MovieChat]
) -> None:
    here, there = new_chat(), away()
    here.ask(FIRST).finish()
    there.ask(FIRST).finish()
    whole, (first, second), written = here.ask(SECOND).finish(), two.alive, []
    two.fatal = lambda step: two.alive == [first, second] and has_words(step) and not written.append(step)
    turn = there.ask(SECOND)
    assert words(turn) == turn.text == whole.text and written
    assert two.alive == [second] and turn.finished == whole.finished
    assert two.calls[-1].turn.earlier == ((FIRST, there.turns[0].text, there.turns[0].options),)
    assert turn.evidence == whole.evidence != []


def test_the_one_that_takes_over_finds_the_frames_kept(away: Callable[..., ReplicaChat], two: Two) -> None:
    frames: list[Step] = []
    two.fatal = lambda step: len(two.alive) == 2 and has_words(step)
    for told in away().ask(FIRST).events(0):
        frames += [what for what in told if isinstance(what, Progress) and what.stage == "frames" and not two.alive[1:]]
    assert len(two.calls) == 2 and not frames


def test_a_turn_that_kills_all_replicas_is_given_up(away: Callable[..., ReplicaChat], two: Two) -> None:
    two.alive *= 5
    two.fatal = lambda step: True
    with pytest.raises(ReplicaError, match="has gone"):
        away().ask(FIRST).finish()
    assert len(two.calls) == 4


def test_other_words_of_the_second_replica_take_the_place_of_the_first_ones(
    away: Callable[..., ReplicaChat], two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([[["Long ago"]], [["Now"], Ended("end")]])

    def steps(call: Call, *, sticky: str) -> Generator[Step, None, None]:
        told = next(answers)
        yield from told  # type: ignore[misc]
        if len(told) == 1:
            raise LostError

    monkeypatch.setattr(two, "steps", steps)
    assert away().ask(FIRST).finish().text == "Now"


def test_stop_ends_it_over_there_and_keeps_what_was_written(away: Callable[..., ReplicaChat], two: Two) -> None:
    turn = away().ask(FIRST, max_new_tokens=400)
    for told in turn.events(0):
        if has_words(told):
            turn.stop()
    assert turn.finished == "stopped" and turn.text
    assert turn.stats and 0 < turn.stats.new_tokens < 400
    assert turn.evidence


def test_stop_ends_a_turn_that_waits_for_room(
    away: Callable[..., ReplicaChat], two: Two, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(call: Call, *, sticky: str) -> Iterator[Step]:
        yield from ([] for _ in range(100))
        raise AssertionError("nobody has stopped it")

    monkeypatch.setattr(two, "steps", full)
    chat = away()
    turn = chat.ask(FIRST)
    for count, _ in enumerate(turn.events(0)):
        if count == 2:
            turn.stop()
    assert turn.finished == "stopped" and not turn.text


def test_whoever_leaves_ends_it_too(away: Callable[..., ReplicaChat], two: Two) -> None:
    turn = away().ask(FIRST, max_new_tokens=4000)
    told = turn.events(0)
    while not has_words(next(told)):
        pass
    told.close()  # type: ignore[attr-defined]
    assert turn.finished == "stopped"
    for thread in enumerate_threads():
        if thread.name == "leaving":
            thread.join(timeout=60)
            assert not thread.is_alive()
    assert two.calls[0].number in two.alive[0]._stopped


def test_a_section_that_was_read_ahead_is_there_for_its_question(away: Callable[..., ReplicaChat], two: Two) -> None:
    chat = away(guide="ahead")
    assert chat.reads_ahead and not away(guide="first").reads_ahead
    assert {step.stage for step in chat.read_ahead(Event())} >= {"frames"}
    told = [what for told in chat.ask(FIRST).events(0) for what in told if isinstance(what, Progress)]
    assert "frames" not in {what.stage for what in told}
    stopped = Event()
    stopped.set()
    assert not list(away().read_ahead(stopped))


def test_a_person_hears_what_is_wrong_in_its_own_words(away: Callable[..., ReplicaChat], film: Movie) -> None:
    with pytest.raises(MovieError, match="no longer here"):
        away(film=replace(film, path=Path("gone.mp4"))).ask(FIRST).finish()
