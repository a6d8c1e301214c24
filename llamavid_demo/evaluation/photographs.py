"""How often a model is right about clips of photographs: what there is at a time, which animals, is there a car.

What is to be seen is what its second eyes name with some confidence; of photographs that they are unsure of nothing is
asked. An answer is right when it says the class or its kind.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from llamavid_demo.errors import MovieError
from llamavid_demo.evaluation.evaluate import share_of
from llamavid_demo.evaluation.greedy import begin, finish, read_section
from llamavid_demo.film.sections import clock
from llamavid_demo.model.llama_vid.loaded import LoadedLlamaVid
from llamavid_demo.model.loaded import NEUTRAL_GUIDE
from llamavid_demo.model.real_world.eyes import CLASSES
from llamavid_demo.model.real_world.kinds import ANIMALS
from llamavid_demo.model.real_world.named_tokens import VAGUE, Named, classes, stems
from llamavid_demo.settings import Settings

SURE = 0.3  # probability of a class from which on it is asked about
SECONDS = 4  # a photograph
A_CLIP = 5  # photographs
LONGEST = 60  # tokens of an answer


@dataclass(frozen=True)
class PhotographAnswer:
    """What a model said to a question about a clip, and what it had to name, or whether it had to begin with yes."""

    kind: str
    question: str
    said: str
    named: Sequence[Named] = ()
    yes: bool | None = None

    @property
    def right(self) -> bool:
        """Whether it says so: all that had to be named are, by class or kind."""
        if self.yes is not None:
            return self.said.lower().startswith("yes" if self.yes else ("no", "i don't"))
        words = stems(self.said)
        return all(stems(one.name) <= words or (_plain(one) and stems(one.kind) <= words) for one in self.named)


def _plain(one: Named) -> bool:
    """Whether its kind says what it is."""
    return one.kind not in VAGUE


def photographs(folder: Path) -> list[Path]:
    """The pictures in a folder. Raises `MovieError` when there are none."""
    found = sorted(path for path in folder.glob("*") if path.suffix.lower() in (".jpg", ".jpeg", ".png"))
    if not found:
        raise MovieError(f"{folder} holds no pictures: give a folder of .jpg or .png files.")
    return found


def answer_clip(model: LoadedLlamaVid, pictures: Sequence[Path], rng: random.Random) -> list[PhotographAnswer]:
    """Greedy answers to questions about a clip of a few pictures."""
    if model.second_eyes is None or model.second_eyes.network is None:
        raise MovieError(f"This model does not see photographs. {model.limits}".strip())
    shape = model.frame_format
    shown = np.stack(
        [np.asarray(Image.open(path).convert("RGB").resize((shape.width, shape.height))) for path in pictures]
    )
    patches = model.patches(shown)
    seen = patches[:, model.config.vision.patches :].flatten(1)[:, :CLASSES]  # what second eyes saw stands behind
    sure, best = seen.max(dim=1)
    named = [classes()[int(i)] if float(p) >= SURE else None for p, i in zip(sure, best, strict=True)]
    times = [float(second) for second in range(len(pictures) * SECONDS)]
    prompt = model.section_prompt(model.texts([], times))
    section = read_section(model, prompt, NEUTRAL_GUIDE, patches.repeat_interleave(SECONDS, dim=0))
    look_frames = Settings().look_frames if model.config.guide == "ahead" else 0
    asked = questions_about(named, rng)
    writing = [
        begin(
            model, section, model.words(prompt.last_cues, [(one.question, None)], answers=model.config.answers),
            [(one.question, None)], look_frames=look_frames,
        )
        for one in asked
    ]  # fmt: skip
    said = finish(model, writing, longest=LONGEST)
    return [replace(one, said=text) for one, text in zip(asked, said, strict=True)]


def questions_about(shown: Sequence[Named | None], rng: random.Random) -> list[PhotographAnswer]:
    """What is asked about a clip, unanswered yet."""
    asked = []
    for number, one in enumerate(shown):
        if one:
            question = f"What do you see at {clock(number * SECONDS + SECONDS // 2)}?"
            asked.append(PhotographAnswer("at a time", question, "", [one]))
    known = [one for one in shown if one]
    if animals := [one for one in known if one.kind in ANIMALS]:
        asked.append(PhotographAnswer("animals", "What animals are there?", "", animals))
    there = sorted({one.kind for one in known} - VAGUE)
    others = sorted({one.kind for one in classes()} - VAGUE - {one.kind for one in known})
    for kinds, yes in ((there, True), (others, False)):
        if kinds and None not in shown:  # what the eyes are unsure of may be there
            article = "an" if (kind := rng.choice(kinds))[0] in "aeiou" else "a"
            asked.append(PhotographAnswer("is there", f"Is there {article} {kind}?", "", yes=yes))
    return asked


def evaluate_photographs(
    model: LoadedLlamaVid,
    folder: Path,
    clips: int,
    *,
    report: Callable[[int, int], None] | None = None,
    keep: list[PhotographAnswer] | None = None,
) -> dict[str, Any]:
    """Scores of questions about so many clips of a folder's pictures, in an order by chance, always the same.

    Raises `MovieError` when there are no pictures or the model can't see them.
    """
    rng, answers = random.Random(0), [] if keep is None else keep  # noqa: S311
    pictures = photographs(folder)
    rng.shuffle(pictures)
    for number in range(clips):
        answers += answer_clip(model, pictures[number * A_CLIP : (number + 1) * A_CLIP], rng)
        if report:
            report(number + 1, clips)
    kinds = sorted({answer.kind for answer in answers})
    return {
        "questions": len(answers),
        "right": share_of([answer.right for answer in answers]),
        "kinds": {kind: share_of([a.right for a in answers if a.kind == kind]) for kind in kinds},
    }
