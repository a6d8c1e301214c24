"""What a model reads, as ids: the section prompt with marks where frames go, and the words of a conversation.

A prompt is a list of pieces, text or frame, never one string: a subtitle that says "<image>" stays text.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Literal, NamedTuple

from llamavid_demo.film.cues import Cue

FRAME = -200  # the original's id of an image mark
Answers = Literal["fused", "raw"]  # whether earlier answers read the frames as questions do, or enter as written
Exchange = tuple[str, str | None]  # a question with its answer; an open one has None


class Look(NamedTuple):
    """A token of a second look: which `question` looks at which `frame`, and the frame's place in the LLaMA.

    Without a place it stands where it is written.
    """

    question: str
    frame: int
    place: int | None = None


class Word(NamedTuple):
    """A token of a conversation, and whether it reads the frames before the LLaMA (LLaVA-Mini's pre-fusion).

    With a `look` it is part of one: a fresh context token if its id is `FRAME`, else a token of a line of words.
    """

    id: int
    fused: bool = False
    look: Look | None = None

    @property
    def fresh(self) -> bool:
        """Whether it is a context token that a second look makes."""
        return self.look is not None and self.id == FRAME


def one_line(cues: Sequence[Cue]) -> str:
    """What cues say, as one line."""
    return " ".join(" ".join(cue.text.split()) for cue in cues)


def without(control: re.Pattern[str], text: str) -> str:
    """A text without control words; taking one out may not make another."""
    while (shorter := control.sub("", text)) != text:
        text = shorter
    return text


def word_places(words: Sequence[Word], visible: int) -> list[int]:
    """Positions in the LLaMA of words behind `visible` tokens of a section; a look's may be that of its frame."""
    places, following = [], visible
    for word in words:
        at_frame = word.look.place if word.look else None
        places.append(following if at_frame is None else at_frame)
        following += at_frame is None
    return places


def common_prefix(a: Sequence[Any], b: Sequence[Any]) -> int:
    """How many tokens two sequences begin with alike."""
    return next((i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b)))


@dataclass(frozen=True)
class SectionPrompt:
    """A section as token ids, up to its last frame.

    `ids` has BOS, text and, for each token of each frame, the mark `FRAME`; `last_cues` is the text behind the last
    frame, which is tokenized together with what follows it.
    """

    ids: tuple[int, ...]
    last_cues: str

    @property
    def marks(self) -> int:
        """Positions that frame tokens take."""
        return self.ids.count(FRAME)

    def frame_places(self, tokens_per_frame: int) -> list[int]:
        """Where each frame's first token stands."""
        return [i for i, token in enumerate(self.ids) if token == FRAME][::tokens_per_frame]

    def text_behind(self, tokens_per_frame: int) -> list[tuple[int, ...]]:
        """Ids of what is read behind each frame but the last."""
        places = self.frame_places(tokens_per_frame)
        return [self.ids[a + tokens_per_frame : b] for a, b in pairwise(places)]

    def tokens_until(self, mark: int) -> int:
        """Tokens up to the `mark`-th frame token, counted from 1, and with it."""
        return [i for i, token in enumerate(self.ids) if token == FRAME][mark - 1] + 1
