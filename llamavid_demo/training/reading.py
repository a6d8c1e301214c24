"""Reading stages: the LLaMA learns to answer from ideal frame tokens, before it has eyes. Short films first."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from torch import nn

from llamavid_demo.model.llama_vid.network import LlamaVid
from llamavid_demo.model.llama_vid.tokenizer import LlamaTokenizer
from llamavid_demo.storybook.random_film import FilmKind, random_script
from llamavid_demo.storybook.world import Script
from llamavid_demo.training.conversation import Conversation, Manner, converse
from llamavid_demo.training.ideal import ideal_tokens, word_ids
from llamavid_demo.training.learning import Reader
from llamavid_demo.training.sequences import FilmSequence, make_sequence, pad
from llamavid_demo.training.stages import StepResult
from llamavid_demo.training.tokenizer import PROMPT


@dataclass(frozen=True)
class Lesson:
    """What a batch is made of: `films` of a kind with a manner of conversation about each."""

    kind: FilmKind
    manner: Manner
    films: int = 32


class Reading:
    """A step of the reading stages: films by chance, ideal tokens, the loss on the answers."""

    def __init__(
        self, network: LlamaVid, reader: Reader, tokenizer: LlamaTokenizer, lessons: Sequence[Lesson], *,
        noise: float = 0.2,
    ) -> None:  # fmt: skip
        self.reader, self.tokenizer, self.lessons, self.noise = reader, tokenizer, lessons, noise
        self.table: nn.Embedding = network.llama.model.embed_tokens
        self.words = word_ids(tokenizer)

    def __call__(self, rng: random.Random) -> StepResult:
        """One batch."""
        lesson = rng.choice(self.lessons)
        films = [self._film(lesson, rng) for _ in range(lesson.films)]
        tokens = ideal_tokens(
            [(script, talk.guide, sequence.shots) for script, talk, sequence in films],
            self.table.weight[self.words],
            noise=self.noise,
            rng=rng,
        )
        questions = [question for _, talk, _ in films for question in talk.questions]
        return self.reader(pad([sequence for _, _, sequence in films]), tokens, questions)

    def _film(self, lesson: Lesson, rng: random.Random) -> tuple[Script, Conversation, FilmSequence]:
        script = random_script(rng, lesson.kind)
        talk = converse(script, lesson.manner, rng)
        sequence = make_sequence(
            self.tokenizer, PROMPT, script, talk.questions,
            subtitles=talk.subtitles, learn=talk.learn, guide=talk.guide,
        )  # fmt: skip
        return script, talk, sequence
