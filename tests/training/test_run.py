import json
from functools import partial

import pytest
import torch

from llamavid_demo.evaluation.evaluate import MODES, evaluate, evaluate_modes, evaluate_second_turns
from llamavid_demo.film.frame_format import FrameFormat
from llamavid_demo.model.load import load_model
from llamavid_demo.storybook.random_film import FilmKind
from llamavid_demo.training import run as run_module
from llamavid_demo.training.conversation import Manner
from llamavid_demo.training.reading import Lesson
from llamavid_demo.training.recipe import FAMILIES, Recipe, network_config
from llamavid_demo.training.run import run
from llamavid_demo.training.stages import StagePlan
from tests.training.killed import killed_in_every_stage

STEPS = 3
TINY_FILMS = FilmKind((1, 2), (1, 1), (1, 2))


def micro(vocabulary: int, guide_vocabulary: int) -> Recipe:
    plan = StagePlan(STEPS, 1e-3, save_seconds=0)
    lesson = Lesson(TINY_FILMS, Manner(3, FAMILIES), films=3)
    return Recipe(
        config=network_config(
            vocabulary=vocabulary, guide_vocabulary=guide_vocabulary, width=64, layers=2, vision_depth=1
        ),
        frame_format=FrameFormat(112, 112, "stretch"),
        reading=(("reading", (lesson,), plan),),
        seeing=plan,
        aligning=plan,
        answering=(("answering", (lesson, lesson), plan),),
        looking=(("looking", (lesson,), plan),),
        pool=6,
        film_shots=6,
        render_workers=1,
        seeing_batch=2,
        aligning_batch=4,
    )


def weights(folder) -> bytes:
    return (folder / "model.safetensors").read_bytes() + (folder / "eva_vit_g.safetensors").read_bytes()


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory):
    folder = tmp_path_factory.mktemp("unbroken")
    run(folder / "out", work=folder / "work", recipe=micro)
    return folder / "out"


def test_a_training_killed_in_every_stage_ends_with_the_same_weights(tmp_path, unbroken, monkeypatch):
    train = partial(run, tmp_path / "out", work=tmp_path / "work", recipe=micro)
    stages = ("reading", "seeing", "aligning", "answering", "looking")
    killed_in_every_stage(run_module, train, stages, steps=STEPS, patches=monkeypatch)
    assert weights(tmp_path / "out") == weights(unbroken)


def test_the_checkpoint_loads_and_can_be_evaluated(unbroken):
    model = load_model(unbroken)
    assert model.frame_format == FrameFormat(112, 112, "stretch")
    assert model.config.prompt == micro(300, 300).config.prompt
    shown = []
    result = evaluate(model, 1, 5, kind=TINY_FILMS, report=lambda *at: shown.append(at))
    assert shown == [(1, 1)]
    assert result["questions"] == sum(family["n"] for family in result["families"].values())
    assert 0 <= result["interval"][0] <= result["accuracy"] <= result["interval"][1] <= 1
    json.dumps(result)


def test_every_ablation_is_asked_the_same_questions(unbroken):
    results = evaluate_modes(load_model(unbroken), 1, 5, kind=TINY_FILMS)
    assert tuple(results) == MODES
    assert len({result["questions"] for result in results.values()}) == 1


def test_second_turns_are_asked_with_all_guides(unbroken):
    results = evaluate_second_turns(load_model(unbroken), 1, 5, kind=TINY_FILMS)
    assert results["first"]["questions"] == results["every"]["questions"] == results["ahead"]["questions"] > 0


def test_a_trained_model_goes_on_from_the_second_looks(tmp_path, unbroken):
    run(tmp_path / "out", work=tmp_path / "work", recipe=micro, base=unbroken)
    assert weights(tmp_path / "out") != weights(unbroken)
    assert sorted(state.stem for state in (tmp_path / "work").glob("*.pt")) == ["looking"]


def test_the_training_leaves_its_learning_curves(unbroken):
    assert (unbroken.parent / "work" / "curves.png").read_bytes().startswith(b"\x89PNG")


def test_stage_files_hold_plain_tensors_only(unbroken):
    work = unbroken.parent / "work"
    states = list(work.glob("*.pt"))
    assert states
    assert all(torch.load(state, weights_only=True)["done"] for state in states)
    assert not list(work.glob("*.part"))
