"""Conversations about films: sections encoded once, turns against the cached prefix, answers with evidence.

Knows neither Gradio nor how video is decoded.
"""

from llamavid_demo.chat.cost import section_plan
from llamavid_demo.chat.encoded_section import encode_section, open_cache
from llamavid_demo.chat.evidence import Evidence
from llamavid_demo.chat.foreign import foreign_language
from llamavid_demo.chat.movie_chat import MovieChat
from llamavid_demo.chat.progress import Progress
from llamavid_demo.chat.section_cost import SectionCost, expected_seconds, section_cost
from llamavid_demo.chat.turn import Turn, TurnStats

__all__ = [
    "Evidence", "MovieChat", "Progress", "SectionCost", "Turn", "TurnStats", "encode_section", "expected_seconds",
    "foreign_language",
    "open_cache", "section_cost", "section_plan",
]  # fmt: skip
