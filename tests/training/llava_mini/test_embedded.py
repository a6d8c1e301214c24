"""The LLaVA-Mini that ships: right on most films that it never saw, small, and asked with the same engine."""

from pathlib import Path
from typing import Any

import pytest

from llamavid_demo.chat import MovieChat
from llamavid_demo.evaluation.evaluate import Answered, evaluate, modes_of
from llamavid_demo.film import load_movie
from llamavid_demo.model.load import load_model
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.settings import ROOT, Settings

FOLDER = ROOT / "assets" / "llava-mini-tiny"
SEED = 2


@pytest.fixture(scope="module")
def model() -> LoadedModel:
    return load_model(FOLDER)


@pytest.fixture(scope="module")
def answers() -> list[Answered]:
    """What the model says about the films, once `result` is there."""
    return []


@pytest.fixture(scope="module")
def result(model: LoadedModel, answers: list[Answered]) -> dict[str, Any]:
    return evaluate(model, 4, SEED, keep=answers)


def test_it_is_right_on_most_films_that_it_never_saw(result: dict[str, Any]) -> None:
    assert result["questions"] > 70
    assert result["accuracy"] >= 0.75  # the figure of many films is in the model card


def test_its_modes_are_those_of_a_model_without_a_guide(model: LoadedModel) -> None:
    assert modes_of(model) == ("full", "no subtitles")


@pytest.mark.usefixtures("result")
def test_in_4_bits_most_answers_stay_the_same(answers: list[Answered]) -> None:
    quantized: list[Answered] = []
    evaluate(load_model(FOLDER, device="cpu", quantization="4bit"), 3, SEED, keep=quantized)
    same = [ours.said == theirs.said for ours, theirs in zip(answers, quantized, strict=False)]
    assert len(same) == len(quantized) >= 40
    assert sum(same) / len(same) >= 0.75


def test_it_talks_about_a_bundled_film(model: LoadedModel, tmp_path: Path) -> None:
    movie = load_movie(ROOT / "movies" / "the-lost-map")
    chat = MovieChat(model, movie, settings=Settings(cache_dir=tmp_path))
    first = chat.ask("Where does the film begin?").finish()
    assert first.text.startswith("The film begins") and first.evidence
    assert chat.ask("How many scenes are there?").finish().text.startswith("There are")


def test_it_is_small() -> None:
    assert sum(file.stat().st_size for file in FOLDER.rglob("*") if file.is_file()) < 25e6
