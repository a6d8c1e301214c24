"""How often a loaded checkpoint is right, on freshly rendered films that it was never trained on."""

import math
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch

from llamavid_demo.evaluation.greedy import ReadSection, begin, finish, read_section
from llamavid_demo.evaluation.grounding import grounded
from llamavid_demo.film.alignment import cues_by_frame
from llamavid_demo.film.cues import Cue
from llamavid_demo.model.loaded import NEUTRAL_GUIDE, NO_GUIDE, LoadedModel
from llamavid_demo.model.prompt import Answers
from llamavid_demo.questions import FAMILIES, Question, ask, normalise, questions
from llamavid_demo.questions.ordinary import in_ordinary_words, same_facts
from llamavid_demo.settings import Settings
from llamavid_demo.storybook.frame_cues import frame_times
from llamavid_demo.storybook.random_film import FilmKind, random_script
from llamavid_demo.storybook.shots import film_frames
from llamavid_demo.storybook.world import THINGS, Script

SHORT_FILMS = FilmKind(duration=(60, 180), cues=20)
# What the LLaMA gets of one and the same model; "wrong guide": context tokens built from another film's question.
MODES = ("full", "content only", "context only", "no visual", "no subtitles", "wrong guide")
BLIND = ("content only", "no visual")  # without context tokens there are no second looks

Report = Callable[[int, int], None]


@dataclass(frozen=True)
class Answered:
    """A question with what the model said, and whether it leaned most on a shot that it was asked about.

    `grounded` is None where no shot was asked about.
    """

    question: Question
    said: str
    grounded: bool | None = None
    ordinary: bool = False

    @property
    def right(self) -> bool:
        """Whether the words are those of the true answer, all of them; in `ordinary` words, whether the facts are."""
        if self.ordinary:
            return same_facts(self.question, self.said)
        return normalise(self.said) == normalise(self.question.answer)


def films_of(minutes: float | None) -> FilmKind:
    """Films of `minutes`, or of one to three minutes with up to twenty cues."""
    if minutes is None:
        return SHORT_FILMS
    seconds = round(minutes * 60)
    return replace(SHORT_FILMS, duration=(seconds, seconds), cues=math.ceil(minutes * 20 / 3))


def evaluate(
    model: LoadedModel,
    films: int,
    seed: int,
    *,
    kind: FilmKind = SHORT_FILMS,
    mode: str = "full",
    report: Report | None = None,
    keep: list[Answered] | None = None,
) -> dict[str, Any]:
    """Ask one question of every family about each of `films` films; greedy decoding, exact match.

    Each question is its film's first. Returns `{"accuracy", "questions", "interval",
    "families": {name: {"accuracy", "n", "interval"}}, "evidence": {…}}`; evidence is the share of answers whose top
    moment lies in a shot asked about, with the same keys. `keep` collects every answer. `report` gets (films done,
    films).
    """
    answers = {mode: [] if keep is None else keep}
    return evaluate_modes(model, films, seed, kind=kind, answers=answers, guide=None, report=report)[mode]


def evaluate_modes(
    model: LoadedModel,
    films: int,
    seed: int,
    *,
    kind: FilmKind = SHORT_FILMS,
    answers: dict[str, list[Answered]] | None = None,
    guide: str | None = "every",
    ordinary: bool = False,
    report: Report | None = None,
) -> dict[str, dict[str, Any]]:
    """Scores as `evaluate` gives them, of the same questions about the same films in several modes (all of `MODES`).

    `answers` names the modes by its keys and collects what is said. The film is read for each question, so that what is
    hidden is all that changes: a second look finds its frames by content tokens. With another `guide` it is read for
    that, None: as the checkpoint says. With `ordinary` questions are worded as people type them, and an answer is right
    by its facts.
    """
    guide = model.config.guide if model.config.guide == NO_GUIDE else guide
    answers = {mode: [] for mode in MODES} if answers is None else answers
    for number in range(films):
        script, asked = evaluation_film(seed, number, kind)
        patches = model.patches(film_frames(script, model.frame_format))
        if ordinary:
            rng = random.Random(f"ordinary/{seed}/{number}")  # noqa: S311 - chance, not secrecy
            asked = [in_ordinary_words(question, rng) for question in asked]
        for mode, said in answers.items():
            rows = answer_film(model, script, asked, patches, guide=guide, mode=mode, seed=number)
            said += [replace(row, ordinary=ordinary) for row in rows]
        if report:
            report(number + 1, films)
    return {mode: scores(said) for mode, said in answers.items()}


def evaluate_second_turns(
    model: LoadedModel, films: int, seed: int, *, kind: FilmKind = SHORT_FILMS, report: Report | None = None
) -> dict[str, dict[str, Any]]:
    """Ask four second questions about each film, in all the ways that a model can go on with a conversation.

    Of two questions by chance the second is asked after the first and its true answer; follow-ups are among them.
    Returns scores as `evaluate` does for the guides "ahead", "first" and "every"; for a model without guide for answers
    "raw" and "fused".
    """
    guided = model.config.guide != NO_GUIDE
    ways: tuple[Any, ...] = ("ahead", "first", "every") if guided else ("raw", "fused")
    said: dict[Any, list[Answered]] = {way: [] for way in ways}
    for number in range(films):
        script, asked = second_turn_film(seed, number, kind)
        patches = model.patches(film_frames(script, model.frame_format))
        for way, rows in said.items():
            rows += answer_film(model, script, asked, patches, **{"guide" if guided else "answers": way})
        if report:
            report(number + 1, films)
    return {guide: scores(rows) for guide, rows in said.items()}


def second_turn_film(seed: int, number: int, kind: FilmKind) -> tuple[Script, list[Question]]:
    """A film of a seed and up to four second questions about it, each with an `earlier` one."""
    rng = random.Random(f"second/{seed}/{number}")  # noqa: S311 - chance, not secrecy
    script = random_script(rng, kind)
    return script, [turn for _ in range(4) if (turn := _second_turn(script, rng))]


def _second_turn(script: Script, rng: random.Random) -> Question | None:
    if rng.random() < 0.25:
        return ask("follow_up", script, rng)
    families = [family for family in FAMILIES if family != "follow_up"]
    first, second = (ask(rng.choice(families), script, rng) for _ in range(2))
    return replace(second, earlier=first) if first and second else None


def scores(answers: Sequence[Answered]) -> dict[str, Any]:
    """Accuracy in all and by family, each with its 95 % interval (Wilson), and the same of the evidence."""
    right = [(answered.question.family, answered.right) for answered in answers]
    leaned = [(answered.question.family, answered.grounded) for answered in answers if answered.grounded is not None]
    whole = share_of([hit for _, hit in right])
    return {
        "accuracy": whole["accuracy"],
        "questions": whole["n"],
        "interval": whole["interval"],
        "families": _by_family(right),
        "evidence": {**share_of([hit for _, hit in leaned]), "families": _by_family(leaned)},
    }


def _by_family(hits: Sequence[tuple[str, bool]]) -> dict[str, dict[str, Any]]:
    named = {family: [hit for name, hit in hits if name == family] for family in FAMILIES}
    return {family: share_of(those) for family, those in named.items() if those}


def share_of(hits: Sequence[bool]) -> dict[str, Any]:
    """Share of hits, how many there are, and the 95 % interval."""
    n = len(hits)
    return {"accuracy": sum(hits) / max(1, n), "n": n, "interval": wilson(sum(hits), n)}


def wilson(right: int, n: int) -> tuple[float, float]:
    """The 95 % confidence interval of a share (Wilson's score interval)."""
    if n == 0:
        return 0.0, 1.0
    z, share = 1.96, right / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return max(0.0, centre - half), min(1.0, centre + half)


def evaluation_film(seed: int, number: int, kind: FilmKind) -> tuple[Script, list[Question]]:
    """The film and questions of a seed; the training draws from other seeds."""
    rng = random.Random(f"evaluation/{seed}/{number}")  # noqa: S311 - chance, not secrecy
    script = random_script(rng, kind)
    return script, questions(script, rng)


def answer_film(
    model: LoadedModel,
    script: Script,
    asked: list[Question],
    patches: torch.Tensor,
    *,
    guide: str | None = None,
    answers: Answers | None = None,
    mode: str = "full",
    seed: int = 0,
) -> list[Answered]:
    """Greedy answers to questions about one film of `patches` (T, …), each at the end of its own conversation.

    `guide` is "ahead", "first" or "every", and earlier `answers` enter "raw" or "fused": as the checkpoint says, unless
    they are given. A second look reads as many frames as the settings say.
    """
    guide = guide or model.config.guide
    wrong = [f"What colour is the {thing}?" for thing in random.Random(seed).choices(THINGS, k=len(asked))]  # noqa: S311
    cues = [Cue(*cue) for cue in script.cues()] if mode != "no subtitles" else []
    times = frame_times(script)
    prompt, by_frame = model.section_prompt(model.texts(cues, times)), cues_by_frame(cues, times)
    sections: dict[str, ReadSection] = {}
    writing = []
    for question, other in zip(asked, wrong, strict=True):
        turns = [*_turns(question.earlier), (question.text, None)]
        looked_for = [(other if mode == "wrong guide" else text, said) for text, said in turns]
        before = {NO_GUIDE: "", "ahead": NEUTRAL_GUIDE, "first": looked_for[0][0]}.get(guide, looked_for[-1][0])
        if before not in sections:
            sections[before] = read_section(
                model, prompt, before, patches, change=partial(hide, mode=mode), cues=by_frame
            )
        words = model.words(prompt.last_cues, turns, answers=answers or model.config.answers)
        most = Settings().look_frames if guide == "ahead" and mode not in BLIND else 0
        writing.append(begin(model, sections[before], words, looked_for, look_frames=most))
    texts = finish(model, writing)
    return [
        Answered(
            question,
            text,
            grounded(question, script, answer.mass(model.config.tokens_per_frame, spoken=model.config.spoken_evidence)),
        )
        for question, text, answer in zip(asked, texts, writing, strict=True)
    ]


def hide(tokens: torch.Tensor, mode: str) -> torch.Tensor:
    """Frame tokens (2·T, H) with the kind that a mode goes without set to zero."""
    tokens = tokens.clone()
    for kind in {"content only": [0], "context only": [1], "no visual": [0, 1]}.get(mode, []):
        tokens[kind::2] = 0
    return tokens


def modes_of(model: LoadedModel) -> tuple[str, ...]:
    """The modes that a model has: one without a guide question has no context token to go without."""
    return ("full", "no subtitles") if model.config.guide == NO_GUIDE else MODES


def _turns(question: Question | None) -> list[tuple[str, str | None]]:
    return [*_turns(question.earlier), (question.text, question.answer)] if question else []
