"""Subtitles in a language that the model does not speak are not shown to it, and it says so."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from llamavid_demo.chat import foreign_language
from llamavid_demo.errors import QuestionError
from llamavid_demo.film import Cue, Movie, SubtitleTrack
from llamavid_demo.film.spoken_language import spoken_language
from llamavid_demo.model.loaded import LoadedModel
from tests.chat.conftest import FIRST, NewChat

GERMAN = "Wo ist die Karte, die gestern noch auf dem Tisch lag? Ich habe sie seit dem Morgen nicht mehr gesehen."
ENGLISH = "Where is the map that lay on the table yesterday? I have not seen it since the morning, and nobody has."


def spoken(text: str, *, label: str | None = None, lines: int = 3) -> SubtitleTrack:
    cues = tuple(Cue(2.0 * number, 2.0 * number + 1, text) for number in range(lines))
    return SubtitleTrack(cues, "film.srt", None, label, ())


@pytest.fixture
def english_only(micro: LoadedModel) -> Iterator[None]:
    object.__setattr__(micro.config, "languages", ("en",))
    yield
    object.__setattr__(micro.config, "languages", ())


@pytest.mark.parametrize(
    ("track", "language"),
    [
        (spoken(GERMAN), "de"),
        (spoken(ENGLISH), "en"),
        (spoken(ENGLISH, label="deu"), "de"),
        (spoken("Hugo! Mia!"), None),
        (None, None),
    ],
)
def test_a_label_goes_before_what_is_said(track: SubtitleTrack | None, language: str | None) -> None:
    assert spoken_language(track) == language


@pytest.mark.usefixtures("english_only")
def test_it_is_told_and_the_pictures_answer(new_chat: NewChat, film: Movie, micro: LoadedModel) -> None:
    german = replace(film, subtitles=spoken(GERMAN))
    chat = new_chat(movie=german)
    assert chat.foreign == "The subtitles are German; this model reads English only, and answers about the pictures."
    turn = chat.ask(FIRST).finish()
    assert turn.text == new_chat(movie=replace(film, subtitles=None)).ask(FIRST).finish().text
    assert turn.options.reads == "frames"
    assert all(moment.cue is None for moment in turn.evidence)
    with pytest.raises(QuestionError, match="reads English only"):
        chat.ask(FIRST, reads="subtitles")
    assert foreign_language(micro, replace(film, subtitles=spoken(ENGLISH))) == ""


def test_a_model_that_names_no_languages_reads_any(film: Movie, micro: LoadedModel) -> None:
    assert foreign_language(micro, replace(film, subtitles=spoken(GERMAN))) == ""
