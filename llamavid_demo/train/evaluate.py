"""How often a loaded checkpoint is right, on freshly rendered films that it was never trained on."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.model.prompt import FRAME
from llamavid_demo.train.questions import FAMILIES, Question, normalise, questions
from llamavid_demo.train.sequences import prompt_ids
from llamavid_demo.train.shots import film_frames
from llamavid_demo.train.world import Script, random_script

LONGEST_ANSWER = 24


@dataclass(frozen=True)
class Answered:
    """A question with what the model said."""

    question: Question
    said: str

    @property
    def right(self) -> bool:
        """Whether the words are those of the true answer, all of them."""
        return normalise(self.said) == normalise(self.question.answer)


def evaluate(
    model: LoadedModel,
    films: int,
    seed: int,
    *,
    shots: tuple[int, int] = (3, 6),
    seconds: tuple[int, int] = (3, 8),
    report: Callable[[int, int], None] | None = None,
    keep: list[Answered] | None = None,
) -> dict[str, Any]:
    """Ask one question of every family about each of `films` films; greedy decoding, exact match.

    Each question is its film's first, so it is also the guide. Returns `{"accuracy", "questions", "families": {name:
    {"accuracy", "n"}}}`; `keep` collects every answer. `report` gets (films done, films).
    """
    right: dict[str, list[bool]] = {}
    for number in range(films):
        script, asked = evaluation_film(seed, number, shots=shots, seconds=seconds)
        for answered in answer_film(model, script, asked):
            right.setdefault(answered.question.family, []).append(answered.right)
            if keep is not None:
                keep.append(answered)
        if report:
            report(number + 1, films)
    total = [hit for hits in right.values() for hit in hits]
    return {
        "accuracy": sum(total) / max(1, len(total)),
        "questions": len(total),
        "families": {
            family: {"accuracy": sum(right[family]) / len(right[family]), "n": len(right[family])}
            for family in FAMILIES
            if family in right
        },
    }


def evaluation_film(
    seed: int, number: int, *, shots: tuple[int, int], seconds: tuple[int, int]
) -> tuple[Script, list[Question]]:
    """The film and questions of a seed; the training draws from other seeds."""
    rng = random.Random(f"evaluation/{seed}/{number}")  # noqa: S311 - chance, not secrecy
    script = random_script(rng, shots=rng.randint(*shots), seconds=seconds)
    return script, questions(script, rng)


@torch.inference_mode()
def answer_film(model: LoadedModel, script: Script, asked: list[Question]) -> list[Answered]:
    """Greedy answers to questions about one film, each with its own guide question."""
    patches = model.patches(film_frames(script, model.frame_format))
    rows = []
    table = model.network.llama.get_input_embeddings()
    for question in asked:
        ids = torch.tensor(prompt_ids(model.tokenizer, model.config.prompt, script, question.text))
        marks = ids == FRAME
        embedded = table(ids.masked_fill(marks, 0).to(model.device))  # (L, H)
        embedded[marks] = model.frame_tokens(patches, question.text).flatten(0, 1).to(embedded.dtype)
        rows.append(embedded)
    texts = _greedy(model, rows)
    return [Answered(question, text) for question, text in zip(asked, texts, strict=True)]


def _greedy(model: LoadedModel, prompts: list[torch.Tensor]) -> list[str]:
    """Continue prompts (L, H) of several lengths together, padded on the right, until each has ended."""
    llama, device = model.network.llama, model.device
    lengths = torch.tensor([len(prompt) for prompt in prompts], device=device)
    rows = torch.nn.utils.rnn.pad_sequence(prompts, batch_first=True)  # (B, L, H)
    rows = torch.nn.functional.pad(rows, (0, 0, 0, LONGEST_ANSWER))
    said: list[list[int]] = [[] for _ in prompts]
    each = torch.arange(len(prompts), device=device)
    for step in range(LONGEST_ANSWER):
        read = rows[:, : int(lengths.max()) + step]
        hidden = llama.model(inputs_embeds=read, use_cache=False).last_hidden_state
        tokens = llama.lm_head(hidden[each, lengths + step - 1]).argmax(dim=-1)  # (B,)
        for answer, token in zip(said, tokens.tolist(), strict=True):
            if not answer or answer[-1] != model.tokenizer.eos:
                answer.append(token)
        if all(answer[-1] == model.tokenizer.eos for answer in said):
            break
        rows[each, lengths + step] = llama.get_input_embeddings()(tokens).to(rows.dtype)
    return [model.tokenizer.decode(answer).strip() for answer in said]
