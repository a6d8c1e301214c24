"""What a browser keeps of a visit, so that a reload or a restart of the server loses nothing.

The browser sends it back when a page is opened. It is the visitor's own, but it may have been written by anybody: it is
checked like any upload.
"""

from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from llamavid_demo.errors import QuestionError
from llamavid_demo.options import Options

if TYPE_CHECKING:
    from llamavid_demo.chat import Turn

MOST_TURNS = 100  # of a conversation
MOST_TALKS = 60
LONGEST = 4_000_000  # characters of all that is sent back
Seconds = Annotated[float, Field(ge=0, le=1e6, allow_inf_nan=False)]
Count = Annotated[int, Field(ge=0, le=1 << 50)]
Figure = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class _Kept(BaseModel):
    model_config = ConfigDict(frozen=True, from_attributes=True)


class KeptCue(_Kept):
    """A cue; times in seconds."""

    start: float
    end: float
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


class KeptTurn(_Kept):
    """A question with its answer. It has what a `Turn` shows."""

    question: Annotated[str, Field(max_length=20_000)]
    text: Annotated[str, Field(max_length=100_000)]
    finished: Literal["end", "length", "stopped"] = "stopped"
    evidence: Annotated[tuple[KeptEvidence, ...], Field(max_length=16)] = ()
    stats: KeptStats | None = None
    options: Options = Options()

    @field_validator("options", mode="before")
    @classmethod
    def _known(cls, sent: object) -> Options:
        """Options that are some; else the turn cannot be read."""
        try:
            return sent if isinstance(sent, Options) else Options.read(sent)
        except QuestionError as error:
            raise ValueError(str(error)) from error


class KeptTalk(_Kept):
    """A conversation with a model about a section of a film."""

    model: str
    film: str
    section: Count
    turns: Annotated[tuple[KeptTurn, ...], Field(max_length=MOST_TURNS)]


class Arrival(_Kept):
    """What a page asks for when it is opened, and what its browser has kept. `section` None: the one of `second`."""

    film: str = ""
    section: Count | None = None
    second: Seconds | None = None
    model: str = ""
    talks: tuple[KeptTalk, ...] = ()

    @field_validator("talks", mode="before")
    @classmethod
    def _readable(cls, talks: object) -> list[KeptTalk]:
        """Those that can be read; the others are dropped."""
        found = []
        for talk in talks if isinstance(talks, list) else ():
            with suppress(ValidationError):
                found.append(KeptTalk.model_validate(talk))
        return found[:MOST_TALKS]

    @classmethod
    def read(cls, sent: str) -> "Arrival":
        """What a browser sent; what cannot be read counts as nothing."""
        try:
            return cls.model_validate_json(sent[:LONGEST])
        except ValidationError:
            return cls()


def kept_talk(model: str, film: str, section: int, turns: "Sequence[Turn | KeptTurn]") -> KeptTalk:
    """A conversation as the browser keeps it: its last turns.

    A turn that is being written counts as stopped, and one that was stopped before its first word as never asked.
    """
    kept = tuple(
        KeptTurn(
            question=turn.question, text=turn.text, finished=turn.finished or "stopped",
            evidence=tuple(KeptEvidence.model_validate(moment) for moment in turn.evidence),
            stats=KeptStats.model_validate(turn.stats) if turn.stats else None, options=turn.options,
        )
        for turn in turns[-MOST_TURNS:]
        if turn.text or turn.finished not in (None, "stopped")
    )  # fmt: skip
    return KeptTalk(model=model, film=film, section=section, turns=kept)


def revive(turns: "Sequence[Turn]", kept: Sequence[KeptTurn]) -> None:
    """Give turns that were read back what their answers leaned on and cost."""
    from llamavid_demo.chat import Evidence, TurnStats  # imported here: torch is there by now, the page is without it
    from llamavid_demo.film import Cue

    for turn, known in zip(turns, kept, strict=True):
        turn.finished, turn.options = known.finished, known.options
        turn.evidence = [
            Evidence(e.seconds, e.weight, Cue(e.cue.start, e.cue.end, e.cue.text) if e.cue else None)
            for e in known.evidence
        ]
        turn.stats = TurnStats(**known.stats.model_dump()) if known.stats else None
