"""What the server's log leaves out."""

import asyncio
import logging
import traceback

from fastapi import HTTPException


class ForgottenPages(logging.Filter):
    """Drops what is no fault: streams of events that end because the server has forgotten their page.

    A page that asks for events then is told so; of two streams of a page that is closed the second one finds it
    forgotten by the first. Gradio ends both with an error, which uvicorn would log with its whole traceback.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is logged."""
        error = record.exc_info[1] if record.exc_info else None
        if error is None:
            return True
        before = error.__cause__ or error.__context__
        told = isinstance(before, HTTPException) and before.status_code == 404
        return not (told or (isinstance(error, KeyError) and _left_stream(error, before)))


def _left_stream(error: KeyError, before: BaseException | None) -> bool:
    """Whether an error is that of a stream of Gradio's whose page has left."""
    frames = traceback.extract_tb(error.__traceback__)
    return isinstance(before, asyncio.CancelledError) and bool(frames) and frames[-1].name == "sse_stream"


def quieten() -> None:
    """Have uvicorn's log leave them out."""
    logging.getLogger("uvicorn.error").addFilter(ForgottenPages())
