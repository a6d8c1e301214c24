"""Instruction tuning: all but the vision tower learns to answer from real patches, the guide being the question."""

import random
from collections.abc import Sequence

from llamavid_demo.model.llama_vid import LlamaVid
from llamavid_demo.model.tokenizer import LlamaTokenizer
from llamavid_demo.train.encoded_shots import EncodedShots
from llamavid_demo.train.guide import GuideIds
from llamavid_demo.train.questions import Question
from llamavid_demo.train.sequences import FilmSequence, make_sequence, pad
from llamavid_demo.train.stages import StepResult
from llamavid_demo.train.text import FilmKind, answer_loss, ask_turns, autocast
from llamavid_demo.train.tokenizer import PROMPT


class Answering:
    """A step of the answering stages: films from the pool with a few questions each."""

    def __init__(
        self,
        network: LlamaVid,
        tokenizer: LlamaTokenizer,
        guide: GuideIds,
        encoded: EncodedShots,
        kinds: Sequence[FilmKind],
        families: dict[str, float],
    ) -> None:
        self.network, self.tokenizer, self.guide, self.encoded = network, tokenizer, guide, encoded
        self.kinds, self.families = kinds, families

    def __call__(self, rng: random.Random) -> StepResult:
        """One batch of one kind. The text decoder sees two frames a shot, the film repeats their tokens."""
        kind = rng.choice(self.kinds)
        films = [self._film(kind, rng) for _ in range(kind.batch)]
        pool_frames = [frame for _, _, frames in films for frame in frames]
        texts = [asked[0].text for asked, _, frames in films for _ in frames]
        device = self.network.text_decoder.queries.device
        ids, mask = (t.to(device) for t in self.guide(texts))
        shots, numbers = zip(*pool_frames, strict=True)
        with autocast(device):
            patches = self.encoded.patches[list(shots), list(numbers)].to(device).float()
            tokens = self.network.frame_tokens(patches, ids, mask)  # (2·shots, 2, H)
        order: list[int] = []
        first = 0
        for _, sequence, frames in films:
            order += [first + 2 * shot + rng.randrange(2) for shot in sequence.shots]
            first += len(frames)
        batch = pad([sequence for _, sequence, _ in films])
        questions = [question for asked, _, _ in films for question in asked]
        return answer_loss(self.network, batch, tokens[order].flatten(0, 1).float(), questions)

    def _film(self, kind: FilmKind, rng: random.Random) -> tuple[list[Question], FilmSequence, list[tuple[int, int]]]:
        script, frames = self.encoded.film(rng, shots=rng.randint(*kind.shots), seconds=kind.seconds)
        asked = ask_turns(script, self.families, kind.turns, rng)
        subtitles = rng.random() < kind.subtitles
        return asked, make_sequence(self.tokenizer, PROMPT, script, asked, subtitles=subtitles), frames
