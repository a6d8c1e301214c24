"""Greedy answers to many prompts at once, with the attention that they lay on the film.

They are read as in a conversation: each section is a prefix, each question its tail, and the tails are continued side
by side, a word of each answer a step.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import torch

from llamavid_demo.chat.decoding import Sampling, chooser
from llamavid_demo.chat.first_word import first_logits
from llamavid_demo.chat.progress import finish as to_its_end
from llamavid_demo.chat.quoting import Choose, Quotable, Quoting, quoted
from llamavid_demo.film.cues import Cue
from llamavid_demo.model.attention import BatchReading, TailReading
from llamavid_demo.model.attention_watch import AttentionWatch
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.model.moments import watched_mass
from llamavid_demo.model.prefix import Prefix
from llamavid_demo.model.prompt import Exchange, SectionPrompt, Word, word_places
from llamavid_demo.model.section_frames import SectionFrames
from llamavid_demo.model.tail import Tail, TailBatch

LONGEST_ANSWER = 48  # tokens
ROOM = 1 << 30  # bytes that the frames of a film may keep for several questions

Change = Callable[[torch.Tensor], torch.Tensor]


@dataclass(frozen=True)
class ReadSection:
    """A film that was read for a guide question: its prompt's ids, its frames, its prefix, and what may be quoted."""

    ids: tuple[int, ...]
    frames: SectionFrames
    prefix: Prefix
    quotable: Quotable


@dataclass(frozen=True)
class Writing:
    """An answer under way: its ids so far, how the next is chosen, the `section` that it is about, what it reads and
    watches.
    """

    ids: list[int]
    section: ReadSection
    words: Sequence[Word]
    reading: TailReading
    watch: AttentionWatch
    choose: Choose

    def mass(self, tokens_per_frame: int, *, spoken: bool = False) -> torch.Tensor:
        """Attention (T, tokens a frame) that its words have laid on the frames so far; see `watched_mass`."""
        return watched_mass(self.watch, self.section.ids, tokens_per_frame, self.words, spoken=spoken)


@torch.inference_mode()
def read_section(
    model: LoadedModel,
    prompt: SectionPrompt,
    guide: str,
    patches: torch.Tensor,
    *,
    change: Change | None = None,
    cues: Sequence[Sequence[Cue]] = (),
) -> ReadSection:
    """Read a film of `patches` (T, …) for a guide question; `change` is done to its rows (R, H) on the way.

    Answers may quote its `cues`, those of each frame.
    """
    frames = model.section(prompt, guide, patches.split(model.frames_at_once), room=ROOM)
    rows = to_its_end(frames.rows())
    prefix = Prefix(model.config.llama.num_hidden_layers, len(prompt.ids))
    model.fill(prefix, frames.embed(prompt.ids, change(rows) if change else rows))
    return ReadSection(prompt.ids, frames, prefix, Quotable(prompt.ids, prompt.last_cues, cues))


@torch.inference_mode()
def begin(
    model: LoadedModel,
    section: ReadSection,
    words: Sequence[Word],
    turns: Sequence[Exchange] = (),
    *,
    look_frames: int = 0,
) -> Writing:
    """Read a conversation's words behind a section, and choose the first word of the answer.

    Each question of its `turns` takes a second look at so many frames at most.
    """
    length, tail = len(section.ids), Tail(model.config.llama.num_hidden_layers)
    words, stale = section.frames.look_again(
        words,
        turns,
        frames=look_frames,
        visible=length,
        times=range(length),  # a frame a second, from 0 on
    )
    embeds, places = to_its_end(section.frames.embed_words(words)), word_places(words, length)
    reading = TailReading(section.prefix, tail, length, places=places, stale=stale)
    config = model.config
    watch = AttentionWatch(length, config.watched_layers, len(words), config.watched_heads, config.quotes)
    choose: Choose = chooser(Sampling())
    question = turns[-1][0] if turns else ""
    quoted_for = partial(quoted, model, watch, section.quotable, words, question=question)
    if model.config.quotes:
        reading.watch = watch
        choose = Quoting(choose, model.tokenizer, quoted_for)
    hidden = model.hidden(embeds, reading, [places])
    tail.advance(len(words))
    reading.watch = watch
    logits = model.logits(hidden[0, -1])
    if model.config.quotes and turns:
        logits = first_logits(model.tokenizer, logits, question, quoted_for)
    first = choose(logits, ())
    return Writing([first], section, words, reading, watch, choose)


@torch.inference_mode()
def finish(model: LoadedModel, answers: Sequence[Writing], *, longest: int | None = None) -> list[str]:
    """Continue answers together until each has ended or has `longest` tokens, `LONGEST_ANSWER` unless given; texts."""
    longest = longest or LONGEST_ANSWER
    writing, batch = list(answers), TailBatch(model.config.llama.num_hidden_layers)
    for answer in writing:
        batch.join(answer.reading.tail)
    while writing:
        for row in reversed(range(len(writing))):
            ids = writing[row].ids
            if ids[-1] == model.tokenizer.eos or len(ids) == longest:
                batch.leave(row)  # the last row takes its place
                writing[row] = writing[-1]
                writing.pop()
        if writing:
            _step(model, batch, writing)
    return [model.tokenizer.decode(answer.ids).strip() for answer in answers]


def _step(model: LoadedModel, batch: TailBatch, writing: Sequence[Writing]) -> None:
    embeds = model.embed([answer.ids[-1] for answer in writing]).transpose(0, 1)  # (rows, 1, H)
    reading = BatchReading(batch, [answer.reading for answer in writing])
    hidden = model.hidden(embeds, reading, reading.next_places)
    batch.advance()
    for answer, logits in zip(writing, model.logits(hidden[:, -1]), strict=True):
        answer.ids.append(answer.choose(logits, answer.ids))
