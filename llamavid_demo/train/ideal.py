"""Ideal frame tokens: what a perfect eye would hand to the LLaMA, made of the LLaMA's own word embeddings.

The LLaMA learns to read films from these before the vision tower exists; afterwards the projectors are aligned to
them. Context token: the thing that is asked for and its colour where it is on screen, else whoever is there, faintly.
Content token: place, time of day and weather.
"""

import random
import re
from collections.abc import Sequence

import torch

from llamavid_demo.model.tokenizer import LlamaTokenizer
from llamavid_demo.train.questions import WEATHER_WORDS, Question
from llamavid_demo.train.world import COLOURS, PLACES, THINGS, TIMES, WEATHERS, Script, Shot

WORDS = (*PLACES, *TIMES, *WEATHERS, *THINGS, *COLOURS)
_INDEX = {word: i for i, word in enumerate(WORDS)}


def word_ids(tokenizer: LlamaTokenizer) -> torch.Tensor:
    """Token of each of `WORDS`."""
    return torch.tensor([tokenizer.encode(WEATHER_WORDS.get(word, word))[0] for word in WORDS])


def asked_thing(question: Question) -> str | None:
    """The thing that a question names, if any."""
    return next((word for word in re.findall(r"[a-z]+", question.text.lower()) if word in THINGS), None)


def content_words(shot: Shot) -> torch.Tensor:
    """Weights (words,) of a shot's content token; their squares sum to one."""
    weights = torch.zeros(len(WORDS))
    weights[[_INDEX[shot.place], _INDEX[shot.time], _INDEX[shot.weather]]] = 3**-0.5
    return weights


def context_words(shot: Shot, thing: str | None) -> torch.Tensor:
    """Weights (words,) of a shot's context token for a question that names `thing`; no more than one in square."""
    weights = torch.zeros(len(WORDS))
    shown = [actor for actor in shot.actors if actor.thing == thing]
    for actor in shown or shot.actors:
        strength = 1.0 if shown else (0.25 if thing else len(shot.actors) ** -0.5)
        weights[_INDEX[actor.thing]] += strength * 2**-0.5
        weights[_INDEX[actor.colour]] += strength * 2**-0.5
    return weights


def ideal_tokens(
    films: Sequence[tuple[Script, Question, Sequence[int]]],
    embeddings: torch.Tensor,
    *,
    noise: float,
    rng: random.Random,
) -> torch.Tensor:
    """Frame tokens (2·frames, H) of films with their questions and each frame's shot.

    `embeddings` (words, H) are those of `WORDS`; `noise` is the standard deviation added to every number.
    """
    rows: list[torch.Tensor] = []
    frames: list[int] = []
    for script, question, shots in films:
        thing = asked_thing(question)
        frames += [len(rows) + 2 * shot + kind for shot in shots for kind in (0, 1)]
        for shot in script.shots:
            rows += [context_words(shot, thing), content_words(shot)]
    tokens = (torch.stack(rows) @ embeddings)[frames]
    generator = torch.Generator().manual_seed(rng.randrange(1 << 60))
    return tokens + noise * torch.randn(tokens.shape, generator=generator)
