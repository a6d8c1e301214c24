"""What a section takes of the model that reads it: the figures that stand before its reading and after each answer."""

from dataclasses import dataclass

from llamavid_demo.chat.reading_times import reading_times
from llamavid_demo.chat.section_reader import held_in_eight_bits
from llamavid_demo.chat.sizes import prefix_bytes
from llamavid_demo.film import Movie, Section
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.settings import Settings


@dataclass(frozen=True)
class SectionCost:
    """Frames and tokens of a section, and `nbytes` of memory that its keys, values and frames take once it is read.

    The model reads at most `max_tokens`. `TurnStats` tells the same tokens and bytes of a section that was read.
    """

    frames: int
    tokens: int
    nbytes: int
    max_tokens: int


def section_cost(model: LoadedModel, movie: Movie, section: Section, settings: Settings) -> SectionCost:
    """What reading a section takes; nothing is read for it."""
    texts = model.texts(movie.cues(section), section.seconds)
    frames, tokens = len(section.seconds), len(model.section_prompt(texts).ids)
    held = held_in_eight_bits(model, movie, section, settings)
    nbytes = prefix_bytes(model, tokens, frames, eight_bit=held, room=settings.frames_room)
    return SectionCost(frames, tokens, sum(nbytes.values()), model.config.max_tokens)


def expected_seconds(model: LoadedModel, cost: SectionCost, settings: Settings) -> float | None:
    """Seconds that reading a section will take, as past reads on this machine did; None before the first."""
    return reading_times(settings.cache_dir).expected(model, frames=cost.frames, tokens=cost.tokens)
