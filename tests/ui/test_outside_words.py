"""Words from outside, in file names, cues, questions and answers, are shown as words: none becomes a tag."""

from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from llamavid_demo.chat import Evidence, Turn
from llamavid_demo.film import Cue, Movie, load_movie
from llamavid_demo.film.cues import SubtitleTrack
from llamavid_demo.settings import Settings
from llamavid_demo.ui.evidence import evidence_strip
from llamavid_demo.ui.invitation import invitation
from llamavid_demo.ui.language import speaking
from llamavid_demo.ui.posters import poster_wall
from llamavid_demo.ui.search import marked
from llamavid_demo.ui.sections import section_strip
from llamavid_demo.ui.talk import alert, finished_turn, notice, suggestions, unfinished_turn
from llamavid_demo.ui.timeline import timeline
from llamavid_demo.ui.transcript import transcript

PLAIN = "Where is it"
SCRIPTS = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "' onmouseover='alert(1)",
    '" autofocus onfocus="alert(1)',
    "</p></div><svg onload=alert(1)>",
    "&lt;b&gt;<!-- ]]> --><style>*{}</style>",
    "<a href='javascript:alert(1)'>{0} {x}</a>",
    "[x](javascript:alert(1)) ![x](x) `<b>`",
)
Draw = Callable[[str, Movie], str]


def film(words: str, movie: Movie) -> Movie:
    """A film all of whose words are these."""
    cue = Cue(1.0, 4.0, words)
    section = replace(movie.sections[0], synopsis=words)
    track = SubtitleTrack((cue,), words, None, words, (words,))
    return replace(
        movie, title=words, slug=words, year=2026, licence=words, synopsis=words, sections=(section,), subtitles=track,
        poster=Path(words),
    )  # fmt: skip


def turn(words: str) -> Turn:
    """A question with its answer and what that leaned on."""
    told = Turn.past(words, words)
    told.finished, told.evidence = "end", [Evidence(3.0, 0.5, Cue(1.0, 4.0, words))]
    return told


PLACES: dict[str, Draw] = {
    "an answer": lambda words, _: finished_turn(turn(words), last=True, length=60, choices=2),
    "an answer that is being written": lambda words, _: unfinished_turn(words, words),
    "evidence": lambda words, _: evidence_strip(turn(words).evidence, {3.0: words}, {3.0: words}),
    "the wall": lambda words, movie: poster_wall([film(words, movie)], words, [words], {words: words}, {words: 2}),
    "the transcript": lambda words, movie: transcript(film(words, movie)),
    "the sections": lambda words, movie: section_strip(film(words, movie), 0, {}),
    "the timeline": lambda words, movie: timeline(film(words, movie), 0, [turn(words).evidence], Path(words)),
    "the invitation": lambda words, _: invitation(words, None, Settings()),
    "an alert": lambda words, _: alert(words),
    "a notice": lambda words, _: notice(words),
    "suggestions": lambda words, _: suggestions([words]),
    "a line that was found": lambda words, _: marked(f"boat {words}", ["boat"]),
}


class Shape(HTMLParser):
    """The tags of a page with the names of their attributes, and which of those would run something."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, tuple[str, ...]]] = []
        self.runs: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(name for name, _ in attrs)))
        self.runs += [name for name, _ in attrs if name.startswith("on")]
        self.runs += [str(value) for name, value in attrs if name == "href" and "script:" in str(value)]

    def handle_endtag(self, tag: str) -> None:
        self.tags.append((f"/{tag}", ()))

    def handle_comment(self, data: str) -> None:
        self.tags.append(("!", ()))


@pytest.fixture(scope="module")
def movie(films: Path) -> Movie:
    return load_movie(films / "harbour")


@pytest.mark.parametrize("place", PLACES)
def test_words_from_outside_stay_words(place: str, movie: Movie) -> None:
    draw = PLACES[place]
    for language in ("en", "zh-CN"):
        with speaking(language):  # type: ignore[arg-type]
            plain = Shape(draw(PLAIN, movie))
            for words in SCRIPTS:
                shown = Shape(draw(words, movie))
                assert (shown.tags, shown.runs) == (plain.tags, []), words


def test_a_tag_that_comes_through_is_seen() -> None:
    assert Shape(f"<p>{SCRIPTS[0]}</p>").tags != Shape(f"<p>{PLAIN}</p>").tags
    assert Shape('<a href="javascript:1" onclick="1">').runs == ["onclick", "javascript:1"]
