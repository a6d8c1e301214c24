"""How long those in the queue will wait, by what answers took."""

import time

import pytest

from llamavid_demo.chat.answer import Answer
from llamavid_demo.chat.decoding import Sampling
from llamavid_demo.chat.task import Priority, Task, Urgency
from llamavid_demo.chat.waiting_times import WaitingTimes

NOW = 1000.0


def answer(began: float | None) -> Answer:
    task = Answer(lambda: iter(()), Sampling())  # type: ignore[arg-type,return-value]
    task.began = began
    return task


@pytest.fixture
def times(monkeypatch: pytest.MonkeyPatch) -> WaitingTimes:
    """An answer took ten seconds."""
    monkeypatch.setattr(time, "monotonic", lambda: NOW)
    times = WaitingTimes()
    times.add(answer(NOW - 10))
    return times


def test_each_running_answer_makes_room_after_the_mean_time(times: WaitingTimes) -> None:
    running = [answer(NOW - 4), answer(NOW - 1)]  # 6 and 9 seconds are left
    assert [times.expected(place, running) for place in (1, 2, 3, 4)] == [6, 9, 16, 19]
    assert times.expected(1, [answer(NOW - 60)]) == 0


def test_what_was_never_admitted_or_is_no_answer_does_not_count(times: WaitingTimes) -> None:
    other = Task(lambda: iter(()), urgency=Urgency(Priority.AHEAD))  # type: ignore[arg-type,return-value]
    other.began = NOW - 500
    for task in (answer(None), other):
        times.add(task)
    assert times.expected(1, [other, answer(NOW)]) == 10
    assert times.expected(1, [other]) is None


def test_later_answers_count_more(times: WaitingTimes) -> None:
    times.add(answer(NOW - 40))
    assert times.expected(1, [answer(NOW)]) == pytest.approx(30)


def test_nothing_is_known_before_an_answer_has_ended() -> None:
    assert WaitingTimes().expected(1, [answer(time.monotonic())]) is None
