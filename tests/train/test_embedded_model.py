"""The checkpoint that ships: right on films that it never saw, and small."""

from pathlib import Path

import pytest

from llamavid_demo.model.load import load_model
from llamavid_demo.train.evaluate import evaluate
from llamavid_demo.train.questions import FAMILIES

FOLDER = Path(__file__).parents[2] / "assets" / "llama-vid-tiny"


@pytest.fixture(scope="module")
def result():
    return evaluate(load_model(FOLDER), 12, 2)


def test_the_embedded_model_is_right_on_films_that_it_never_saw(result):
    assert result["questions"] > 200
    assert result["accuracy"] >= 0.9


@pytest.mark.parametrize("family", FAMILIES)
def test_no_family_is_left_behind(result, family):
    assert result["families"][family]["accuracy"] >= 0.5  # of a dozen: the real figures are in the model card


def test_the_embedded_model_is_small():
    assert sum(file.stat().st_size for file in FOLDER.rglob("*") if file.is_file()) < 25e6
