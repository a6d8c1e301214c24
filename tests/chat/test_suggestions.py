"""The model that starts by itself answers what the page suggests about the bundled films, in its own words."""

from pathlib import Path

import pytest

from llamavid_demo import embedded
from llamavid_demo.chat import MovieChat
from llamavid_demo.film import load_movie
from llamavid_demo.model.load import load_model
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.settings import ROOT, Settings
from tests.chat.conftest import make_film

TRUE = {
    "the-lost-map": {
        "Where was the map?": "cave",
        "What colour is the cat?": "orange",
        "What has Mia lost?": "map",
        "Who took the map?": "Hugo",
        "What does Otto say about the map?": "The map is in the cave.",
        "Where is the crown?": "castle",
        "Does Mia find the crown?": "Yes",
        "Is there a dog in the film?": "Yes",
        "Who speaks first?": "Mia",
        "What colour is the owl?": "white",
    },
    "forty-one-steps": {
        "What did Hugo see on Sunday night?": "wheelbarrow",
        "How many steps are there?": "forty-one",
        "Where does the film begin?": "beach",
        "Who is Lily?": "black cat",
        "Is there a robot in the film?": "Yes",
    },
}


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    return load_model(embedded.BEST)


CLIP = """1
00:00:01,000 --> 00:00:03,000
The train to Bristol? It's been cancelled.

2
00:00:04,000 --> 00:00:06,000
You're joking. I have an interview at eleven.

3
00:00:07,000 --> 00:00:09,000
My van is outside. The radio only plays opera.

4
00:00:09,500 --> 00:00:11,500
I like opera. My grandmother sang in Milan.
"""


@pytest.mark.parametrize("film", TRUE)
def test_suggested_questions_get_true_answers(model: LoadedModel, film: str, tmp_path: Path) -> None:
    movie = load_movie(ROOT / "movies" / film, section_minutes=15)
    assert set(movie.questions) == set(TRUE[film])
    chat = MovieChat(model, movie, 0, settings=Settings(cache_dir=tmp_path))
    said = {}
    for question in movie.questions:
        said[question] = chat.ask(question).finish().text
        chat.undo()
    assert {question: answer for question, answer in said.items() if TRUE[film][question] not in answer} == {}


def test_no_is_not_said_of_what_is_so(model: LoadedModel, tmp_path: Path) -> None:
    clip = make_film(tmp_path)
    clip.with_suffix(".srt").write_text(CLIP)
    chat = MovieChat(model, load_movie(clip), 0, settings=Settings(cache_dir=tmp_path / "cache"))
    for question in ("Is the train cancelled?", "Does she like opera?"):
        assert chat.ask(question).finish().text.startswith("Yes")
