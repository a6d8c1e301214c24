"""The trap sees what it is there for: without this, hostile files could not fail."""

import socket

from tests.hostile.trap import trap


def test_reading_the_canary_is_seen() -> None:
    assert not list(trap().sprung())
    (trap().canary / "canary.srt").read_text()
    assert list(trap().sprung()) == ["the canary was opened"]


def test_calling_the_listener_is_seen() -> None:
    host, _, port = trap().address.partition(":")
    socket.create_connection((host, int(port))).close()
    assert list(trap().sprung()) == ["the listener was called"]
    assert not list(trap().sprung())
