"""A film with its talks becomes what the LLaMA reads: the section once, and behind it each talk by itself.

Exactly the prompts that inference sends. Talks stand side by side: all begin where the film ends, none sees another.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from llamavid_demo.film.alignment import cues_by_frame
from llamavid_demo.model.llama_vid.config import PromptFormat
from llamavid_demo.model.llama_vid.look_lines import NOTHING, LookLines, Shown
from llamavid_demo.model.llama_vid.prompt import conversation_text, cue_text, section_prompt
from llamavid_demo.model.llama_vid.second_look import before_turns
from llamavid_demo.model.llama_vid.tokenizer import BpeTokenizer
from llamavid_demo.model.prompt import SectionPrompt, Word, word_places
from llamavid_demo.training.english.film import SUMMARY, Film, Talk, Turn
from llamavid_demo.training.english.word_tokens import WordTokens

IGNORED = -100
FIRST_TOKENS = 4  # of an answer: those that point to its lines, and all that is learned of a quote


@dataclass
class TalkSequence:
    """Ids (L,) with `FRAME` where `tokens` (F, H) go; `labels` with -100 where nothing is learned; `seen` (L, L).

    The film ends at the first of `ends`, each talk at the next.
    `pointers`: (position, positions): where an answer's first words are found, in lines or frames; all of a quote stand
    at its question's last token.
    """

    ids: torch.Tensor
    labels: torch.Tensor
    places: torch.Tensor
    tokens: torch.Tensor
    seen: torch.Tensor
    ends: list[int]
    kinds: list[str]  # of the turns
    owners: torch.Tensor  # turn of each label
    pointers: list[tuple[int, list[int]]]


class SequenceMaker:
    """Makes sequences with one tokenizer, prompt format and the LLaMA's word embeddings (V, H)."""

    def __init__(self, tokenizer: BpeTokenizer, texts: PromptFormat, table: torch.Tensor) -> None:
        self.tokenizer, self.texts, self.table = tokenizer, texts, table
        self.words = WordTokens(tokenizer, table)
        self._answer = tokenizer.encode(texts.assistant)

    def __call__(self, film: Film, *, look_frames: int) -> TalkSequence:
        """A film's sequence in which each question looks again at so many frames, at most."""
        by_frame = cues_by_frame(film.cues, film.times)
        heard_at = {film.cues.index(cue): frame for frame, cues in enumerate(by_frame) for cue in cues}
        spoken = [cue_text(self.texts, cues, int(t)) for cues, t in zip(by_frame, film.times, strict=True)]
        section = section_prompt(self.tokenizer, self.texts, spoken, 2)
        contents = film.pictures.contents(self.words) if film.pictures else self.words.nothing(film.seconds)
        contexts = self._contexts(film, "", range(film.seconds))
        frames = torch.stack([contexts, contents], dim=1).flatten(0, 1)
        lines = self._find(film, section.ids)
        ids, places = list(section.ids), list(range(len(section.ids)))
        ends = [len(ids)]
        talk_of, labels, owners = [-1] * len(ids), [IGNORED] * len(ids), [0] * len(ids)
        kinds = list[str]()
        pointers: list[tuple[int, list[int]]] = []
        frame_places, looks = section.frame_places(2), self._lines(film, section, contents, look_frames)
        for number, talk in enumerate(film.talks):
            words = self._words(talk, section.last_cues, looks)
            begin, looked = len(ids), [word.look.frame if word.look else None for word in words]
            ids += [word.id for word in words]
            places += word_places(words, len(section.ids))
            talk_of += [number] * len(words)
            labels += [IGNORED] * len(words)
            owners += [0] * len(words)
            for turn, (start, end) in zip(talk, self._answers(ids, begin), strict=True):
                begun = min(end, start + FIRST_TOKENS)
                learned = end if turn.quoted is None else begun  # the rest of a quote is copied
                labels[start:learned] = ids[start:learned]
                owners[start:end] = [len(kinds)] * (end - start)
                # The lines of a quote are chosen when the question has been read.
                pointing = range(start - 1, begun - 1) if turn.quoted is None else [start - 1] * (begun - start)
                for told in _told(turn):
                    found = [at for line in told for at in lines.get(line, ())]
                    found += [frame_places[frame] + 1 for frame in turn.frames]
                    seen_again = {*turn.frames, *(heard_at[line] for line in told if line in heard_at)}
                    found += [at for at in range(begin, start) if looked[at - begin] in seen_again]
                    pointers += [(at, found) for at in pointing if found]
                kinds.append(turn.kind)
            ends.append(len(ids))
        at = torch.tensor(places)
        return TalkSequence(
            ids=torch.tensor(ids),
            labels=torch.tensor(labels),
            places=at,
            tokens=frames,
            seen=_seen(at, torch.tensor(talk_of)),
            ends=ends,
            kinds=kinds,
            owners=torch.tensor(owners),
            pointers=pointers,
        )

    def _words(self, talk: Talk, last_cues: str, lines: LookLines | None) -> list[Word]:
        """Words of a talk with its second looks."""
        turns = [(turn.question, turn.answer) for turn in talk]
        text = conversation_text(self.tokenizer, self.texts, last_cues, turns)
        words = [Word(i) for i in self.tokenizer.encode(text)]
        if lines is None:
            return words
        return before_turns(words, lines.before(turns), eos=self.tokenizer.eos)

    def _lines(self, film: Film, section: SectionPrompt, contents: torch.Tensor, most: int) -> LookLines | None:
        """Second looks, with an overview of so many lines at most."""

        def shown(frames: Sequence[int]) -> list[Shown]:
            return film.pictures.shown(self.words, frames) if film.pictures else [NOTHING] * len(frames)

        def embed(question: str) -> torch.Tensor:
            return self.table[torch.tensor(self.tokenizer.encode(question.strip()))]

        said = section.text_behind(2)
        find = self.words.look_reader.find_lines
        return LookLines(self.tokenizer, film.times, contents, shown, embed, said, find, most) if most else None

    def _contexts(self, film: Film, question: str, frames: Sequence[int]) -> torch.Tensor:
        """Context tokens (F, H) of some frames."""
        if film.pictures is None:
            return self.words.nothing(len(frames))
        return film.pictures.contexts(self.words, question, frames)

    def _answers(self, ids: list[int], begin: int) -> list[tuple[int, int]]:
        """Where the answers behind position `begin` start and end, their stop included."""
        found, mark, at = [], self._answer, begin
        while at < len(ids):
            if ids[at : at + len(mark)] == mark:
                end = ids.index(self.tokenizer.eos, at) + 1
                found.append((at + len(mark), end))
                at = end
            else:
                at += 1
        return found

    def _find(self, film: Film, ids: Sequence[int]) -> dict[int, range]:
        """Positions of the cues in a section's ids; those behind the last frame are in the talks, and left out."""
        found, at, row = {}, 0, list(ids)
        for number, cue in enumerate(film.cues):
            words = self.tokenizer.encode(self.tokenizer.plain(cue_text(self.texts, [cue], 0)))
            start = next((i for i in range(at, len(row) - len(words) + 1) if row[i : i + len(words)] == words), None)
            if start is not None:
                at = start + len(words)
                found[number] = range(start, at)
        return found


def _told(turn: Turn) -> list[Sequence[int]]:
    """Lines that a turn's answer points to, those that belong together together."""
    if turn.kind == SUMMARY:
        return [(line,) for line in turn.lines] if turn.quoted is not None else []
    return [turn.lines if turn.quoted is None else (turn.quoted,)]


def _seen(places: torch.Tensor, talks: torch.Tensor) -> torch.Tensor:
    """What each token sees (L, L): what came before it, in the film or in its own talk."""
    order = torch.ones(len(places), len(places), dtype=torch.bool).tril(-1)
    seen = order & (places[None] < places[:, None]) & ((talks[None] < 0) | (talks[None] == talks[:, None]))
    return seen | torch.eye(len(places), dtype=torch.bool)
