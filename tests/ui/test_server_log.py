"""The server's log tells of faults, and not of pages that it has forgotten."""

import httpx

from tests.ui.conftest import Server


def test_a_page_that_was_forgotten_is_told_so_and_leaves_no_traceback(server: Server) -> None:
    events = f"{server.url}/gradio_api/queue/data?session_hash=nobody"
    with httpx.stream("GET", events, timeout=30) as told:
        assert any("unexpected_error" in line for line in told.iter_lines())
    assert "Traceback" not in server.log.read_text()
