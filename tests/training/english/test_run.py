"""The training of `llama-vid-135m`, stage by stage, at the smallest size: resumable, and what it saves loads."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import LlamaConfig, LlamaForCausalLM

from llamavid_demo.embedded import BEST
from llamavid_demo.model.load import load_model
from llamavid_demo.training.english.recipe import Recipe
from llamavid_demo.training.english.run import EnglishTraining
from llamavid_demo.training.stages import StagePlan

WORDS = BEST / "tokenizer.json"
SHORT = StagePlan(2, 1e-3, muon=False, save_seconds=0.0)


class KilledError(Exception):
    """As if the machine had been switched off."""


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A LLaMA of random weights with SmolLM2's vocabulary."""
    folder = tmp_path_factory.mktemp("base")
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=49152, hidden_size=48, intermediate_size=64, num_hidden_layers=4, num_attention_heads=3,
        num_key_value_heads=1, max_position_embeddings=8192, tie_word_embeddings=True,
    )  # fmt: skip
    LlamaForCausalLM(config).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def recipe(base: Path) -> Recipe:
    return Recipe(
        base=str(base), rank=4, films=1, longest=200, film_shots=12, reading=SHORT, aligning=SHORT, content=SHORT,
        aligning_batch=4, content_batch=8,
    )  # fmt: skip


def finished(folder: Path, recipe: Recipe, base: Path) -> EnglishTraining:
    training = EnglishTraining(folder, WORDS, recipe=recipe, base=str(base))
    training.eyes.align()
    training.read("reading", recipe.reading)
    return training


def kill_at(training: EnglishTraining, number: int) -> None:
    """Break off the training in its step of that number, counted from 0."""
    real, done = training.step, 0

    def step(rng: object) -> object:
        nonlocal done
        if done == number:
            raise KilledError
        done += 1
        return real(rng)

    training.step = step


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory: pytest.TempPathFactory, recipe: Recipe, base: Path) -> EnglishTraining:
    return finished(tmp_path_factory.mktemp("unbroken"), recipe, base)


def test_a_training_that_was_killed_goes_on_as_if_it_had_not(
    tmp_path: Path, recipe: Recipe, base: Path, unbroken: EnglishTraining
) -> None:
    killed = EnglishTraining(tmp_path, WORDS, recipe=recipe, base=str(base))
    killed.eyes.align()
    kill_at(killed, 1)
    with pytest.raises(KilledError):
        killed.read("reading", recipe.reading)
    again = finished(tmp_path, recipe, base)
    for name, learned in unbroken.adapter.state_dict().items():
        assert torch.equal(again.adapter.state_dict()[name], learned), name
    for name, learned in unbroken.eyes.network.content.state_dict().items():
        assert torch.equal(again.eyes.network.content.state_dict()[name], learned), name


def test_films_side_by_side_teach_what_they_teach_one_after_the_other(
    tmp_path: Path, recipe: Recipe, base: Path
) -> None:
    learned = []
    for at_once in (1, 2):
        several = replace(recipe, films=3, at_once=at_once, reading=replace(SHORT, steps=1))
        training = EnglishTraining(tmp_path / str(at_once), WORDS, recipe=several, base=str(base))
        training.read("reading", several.reading)
        learned.append(training.adapter.state_dict())
    assert all(torch.equal(one, other) for one, other in zip(*(each.values() for each in learned), strict=True))


def test_what_was_learned_is_saved_as_a_lora_release(tmp_path: Path, base: Path, unbroken: EnglishTraining) -> None:
    grey = np.full((4, 64, 64, 3), 128, np.uint8)
    assert unbroken.eyes.tell_apart(grey) > 0.9
    unbroken.save(tmp_path / "out")
    model = load_model(tmp_path / "out", base=str(base), dtype="float32")
    layer = unbroken.reader.llama.model.layers[1].mlp.up_proj
    plain = LlamaForCausalLM.from_pretrained(base).model.layers[1].mlp.up_proj.weight
    merged = model.network.llama.state_dict()["model.layers.1.mlp.up_proj.weight"]
    assert not torch.allclose(merged, plain, atol=1e-6)
    rows = torch.randn(3, 48)
    with torch.inference_mode():
        assert torch.allclose(rows @ merged.T, layer(rows.bfloat16()).float(), atol=1e-2)


def test_another_sitting_begins_where_the_last_one_ended(
    tmp_path: Path, recipe: Recipe, base: Path, unbroken: EnglishTraining
) -> None:
    unbroken.save(tmp_path / "out")
    later = EnglishTraining(tmp_path / "later", WORDS, recipe=replace(recipe, seed=99), base=str(base))
    later.begin_with(tmp_path / "out")
    for name, learned in unbroken.adapter.state_dict().items():
        assert torch.allclose(later.adapter.state_dict()[name], learned, atol=1e-3), name
    eyes = unbroken.eyes.network.content.state_dict()
    for name, learned in later.eyes.network.content.state_dict().items():
        assert torch.allclose(eyes[name], learned, atol=1e-3), name
    assert later.seed not in (unbroken.seed, 99)  # what it learned from is not learned from again
