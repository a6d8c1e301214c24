"""LLaMA-VIDs with other content tokens, for the comparison: a trained one goes on for a while with its new ones."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import torch

from llamavid_demo.model.llama_vid.config import known_compress
from llamavid_demo.model.llama_vid.load import load_llama_vid
from llamavid_demo.train.recipe import MakeRecipe, Recipe, embedded
from llamavid_demo.train.run import WORK, Training
from llamavid_demo.train.stages import Report, StagePlan

BASE = Path("assets/llama-vid-tiny")
STEPS = 250


def variant(vocabulary: int, guide_vocabulary: int, *, compress: str | None, steps: int = STEPS) -> Recipe:
    """The embedded recipe with `compress` and one stage; a step reads about as many tokens as it does with two."""
    recipe = embedded(vocabulary, guide_vocabulary)
    config = replace(recipe.config, compress=known_compress(compress))
    _, lessons, plan = recipe.answering[1]
    films = [max(1, 2 * lesson.films // config.tokens_per_frame) for lesson in lessons]
    tuned = tuple(replace(lesson, films=count) for lesson, count in zip(lessons, films, strict=True))
    return replace(
        recipe, config=config, answering=(("tuning", tuned, StagePlan(steps, 5e-4, decay=0.8, shares=plan.shares)),)
    )


def tune(
    out: Path,
    compress: str | None,
    *,
    base: Path = BASE,
    work: Path = WORK,
    resume: bool = True,
    recipe: MakeRecipe | None = None,
    report: Report | None = None,
) -> None:
    """Tune the LLaMA-VID in the folder `base` to the content tokens of `compress` and write it to `out`.

    `work` keeps the state; with `resume` whatever is there is used. Raises `ModelError`.
    """
    if not resume:
        (work / "tuning.pt").unlink(missing_ok=True)
    training = Training(work, recipe=recipe or partial(variant, compress=compress), report=report)
    known = load_llama_vid(base, device="cpu", dtype="float32", quantization="none")
    with torch.no_grad():
        training.network.load_state_dict(known.network.state_dict())
    training.answer()
    training.save(out)
    training.plot(work / "curves.png")
