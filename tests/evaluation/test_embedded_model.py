"""The checkpoint that ships: right on films that it never saw, and small."""

from pathlib import Path

import pytest

from llamavid_demo.chat.encoded_section import EncodedSection
from llamavid_demo.chat.evidence import heat_map
from llamavid_demo.evaluation.evaluate import evaluate
from llamavid_demo.model.load import load_model
from llamavid_demo.questions import FAMILIES
from llamavid_demo.storybook.shots import render_pool
from llamavid_demo.storybook.world import THINGS
from llamavid_demo.training.vision_labels import vision_labels

FOLDER = Path(__file__).parents[2] / "assets" / "llama-vid-tiny"


@pytest.fixture(scope="module")
def model():
    return load_model(FOLDER)


@pytest.fixture(scope="module")
def result(model):
    return evaluate(model, 12, 2)


def test_the_embedded_model_is_right_on_films_that_it_never_saw(result):
    assert result["questions"] > 200
    assert result["accuracy"] >= 0.95


@pytest.mark.parametrize("family", FAMILIES)
def test_no_family_is_left_behind(result, family):
    assert result["families"][family]["accuracy"] >= 0.75  # of a dozen: the real figures are in the model card


def test_evidence_lies_in_the_shot_asked_about(result):
    assert result["evidence"]["n"] > 100
    assert result["evidence"]["accuracy"] >= 0.8  # the figure of many films is in the model card
    assert sum(family["n"] for family in result["evidence"]["families"].values()) == result["evidence"]["n"]


def test_the_context_token_looks_at_the_thing_asked_about(model):
    pool = render_pool(12, model.frame_format, seed="heat", frames=1)
    things = vision_labels(pool, side=8).patch["thing"][:, 0]  # (S, N)
    patches = model.patches(pool.frames[:, 0])
    section = EncodedSection("", tuple(map(float, range(12))), (patches,), ((),) * 12, {})
    looked = []
    for number, shot in enumerate(pool.shots):
        for actor in shot.actors:
            heat = heat_map(model, section, f"What colour is the {actor.thing}?", number)
            assert float(heat.sum()) == pytest.approx(1)
            there = things[number] == 1 + THINGS.index(actor.thing)
            if there.any():  # not hidden behind another
                looked.append(bool(there[heat.argmax()]))
    assert len(looked) >= 12
    assert sum(looked) / len(looked) >= 0.8


def test_the_embedded_model_is_small():
    assert sum(file.stat().st_size for file in FOLDER.rglob("*") if file.is_file()) < 25e6
