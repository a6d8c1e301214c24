"""Second looks in words: lines that say what frames show, for frame tokens that are made of the LLaMA's own words.

A small LLaMA reads a word better than a token that lies near its embedding. So what the frame tokens say is read off
them, and written behind the film: before the first question what each shot shows, before each question the frames and
the spoken lines that it asks for.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise

import torch

from llamavid_demo.film.sections import clock
from llamavid_demo.model.llama_vid.config import LookWords
from llamavid_demo.model.llama_vid.line_finder import LineFinder, about_one_named_before, telling_words
from llamavid_demo.model.llama_vid.second_look import find_frames, frames_at, shots_of
from llamavid_demo.model.llama_vid.tokenizer import VidTokenizer
from llamavid_demo.model.prompt import Exchange, Look, Word
from llamavid_demo.model.real_world.named_tokens import embed_words, stems

SHOTS = "\nPictures:"
ASKED = "\nLook:"
SAID = "\nSaid:"
UNKNOWN = "nothing that is known"
MOST = 8  # lines for a question
LINE = 32  # tokens of a line, at most
ROOM = 96  # tokens of all lines about frames for a question, at most
MOST_SAID, ROOM_SAID = 6, 112  # spoken lines for a question, and their tokens, at most
NEAR = range(-2, 6)  # seconds around a time that is asked for: what is said there is repeated
SPEAKING, OF_SHOTS = 3, 12  # frames that show somebody who is named, of so many shots in which that one speaks
SHARE = 0.2  # of a word in a frame token, from which on it is there

_WORD = re.compile(r"[^\W\d_]")
_SPEAKER = re.compile(r"(?:[\d:]+\s)?\s*([^\W\d_][^:.!?,]{0,24}):\s")

Shown = tuple[str, frozenset[str]]  # what a frame shows, in words, and the stems of what it may be called
NOTHING: Shown = ("", frozenset())


class LookReader:
    """Reads words off frame tokens, with the word embeddings `table` (V, H) of the LLaMA."""

    def __init__(self, words: LookWords, tokenizer: VidTokenizer, table: torch.Tensor) -> None:
        self.words, self.find_lines = words, LineFinder(tokenizer, table)
        self._columns = {word: i for i, word in enumerate(words.all)}
        embedded = embed_words(tokenizer, table, words.all).float()
        self._shares = torch.linalg.pinv(embedded)  # (H, words): how much of each word a token has

    def __call__(self, contents: torch.Tensor, contexts: Callable[[str, list[int]], torch.Tensor]) -> list[Shown]:
        """What frames with content tokens (T, H) show: place, time and the like, then things with their traits.

        `contexts` gives the context tokens (F, H) of some of the frames for a question about a thing.
        """
        shares = contents.float() @ self._shares.to(contents.device)
        words = self.words
        scenes = [self._best(words.scene, row) for row in shares]
        there = shares[:, [self._columns[thing] for thing in words.things]] > SHARE  # (T, things)
        things: list[list[str]] = [[] for _ in scenes]
        for number, thing in enumerate(words.things):
            frames = there[:, number].nonzero()[:, 0].tolist()
            if not frames:
                continue
            rows = contexts(words.question.format(thing), frames).float() @ self._shares.to(contents.device)
            for frame, row in zip(frames, rows, strict=True):
                first, *others = self._best(words.traits, row)
                things[frame].append(" ".join((first, thing, *others)))
        lines = [": ".join(", ".join(words) for words in line if words) for line in zip(scenes, things, strict=True)]
        return [(line, stems(line)) for line in lines]

    def _best(self, kinds: Sequence[Sequence[str]], row: torch.Tensor) -> list[str]:
        """Of each kind of words the one that a token has most of; `row` (words,) are its shares."""
        return [max(kind, key=lambda word: float(row[self._columns[word]])) for kind in kinds]


def speaker_of(line: str) -> str:
    """Who says a line such as "0:12 Ada: Wait!", "" where it doesn't say."""
    found = _SPEAKER.match(line)
    return found[1] if found else ""


@dataclass
class LookLines:
    """Lines about the frames at `times` (seconds), whose content tokens are `contents` (T, H).

    `shown` says what some frames show, "" where that is nothing known; `known` keeps it. `embed` gives the embeddings
    (W, H) of a question's words, `said` are the ids of what is read behind each frame, in which `find_lines` looks.
    """

    tokenizer: VidTokenizer
    times: Sequence[float]
    contents: torch.Tensor
    shown: Callable[[Sequence[int]], list[Shown]]
    embed: Callable[[str], torch.Tensor]
    said: Sequence[Sequence[int]]
    find_lines: LineFinder
    most: int  # lines of the overview
    known: dict[int, Shown] = field(default_factory=dict)

    def before(self, turns: Sequence[Exchange]) -> list[list[Word]]:
        """Looks of a conversation's questions."""
        overview, whole = self._overview_frames, len(self._shots) <= self.most
        looks = [
            self._before(question, f"{asked} {answer or ''}".strip(), overview, whole=whole)
            for (asked, answer), (question, _) in pairwise([("", None), *turns])
        ]
        return [[*self.overview(), *looks[0]], *looks[1:]]

    def overview(self) -> list[Word]:
        """What each shot shows: before the first question, whatever that is."""
        return self._lines(SHOTS, self._once(self._overview_frames), "")

    @staticmethod
    def tokens(overview: int, questions: int) -> int:
        """How many a conversation's looks have, at most, with so many lines of the overview."""
        return (overview + 1) * LINE + questions * (ROOM + ROOM_SAID)

    def _before(self, question: str, earlier: str, overview: Sequence[int], *, whole: bool) -> list[Word]:
        """The frames and lines at the times that a question names, else those that it asks for by what is in them."""
        at = frames_at(question, self.times)[:MOST]
        if at:
            self._describe(at)
            return [*self._lines(ASKED, at if overview else [], question), *self._spoken(at, question)][:ROOM]
        named, speaking = self._showing(question, overview, whole=whole), self._speaking(question, question)
        if earlier and about_one_named_before(question):
            named = named or self._showing(earlier, overview, whole=whole)
            speaking = speaking or self._speaking(question, earlier)
        looked = self._lines(ASKED, self._once(sorted({*named[: MOST - len(speaking)], *speaking})), question)
        return [*looked[:ROOM], *self._heard(question, earlier, named)]

    def _showing(self, question: str, overview: Sequence[int], *, whole: bool) -> list[int]:
        """Frames that show what a question names; the overview has every shot of a film that is `whole` in it."""
        near = overview
        if not whole:
            named = self.embed(question)
            near = find_frames(self.contents.to(named), named, most=self.most, one_a_shot=True)
        self._describe(near)
        asked = stems(question)
        return [frame for frame in near if asked & self.known[frame][1]][:MOST]

    def _speaking(self, question: str, naming: str) -> list[int]:
        """Frames that show best what those look like whom a text names, where a question asks for little else."""
        asked, told = set(telling_words(question)), set(telling_words(naming))
        named = [(frame, name) for frame, name in self._speakers if told & name]
        if not named or len(asked.difference(*(name for _, name in named))) > 1:
            return []
        a_shot = sorted({self._shot(frame): frame for frame, _ in reversed(named)}.values())[:OF_SHOTS]
        self._describe(a_shot)
        known = [frame for frame in a_shot if self.known[frame][0]]
        return sorted(known, key=lambda frame: len(self.known[frame][1]))[:SPEAKING]  # one alone in a picture is sure

    def _spoken(self, at: Sequence[int], question: str) -> list[Word]:
        """What is said around some frames, once more."""
        near = sorted({frame + second for frame in at for second in NEAR} & {*range(len(self.said))})
        return [Word(i, look=Look(question, frame)) for frame in near for i in self.said[frame]]

    def _heard(self, question: str, earlier: str, named: Sequence[int]) -> list[Word]:
        """The spoken lines that a question asks for, once more; `named` are frames that show what it names."""
        seen = {self._shot(frame): self._named_in(f"{question} {earlier}", frame) for frame in named}
        spoken = [(frame, line, f"{line} {seen.get(self._shot(frame), '')}") for frame, line in self._spoken_lines]
        found = self.find_lines([told for *_, told in spoken], question, earlier, most=MOST_SAID)
        words = [Word(i) for i in self.tokenizer.encode(SAID)] if found else []
        for frame, line, _ in (spoken[number] for number in found):
            words += [Word(i, look=Look(question, frame)) for i in self.tokenizer.encode(f"\n{line}")[:LINE]]
        return words[:ROOM_SAID]

    def _named_in(self, text: str, frame: int) -> str:
        """Words of a text that say what a frame shows."""
        return " ".join(word for word in telling_words(text) if stems(word) & self.known[frame][1])

    def _shot(self, frame: int) -> int:
        """Number of the shot that a frame belongs to."""
        return bisect_right(self._shots, frame)

    @cached_property
    def _shots(self) -> list[int]:
        """Number of the first frame of each shot."""
        return shots_of(self.contents)

    @cached_property
    def _overview_frames(self) -> list[int]:
        """Frames that the overview tells of, each described: the first one of each shot, or of as many as it may."""
        shots = self._shots
        chosen = shots if len(shots) <= self.most else [shots[i * len(shots) // self.most] for i in range(self.most)]
        self._describe(chosen)
        return chosen

    @cached_property
    def _spoken_lines(self) -> list[tuple[int, str]]:
        """Each line that is said, with its time, and the number of the frame that it stands behind."""
        lines = ((frame, self.tokenizer.decode(list(ids)).split("\n")) for frame, ids in enumerate(self.said))
        return [(frame, line) for frame, some in lines for line in some if _WORD.search(line)]

    @cached_property
    def _speakers(self) -> list[tuple[int, set[str]]]:
        """For each of these lines its frame's number, and the words of the name of who says it."""
        return [(frame, set(telling_words(speaker_of(line)))) for frame, line in self._spoken_lines]

    def _describe(self, frames: Sequence[int]) -> None:
        if new := [frame for frame in frames if frame not in self.known]:
            self.known.update(zip(new, self.shown(new), strict=True))

    def _once(self, frames: Sequence[int]) -> list[int]:
        """Without frames of nothing known, and of what the one before shows."""
        known = [frame for frame in frames if self.known[frame][0]]
        return [b for a, b in zip([None, *known], known, strict=False) if a is None or self.known[a] != self.known[b]]

    def _lines(self, head: str, frames: Sequence[int], question: str) -> list[Word]:
        if not frames:
            return []
        words = [Word(i) for i in self.tokenizer.encode(head)]
        for frame in frames:
            line = f"\n{clock(self.times[frame])} {self.known[frame][0] or UNKNOWN}"
            words += [Word(i, look=Look(question, frame)) for i in self.tokenizer.encode(line)[:LINE]]
        return words
