"""Prefixes in memory: within their budgets, those in use are never moved away."""

from collections.abc import Callable

import pytest
import torch

from llamavid_demo.chat.prefixes import CPU, PrefixCache, SharedPrefix
from llamavid_demo.model.prefix import Prefix

SIZE = 2 * 4 * 10 * 8 * 4  # bytes of one: keys and values of 4 heads, 10 tokens, 8 numbers of 4 bytes
Read = Callable[..., SharedPrefix]


def take(prefixes: PrefixCache, name: str) -> SharedPrefix:
    shared = prefixes.take({"name": name}, layers=1, tokens=10, eight_bit=False, nbytes={CPU: SIZE})
    assert shared is not None
    return shared


@pytest.fixture
def read() -> Read:
    def once(prefixes: PrefixCache, name: str) -> SharedPrefix:
        """Use a prefix as an answer does, and read it if it is new."""
        shared = take(prefixes, name)
        if shared.prefix.offloaded:
            prefixes.restore(shared)
        if not shared.prefix.filled:
            shared.prefix.write(0, *torch.randn(2, 4, 10, 8))
            shared.prefix.advance(10)
        prefixes.give_back(shared)
        return shared

    return once


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if layers computed on a card that holds two prefixes."""
    monkeypatch.setattr(Prefix, "on_cpu", False)


def test_the_least_recently_used_is_let_go(read: Read) -> None:
    prefixes = PrefixCache(2 * SIZE)
    a, _, again, _ = (read(prefixes, name) for name in "abac")
    assert again is a
    assert (len(prefixes), prefixes.nbytes) == (2, 2 * SIZE)
    assert read(prefixes, "a") is a
    assert read(prefixes, "b").prefix.filled == 10  # read anew


def test_from_a_card_they_go_to_the_cpus_memory_and_come_back(read: Read, card: None) -> None:
    prefixes = PrefixCache(2 * SIZE, spare_bytes=2 * SIZE)
    a = read(prefixes, "a")
    keys = a.prefix.read(0, 10)[0].clone()
    for name in "bcd":
        read(prefixes, name)
    assert (prefixes.nbytes, prefixes.offloaded_nbytes, a.prefix.offloaded) == (2 * SIZE, 2 * SIZE, True)
    assert read(prefixes, "a") is a
    assert not a.prefix.offloaded
    assert torch.equal(a.prefix.read(0, 10)[0], keys)
    assert (prefixes.nbytes, prefixes.offloaded_nbytes) == (2 * SIZE, 2 * SIZE)
    for name in "efgh":
        read(prefixes, name)
    assert len(prefixes) == 4
    assert read(prefixes, "a") is not a


def test_who_is_in_use_stays(read: Read, card: None) -> None:
    prefixes = PrefixCache(0, spare_bytes=10 * SIZE)
    a = take(prefixes, "a")
    read(prefixes, "a")
    read(prefixes, "b")
    read(prefixes, "c")
    assert not a.prefix.offloaded
    assert prefixes.offloaded_nbytes == SIZE
    prefixes.give_back(a)
    read(prefixes, "d")
    assert a.prefix.offloaded
