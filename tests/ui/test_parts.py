"""The parts of the page as HTML: what they say, and that no film, person or model can write HTML of their own."""

import base64
import io
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from llamavid_demo.chat import Evidence, Progress, Turn, TurnStats
from llamavid_demo.film import Cue, Movie, Section
from llamavid_demo.settings import Settings
from llamavid_demo.ui import evidence, heat, posters, screening, sections, talk, transcript, words
from llamavid_demo.ui.invitation import invitation

FILM = {"section_tokens": 80, "memory_bytes": 310_000_000}
EVIL = "<img src=x onerror=alert(1)>\"'&{{x}}${y}"
PLAIN_TAGS = {
    "article",
    "b",
    "br",
    "button",
    "details",
    "div",
    "em",
    "h2",
    "h3",
    "i",
    "img",
    "input",
    "label",
    "li",
    "ol",
    "p",
    "path",
    "span",
    "summary",
    "svg",
    "textarea",
    "time",
    "ul",
}


class Reader(HTMLParser):
    """Collects tags, attributes and text, as a browser would see them."""

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""
        self.feed(markup)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def movie() -> Movie:
    return Movie(
        slug="the-map",
        title="The Map",
        path=Path("/films/the map/movie.mp4"),
        duration=2200.0,
        width=640,
        height=360,
        codec="h264",
        sections=(Section(0, 0.0, 1800.0, "It begins."), Section(1, 1800.0, 2200.0)),
        subtitles=None,
        poster=Path("/films/the map/poster.jpg"),
        year=2026,
        licence="CC BY 4.0",
        source="",
        synopsis="A map is lost.",
        questions=("Where does it begin?",),
    )


def answered(text: str, **stats: object) -> Turn:
    turn = Turn.past("Where?", text)
    figures = {"frames": 30, "prompt_tokens": 100, "reused_tokens": 0, "new_tokens": 5}
    turn.stats = TurnStats(**{**figures, "ttft_s": 0.42, "tokens_per_s": 31.4, **FILM, **stats})
    return turn


def evil_parts(movie: Movie) -> list[str]:
    film = replace(movie, title=EVIL, slug=EVIL, licence=EVIL, synopsis=EVIL, poster=Path(f"/films/{EVIL}.jpg"))
    film = replace(film, sections=(replace(film.sections[0], synopsis=EVIL),))
    cue = Cue(1.0, 2.0, EVIL)
    turn = answered(EVIL)
    turn.question = EVIL
    return [
        posters.poster_wall([film, replace(film, poster=None)], EVIL, [EVIL], {EVIL: EVIL}),
        sections.section_strip(film, 0, {}),
        transcript.transcript_list([cue]),
        evidence.evidence_strip([Evidence(1.0, 0.5, cue)], {}),
        talk.finished_turn(turn, last=True),
        talk.unfinished_turn(EVIL, EVIL),
        talk.suggestions([EVIL]),
        invitation(EVIL, None, Settings()),
        talk.alert(EVIL),
        screening.about(film),
    ]


def test_nothing_from_outside_becomes_markup(movie: Movie) -> None:
    for markup in evil_parts(movie):
        seen = Reader(markup)
        assert set(seen.tags) <= PLAIN_TAGS
        assert not [name for name, _ in seen.attributes if name.startswith("on") or name == "x"]
        assert "onerror=alert(1)" in seen.text + " ".join(value or "" for _, value in seen.attributes)


def test_wall_marks_the_open_film_and_offers_a_place_for_ones_own(movie: Movie) -> None:
    wall = posters.poster_wall([movie, replace(movie, slug="other", poster=None)], "the-map", own=["other"])
    assert wall.count('aria-pressed="true"') == 1
    assert 'alt="Poster of The Map"' in wall
    assert "37 min · 2026 · CC BY 4.0" in Reader(wall).text
    assert "gradio_api/file=/films/the%20map/poster.jpg" in wall
    assert "Yours" in wall
    assert "data-bring" in wall


def test_own_film_has_a_still_as_poster_and_can_be_removed(movie: Movie) -> None:
    own = replace(movie, slug="own-1", poster=None)
    wall = posters.poster_wall([movie, own], "own-1", ["own-1"], {"own-1": "data:image/jpeg;base64,AAAA"})
    assert '<img src="data:image/jpeg;base64,AAAA" alt="Poster of The Map">' in wall
    assert wall.count('data-remove="own-1" aria-label="Remove The Map"') == wall.count("data-remove") == 1
    assert "lettered" not in wall


def test_films_and_sections_say_how_much_was_asked_about_them(movie: Movie) -> None:
    wall = posters.poster_wall([movie, replace(movie, slug="own-1")], "the-map", ["own-1"], {}, {"own-1": 1})
    assert wall.count('class="mark"') == 1 and "Yours · 1 question</span>" in wall
    strip = Reader(sections.section_strip(movie, 1, {}, asked={0: 2})).text
    assert "0:00–30:00 · 2 questions" in strip and strip.count("question") == 1


def test_without_subtitles_the_transcript_offers_only_what_this_server_can_do(movie: Movie) -> None:
    assert "have them written down" in transcript.transcript(movie, hears=True)
    assert "written down" not in transcript.transcript(movie)


def test_strip_shares_its_pictures_among_the_sections(movie: Movie) -> None:
    times = [sections.still_times(movie, section) for section in movie.sections]
    assert [len(some) for some in times] == [7, 2]
    assert all(
        section.start <= t < section.end for section, some in zip(movie.sections, times, strict=True) for t in some
    )
    strip = sections.section_strip(movie, 1, {times[0][0]: "data:image/jpeg;base64,AAAA"})
    assert strip.count("<img") == 1
    assert strip.count('class="blank"') == 8
    assert strip.count("data-seek") == 9
    assert "30:00–36:40" in strip


def test_cost_is_stated_as_far_as_it_is_known(movie: Movie) -> None:
    section = movie.sections[0]
    assert "1,800 frames · the rest follows" in Reader(sections.section_cost(section, "the rest follows")).text
    known = Reader(sections.section_cost(section, tokens=6200, memory=310_000_000, seconds=90, most_tokens=4096)).text
    assert "6,200 tokens · memory of this film: 310 MB · read in about 2 min on this machine" in known
    assert "more than the 4,096 tokens" in known


def test_transcript_keeps_a_cue_on_one_line() -> None:
    markup = transcript.transcript_list([Cue(61.0, 64.5, "Look!\nThere.")])
    assert 'data-seek="61.000" data-end="64.500"' in markup
    assert "1:01 Look! There." in Reader(markup).text


def test_evidence_stands_in_the_order_of_the_film() -> None:
    moments = [Evidence(75.0, 0.2, Cue(74.0, 76.0, "Over there")), Evidence(3.0, 0.5, None)]
    markup = evidence.evidence_strip(moments, {})
    assert markup.index('data-seek="3.000"') < markup.index('data-seek="75.000"')
    assert "Go to 1:15 Over there" in Reader(markup).text
    assert evidence.LEANED_ON in markup
    assert evidence.evidence_strip([], {}) == ""


def test_frames_beside_a_refusal_are_not_called_evidence() -> None:
    markup = evidence.evidence_strip([Evidence(3.0, 0.5, None)], {}, found=False)
    assert evidence.IN_VAIN in Reader(markup).text
    assert evidence.LEANED_ON not in markup


def test_where_the_model_looked_lies_over_the_still_of_its_frame() -> None:
    moments = [Evidence(3.0, 0.5, None), Evidence(9.0, 0.5, None)]
    markup = evidence.evidence_strip(moments, {3.0: "data:a", 9.0: "data:b"}, {9.0: "data:heat"})
    assert '<img src="data:b" alt=""><img class="heat" src="data:heat" alt="">' in markup
    assert markup.count("heat") == 2
    assert "Show where it looked" in Reader(markup).text
    assert "looked" not in evidence.evidence_strip(moments, {3.0: "data:a"})


@pytest.mark.parametrize("cropped", [False, True])
def test_a_heat_map_is_warm_where_the_model_looked_and_clear_elsewhere(movie: Movie, cropped: bool) -> None:
    shares = np.zeros((4, 4))
    shares[1, 3] = 1  # right, above the middle
    address = heat.heat_picture(shares, movie, cropped=cropped)
    file = io.BytesIO(base64.b64decode(address.removeprefix("data:image/png;base64,")))
    picture = np.asarray(Image.open(file))
    warm = picture[..., 3]  # (h, w)
    assert tuple(picture[0, 0, :3]) == heat.WARM
    down, across = (int(place.mean()) for place in np.nonzero(warm == warm.max()))
    height, width = warm.shape
    assert (width, height) == (80, 45)
    left, side = ((width - height) / 2, height) if cropped else (0, width)
    assert down == pytest.approx(height * 3 / 8, abs=1)
    assert across == pytest.approx(left + side * 7 / 8, abs=4)
    assert 130 < warm.max() < 220
    assert warm[-1, 0] == 0


def test_attention_that_is_spread_evenly_leaves_the_picture_clear(movie: Movie) -> None:
    even = heat.heat_picture(np.ones((4, 4)), movie, cropped=False)
    picture = Image.open(io.BytesIO(base64.b64decode(even.removeprefix("data:image/png;base64,"))))
    assert np.asarray(picture)[..., 3].max() == 0


def test_status_line_says_what_was_reused_and_how_it_ended() -> None:
    first = Reader(talk.finished_turn(answered("At sea."))).text
    assert (
        "100 tokens read, none reused · first word after 0.42 s · 31 tokens/s · memory of this film: 80 tokens, 310 MB"
        in first
    )
    stopped = answered("At", reused_tokens=90)
    stopped.finished = "stopped"
    later = talk.finished_turn(stopped, last=True)
    assert "stopped · 90 tokens reused, 10 new" in Reader(later).text
    assert 'data-reused="90" data-prompt="100"' in later
    assert "Retry" in later
    assert "Retry" not in talk.finished_turn(stopped)
    assert "9 earliest questions no longer read · 100 tokens" in talk.finished_turn(
        answered("At sea.", dropped_turns=9)
    )


def test_answer_keeps_its_lines() -> None:
    assert "one<br>two &lt;3" in talk.finished_turn(answered("one\ntwo <3\n"))


def test_times_inside_the_film_are_links() -> None:
    html = talk.timed(talk.prose('At 1:12, "0:05" and 1:00:00, 2:00, not 7:30 pm, 1:02:03:04 or <b>3:1</b>.'), 3700)
    assert [at for name, at in Reader(html).attributes if name == "data-seek"] == [
        "72.000",
        "5.000",
        "3600.000",
        "120.000",
    ]
    assert talk.timed("At 2:00.", 120) == "At 2:00."
    assert talk.timed("Heard at 0:53: Hi.", 60) == 'Heard at <a href="#t=53" data-seek="53.000">0:53</a>: Hi.'
    assert 'data-seek="3.000">0:03</a>' in talk.finished_turn(answered("At 0:03."), length=60)


def test_place_in_the_queue_is_said(movie: Movie) -> None:
    bar = talk.progress_bar(Progress("queue", 2, 3))
    assert Reader(bar).text == "Waiting for the model: number 2 of 3 in the queue"
    bar = talk.progress_bar(Progress("queue", 2, 3, seconds=41.7))
    assert Reader(bar).text == "Waiting for the model: number 2 of 3 in the queue, about 42 s"


def test_bar_shows_how_far_it_is() -> None:
    bar = talk.progress_bar(Progress("frames", 40, 160))
    assert 'aria-valuenow="40"' in bar
    assert "width:25.0%" in bar
    assert "Watching the section 40 of 160 frames" in Reader(bar).text
    assert "width" not in talk.progress_bar(None)


@pytest.mark.parametrize(("seconds", "text"), [(45, "45 s"), (327, "5 min"), (3600, "1 h"), (4800, "1 h 20 min")])
def test_length(seconds: float, text: str) -> None:
    assert words.length(seconds) == text


@pytest.mark.parametrize(
    ("count", "text"), [(900, "900 bytes"), (640e3, "640 kB"), (1.234e9, "1.2 GB"), (31e9, "31 GB")]
)
def test_size(count: float, text: str) -> None:
    assert words.size(count) == text
