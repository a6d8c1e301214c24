"""Suggested questions are about the section that is open; the transcript says where sections begin."""

from dataclasses import replace
from pathlib import Path

import pytest

from llamavid_demo.film import Movie, load_movie
from llamavid_demo.ui.suggesting import suggested
from llamavid_demo.ui.transcript import transcript_list


@pytest.fixture(scope="module")
def movie(films: Path) -> Movie:
    return load_movie(films / "harbour", section_minutes=0.5)


def test_the_films_own_questions_are_about_its_beginning(movie: Movie) -> None:
    assert suggested(movie, 0) == movie.questions
    assert suggested(movie, 1) == (
        "What is this part about?", "Who speaks first?", "What can be seen at 0:35?",
    )  # fmt: skip


def test_a_section_has_its_own(movie: Movie) -> None:
    first, second = movie.sections
    asked = replace(movie, sections=(first, replace(second, questions=("Where is the tide?",))))
    assert suggested(asked, 1) == ("Where is the tide?",)


def test_without_subtitles_nobody_speaks(movie: Movie) -> None:
    assert "Who speaks first?" not in suggested(replace(movie, subtitles=None), 1)


def test_the_first_line_of_each_section_says_so(movie: Movie) -> None:
    assert movie.subtitles
    html = transcript_list(movie.subtitles.cues, "en", movie.sections)
    assert html.index('data-border="Section 1 · 0:00–0:30"') < html.index("Have you seen the map?")
    assert html.index("under the red boat") < html.index(
        'data-unread="Section 2 · 0:30–1:00: not read by the model now"'
    )
    assert html.count("data-border") == 2
    assert "data-border" not in transcript_list(movie.subtitles.cues, "en", movie.sections[:1])
