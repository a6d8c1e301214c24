"""A film and a conversation become what LLaVA-Mini reads: exactly its prompt, and which words of it are fused.

Answers stay raw, as the original trains. What a thing looks like and does is nowhere but in its name in a question,
which has read the frames: words of an answer that say so point there.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from llamavid_demo.model.llava_mini.prompt import conversation_words, section_prompt
from llamavid_demo.model.llava_mini.sequence import fused_slots
from llamavid_demo.model.llava_mini.tokenizer import ChatTokenizer
from llamavid_demo.model.prompt import FRAME, Exchange, Word
from llamavid_demo.questions import Question
from llamavid_demo.storybook.frame_cues import cue_texts
from llamavid_demo.storybook.world import ACTIONS, COLOURS, THINGS, Script
from llamavid_demo.training.llava_mini.tokenizer import ANSWER_HEADER
from llamavid_demo.training.sequences import IGNORED, FilmSequence, annotate

THING_HEAD = 1  # the pointing head that looks for things


@dataclass(frozen=True)
class ChatForm:
    """How a film and its conversation are written down: the checkpoint's tokenizer, system text and frame size."""

    tokenizer: ChatTokenizer
    system: str
    tokens_per_frame: int

    def opening(self) -> list[int]:
        """Ids that stand before the first frame; all of them are fused."""
        return list(section_prompt(self.tokenizer, [], self.tokens_per_frame, system=self.system).ids)

    def words(self, last_cues: str, turns: Sequence[Exchange]) -> list[Word]:
        """What stands behind the last frame; answers stay raw."""
        return conversation_words(self.tokenizer, last_cues, turns, answers="raw", system=self.system)

    def answer_starts(self, ids: Sequence[int]) -> list[int]:
        """Where answers begin: behind each of their headers."""
        header = self.tokenizer.encode_prompt(ANSWER_HEADER, second_bos=False)
        size = len(header)
        return [i for i in range(size, len(ids) + 1) if list(ids[i - size : i]) == header]

    def things(self) -> dict[int, str]:
        """The thing that a token names, in any letter case."""
        forms = [(thing, form) for thing in THINGS for form in (thing, thing.capitalize(), thing.upper())]
        return {self.tokenizer.encode(form)[0]: thing for thing, form in forms}


@dataclass
class FusedSequence(FilmSequence):
    """A film's sequence in which words at the positions `fused` read its frames before the LLaMA."""

    fused: tuple[int, ...] = ()

    @property
    def fused_ids(self) -> torch.Tensor:
        """Ids (K,) of the words that are fused."""
        return torch.tensor([self.ids[at] for at in self.fused])


def fused_sequence(
    form: ChatForm, things: dict[int, str], script: Script, asked: Sequence[Question], *, subtitles: bool = True
) -> FusedSequence:
    """A film with a conversation of which every answer is learned; `things` are `form.things()`."""
    section = section_prompt(
        form.tokenizer, cue_texts(script, subtitles=subtitles), form.tokens_per_frame, system=form.system
    )
    words = form.words(section.last_cues, [(question.text, question.answer) for question in asked])
    ids = [*section.ids, *(word.id for word in words)]
    begin = section.ids.index(FRAME)
    opening = fused_slots(torch.tensor(section.ids[:begin])).nonzero()[:, 0].tolist()
    fused = (*opening, *(len(section.ids) + i for i, word in enumerate(words) if word.fused))
    starts = form.answer_starts(ids)
    plain = annotate(
        ids, starts, form.tokenizer.encode, script, asked, tokens_per_frame=form.tokens_per_frame, subtitles=subtitles
    )
    named = {thing: [at for at in fused if things.get(ids[at]) == thing] for thing in THINGS}
    pointers = _look_at_names(plain, form, asked, starts, named)
    return FusedSequence(
        plain.ids, plain.labels, plain.owners, plain.shots, plain.questions, pointers, plain.notes, fused=fused
    )


def _look_at_names(
    sequence: FilmSequence,
    form: ChatForm,
    asked: Sequence[Question],
    starts: Sequence[int],
    named: dict[str, list[int]],
) -> list[tuple[int, int, list[int]]]:
    """The pointers, those of colours and actions turned to where their thing was named in a question so far."""
    turned: dict[int, list[int]] = {}
    for question, start in zip(asked, starts, strict=True):
        *before, last = (part.text for part in question.parts)
        about = question.about or (question.earlier.about if question.earlier else "")
        if last.rstrip(".") not in (*COLOURS, *ACTIONS) or about not in named:
            continue
        at = start + len(form.tokenizer.encode(" ".join(before)))
        end = start + len(form.tokenizer.encode(question.answer))
        turned |= {i - 1: [name for name in named[about] if name < start] for i in range(at, end)}
    kept = [pointer for pointer in sequence.pointers if pointer[0] not in turned]
    return kept + [(at, THING_HEAD, names) for at, names in turned.items() if names and sequence.labels[at] != IGNORED]
