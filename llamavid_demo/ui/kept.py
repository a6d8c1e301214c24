"""What a browser keeps of a visit, so that a reload or a restart of the server loses nothing.

The browser sends it back when a page is opened. It is the visitor's own, but it may have been written by anybody: it is
checked like any upload.
"""

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from llamavid_demo.errors import QuestionError
from llamavid_demo.options import Options
from llamavid_demo.ui.branches import MOST_BRANCHES, Branches

if TYPE_CHECKING:
    from llamavid_demo.chat import Turn

MOST_TURNS = 100  # of a conversation, those of all its branches together
MOST_TALKS = 60
LONGEST = 4_000_000  # characters of all that is sent back
Seconds = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=1 << 50)]
Figure = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)


class KeptCue(_Kept):
    """A cue; times in seconds."""

    start: Seconds
    end: Seconds
    text: Annotated[str, Field(max_length=10_000)]


class KeptEvidence(_Kept):
    """A moment that an answer leaned on."""

    seconds: Seconds
    weight: Figure
    cue: KeptCue | None = None


class KeptStats(_Kept):
    """What a turn cost: see `TurnStats`."""

    frames: Count
    prompt_tokens: Count
    section_tokens: Count
    reused_tokens: Count
    new_tokens: Count
    ttft_s: Figure
    tokens_per_s: Figure
    memory_bytes: Count
    dropped_turns: Count = 0


class KeptTurn(_Kept):
    """A question with its answer. It has what a `Turn` shows."""

    question: Annotated[str, Field(max_length=20_000)]
    text: Annotated[str, Field(max_length=100_000)]
    finished: Literal["end", "length", "stopped"] = "stopped"
    evidence: Annotated[tuple[KeptEvidence, ...], Field(max_length=16)] = ()
    stats: KeptStats | None = None
    options: Options = Options()

    @property
    def used(self) -> Options:
        """The options of a kept turn leave nothing to the settings."""
        return self.options

    @field_validator("options", mode="before")
    @classmethod
    def _known(cls, sent: object) -> Options:
        """Options that are some; else the turn cannot be read."""
        try:
            return sent if isinstance(sent, Options) else Options.read(sent)
        except QuestionError as error:
            raise ValueError(str(error)) from error


Places = Annotated[tuple[Annotated[int, Field(ge=0, lt=MOST_TURNS)], ...], Field(max_length=MOST_TURNS)]


class KeptTalk(_Kept):
    """A conversation with a model about a section of a film.

    `branches` say by places in `turns` what each branch holds, `open` which one is open; none: one, with all turns.
    """

    model: str
    film: str
    section: Count
    turns: Annotated[tuple[KeptTurn, ...], Field(max_length=MOST_TURNS)]
    branches: Annotated[tuple[Places, ...], Field(max_length=MOST_BRANCHES)] = ()
    open: Count = 0

    @model_validator(mode="after")
    def _whole(self) -> "KeptTalk":
        """Each branch must name turns that are there, in their order, and the open one must be a branch."""
        for places in self.branches:
            if any(place >= len(self.turns) for place in places) or list(places) != sorted(set(places)):
                raise ValueError(f"branch {places} of {len(self.turns)} turns")
        if self.open >= max(1, len(self.branches)):
            raise ValueError(f"open branch {self.open} of {len(self.branches)}")
        return self

    @property
    def branched(self) -> Branches[KeptTurn]:
        """The conversation with its branches."""
        if not self.branches:
            return Branches.of(self.turns)
        return Branches(tuple(tuple(self.turns[place] for place in places) for places in self.branches), self.open)


class Arrival(_Kept):
    """What a page asks for when it is opened, and what its browser has kept. `section` None: the one of `second`.

    `ticket` is that of the visit before a reload, "" where there was none.
    """

    film: str = ""
    section: Count | None = None
    second: Seconds | None = None
    model: str = ""
    ticket: str = ""
    talks: tuple[KeptTalk, ...] = ()

    @field_validator("talks", mode="before")
    @classmethod
    def _readable(cls, talks: object) -> list[KeptTalk]:
        """Those that can be read, the others are dropped; what two tabs kept of one conversation is one again."""
        found: dict[tuple[str, str, int], KeptTalk] = {}
        for sent in talks if isinstance(talks, list) else ():
            with suppress(ValidationError):
                talk = KeptTalk.model_validate(sent)
                about = talk.model, talk.film, talk.section
                found[about] = joined(found[about], talk) if about in found else talk
        return list(found.values())[:MOST_TALKS]

    @classmethod
    def read(cls, sent: str) -> "Arrival":
        """What a browser sent; what cannot be read counts as nothing."""
        try:
            return cls.model_validate_json(sent[:LONGEST])
        except ValidationError:
            return cls()


def joined(latest: KeptTalk, other: KeptTalk) -> KeptTalk:
    """One conversation of what two tabs kept of it: turns that are alike are one, others become branches.

    The branch stays open that was open in the latest, as far as anybody went on in it.
    """
    known: dict[KeptTurn, KeptTurn] = {}
    paths = {
        tuple(known.setdefault(turn, turn) for turn in path): None
        for talk in (latest, other)
        for path in talk.branched.paths
    }
    opened = max((path for path in paths if path[: len(latest.branched.turns)] == latest.branched.turns), key=len)
    branches = Branches(tuple(paths), list(paths).index(opened)).following(opened)
    return kept_talk(latest.model, latest.film, latest.section, branches)


def kept_talk(model: str, film: str, section: int, branches: "Branches[Any]") -> KeptTalk:
    """A conversation of `Turn`s or kept ones as the browser keeps it: its last turns, and the latest other branches.

    A turn that is being written counts as stopped, and one that was stopped before its first word as never asked.
    """
    paths = [
        tuple(turn for turn in path if turn.text or turn.finished not in (None, "stopped")) for path in branches.paths
    ]
    paths[branches.open] = paths[branches.open][-MOST_TURNS:]
    chosen = {branches.open}
    for number in reversed(range(len(paths))):
        if len({id(turn) for i in {*chosen, number} for turn in paths[i]}) <= MOST_TURNS:
            chosen.add(number)
    numbers = sorted(chosen)
    turns = {id(turn): turn for i in numbers for turn in paths[i]}
    places = {name: place for place, name in enumerate(turns)}
    return KeptTalk(
        model=model, film=film, section=section, turns=tuple(_kept(turn) for turn in turns.values()),
        branches=tuple(tuple(places[id(turn)] for turn in paths[i]) for i in numbers) if len(numbers) > 1 else (),
        open=numbers.index(branches.open),
    )  # fmt: skip


def _kept(turn: "Turn | KeptTurn") -> KeptTurn:
    return KeptTurn(
        question=turn.question, text=turn.text, finished=turn.finished or "stopped",
        evidence=tuple(KeptEvidence.model_validate(moment) for moment in turn.evidence),
        stats=KeptStats.model_validate(turn.stats) if turn.stats else None, options=turn.used,
    )  # fmt: skip


def revived(kept: KeptTurn) -> "Turn":
    """A turn as it was, with what its answer leaned on and cost."""
    from llamavid_demo.chat import (
        Evidence,
        Turn,
        TurnStats,
    )  # imported here: torch is there by now, the page is without
    from llamavid_demo.film import Cue

    turn = Turn.past(kept.question, kept.text)
    turn.finished, turn.options, turn.used = kept.finished, kept.options, kept.options
    turn.evidence = [
        Evidence(e.seconds, e.weight, Cue(e.cue.start, e.cue.end, e.cue.text) if e.cue else None) for e in kept.evidence
    ]
    turn.stats = TurnStats(**kept.stats.model_dump()) if kept.stats else None
    return turn
