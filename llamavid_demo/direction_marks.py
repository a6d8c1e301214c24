"""Marks that turn the direction of the text that follows: in a name they hide what it is, and turn what stands after.

Scripts that run from right to left need none of them in a name: each letter has its own direction.
"""

import re

_MARKS = re.compile(r"[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def without_marks(text: str) -> str:
    """The text without them; its letters stand as they are."""
    return _MARKS.sub("", text)
