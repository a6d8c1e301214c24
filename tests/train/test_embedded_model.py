from pathlib import Path

import pytest

from llamavid_demo.model.load import load_model
from llamavid_demo.train.evaluate import evaluate
from llamavid_demo.train.questions import MAIN_FAMILIES

FOLDER = Path(__file__).parents[2] / "assets" / "llama-vid-tiny"


@pytest.fixture(scope="module")
def result():
    return evaluate(load_model(FOLDER), 12, 2)


@pytest.mark.parametrize("family", MAIN_FAMILIES)
def test_the_embedded_model_is_right_on_films_that_it_never_saw(result, family):
    assert result["families"][family]["accuracy"] >= 0.75


def test_the_embedded_model_is_small():
    assert sum(file.stat().st_size for file in FOLDER.rglob("*") if file.is_file()) < 25e6
