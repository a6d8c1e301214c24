"""Instruction tuning: all but the vision tower learns to answer from real patches, the guide being the question."""

import random
from collections.abc import Sequence

import torch

from llamavid_demo.model.llama_vid.network import LlamaVid
from llamavid_demo.model.llama_vid.tokenizer import LlamaTokenizer
from llamavid_demo.training.conversation import Conversation, converse
from llamavid_demo.training.encoded_shots import EncodedShots
from llamavid_demo.training.guide import GuideIds
from llamavid_demo.training.learning import Reader, autocast
from llamavid_demo.training.reading import Lesson
from llamavid_demo.training.sequences import FilmSequence, make_sequence, pad
from llamavid_demo.training.stages import StepResult
from llamavid_demo.training.tokenizer import PROMPT

HIDDEN = 0.04  # share of films whose context tokens, content tokens or both are zero


class Answering:
    """A step of the answering stages: films from the pool with a conversation about each."""

    def __init__(
        self,
        network: LlamaVid,
        reader: Reader,
        tokenizer: LlamaTokenizer,
        guide: GuideIds,
        encoded: EncodedShots,
        lessons: Sequence[Lesson],
    ) -> None:
        self.network, self.reader, self.tokenizer, self.guide = network, reader, tokenizer, guide
        self.encoded, self.lessons = encoded, lessons

    def __call__(self, rng: random.Random) -> StepResult:
        """One batch of one lesson. The text decoder sees two frames a shot, the film repeats their tokens."""
        lesson = rng.choice(self.lessons)
        films = [self._film(lesson, rng) for _ in range(lesson.films)]
        pool_frames = [frame for _, _, frames in films for frame in frames]
        device = self.network.text_decoder.queries.device
        ids, mask = (t.to(device) for t in self.guide([talk.guide for talk, _, frames in films for _ in frames]))
        shots, numbers = zip(*pool_frames, strict=True)
        with autocast(device):
            patches = self.encoded.patches[list(shots), list(numbers)].to(device).float()
            tokens = self.network.frame_tokens(patches, ids, mask).float()  # (2·shots, 1+n, H)
        order: list[int] = []
        first = 0
        for _, sequence, frames in films:
            if rng.random() < HIDDEN:  # so that what a kind of token is worth can be asked of this very model
                context, content = [0], list(range(1, tokens.shape[1]))
                tokens[first : first + len(frames), rng.choice((context, content, context + content))] = 0
                sequence.forget_where()
            order += [first + 2 * shot + rng.randrange(2) for shot in sequence.shots]
            first += len(frames)
        batch = pad([sequence for _, sequence, _ in films])
        questions = [question for talk, _, _ in films for question in talk.questions]
        shown = tokens.index_select(0, torch.tensor(order, device=device))
        return self.reader(batch, shown.flatten(0, 1), questions)

    def _film(self, lesson: Lesson, rng: random.Random) -> tuple[Conversation, FilmSequence, list[tuple[int, int]]]:
        script, frames = self.encoded.film(rng, lesson.kind)
        talk = converse(script, lesson.manner, rng)
        sequence = make_sequence(
            self.tokenizer, PROMPT, script, talk.questions,
            tokens_per_frame=self.network.config.tokens_per_frame,
            subtitles=talk.subtitles, learn=talk.learn, guide=talk.guide,
        )  # fmt: skip
        return talk, sequence, frames
