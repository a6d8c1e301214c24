"""Search in what is said: phrases without case and accents, typing errors, and never a query language."""

from dataclasses import replace
from pathlib import Path

import pytest

from llamavid_demo.film import Cue, Movie, Section, SubtitleTrack
from llamavid_demo.film.search import DialogueIndex, fold, places

LINES = (
    "Mara: Have you seen the map?",
    "Finn: It lies under\nthe red boat.",
    "The captain's café is closed.",
    "看见地图了吗",
    'He said "OR" and left* (twice).',
)


@pytest.fixture(scope="module")
def movie() -> Movie:
    cues = tuple(Cue(float(at), at + 1.0, text) for at, text in enumerate(LINES))
    track = SubtitleTrack(cues, "beside", "utf-8", None, ())
    sections = (Section(0, 0.0, 60.0),)
    size = {"duration": 60.0, "width": 64, "height": 36, "codec": "h264", "sections": sections, "subtitles": track}
    words = {"licence": "", "source": "", "synopsis": "", "questions": ()}
    return Movie(slug="harbour", title="The Harbour", path=Path("h.mp4"), poster=None, year=None, **size, **words)


@pytest.fixture(scope="module")
def index(movie: Movie) -> DialogueIndex:
    return DialogueIndex([movie, replace(movie, slug="silent", subtitles=None)])


def numbers(hits: list) -> list[int]:
    return [LINES.index(hit.cue.text) for hit in hits]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("map", [0]),
        ("THE  red BOAT", [1]),
        ("under the", [1]),  # over the end of a row
        ("cafe", [2]),
        ("CAFÉ", [2]),
        ("地图", [3]),  # two letters are enough
        ("e", [0, 1, 2, 4]),
        ("", []),
        ("  \u0301\x00", []),
        ("boat red", []),
    ],
)
def test_phrases_are_found_as_they_stand(index: DialogueIndex, words: str, found: list[int]) -> None:
    assert numbers(index.find(words)) == found


@pytest.mark.parametrize("words", ['"OR"', "left*", "(twice)"])
def test_signs_are_found_as_they_stand(index: DialogueIndex, words: str) -> None:
    assert numbers(index.find(words)) == [4]


@pytest.mark.parametrize(
    "words", ["map OR boat", "words:map", "ma*", "NEAR(map)", '" OR "', "'; drop table lines", "%", "_ap", "^map", "-"]
)
def test_no_words_are_read_as_a_query(index: DialogueIndex, words: str) -> None:
    assert index.find(words) == []
    index.near(words)
    assert numbers(index.find("map")) == [0]


@pytest.mark.parametrize(
    ("words", "meant", "found"),
    [
        ("captian", ("captain",), [2]),
        ("mapp", ("map",), [0]),
        ("boaat red", ("boat", "red"), [1]),
        ("boat red", ("boat", "red"), [1]),
        ("Cafee clsoed", ("cafe", "closed"), [2]),
    ],
)
def test_typing_errors_find_the_nearest_lines(
    index: DialogueIndex, words: str, meant: tuple[str, ...], found: list[int]
) -> None:
    near = index.near(words)
    assert numbers(near) == found
    assert near[0].words == meant


@pytest.mark.parametrize("words", ["xylophone", "map xylophone", "", "?"])
def test_nothing_is_near_what_nobody_says(index: DialogueIndex, words: str) -> None:
    assert index.near(words) == []


def test_an_index_of_no_films_finds_nothing() -> None:
    assert DialogueIndex([]).find("map") == DialogueIndex([]).near("map") == []


@pytest.mark.parametrize(
    ("text", "words", "found"),
    [
        ("Ça va, MÁP and map", ["map"], ["MÁP", "map"]),
        ("cafe\u0301 au lait", ["cafe"], ["cafe\u0301"]),
        ("a ﬁne ﬁlm", ["fi", "i"], ["ﬁ", "ﬁ"]),
        ("the red boat", ["boat", "red", "oat"], ["red", "boat"]),
        ("a.c abc", ["a.c"], ["a.c"]),
        ("nothing", ["map", ""], []),
    ],
)
def test_places_are_those_of_the_text_as_it_stands(text: str, words: list[str], found: list[str]) -> None:
    assert [text[begin:end] for begin, end in places(text, words)] == found


def test_fold_forgets_case_accents_and_rows() -> None:
    assert fold(" Élan\n\t VITAL\x00 ") == "elan vital"
