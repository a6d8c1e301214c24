"""LLaMA-VIDs with other content tokens, for the comparison: a trained one goes on for a while with its new ones."""

from dataclasses import replace
from functools import partial
from pathlib import Path

from llamavid_demo.embedded import SMALL
from llamavid_demo.model.llama_vid.config import known_compress
from llamavid_demo.training.reading import Lesson
from llamavid_demo.training.recipe import MakeRecipe, Recipe, embedded
from llamavid_demo.training.run import Training
from llamavid_demo.training.stages import Report, StagePlan

BASE = SMALL
WORK = Path("runs/tuning")
NOTING, TUNING = 40, 150  # steps
LONGEST = 6000  # tokens of a film's frames: attention grows with their square
WORDS = 400  # tokens of subtitles and conversation beside them


def variant(vocabulary: int, guide_vocabulary: int, *, compress: str | None) -> Recipe:
    """The embedded recipe with `compress`, and two stages; a step reads about as many tokens as it does with two.

    Note heads are in no checkpoint: new ones learn first, by themselves, lest they spoil what the LLaMA notes.
    """
    recipe = embedded(vocabulary, guide_vocabulary)
    config = replace(recipe.config, compress=known_compress(compress))
    _, lessons, plan = recipe.answering[1]
    tuned = tuple(_affordable(lesson, config.tokens_per_frame) for lesson in lessons)
    heads_alone = {"text_decoder": 0.0, "context": 0.0, "content": 0.0, "llama": 0.0}
    noting, tuning = stages(compress)
    return replace(
        recipe,
        config=config,
        answering=(
            (noting, tuned, StagePlan(NOTING, 3e-3, shares=heads_alone)),
            (tuning, tuned, StagePlan(TUNING, 5e-4, decay=0.8, shares=plan.shares)),
        ),
    )


def stages(compress: str | None) -> tuple[str, str]:
    """Names of a variant's stages: the note heads', then all but the vision tower's."""
    kind = (compress or "none").replace(":", "-")
    return f"noting-{kind}", f"tuning-{kind}"


def _affordable(lesson: Lesson, tokens_per_frame: int) -> Lesson:
    """A lesson with as many films as take the tokens that its own take with two a frame, none too long."""
    longest = LONGEST // tokens_per_frame
    least, most = lesson.kind.duration or (longest // 2, longest)
    kind = replace(lesson.kind, duration=(min(least, longest), min(most, longest)))
    if lesson.kind.longest <= longest:
        kind = lesson.kind
    usual = 2 * lesson.kind.expected + WORDS
    films = round(lesson.films * usual / (tokens_per_frame * kind.expected + WORDS))
    return replace(lesson, kind=kind, films=max(1, films))


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
        for name in stages(known_compress(compress)):
            (work / f"{name}.pt").unlink(missing_ok=True)
    training = Training(work, recipe=recipe or partial(variant, compress=compress), report=report)
    training.begin_with(base)
    training.answer()
    training.save(out)
    training.plot(work / "curves.png")
