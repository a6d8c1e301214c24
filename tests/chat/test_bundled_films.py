"""The small embedded model and the bundled films, as they ship: questions of its own grammar are answered."""

import json
from collections.abc import Callable

import pytest

from llamavid_demo.chat import MovieChat
from llamavid_demo.film import load_movie
from llamavid_demo.model.load import load_model
from llamavid_demo.settings import ROOT, Settings

ANSWERS = json.loads((ROOT / "tests" / "questions" / "bundled_answers.json").read_text(encoding="utf-8"))
del ANSWERS["a-year-of-letters"]  # it takes as long to read as the others together


@pytest.fixture(scope="module")
def new_chat(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], MovieChat]:
    settings = Settings(cache_dir=tmp_path_factory.mktemp("cache"))
    model = load_model(ROOT / "assets" / "llama-vid-tiny")
    return lambda film: MovieChat(model, load_movie(ROOT / "movies" / film), 0, settings=settings)


@pytest.fixture(scope="module")
def said(new_chat: Callable[[str], MovieChat]) -> dict[str, dict[str, str]]:
    """Film → question → what the model says, each question asked first."""
    answers: dict[str, dict[str, str]] = {}
    for film, known in ANSWERS.items():
        chat, answers[film] = new_chat(film), {}
        for question in known:
            answers[film][question] = chat.ask(question).finish().text
            chat.undo()
    return answers


@pytest.mark.parametrize("film", ANSWERS)
def test_questions_get_true_answers(said: dict[str, dict[str, str]], film: str) -> None:
    assert said[film] == ANSWERS[film]


def test_a_question_in_another_script_gets_one_sentence_and_nothing_is_lost(
    new_chat: Callable[[str], MovieChat],
) -> None:
    chat = new_chat("the-lost-map")
    for question in ("地图在哪里？", "Где карта?", "أين الخريطة؟", "🦊", "a\x00b"):
        assert chat.ask(question).finish().text == "I only know what this film shows."
    turn = chat.ask("Where does the film begin?").finish()
    assert turn.text == "The film begins at the beach."
    assert turn.stats is not None and turn.stats.reused_tokens >= 0.95 * turn.stats.prompt_tokens
