"""A film and a question become what the LLaMA reads: exactly the prompt that inference sends, plus the answer."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from llamavid_demo.film.alignment import cues_by_frame
from llamavid_demo.film.cues import Cue
from llamavid_demo.model.config import PromptFormat
from llamavid_demo.model.prompt import FRAME, conversation_text, section_prompt
from llamavid_demo.model.tokenizer import LlamaTokenizer
from llamavid_demo.train.questions import Question
from llamavid_demo.train.world import Script

IGNORED = -100
TOKENS_PER_FRAME = 2


@dataclass(frozen=True)
class FilmSequence:
    """Ids with `FRAME` where frame tokens go; each of `answers` is [from, to) in them and ends with `</s>`."""

    ids: tuple[int, ...]
    answers: tuple[tuple[int, int], ...]
    shots: tuple[int, ...]  # the shot that each frame belongs to
    evidence: tuple[tuple[int, ...], ...]  # for each answer the shots that show it


@dataclass(frozen=True)
class SequenceBatch:
    """Padded on the right: `ids` (B, L) with FRAME marks, `labels` (B, L) with -100 outside of answers.

    `owners` (B, L): for each label the number of its question, counted through the batch. `evidence` (questions, L):
    whether a position holds a frame token of a shot that shows the answer.
    """

    ids: torch.Tensor
    labels: torch.Tensor
    owners: torch.Tensor
    evidence: torch.Tensor

    def embeddings(self, table: torch.nn.Embedding, frame_tokens: torch.Tensor) -> torch.Tensor:
        """Embeddings (B, L, H), the rows of `frame_tokens` (F, H) at the marks in their order."""
        ids = self.ids.to(frame_tokens.device)
        marks = ids == FRAME
        embedded = table(ids.masked_fill(marks, 0))
        return embedded.masked_scatter(marks[..., None], frame_tokens.to(embedded.dtype))


def frame_times(script: Script) -> list[float]:
    """The whole seconds of a film: its frames at 1 fps."""
    return [float(t) for t in range(math.ceil(script.duration))]


def prompt_ids(
    tokenizer: LlamaTokenizer, texts: PromptFormat, script: Script, question: str, *, subtitles: bool = True
) -> list[int]:
    """What inference sends: the section with its cues, then the question, up to `ASSISTANT:`."""
    section, last_cues = _section(tokenizer, texts, script, subtitles=subtitles)
    return [*section, *tokenizer.encode(conversation_text(texts, last_cues, [(question, None)]))]


def make_sequence(
    tokenizer: LlamaTokenizer,
    texts: PromptFormat,
    script: Script,
    asked: Sequence[Question],
    *,
    subtitles: bool,
) -> FilmSequence:
    """A film with one or more questions and their answers, turn after turn."""
    section, last_cues = _section(tokenizer, texts, script, subtitles=subtitles)
    turns = [(question.text, question.answer) for question in asked]
    ids = (*section, *tokenizer.encode(conversation_text(texts, last_cues, turns)))
    begin = tokenizer.encode("ASSISTANT:")[-1]
    starts = [i + 1 for i, token in enumerate(ids) if token == begin]
    ends = [i + 1 for i, token in enumerate(ids) if token == tokenizer.eos]
    shots = tuple(script.index_at(t) for t in frame_times(script))
    evidence = tuple(question.shots for question in asked)
    return FilmSequence(ids, tuple(zip(starts, ends, strict=True)), shots, evidence)


def pad(sequences: Sequence[FilmSequence]) -> SequenceBatch:
    """Batch sequences, padded to the longest."""
    length = max(len(s.ids) for s in sequences)
    ids = torch.zeros(len(sequences), length, dtype=torch.long)
    labels = torch.full_like(ids, IGNORED)
    owners = torch.zeros_like(ids)
    evidence = torch.zeros(sum(len(s.answers) for s in sequences), length, dtype=torch.bool)
    number = 0
    for row, sequence in enumerate(sequences):
        line = torch.tensor(sequence.ids)
        ids[row, : len(line)] = line
        marks = (line == FRAME).nonzero().flatten()
        frame_shots = torch.tensor(sequence.shots).repeat_interleave(TOKENS_PER_FRAME)
        for (start, end), shown in zip(sequence.answers, sequence.evidence, strict=True):
            evidence[number, marks[torch.isin(frame_shots, torch.tensor(shown, dtype=torch.long))]] = True
            labels[row, start:end] = line[start:end]
            owners[row, start:end] = number
            number += 1
    return SequenceBatch(ids, labels, owners, evidence)


def _section(
    tokenizer: LlamaTokenizer, texts: PromptFormat, script: Script, *, subtitles: bool
) -> tuple[tuple[int, ...], str]:
    times = frame_times(script)
    cues = [Cue(*cue) for cue in script.cues()] if subtitles else []
    by_frame = [" ".join(cue.text for cue in frame) for frame in cues_by_frame(cues, times)]
    prompt = section_prompt(tokenizer, texts, by_frame, TOKENS_PER_FRAME)
    return prompt.ids, prompt.last_cues
