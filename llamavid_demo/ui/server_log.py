"""What the server's log leaves out."""

import logging

from fastapi import HTTPException


class ForgottenPages(logging.Filter):
    """Drops what is no fault: a page asks for events of which the server has forgotten it, and is told so.

    Gradio ends such a stream with an error after it has begun, which uvicorn would log with its whole traceback.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether a record is logged."""
        cause = record.exc_info[1].__cause__ if record.exc_info and record.exc_info[1] else None
        return not (isinstance(cause, HTTPException) and cause.status_code == 404)


def quieten() -> None:
    """Have uvicorn's log leave them out."""
    logging.getLogger("uvicorn.error").addFilter(ForgottenPages())
