"""A conversation as a file: what stands in it, and that nobody's words become anything but words."""

import json
from pathlib import Path

import pytest

from llamavid_demo.chat import Evidence, Turn
from llamavid_demo.film import Cue, Movie, load_movie
from llamavid_demo.settings import Settings
from llamavid_demo.ui.export import NOTHING_YET, Saving, Talk
from llamavid_demo.ui.sessions import Sessions
from llamavid_demo.ui.thumbs import MOST, name, thumbs


@pytest.fixture(scope="module")
def movie(films: Path) -> Movie:
    return load_movie(films / "harbour", section_minutes=0.5)


def answered(question: str, text: str) -> Turn:
    turn = Turn.past(question, text)
    turn.evidence = [Evidence(39.0, 0.25, None), Evidence(35.0, 0.5, Cue(35.0, 39.0, "The tide\nhas [taken](it)."))]
    return turn


def talk(movie: Movie, *turns: Turn, **judged: int) -> Talk:
    return Talk(movie, 1, "tiny", turns, Settings(), judged)


def test_json_has_all_that_an_answer_came_from(movie: Movie) -> None:
    turn = answered("Where?", "At sea.")
    file, text = talk(movie, turn, **{name("Where?", "At sea."): -1}).file("json")
    data = json.loads(text)
    assert file == "the-harbour-section-2.json"
    assert data["film"]["slug"] == "harbour"
    assert data["section"] == {"number": 1, "start": 30.0, "end": 60.0}
    assert {"guide", "look_frames"} <= data["settings"].keys()
    (kept,) = data["turns"]
    assert (kept["question"], kept["answer"], kept["finished"], kept["thumb"]) == ("Where?", "At sea.", "end", "down")
    assert [moment["seconds"] for moment in kept["evidence"]] == [39.0, 35.0]
    assert kept["evidence"][1]["cue"]["start"] == 35.0
    assert kept["options"]["reads"] == "both"


def test_markdown_shows_words_as_they_are(movie: Movie) -> None:
    text = talk(movie, answered("# <b>Where?</b>", "1. ![x](http://x)\n- *At* sea.")).markdown()
    lines = text.splitlines()
    assert lines[0] == "# The Harbour"
    assert r"## \# \<b\>Where?\</b\>" in lines
    assert r"1\. \!\[x\](http://x)" in lines
    assert r"\- \*At\* sea." in lines
    assert lines[-2:] == [r"- 0:35: The tide has \[taken\](it).", "- 0:39"]


def test_nothing_to_save_is_said(movie: Movie) -> None:
    saving = Saving(Settings(), Sessions([movie]))
    assert NOTHING_YET in saving.save("a", "json", {}, "harbour", 0)["alert"]


@pytest.mark.parametrize("sent", [None, [], "x", {str(number): 1 for number in range(MOST + 1)}])
def test_thumbs_that_are_none_are_left_out(sent: object) -> None:
    assert thumbs(sent) == {}
    assert thumbs({"a": 1, "b": -1, "c": 2, "d": True, "e": "1"}) == {"a": 1, "b": -1}
