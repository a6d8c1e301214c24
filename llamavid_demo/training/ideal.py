"""Ideal frame tokens: what a perfect eye would hand to the LLaMA, made of the LLaMA's own word embeddings.

The LLaMA learns to read films from these before the vision tower exists; afterwards the projectors are aligned to
them. Context token: the thing that the guide question names with its colour and action, a faint "no" where it isn't
on screen; everybody on screen when no thing is named. Content token: place, time of day, weather, who is there.
"""

import random
import re
from collections.abc import Sequence

import torch

from llamavid_demo.model.llama_vid.tokenizer import LlamaTokenizer
from llamavid_demo.questions.words import WEATHER_WORDS
from llamavid_demo.storybook.world import ACTIONS, COLOURS, PLACES, THINGS, TIMES, WEATHERS, Script, Shot

NO = "no"
WORDS = (*PLACES, *TIMES, *WEATHERS, *THINGS, *COLOURS, *ACTIONS, NO)
_INDEX = {word: i for i, word in enumerate(WORDS)}


def word_ids(tokenizer: LlamaTokenizer) -> torch.Tensor:
    """Token of each of `WORDS`."""
    return torch.tensor([tokenizer.encode(WEATHER_WORDS.get(word, word))[0] for word in WORDS])


def asked_thing(guide: str) -> str | None:
    """The thing that a guide question names, if any."""
    return next((word for word in re.findall(r"[a-z]+", guide.lower()) if word in THINGS), None)


def content_words(shot: Shot) -> torch.Tensor:
    """Weights (words,) of a shot's content token."""
    weights = torch.zeros(len(WORDS))
    weights[[_INDEX[shot.place], _INDEX[shot.time], _INDEX[shot.weather]]] = 0.5
    weights[[_INDEX[actor.thing] for actor in shot.actors]] = 0.4
    return weights


def context_words(shot: Shot, thing: str | None) -> torch.Tensor:
    """Weights (words,) of a shot's context token for a guide question that names `thing`, or none."""
    weights = torch.zeros(len(WORDS))
    shown = [actor for actor in shot.actors if thing in (None, actor.thing)]
    if not shown:
        weights[_INDEX[NO]] = 0.5
    for actor in shown:
        for word in (actor.thing, actor.colour, actor.action):
            weights[_INDEX[word]] += (3 * len(shown)) ** -0.5
    return weights


def ideal_tokens(
    films: Sequence[tuple[Script, str, Sequence[int]]],
    embeddings: torch.Tensor,
    *,
    noise: float,
    rng: random.Random,
) -> torch.Tensor:
    """Frame tokens (2·frames, H) of films with their guide questions and each frame's shot.

    `embeddings` (words, H) are those of `WORDS`; `noise` is the standard deviation added to every number.
    """
    rows: list[torch.Tensor] = []
    frames: list[int] = []
    for script, guide, shots in films:
        thing = asked_thing(guide)
        frames += [len(rows) + 2 * shot + kind for shot in shots for kind in (0, 1)]
        for shot in script.shots:
            rows += [context_words(shot, thing), content_words(shot)]
    order = torch.tensor(frames, device=embeddings.device)
    tokens = (torch.stack(rows).to(embeddings) @ embeddings).index_select(0, order)
    generator = torch.Generator().manual_seed(rng.randrange(1 << 60))
    return tokens + noise * torch.randn(tokens.shape, generator=generator).to(tokens)
