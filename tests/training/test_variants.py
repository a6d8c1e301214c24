"""LLaMA-VIDs with other content tokens, tuned from a trained one."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from llamavid_demo.errors import ModelError
from llamavid_demo.model.llama_vid.load import load_llama_vid
from llamavid_demo.training.recipe import Recipe
from llamavid_demo.training.run import run
from llamavid_demo.training.variants import LONGEST, WORDS, tune, variant
from tests.training.test_run import micro

SIZES = {"grid:2": 5, None: 65}


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("base")
    run(folder / "out", work=folder / "work", recipe=micro)
    return folder / "out"


@pytest.mark.parametrize("compress", SIZES)
def test_a_variant_goes_on_from_its_base(tmp_path: Path, base: Path, compress: str | None) -> None:
    def recipe(*vocabularies: int) -> Recipe:
        small = micro(*vocabularies)
        return replace(small, config=replace(small.config, compress=compress))

    tune(tmp_path / "out", compress, base=base, work=tmp_path / "work", recipe=recipe)
    before, after = (load_llama_vid(folder, device="cpu").network for folder in (base, tmp_path / "out"))
    assert after.config.tokens_per_frame == SIZES[compress]
    assert torch.equal(
        *(network.vision.state_dict()["tower.embeddings.class_embedding"] for network in (before, after))
    )
    moved = after.state_dict()["llama.lm_head.weight"] - before.state_dict()["llama.lm_head.weight"]
    assert 0 < float(moved.abs().max()) < 0.1


def test_a_step_reads_about_as_many_tokens_with_any() -> None:
    def tokens(compress: str | None) -> list[float]:
        recipe = variant(1313, 600, compress=compress)
        lessons, per_frame = recipe.answering[0][1], recipe.config.tokens_per_frame
        assert all(lesson.kind.longest * per_frame <= LONGEST for lesson in lessons)
        return [lesson.films * (lesson.kind.expected * per_frame + WORDS) for lesson in lessons]

    usual = tokens("mean")
    for compress in SIZES:
        assert tokens(compress) == pytest.approx(usual, rel=0.35)


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(ModelError, match="grid:x"):
        variant(1313, 600, compress="grid:x")
