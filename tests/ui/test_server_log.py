"""The server's log tells of faults, and not of pages that it has forgotten."""

import asyncio
import logging
from collections.abc import AsyncIterator

import httpx
import pytest

from llamavid_demo.ui.server_log import ForgottenPages
from tests.ui.conftest import Server
from tests.ui.scripted import run


def test_a_page_that_was_forgotten_is_told_so_and_leaves_no_traceback(server: Server) -> None:
    events = f"{server.url}/gradio_api/queue/data?session_hash=nobody"
    with httpx.stream("GET", events, timeout=30) as told:
        assert any("unexpected_error" in line for line in told.iter_lines())
    assert "Traceback" not in server.log.read_text()


async def sse_stream(pages: dict[str, str], page: str) -> AsyncIterator[str]:
    """As Gradio's: it forgets its page when it is closed."""
    try:
        yield pages[page]
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        del pages[page]
        raise


async def ended(stream: AsyncIterator[str], pages: dict[str, str]) -> BaseException:
    """What a stream ends with that is closed when its page is forgotten already."""

    async def read() -> None:
        async for _ in stream:
            reading.set()

    reading = asyncio.Event()
    task = asyncio.create_task(read())
    await reading.wait()
    pages.clear()
    task.cancel()
    (error,) = await asyncio.gather(task, return_exceptions=True)
    assert isinstance(error, BaseException)
    return error


def logged(error: BaseException) -> bool:
    record = logging.LogRecord("uvicorn.error", logging.ERROR, "", 0, "", (), (type(error), error, error.__traceback__))
    return ForgottenPages().filter(record)


def test_of_a_page_with_two_streams_that_is_closed_nothing_is_told() -> None:
    pages = {"a": "events"}
    error = run(ended(sse_stream(pages, "a"), pages))
    assert isinstance(error, KeyError)
    assert not logged(error)


@pytest.mark.parametrize("error", [KeyError("a"), ValueError("a")])
def test_other_faults_are_told(error: Exception) -> None:
    with pytest.raises(type(error)) as raised:
        raise error from asyncio.CancelledError()
    assert logged(raised.value)
