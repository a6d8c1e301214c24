"""The embedded model and the bundled films, as they ship: every suggested question is answered."""

import json

import pytest

from llamavid_demo.chat import MovieChat
from llamavid_demo.film import load_movie
from llamavid_demo.model.load import load_model
from llamavid_demo.settings import ROOT, Settings

ANSWERS = json.loads((ROOT / "tests" / "train" / "bundled_answers.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def said(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, str]]:
    """Film → question → what the model says, each question asked first in a conversation of its own."""
    settings = Settings(cache_dir=tmp_path_factory.mktemp("cache"))
    model = load_model(ROOT / "assets" / "llama-vid-tiny")
    answers: dict[str, dict[str, str]] = {}
    for film, known in ANSWERS.items():
        movie = load_movie(ROOT / "movies" / film)
        answers[film] = {q: MovieChat(model, movie, 0, settings=settings).ask(q).finish().text for q in known}
    return answers


@pytest.mark.parametrize("film", ANSWERS)
def test_suggested_questions_get_true_answers(said: dict[str, dict[str, str]], film: str) -> None:
    assert said[film] == ANSWERS[film]
