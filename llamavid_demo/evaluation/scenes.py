"""How often a model is right about written scenes: questions as people type them about subtitles as people write them.

A scene has no pictures, so its frames are black. Each question is asked behind the ones that it follows up, with their
true answers.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from llamavid_demo.chat.evidence import find_evidence
from llamavid_demo.evaluation.evaluate import share_of
from llamavid_demo.evaluation.greedy import begin, finish, read_section
from llamavid_demo.evaluation.squad import exact_match, token_f1
from llamavid_demo.film.alignment import cues_by_frame
from llamavid_demo.model.loaded import NEUTRAL_GUIDE, LoadedModel
from llamavid_demo.questions.written import WrittenQuestion, WrittenScene, asked_before
from llamavid_demo.settings import Settings

LONGEST = 256  # tokens of an answer, as on the page
SHOWN = 3  # moments of evidence that count
REFUSED = re.compile(
    r"(\bnot|\bnever|n't|\bnobody|\bno one|\bnothing|\bnowhere)\s+(\w+\s+){0,4}?"
    r"(said|say|says|mention\w*|told|tell\w*|explain\w*|given|stated|known|know|clear|revealed|shown|specified|described)"
    r"|\b(nobody|no one|nothing)\b.*\b(says?|mentions?|tells?|explains?)\b|\bunknown\b",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class SceneAnswer:
    """What a model said to a question about a scene, and whether the line that tells was among those shown."""

    scene: WrittenScene
    question: WrittenQuestion
    said: str
    shown: bool | None = None  # None where no line tells

    @property
    def right(self) -> bool:
        """Whether it says what it has to."""
        return self.question.right(self.said)

    @property
    def refused(self) -> bool:
        """Whether it says that the film doesn't tell."""
        return bool(REFUSED.search(self.said))


def answer_scene(model: LoadedModel, scene: WrittenScene) -> list[SceneAnswer]:
    """Greedy answers to all questions about a scene."""
    times = [float(second) for second in range(scene.seconds)]
    prompt = model.section_prompt(model.texts(scene.cues, times))
    shape = model.frame_format
    black = model.patches(np.zeros((1, shape.height, shape.width, 3), np.uint8)).expand(len(times), -1, -1)
    section = read_section(model, prompt, NEUTRAL_GUIDE, black, cues=cues_by_frame(scene.cues, times))
    look_frames = Settings().look_frames if model.config.guide == "ahead" else 0
    writing = []
    for question in scene.questions:
        turns = [*asked_before(scene.questions, question), (question.text, None)]
        words = model.words(prompt.last_cues, turns, answers=model.config.answers)
        writing.append(begin(model, section, words, turns, look_frames=look_frames))
    said = finish(model, writing, longest=LONGEST)
    per_frame, spoken = model.config.tokens_per_frame, model.config.spoken_evidence
    answers = []
    for question, text, answer in zip(scene.questions, said, writing, strict=True):
        evidence = find_evidence(answer.mass(per_frame, spoken=spoken), times, scene.cues)
        cues = [moment.cue for moment in evidence[:SHOWN]]
        shown = any(scene.cues[line] in cues for line in question.lines) if question.lines else None
        answers.append(SceneAnswer(scene, question, text, shown))
    return answers


def evaluate_scenes(
    model: LoadedModel,
    scenes: Sequence[WrittenScene],
    *,
    report: Callable[[int, int], None] | None = None,
    keep: list[SceneAnswer] | None = None,
) -> dict[str, Any]:
    """Scores of all questions about `scenes`: right by patterns, token F1, exact match, refusals right and wrong."""
    answers: list[SceneAnswer] = [] if keep is None else keep
    for number, scene in enumerate(scenes):
        answers += answer_scene(model, scene)
        if report:
            report(number + 1, len(scenes))
    return scene_scores(answers)


def scene_scores(answers: Sequence[SceneAnswer]) -> dict[str, Any]:
    """Shares (0 to 1) with their 95 % intervals, in all and by kind of question."""
    told = [answer for answer in answers if answer.question.answerable]
    untold = [answer for answer in answers if not answer.question.answerable]
    kinds = sorted({answer.question.kind for answer in answers})
    return {
        "questions": len(answers),
        "right": share_of([answer.right for answer in answers]),
        "kinds": {kind: share_of([a.right for a in answers if a.question.kind == kind]) for kind in kinds},
        "unanswerable_refused": share_of([answer.refused or answer.right for answer in untold]),
        "answerable_refused": share_of([answer.refused and not answer.right for answer in told]),
        "line_shown": share_of([bool(answer.shown) for answer in told]),
        "token_f1": _mean([token_f1(answer.said, answer.question.answer) for answer in told]),
        "exact_match": _mean([exact_match(answer.said, answer.question.answer) for answer in told]),
    }


def _mean(numbers: Sequence[float]) -> float:
    return sum(numbers) / max(1, len(numbers))
