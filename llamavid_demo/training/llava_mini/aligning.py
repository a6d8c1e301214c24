"""Alignment: compressor, projector and pre-fusion learn to make what the LLaMA can read; the LLaMA stays as it is.

One frame and a few questions at a time. The mean of its compressed tokens is drawn to its ideal content token. To the
name of a thing pre-fusion shall add that thing's colour and action, and nothing where it isn't on screen: the mean over
a film's frames then tells what it looks like wherever it was seen. Its first layer is drawn to the thing's patches.
"""

import random

import torch
from torch import nn

from llamavid_demo.model.llava_mini.network import LlavaMini
from llamavid_demo.storybook.world import ACTIONS, COLOURS, PLACES, THINGS, TIMES, WEATHERS, Script, Shot
from llamavid_demo.training.aligning import asked_patches, pointing_loss, question_on
from llamavid_demo.training.encoded_shots import EncodedShots
from llamavid_demo.training.ideal import WORDS, content_words
from llamavid_demo.training.learning import POINTING, autocast
from llamavid_demo.training.llava_mini.fusing import looks, read_rows, rotary_of
from llamavid_demo.training.llava_mini.sequences import ChatForm
from llamavid_demo.training.stages import StepResult

GAIN = 4.0  # how much louder than a word: of many frames few show the thing, and the mean is what is left
LOOKING_HEADS = 2  # of the first layer
_NO_ANSWER = "Yes."  # answers are not fused, so their words don't matter here


class Aligning:
    """A step of the alignment stage; `words` (words, H) are the embeddings of `ideal.WORDS`."""

    def __init__(
        self, network: LlavaMini, form: ChatForm, encoded: EncodedShots, words: torch.Tensor, *,
        batch: int, questions: int = 2,
    ) -> None:  # fmt: skip
        self.network, self.form, self.encoded, self.words = network, form, encoded, words
        self.batch, self.questions = batch, questions
        self.things, self.opening = form.things(), form.opening()

    def __call__(self, rng: random.Random) -> StepResult:
        """One batch; accuracies say which word of its kind a token is nearest to."""
        indices = [rng.randrange(len(self.encoded.shots)) for _ in range(self.batch)]
        frames = [rng.randrange(self.encoded.patches.shape[1]) for _ in indices]
        shots = [self.encoded.shots[index] for index in indices]
        texts = [self._text(shot, rng) for shot in shots]
        device = self.words.device
        ids = nn.utils.rnn.pad_sequence([torch.tensor(text) for text in texts], batch_first=True).to(device)
        count = self.network.config.tokens_per_frame
        with autocast(device):
            patches = self.encoded.patches[indices, frames].to(device).float()
            visual = self.network.visual_rows(patches[:, None])  # (B, N+C, H)
            text = self.network.llama.get_input_embeddings()(ids)  # (B, K, H)
            rows = torch.cat([visual.float(), text], dim=1)
            read = read_rows(self.network.prefusion, rows, wanted=count + ids.shape[1]).float()
        compressed, added = read[:, :count].mean(dim=1), read[:, count:] - text
        content = torch.stack([content_words(shot) for shot in shots])
        loss = nn.functional.mse_loss(compressed, content.to(device) @ self.words)
        names = [
            (b, k, self.things[i]) for b, words in enumerate(texts) for k, i in enumerate(words) if i in self.things
        ]
        right = self._right_content(compressed.detach(), content)
        other = ids > 0
        if names:
            other[[b for b, *_ in names], [k for _, k, _ in names]] = False
            wanted = torch.stack([_looks_and_does(shots[b], thing) for b, _, thing in names])
            heard = added[[b for b, *_ in names], [k for _, k, _ in names]]  # (P, H)
            loss = loss + nn.functional.mse_loss(heard / GAIN, wanted.to(device) @ self.words)
            loss = loss + POINTING * self._pointing_loss(rows, visual.shape[1], names, indices, frames)
            right |= self._right_names(heard.detach() / GAIN, wanted)
        return StepResult(loss + nn.functional.mse_loss(added[other], torch.zeros_like(added[other])), right)

    def _text(self, shot: Shot, rng: random.Random) -> list[int]:
        """Ids of a few questions about a shot with all that is fused beside them."""
        asked: list[str] = []
        while len(asked) < self.questions:
            if question := question_on(Script("", (shot,)), rng):
                asked.append(question)
        turns = [(question, None if question is asked[-1] else _NO_ANSWER) for question in asked]
        return [*self.opening, *(word.id for word in self.form.words("", turns) if word.fused)]

    def _pointing_loss(
        self, rows: torch.Tensor, visual: int, names: list[tuple[int, int, str]], indices: list[int], frames: list[int]
    ) -> torch.Tensor:
        first, whose = self.network.prefusion.layers[0], self.encoded.whose
        with autocast(rows.device):
            weights = looks(
                first, rows, rotary_of(self.network.prefusion, rows), [(b, visual + k) for b, k, _ in names]
            )
        seen = whose[[indices[b] for b, *_ in names], [frames[b] for b, *_ in names]]  # (P, N)
        asked_for = asked_patches(seen, [thing for *_, thing in names]).to(rows.device)
        return pointing_loss(weights[:, :LOOKING_HEADS, : seen.shape[1]].mean(dim=1), asked_for)

    def _right_content(self, tokens: torch.Tensor, content: torch.Tensor) -> dict[str, list[float]]:
        near = (tokens @ self.words.T).cpu()
        right = {}
        for kind, kinds in (("place", PLACES), ("time", TIMES), ("weather", WEATHERS)):
            columns = [WORDS.index(word) for word in kinds]
            right[kind] = (near[:, columns].argmax(1) == content[:, columns].argmax(1)).float().tolist()
        columns = [WORDS.index(word) for word in THINGS]
        there = near[:, columns] > 0.2 * self.words[columns].square().sum(dim=1).cpu()
        right["present"] = (there == (content[:, columns] > 0)).all(dim=1).float().tolist()
        return right

    def _right_names(self, heard: torch.Tensor, wanted: torch.Tensor) -> dict[str, list[float]]:
        near = (heard @ self.words.T).cpu()
        shown = wanted.any(dim=1)
        right = {}
        for kind, kinds in (("colour", COLOURS), ("action", ACTIONS)):
            columns = [WORDS.index(word) for word in kinds]
            hits = near[:, columns].argmax(1) == wanted[:, columns].argmax(1)
            right[kind] = hits[shown].float().tolist()
        loud = near[:, columns].amax(1) > 0.5 * self.words[columns].square().sum(dim=1).mean().cpu()
        right["existence"] = (loud == shown).float().tolist()
        return {kind: hits for kind, hits in right.items() if hits}


def _looks_and_does(shot: Shot, thing: str) -> torch.Tensor:
    """Weights (words,) of what a thing's name hears of a frame: its colour and action, nothing where it isn't."""
    weights = torch.zeros(len(WORDS))
    for actor in shot.actors:
        if actor.thing == thing:
            weights[[WORDS.index(actor.colour), WORDS.index(actor.action)]] = 1.0
    return weights
