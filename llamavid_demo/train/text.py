"""Reading stages: the LLaMA learns to answer from ideal frame tokens, before it has eyes. Short films first."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import nn

from llamavid_demo.model.llama_vid import LlamaVid
from llamavid_demo.model.tokenizer import LlamaTokenizer
from llamavid_demo.train.ideal import ideal_tokens, word_ids
from llamavid_demo.train.questions import Question, ask
from llamavid_demo.train.sequences import IGNORED, FilmSequence, SequenceBatch, make_sequence, pad
from llamavid_demo.train.stages import StepResult
from llamavid_demo.train.tokenizer import PROMPT
from llamavid_demo.train.world import Script, random_script


@dataclass(frozen=True)
class FilmKind:
    """What films of a stage are like: inclusive ranges of shots, seconds a shot and lines a shot."""

    shots: tuple[int, int]
    seconds: tuple[int, int]
    lines: tuple[int, int] = (0, 1)
    subtitles: float = 0.8  # share of films that have them


def autocast(device: torch.device) -> torch.autocast:
    """bfloat16 for the matrix products, on any device."""
    return torch.autocast(device.type, dtype=torch.bfloat16)


def choose_family(weights: dict[str, float], rng: random.Random) -> str:
    """A family by its weight."""
    return rng.choices(list(weights), list(weights.values()))[0]


class Reading:
    """A step of the reading stages: films by chance, ideal tokens, the loss on the answers."""

    def __init__(
        self,
        network: LlamaVid,
        tokenizer: LlamaTokenizer,
        kind: FilmKind,
        families: dict[str, float],
        *,
        batch: int,
        noise: float = 0.2,
    ) -> None:
        self.network, self.tokenizer, self.kind, self.families = network, tokenizer, kind, families
        self.batch, self.noise = batch, noise
        self.words = word_ids(tokenizer)

    def __call__(self, rng: random.Random) -> StepResult:
        """One batch."""
        films = [self._film(rng) for _ in range(self.batch)]
        table = self.network.llama.model.embed_tokens
        tokens = ideal_tokens(
            [(script, question, sequence.shots) for script, question, sequence in films],
            table.weight[self.words],
            noise=self.noise,
            rng=rng,
        )
        batch = pad([sequence for _, _, sequence in films])
        return answer_loss(self.network, batch, tokens, [question for _, question, _ in films])

    def _film(self, rng: random.Random) -> tuple[Script, Question, FilmSequence]:
        kind = self.kind
        while True:
            script = random_script(
                rng, shots=rng.randint(*kind.shots), seconds=kind.seconds, lines=kind.lines, actors=(1, 3)
            )
            question = ask(choose_family(self.families, rng), script, rng)
            if question:
                subtitles = rng.random() < kind.subtitles
                sequence = make_sequence(self.tokenizer, PROMPT, script, question, subtitles=subtitles)
                return script, question, sequence


def answer_loss(
    network: LlamaVid, batch: SequenceBatch, tokens: torch.Tensor, questions: Sequence[Question]
) -> StepResult:
    """Cross-entropy on the answers; an answer is right when every one of its tokens is the likeliest."""
    device = tokens.device
    batch = SequenceBatch(batch.ids.to(device), batch.labels.to(device))
    with autocast(device):
        embedded = batch.embeddings(network.llama.model.embed_tokens, tokens)
        hidden = network.llama.model(inputs_embeds=embedded, use_cache=False).last_hidden_state[:, :-1]
        labels = batch.labels[:, 1:]
        asked = labels != IGNORED
        logits = network.llama.lm_head(hidden[asked])
    logits = logits.float()
    loss = nn.functional.cross_entropy(logits, labels[asked])
    with torch.no_grad():
        hits = torch.ones_like(asked)
        hits[asked] = logits.argmax(-1) == labels[asked]
        rights = hits.all(dim=1).tolist()
    right: dict[str, list[float]] = {}
    for question, hit in zip(questions, rights, strict=True):
        right.setdefault(question.family, []).append(float(hit))
    return StepResult(loss, right)
