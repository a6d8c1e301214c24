"""Alignment: context attention and projectors learn to make, from patches, the tokens that the LLaMA can read.

The vision tower and the LLaMA stay as they are. One frame and one question at a time; the target is the ideal frame
token, so the LLaMA itself need not run. Beside it the context attention is drawn to the patches that are asked for:
from the tokens alone it takes very long to find out that the question matters.
"""

import random
from collections.abc import Callable

import torch
from torch import nn

from llamavid_demo.model.llama_vid.network import LlamaVid
from llamavid_demo.questions import Question, ask
from llamavid_demo.questions.follow_ups import FOLLOW_UPS
from llamavid_demo.storybook.world import ACTIONS, COLOURS, PLACES, THINGS, TIMES, WEATHERS, Script
from llamavid_demo.training.encoded_shots import EncodedShots
from llamavid_demo.training.guide import GuideIds
from llamavid_demo.training.ideal import NO, WORDS, asked_thing, content_words, context_words
from llamavid_demo.training.learning import POINTING, autocast
from llamavid_demo.training.stages import StepResult
from llamavid_demo.training.vision_labels import NOBODY

# Questions that name a thing are what the text decoder has to learn; each frame is a film of its own here.
NAMING = {"colour": 3.0, "action": 3.0, "where": 2.0, "existence": 4.0, "absent": 3.0}
OTHERS = ("place", "time", "weather", "contents", "count", "who", "said", "outside")


Phrase = Callable[[Question, random.Random], str]


def as_it_is(question: Question, rng: random.Random) -> str:
    """A question in its own words."""
    del rng
    return question.text


class Aligning:
    """A step of the alignment stage.

    `words` (words, H) are the LLaMA's embeddings of `WORDS`; `phrase` puts a question into the words that people use.
    """

    def __init__(
        self,
        network: LlamaVid,
        words: torch.Tensor,
        guide: GuideIds,
        encoded: EncodedShots,
        *,
        batch: int,
        phrase: Phrase = as_it_is,
    ) -> None:
        self.network, self.words, self.guide, self.encoded, self.batch = network, words, guide, encoded, batch
        self.phrase = phrase
        self.shares = torch.linalg.pinv(words.float())  # (H, words): how much of each word a token has
        self.whose = encoded.whose.to(words.device)  # (S, F, N)

    def __call__(self, rng: random.Random) -> StepResult:
        """One batch; accuracies say which word of its kind a token is nearest to."""
        asked = [self._question(rng) for _ in range(self.batch)]
        indices = [index for index, _ in asked]
        frames = [rng.randrange(self.encoded.patches.shape[1]) for _ in asked]
        shots = [self.encoded.shots[index] for index in indices]
        things = [asked_thing(text) for _, text in asked]
        context = torch.stack([context_words(s, t) for s, t in zip(shots, things, strict=True)])
        content = torch.stack([content_words(shot) for shot in shots])
        device = self.words.device
        target = torch.stack([context, content], dim=1).to(device) @ self.words  # (B, 2, H)
        ids, mask = (t.to(device) for t in self.guide([text for _, text in asked]))
        with autocast(device):
            patches = self.encoded.patches[indices, frames].to(device).float()
            queries = self.network.text_decoder(patches, ids, mask)
            scores = self.network.context.scores(queries, patches).float().mean(dim=1)  # (B, N)
            tokens = torch.cat([self.network.context(queries, patches), self.network.content(patches)], dim=1)
        loss = nn.functional.mse_loss(tokens.float(), target)
        asked_for = asked_patches(self.whose[indices, frames], things)
        loss = loss + POINTING * pointing_loss(scores, asked_for)
        return StepResult(loss, self._right(tokens.detach().float(), context, content, things))

    def _question(self, rng: random.Random) -> tuple[int, str]:
        """A shot of the pool, and a question that somebody may ask about a film that it is in."""
        while True:
            index = rng.randrange(len(self.encoded.shots))
            question = question_on(Script("", (self.encoded.shots[index],)), rng, self.phrase)
            if question:
                return index, question

    def _right(
        self, tokens: torch.Tensor, context: torch.Tensor, content: torch.Tensor, things: list[str | None]
    ) -> dict[str, list[float]]:
        near = (tokens @ self.shares).cpu()  # (B, 2, words)
        no = WORDS.index(NO)
        named = [i for i, thing in enumerate(things) if thing]
        shown = [i for i in named if not context[i, no]]
        right: dict[str, list[float]] = {}
        for kind, kinds, row, wanted, of in (
            ("place", PLACES, 1, content, range(len(things))), ("time", TIMES, 1, content, range(len(things))),
            ("weather", WEATHERS, 1, content, range(len(things))),
            ("thing", THINGS, 0, context, shown), ("colour", COLOURS, 0, context, shown),
            ("action", ACTIONS, 0, context, shown),
        ):  # fmt: skip
            columns = [WORDS.index(word) for word in kinds]
            hits = near[:, row, columns].argmax(1) == wanted[:, columns].argmax(1)
            right[kind] = hits[list(of)].float().tolist()
        missed = near[:, 0, no] > 0.25
        right["existence"] = (missed == (context[:, no] > 0))[named].float().tolist()
        columns = [WORDS.index(word) for word in THINGS]
        there = near[:, 1, columns] > 0.2
        right["present"] = (there == (content[:, columns] > 0)).all(dim=1).float().tolist()
        return right


def question_on(film: Script, rng: random.Random, phrase: Phrase = as_it_is) -> str | None:
    """What somebody may ask about a film, of a thing most often; None when it has nothing for that."""
    kind = rng.random()
    if kind < 0.05:
        return rng.choice(rng.choice(FOLLOW_UPS))
    families, weights = (NAMING, list(NAMING.values())) if kind < 0.75 else (OTHERS, None)
    question = ask(rng.choices(list(families), weights)[0], film, rng)
    return phrase(question, rng) if question else None


def asked_patches(whose: torch.Tensor, things: list[str | None]) -> torch.Tensor:
    """Patches (B, N) that questions ask for: those of the thing named, background where it isn't, else everybody's."""
    wanted = torch.tensor([1 + THINGS.index(thing) if thing else NOBODY for thing in things], device=whose.device)
    of_thing = whose == wanted[:, None]
    named = (wanted != NOBODY)[:, None]
    shown = of_thing.any(dim=1, keepdim=True)
    return torch.where(named & shown, of_thing, (whose == NOBODY) == named)


def pointing_loss(scores: torch.Tensor, asked_for: torch.Tensor) -> torch.Tensor:
    """How little attention `scores` (B, N), whose rows sum to one, falls on the patches `asked_for` (B, N).

    Rows that ask for no patch don't count.
    """
    found = asked_for.any(dim=1)
    if not found.any():
        return scores.new_zeros(())
    return -((scores * asked_for).sum(dim=1)[found] + 1e-4).log().mean()
