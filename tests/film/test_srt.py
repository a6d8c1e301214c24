"""SRT as people edit it: what is written comes back, and what is wrong is said with its line."""

import pytest

from llamavid_demo.errors import SubtitleError
from llamavid_demo.film.cues import Cue
from llamavid_demo.film.srt import from_srt, to_srt

CUES = (Cue(1.0, 4.0, "Mara: Have you\nseen the map?"), Cue(3725.5, 3727.25, "<i>No</i> & never."))


def test_cues_come_back_as_they_were() -> None:
    assert from_srt(to_srt(CUES)) == CUES
    assert to_srt(CUES).startswith("1\n00:00:01,000 --> 00:00:04,000\nMara: Have you\nseen the map?\n\n2\n01:02:05,500")


def test_numbers_may_be_wrong_or_missing() -> None:
    text = "\n7\n00:00:05,0 --> 00:00:06.5\nlater\n\n\n0:00:01,000 --> 0:00:02,000\n12\n"
    assert from_srt(text) == (Cue(1, 2, "12"), Cue(5, 6.5, "later"))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no line with text"),
        ("1\n00:00:01,000 --> 00:00:04,000\n\n", "no line with text"),
        ("1\n00:00:01,000 -> 00:00:04,000\nHere.\n", "Line 2 is “00:00:01,000 -> 00:00:04,000”"),
        ("1\n00:00:01,000 --> 00:00:04,000\nHere.\n\nHello\n", "Line 5 is “Hello”"),
        ("1\n00:00:04,000 --> 00:00:01,000\nHere.\n", "Line 2 ends before it begins"),
        ("1\n00:00:01,000 --> 00:00:04,000\nHere.\n00:00:05,000 --> 00:00:06,000\nNo.", "Line 4 is a time"),
        ("1\n00:00:01,000 --> 00:00:04,000\nHere.\n\n2", "Line 6 is empty"),
        ("x" * 2_000_001, "2,000,001 letters"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(text: str, said: str) -> None:
    with pytest.raises(SubtitleError) as error:
        from_srt(text)
    assert said in str(error.value)
