"""What a check of the doctor found."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Finding:
    """How it stands with one thing: `said` in words, and `do`, what helps, where it is not ok.

    With a warning the page works, without something; what is wrong keeps it from working.
    """

    state: Literal["ok", "warning", "wrong"]
    said: str
    do: str = ""


def ok(said: str) -> Finding:
    """Nothing to do."""
    return Finding("ok", said)


def warning(said: str, do: str) -> Finding:
    """Something is lacking that the page can do without."""
    return Finding("warning", said, do)


def wrong(said: str, do: str) -> Finding:
    """The page cannot work like this."""
    return Finding("wrong", said, do)
