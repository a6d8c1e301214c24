"""What programs are told about an answer: one shape for `ask --json`, endpoints and tools, described in docs/api.md.

A class on top of all rooms: whoever describes an endpoint need not load the model's room for it.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Moment(BaseModel):
    """A frame that the answer leaned on."""

    model_config = ConfigDict(frozen=True)

    seconds: float = Field(description="Where it is in the film.")
    weight: float = Field(description="Its share of the model's attention to the frames, from 0 to 1.")
    cue: str | None = Field(description="What is said there or close by; null when nothing is.")


class Figures(BaseModel):
    """What an answer cost."""

    model_config = ConfigDict(frozen=True, from_attributes=True)

    frames: int = Field(description="Frames of the section, one a second.")
    prompt_tokens: int = Field(description="Tokens that the answer stands on: film, earlier turns, question.")
    reused_tokens: int = Field(description="Those of them that were in the KV cache already.")
    new_tokens: int = Field(description="Tokens of the answer.")
    ttft_s: float = Field(description="Seconds from the question to the first token, reading the film included.")
    tokens_per_s: float = Field(description="Tokens a second after the first one.")
    dropped_turns: int = Field(0, description="Earliest turns that it did not read, as the model had no room for them.")


class Report(BaseModel):
    """An answer as plain data. While it is being written it has the text so far, neither evidence nor stats."""

    model_config = ConfigDict(frozen=True)

    answer: str = Field(description="The answer, or what there is of it.")
    evidence: list[Moment] = Field(description="Frames that it leaned on; times come from frames, never from words.")
    stats: Figures | None = Field(description="What it cost; null while it is being written.")
    finished: Literal["end", "length", "stopped"] | None = Field(
        description="How it ended: by itself, at the longest answer, or stopped; null while it is being written."
    )
    model: str = Field(description="Name of the model; `ask --json` adds a mark of its weights.")
    section: tuple[float, float] = Field(description="Start and end of the section that it is about, in seconds.")
    until: float | None = Field(description="Second from which on nothing was to be known; null: all of it was.")
