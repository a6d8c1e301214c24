"""Work in a thread of its own gives what it gives, raises what it raises, and leaves no thread behind."""

import threading

import pytest

from llamavid_demo.model.own_thread import in_own_thread


def test_a_call_has_a_thread_that_ends_with_it() -> None:
    @in_own_thread
    def add(a: int, *, b: int) -> tuple[int, threading.Thread]:
        return a + b, threading.current_thread()

    total, thread = add(1, b=2)
    assert total == 3
    assert thread is not threading.current_thread()
    assert not thread.is_alive()


def test_errors_come_through() -> None:
    @in_own_thread
    def fail() -> None:
        raise KeyError("lost")

    with pytest.raises(KeyError, match="lost"):
        fail()
