"""The evidence strip under an answer: the frames that it leaned on most, with time and nearest cue.

Times come from the model's frame positions, never from its words.
"""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Protocol

from llamavid_demo.ui.language import say, translated
from llamavid_demo.ui.words import clock

LEANED_ON = "Frames that this answer leaned on"
IN_VAIN = "Looked at, without finding it"


class Said(Protocol):
    """A cue: its words."""

    @property
    def text(self) -> str:
        """What is said."""


class Leaned(Protocol):
    """A frame that an answer leaned on: its second in the film, how much, and the cue near it."""

    @property
    def seconds(self) -> float:
        """Second in the film."""

    @property
    def weight(self) -> float:
        """Share of the attention."""

    @property
    def cue(self) -> Said | None:
        """The cue nearest to it."""


def evidence_strip(
    evidence: Sequence[Leaned],
    stills: Mapping[float, str],
    heat_maps: Mapping[float, str] | None = None,
    *,
    found: bool = True,
) -> str:
    """HTML of the strip, in the film's order; `stills` maps seconds to picture addresses.

    `heat_maps` does the same for where the model looked: laid over the stills while a box under them is ticked. An
    answer that has not `found` what was asked for proves nothing by these frames, and the strip says so.
    """
    if not evidence:
        return ""
    heat_maps = heat_maps or {}
    figures = "".join(_figure(frame, stills, heat_maps) for frame in sorted(evidence, key=lambda frame: frame.seconds))
    label = translated(LEANED_ON if found else IN_VAIN)
    words = "" if found else f'<p class="in-vain">{label}</p>'
    strip = f'{words}<ul class="evidence" aria-label="{label}">{figures}</ul>'
    looked = f'<label class="looked"><input type="checkbox">{say("Show where it looked")}</label>'
    return strip + (looked if heat_maps else "")


def _figure(frame: Leaned, stills: Mapping[float, str], heat_maps: Mapping[float, str]) -> str:
    at = clock(frame.seconds)
    words = escape(" ".join(frame.cue.text.split())) if frame.cue else ""
    picture, heat = stills.get(frame.seconds), heat_maps.get(frame.seconds)
    image = f'<img src="{escape(picture)}" alt="">' if picture else '<span class="blank"></span>'
    over = f'<img class="heat" src="{escape(heat)}" alt="">' if picture and heat else ""
    said = f'<span class="said">{words}</span>' if words else ""
    return (
        f'<li><button type="button" data-seek="{frame.seconds:.3f}" title="{words}">'
        f'<span class="still">{image}{over}</span><span class="unseen">{say("Go to")} </span><time>{at}</time> {said}'
        "</button></li>"
    )
