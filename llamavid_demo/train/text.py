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

POINTING = 0.3  # weight of the loss on where to look
GUIDED = ("colour", "existence")  # families whose answer is in the context tokens


@dataclass(frozen=True)
class FilmKind:
    """What films of a batch are like: inclusive ranges of shots, seconds a shot and lines a shot."""

    shots: tuple[int, int]
    seconds: tuple[int, int]
    lines: tuple[int, int] = (0, 1)
    turns: int = 1  # questions a film
    subtitles: float = 0.8  # share of films that have them
    batch: int = 32  # films


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
        noise: float = 0.2,
    ) -> None:
        self.network, self.tokenizer, self.kind, self.families = network, tokenizer, kind, families
        self.noise = noise
        self.words = word_ids(tokenizer)

    def __call__(self, rng: random.Random) -> StepResult:
        """One batch."""
        films = [self._film(rng) for _ in range(self.kind.batch)]
        table = self.network.llama.model.embed_tokens
        tokens = ideal_tokens(
            [(script, asked[0], sequence.shots) for script, asked, sequence in films],
            table.weight[self.words],
            noise=self.noise,
            rng=rng,
        )
        batch = pad([sequence for _, _, sequence in films])
        return answer_loss(self.network, batch, tokens, [q for _, asked, _ in films for q in asked])

    def _film(self, rng: random.Random) -> tuple[Script, list[Question], FilmSequence]:
        kind = self.kind
        script = random_script(
            rng, shots=rng.randint(*kind.shots), seconds=kind.seconds, lines=kind.lines, actors=(1, 3)
        )
        asked = ask_turns(script, self.families, kind.turns, rng)
        subtitles = rng.random() < kind.subtitles
        return script, asked, make_sequence(self.tokenizer, PROMPT, script, asked, subtitles=subtitles)


def ask_turns(script: Script, families: dict[str, float], turns: int, rng: random.Random) -> list[Question]:
    """Questions of a conversation. The first, which is the guide, is more often of a family that needs one.

    Later ones are of families that need no guide: what they ask for is in the content tokens.
    """
    asked: list[Question] = []
    while len(asked) < turns:
        guided = 0.0 if asked else 10.0
        weights = {f: w * (guided if f in GUIDED else 1.0) for f, w in families.items()}
        question = ask(choose_family(weights, rng), script, rng)
        if question:
            asked.append(question)
    return asked


def answer_loss(
    network: LlamaVid, batch: SequenceBatch, tokens: torch.Tensor, questions: Sequence[Question]
) -> StepResult:
    """Cross-entropy on the answers, and where to look. An answer is right when its every token is the likeliest.

    `tokens` (F, H) are the frame tokens of all films, `questions` those of all films in their order.
    """
    device = tokens.device
    labels, owners = batch.labels[:, 1:], batch.owners[:, 1:]
    asked = labels != IGNORED
    wanted, owner = labels[asked].to(device), owners[asked]
    with autocast(device):
        embedded = batch.embeddings(network.llama.model.embed_tokens, tokens)
        read = network.llama.model(inputs_embeds=embedded, use_cache=False, output_attentions=True)
        logits = network.llama.lm_head(read.last_hidden_state[:, :-1][asked.to(device)])
    logits = logits.float()
    loss = nn.functional.cross_entropy(logits, wanted)
    loss = loss + POINTING * pointing_loss(read.attentions, batch, asked)
    wrong = torch.zeros(len(questions)).index_add(0, owner, (logits.argmax(-1) != wanted).float().cpu())
    right: dict[str, list[float]] = {}
    for question, mistakes in zip(questions, wrong.tolist(), strict=True):
        right.setdefault(question.family, []).append(float(mistakes == 0))
    return StepResult(loss, right)


def pointing_loss(attentions: Sequence[torch.Tensor], batch: SequenceBatch, asked: torch.Tensor) -> torch.Tensor:
    """How little the first head of each of the upper layers looks at the shots that show the answer.

    `attentions` (B, heads, L, L) by layer, `asked` (B, L-1) the positions whose next token is a label. Without this
    the LLaMA finds a scene by its number early and by its place very late; and it makes the evidence that is shown
    for an answer the true one.
    """
    rows, positions = asked.nonzero(as_tuple=True)
    shown = batch.evidence[batch.owners[:, 1:][asked]]  # (labels, L)
    known = shown.any(dim=1)
    rows, positions, shown = rows[known], positions[known], shown[known].to(attentions[0].device)
    upper = attentions[len(attentions) // 2 :]
    seen = torch.stack([(layer[rows, 0, positions].float() * shown).sum(dim=1) for layer in upper])
    return -(seen + 1e-4).log().mean() if len(rows) else seen.sum()
