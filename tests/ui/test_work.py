"""Long work is heard of, can be stopped, and is over when its listener is gone."""

import threading

import pytest

from llamavid_demo.ui.work import Stopped, Work


def test_everything_told_is_heard_in_order() -> None:
    work = Work(lambda work: [work.tell(number) for number in range(100)] and None)
    assert [number for batch in work.batches(every=0.001) for number in batch] == list(range(100))
    assert not work.running
    assert not work.stopped


def test_error_of_the_job_reaches_the_listener() -> None:
    def job(work: Work) -> None:
        work.tell("begun")
        raise ValueError("no")

    heard = []
    with pytest.raises(ValueError, match="no"):
        heard += [what for batch in Work(job).batches() for what in batch]


def test_stop_ends_the_job_at_its_next_word() -> None:
    def job(work: Work) -> None:
        while True:
            work.tell("still here")

    work = Work(job)
    with pytest.raises(Stopped):
        for _ in work.batches(every=0.001):
            work.stop()
    assert not work.running


def test_job_with_its_own_way_to_end_is_not_broken_off() -> None:
    end = threading.Event()

    def job(work: Work) -> None:
        work.on_stop(end.set)
        work.say("waiting")
        end.wait()
        work.say("ended well")

    work = Work(job)
    heard = []
    for batch in work.batches(every=0.001):
        heard += batch
        work.stop()
    assert heard == ["waiting", "ended well"]


def test_stop_before_the_job_could_say_how_is_not_lost() -> None:
    end = threading.Event()

    def job(work: Work) -> None:
        work.on_stop(end.set)
        end.wait()

    work = Work(job)
    work.stop()
    assert list(work.batches()) == []
    assert end.is_set()


def test_job_ends_with_its_listener() -> None:
    def job(work: Work) -> None:
        while True:
            work.tell("still here")

    work = Work(job)
    batches = work.batches(every=0.001)
    next(batches)
    batches.close()
    assert not work.running
