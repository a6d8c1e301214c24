"""A conversation becomes what the LLaMA reads in training: ids with marks for frame tokens, and what is to be learned.

The forms are the original's: stage 1 has frames and answer alone, stage 2 shows the frames again before or behind each
question, and a film of stage 3 stands in the prompt that inference sends, with its subtitles.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from llamavid_demo.model.llama_vid.config import VICUNA, PromptFormat
from llamavid_demo.model.llama_vid.prompt import section_prompt
from llamavid_demo.model.llama_vid.short import SHORT
from llamavid_demo.model.llama_vid.tokenizer import VidTokenizer
from llamavid_demo.model.prompt import FRAME, common_prefix
from llamavid_demo.training.real.data import IMAGE, Record
from llamavid_demo.training.sequences import IGNORED


@dataclass
class Lesson:
    """`ids` with `FRAME` where frame tokens go, `labels` with -100 outside of answers.

    The frames are read once for each of `guides`, in the order of the marks.
    """

    ids: list[int] = field(default_factory=list)
    labels: list[int] = field(default_factory=list)
    guides: list[str] = field(default_factory=list)

    def cut(self, longest: int) -> "Lesson":
        """The first `longest` tokens."""
        return Lesson(self.ids[:longest], self.labels[:longest], self.guides)

    @property
    def marks(self) -> int:
        """Frame tokens that are read."""
        return self.ids.count(FRAME)

    @property
    def learned(self) -> int:
        """Tokens that are learned; the first is given."""
        return sum(label != IGNORED for label in self.labels[1:])


class LessonWriter:
    """Writes lessons with a checkpoint's tokenizer and prompt; `each` is the number of tokens of a frame."""

    def __init__(self, tokenizer: VidTokenizer, texts: PromptFormat, each: int) -> None:
        self.tokenizer, self.texts, self.each = tokenizer, texts, each
        self.original = texts == PromptFormat()

    def caption(self, record: Record, frames: int) -> Lesson:
        """Stage 1: frames and their caption; the question is the guide."""
        draft = _Draft(self.tokenizer)
        question, answer = record.turns[0]
        if record.media:
            draft.show(frames * self.each, _guide(question))
        draft.say(f"{answer}\n", learn=True)
        return draft.lesson()

    def conversation(self, record: Record, frames: int, rng: random.Random) -> Lesson:
        """Stage 2: each question with the frames, seen for itself; from the second on before or behind it."""
        texts = SHORT if self.original else self.texts
        draft = _Draft(self.tokenizer)
        draft.write(texts.opening)
        for number, (question, answer) in enumerate(record.turns):
            said = question.replace(IMAGE, "").strip()
            draft.write(texts.user if number else "")
            if not record.media:
                draft.say(said)
            elif number == 0 or rng.random() < 0.5:
                draft.show(frames * self.each, _guide(question))
                draft.write(texts.closing)
                draft.say(said)
            else:
                draft.say(said)
                draft.write(texts.closing)
                draft.show(frames * self.each, _guide(question))
            draft.answer(texts, answer)
        return draft.lesson()

    def movie(self, record: Record, cues: Sequence[str]) -> Lesson:
        """Stage 3: a film with its subtitles, `cues[t]` behind frame t; text that the data set around it stays."""
        (first, answer), *others = record.turns
        before, _, after = (self.tokenizer.plain(part) for part in first.partition(IMAGE))
        texts = self.texts
        if before.strip() and self.original:
            texts = replace(texts, opening=VICUNA + before, closing="")
        else:
            after = after.strip()
        section = section_prompt(self.tokenizer, texts, cues, self.each)
        draft = _Draft(self.tokenizer)
        draft.made = Lesson(list(section.ids), [IGNORED] * len(section.ids), [first.replace(IMAGE, "").strip()])
        draft.write(section.last_cues + texts.closing)
        draft.say(after)
        draft.answer(texts, answer)
        for question, said in others:
            draft.write(texts.user)
            draft.say(question.replace(IMAGE, "").strip())
            draft.answer(texts, said)
        return draft.lesson()


class _Draft:
    """A lesson being written: text up to the next frames is tokenized as one piece, as inference does."""

    def __init__(self, tokenizer: VidTokenizer) -> None:
        self.tokenizer = tokenizer
        begun = [] if tokenizer.bos is None else [tokenizer.bos]
        self.made = Lesson(begun, [IGNORED] * len(begun))
        self._text = ""
        self._learned: list[tuple[int, int]] = []

    def write(self, text: str) -> None:
        """Our own text, in which control words count."""
        self._text += text

    def say(self, text: str, *, learn: bool = False) -> None:
        """Text of the data, without control words."""
        plain = self.tokenizer.plain(text)
        if learn:
            self._learned.append((len(self._text), len(self._text) + len(plain)))
        self._text += plain

    def answer(self, texts: PromptFormat, said: str) -> None:
        """An answer and its stop, which are learned."""
        self.write(texts.assistant)
        start = len(self._text)
        self.write(texts.gap)
        self.say(said)
        self.write(texts.stop)
        self._learned.append((start, len(self._text)))

    def show(self, tokens: int, guide: str) -> None:
        """Frame tokens, made for a guide question."""
        self._encode()
        self.made.ids += [FRAME] * tokens
        self.made.labels += [IGNORED] * tokens
        self.made.guides.append(guide)

    def lesson(self) -> Lesson:
        """What was written."""
        self._encode()
        return self.made

    def _encode(self) -> None:
        ids = self.tokenizer.encode(self._text) if self._text else []
        labels = [IGNORED] * len(ids)
        for span in self._learned:
            # Ids of the text up to here, as far as what follows does not change them.
            start, end = (common_prefix(ids, self.tokenizer.encode(self._text[:at])) if at else 0 for at in span)
            labels[start:end] = ids[start:end]
        self.made.ids += ids
        self.made.labels += labels
        self._text, self._learned = "", []


def _guide(question: str) -> str:
    return question.replace(IMAGE, "").replace("\n", "")
