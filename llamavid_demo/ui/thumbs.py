"""Thumbs, up or down: what a visitor thinks of an answer. The browser keeps them, and sends them when it exports."""

from hashlib import blake2s
from typing import Any

UP, DOWN = 1, -1
MOST = 1000  # that are read


def name(question: str, text: str) -> str:
    """The name under which a browser keeps the thumb of an answer: the same after a reload."""
    return blake2s(f"{question}\0{text}".encode(), digest_size=8).hexdigest()


def thumbs(sent: Any) -> dict[str, int]:
    """The thumbs that a browser sent, by name; what is none is left out."""
    if not isinstance(sent, dict) or len(sent) > MOST:
        return {}
    return {str(key): value for key, value in sent.items() if type(value) is int and value in (UP, DOWN)}
