"""How often a loaded checkpoint is right, on freshly rendered films that it was never trained on."""

import math
import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import torch
from transformers import DynamicCache

from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.model.prompt import FRAME
from llamavid_demo.train.questions import FAMILIES, Question, ask, normalise, questions
from llamavid_demo.train.random_film import FilmKind, random_script
from llamavid_demo.train.sequences import prompt_ids
from llamavid_demo.train.shots import film_frames
from llamavid_demo.train.world import THINGS, Script

LONGEST_ANSWER = 48
SHORT_FILMS = FilmKind(duration=(60, 180), cues=20)
# What the LLaMA gets of one and the same model; "wrong guide": context tokens built from another film's question.
MODES = ("full", "content only", "context only", "no visual", "no subtitles", "wrong guide")

Report = Callable[[int, int], None]


@dataclass(frozen=True)
class Answered:
    """A question with what the model said."""

    question: Question
    said: str

    @property
    def right(self) -> bool:
        """Whether the words are those of the true answer, all of them."""
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

    Each question is its film's first, so it is also the guide. Returns `{"accuracy", "questions", "interval",
    "families": {name: {"accuracy", "n", "interval"}}}`; `keep` collects every answer. `report` gets (films done,
    films).
    """
    answers = {mode: [] if keep is None else keep}
    return evaluate_modes(model, films, seed, kind=kind, answers=answers, report=report)[mode]


def evaluate_modes(
    model: LoadedModel,
    films: int,
    seed: int,
    *,
    kind: FilmKind = SHORT_FILMS,
    answers: dict[str, list[Answered]] | None = None,
    report: Report | None = None,
) -> dict[str, dict[str, Any]]:
    """Scores as `evaluate` gives them, of the same questions about the same films in several modes (all of `MODES`).

    `answers` names the modes by its keys and collects what is said.
    """
    answers = {mode: [] for mode in MODES} if answers is None else answers
    for number in range(films):
        script, asked = evaluation_film(seed, number, kind)
        patches = model.patches(film_frames(script, model.frame_format))
        for mode, said in answers.items():
            said += answer_film(model, script, asked, patches, mode=mode, seed=number)
        if report:
            report(number + 1, films)
    return {
        mode: scores((answered.question.family, answered.right) for answered in said) for mode, said in answers.items()
    }


def evaluate_second_turns(
    model: LoadedModel, films: int, seed: int, *, kind: FilmKind = SHORT_FILMS, report: Report | None = None
) -> dict[str, dict[str, Any]]:
    """Ask four second questions about each film, guided by the conversation's first question, or each by itself.

    Of two questions by chance the second is asked after the first and its true answer; follow-ups are among them.
    Returns scores as `evaluate` does for guide "first" and for "every".
    """
    said: dict[str, list[tuple[str, bool]]] = {"first": [], "every": []}
    for number in range(films):
        rng = random.Random(f"second/{seed}/{number}")  # noqa: S311 - chance, not secrecy
        script = random_script(rng, kind)
        asked = [turn for _ in range(4) if (turn := _second_turn(script, rng))]
        patches = model.patches(film_frames(script, model.frame_format))
        for guide, rows in said.items():
            guides = [turn.guide if guide == "first" else turn.text for turn in asked]
            for answered in answer_film(model, script, asked, patches, guides=guides):
                rows.append((answered.question.family, answered.right))
        if report:
            report(number + 1, films)
    return {guide: scores(rows) for guide, rows in said.items()}


def _second_turn(script: Script, rng: random.Random) -> Question | None:
    if rng.random() < 0.25:
        return ask("follow_up", script, rng)
    families = [family for family in FAMILIES if family != "follow_up"]
    first, second = (ask(rng.choice(families), script, rng) for _ in range(2))
    return replace(second, earlier=first) if first and second else None


def scores(answers: Iterable[tuple[str, bool]]) -> dict[str, Any]:
    """Accuracy in all and by family, each with its 95 % interval (Wilson)."""
    right: dict[str, list[bool]] = {}
    for family, hit in answers:
        right.setdefault(family, []).append(hit)
    total = [hit for hits in right.values() for hit in hits]
    families = {family: right[family] for family in FAMILIES if family in right}
    return {
        "accuracy": sum(total) / max(1, len(total)),
        "questions": len(total),
        "interval": wilson(sum(total), len(total)),
        "families": {
            family: {"accuracy": sum(hits) / len(hits), "n": len(hits), "interval": wilson(sum(hits), len(hits))}
            for family, hits in families.items()
        },
    }


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


@torch.inference_mode()
def answer_film(
    model: LoadedModel,
    script: Script,
    asked: list[Question],
    patches: torch.Tensor,
    *,
    guides: list[str] | None = None,
    mode: str = "full",
    seed: int = 0,
) -> list[Answered]:
    """Greedy answers to questions about one film of `patches` (T, N, C).

    Each has its own guide: the first question of its conversation, unless `guides` are given.
    """
    guides = guides or [question.guide for question in asked]
    if mode == "wrong guide":
        guides = [f"What colour is the {thing}?" for thing in random.Random(seed).choices(THINGS, k=len(asked))]  # noqa: S311
    rows = []
    table = model.network.llama.get_input_embeddings()
    for question, guide in zip(asked, guides, strict=True):
        turns = [*_turns(question.earlier), (question.text, None)]
        subtitles = mode != "no subtitles"
        ids = torch.tensor(prompt_ids(model.tokenizer, model.config.prompt, script, turns, subtitles=subtitles))
        marks = ids == FRAME
        embedded = table(ids.masked_fill(marks, 0).to(model.device))  # (L, H)
        tokens = hide(model.frame_tokens(patches, guide), mode)
        embedded[marks] = tokens.flatten(0, 1).to(embedded.dtype)
        rows.append(embedded)
    texts = _greedy(model, rows)
    return [Answered(question, text) for question, text in zip(asked, texts, strict=True)]


def hide(tokens: torch.Tensor, mode: str) -> torch.Tensor:
    """Frame tokens (T, 2, H) with the kind that a mode goes without set to zero."""
    hidden = {"content only": [0], "context only": [1], "no visual": [0, 1]}.get(mode, [])
    tokens = tokens.clone()
    tokens[:, hidden] = 0
    return tokens


def _turns(question: Question | None) -> list[tuple[str, str | None]]:
    return [*_turns(question.earlier), (question.text, question.answer)] if question else []


def _greedy(model: LoadedModel, prompts: list[torch.Tensor]) -> list[str]:
    """Continue prompts (L, H) of several lengths together, padded on the left, until each has ended."""
    llama, device = model.network.llama, model.device
    lengths = torch.tensor([len(prompt) for prompt in prompts], device=device)
    longest = int(lengths.max())
    rows = torch.stack([torch.nn.functional.pad(p, (0, 0, longest - len(p), 0)) for p in prompts])  # (B, L, H)
    mask = (torch.arange(longest, device=device) >= longest - lengths[:, None]).long()
    places = (mask.cumsum(dim=1) - 1).clamp(min=0)
    cache = DynamicCache(config=llama.config)
    said: list[list[int]] = [[] for _ in prompts]
    for _ in range(LONGEST_ANSWER):
        hidden = llama.model(
            inputs_embeds=rows, attention_mask=mask, position_ids=places, past_key_values=cache, use_cache=True
        ).last_hidden_state[:, -1]
        tokens = llama.lm_head(hidden).argmax(dim=-1)  # (B,)
        for answer, token in zip(said, tokens.tolist(), strict=True):
            if not answer or answer[-1] != model.tokenizer.eos:
                answer.append(token)
        if all(answer[-1] == model.tokenizer.eos for answer in said):
            break
        rows = llama.get_input_embeddings()(tokens)[:, None].to(rows.dtype)
        places = places[:, -1:] + 1
        mask = torch.nn.functional.pad(mask, (0, 1), value=1)
    return [model.tokenizer.decode(answer).strip() for answer in said]
