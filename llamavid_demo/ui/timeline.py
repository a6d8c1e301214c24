"""The timeline under the player: the whole film as one slider, with what is said and what answers leaned on.

Drawn here; timeline.js moves it and shows the cue and the still under the pointer. Cues come from the transcript.
"""

import hashlib
import math
from collections.abc import Sequence
from html import escape
from pathlib import Path
from urllib.parse import quote

import numpy as np

from llamavid_demo.film import Cue, Movie
from llamavid_demo.ui.evidence import Leaned
from llamavid_demo.ui.language import say
from llamavid_demo.ui.words import clock

BINS = 120
DEPTH = 24  # of the drawing; it is BINS wide and stretched to the bar
STILLS = 60  # on a contact sheet, at most
WIDTH = 128  # pixels of a still
ON_LOAD = "watch('value', () => document.dispatchEvent(new Event('drawn')));"


def timeline(movie: Movie, section: int, turns: Sequence[Sequence[Leaned]], sheet: Path | None = None) -> str:
    """HTML of the slider, where `section` is open; empty when the film's length is not known.

    `turns` holds the evidence of each answer: that of the last one is marked, that of earlier ones too while the box
    beside the slider (`all_moments`) is ticked. `sheet` is the film's contact sheet.
    """
    length = movie.duration
    if not 0 < length < math.inf:
        return ""
    drawing = _drawing(movie, section)
    still = _still(movie, sheet) if sheet else ""
    place = f"width:{WIDTH}px;left:clamp(0px, var(--at) * 100% - {WIDTH // 2}px, 100% - {WIDTH}px)"
    return (
        f'<div role="slider" tabindex="0" aria-label="{say("Timeline")}" data-open="{section}" '
        'aria-valuemin="0" aria-valuenow="0" '
        f'aria-valuemax="{length:.3f}" aria-valuetext="{say("{at} of {all}", at="0:00", all=clock(length))}">{drawing}'
        '<i style="left:calc(var(--now, 0) * (100% - 2px))"></i>'
        f'{_marks(length, turns)}<div class="peek" style="{place}">{still}<span></span></div></div>'
    )


def all_moments() -> str:
    """HTML of the box: the marks of all answers, or of the last one only."""
    return f'<label style="padding:0 14px"><input type="checkbox"> {say("Show all moments")}</label>'


def _still(movie: Movie, sheet: Path) -> str:
    """The part of the contact sheet that timeline.js points to by `--at`, a share of the film.

    Browsers load the sheet when it is first shown, not before.
    """
    count = still_count(movie.duration)
    shown = f"min({count - 1}, round(down, var(--at) * {count}, 1))"
    style = (
        f"height:{still_height(movie)}px;background-image:url(gradio_api/file={quote(str(sheet))});"
        f"background-position-x:calc({-WIDTH}px * {shown})"
    )
    return f'<div class="still" style="{escape(style)}"></div>'


def _drawing(movie: Movie, section: int) -> str:
    """SVG: the open section, how densely there is speech, and where sections begin."""
    scale = BINS / movie.duration
    opened = movie.sections[section]
    width = (opened.end - opened.start) * scale
    cues = movie.subtitles.cues if movie.subtitles else ()
    bars = "".join(f"V{DEPTH * (1 - share):.0f}h1" for share in density(cues, movie.duration))
    borders = "".join(f"M{part.start * scale:.2f} 0v{DEPTH}" for part in movie.sections[1:])
    return (
        f'<svg viewBox="0 0 {BINS} {DEPTH}" width="100%" height="100%" preserveAspectRatio="none" fill="currentColor">'
        f'<rect x="{opened.start * scale:.2f}" width="{width:.2f}" height="{DEPTH}" opacity=".2"/>'
        f'<path class="speech" d="M0 {DEPTH}{bars}V{DEPTH}z" opacity=".4"/>'
        f'<path class="borders" d="{borders}" stroke="currentColor" vector-effect="non-scaling-stroke"/></svg>'
    )


def density(cues: Sequence[Cue], length: float) -> list[float]:
    """The share of each of `BINS` equal parts of a film of `length` seconds in which something is said, 0 to 1."""
    if not cues:
        return [0.0] * BINS
    starts, ends = np.array([(cue.start, cue.end) for cue in cues]).T  # each (cues,)
    spoken = [
        np.clip(edge - starts, 0, np.maximum(ends - starts, 0)).sum() for edge in np.linspace(0, length, BINS + 1)
    ]
    return [min(1.0, float(seconds)) for seconds in np.diff(spoken) * BINS / length]


def _marks(length: float, turns: Sequence[Sequence[Leaned]]) -> str:
    """A mark a moment, with the numbers of the answers that leaned on it."""
    leaned: dict[float, list[int]] = {}
    for number, evidence in enumerate(turns, start=1):
        for moment in evidence:
            if 0 <= moment.seconds <= length and number not in leaned.setdefault(moment.seconds, []):
                leaned[moment.seconds].append(number)
    return "".join(
        f'<i class="mark{"" if numbers[-1] == len(turns) else " earlier"}" data-turns="{",".join(map(str, numbers))}" '
        f'data-seek="{second:.3f}" style="left:{second / length:.2%}"></i>'
        for second, numbers in sorted(leaned.items())
    )


def still_count(length: float) -> int:
    """How many stills the contact sheet of a film of `length` seconds has: one a second, up to `STILLS`."""
    return min(STILLS, max(1, int(length)))


def still_height(movie: Movie) -> int:
    """Pixels; a film that is taller than two squares is squeezed."""
    return min(2 * WIDTH, max(2, round(WIDTH * movie.height / max(1, movie.width))))


def sheet_path(movie: Movie, folder: Path) -> Path:
    """Where the contact sheet of a film lies: named by the film's path, size and time of change.

    Raises `OSError` when the film is not there.
    """
    seen = movie.path.stat()
    name = hashlib.sha256(f"sheet\0{movie.path}\0{seen.st_size}\0{seen.st_mtime_ns}".encode()).hexdigest()[:24]
    return folder / f"{name}.jpg"


def known_sheet(movie: Movie, folder: Path) -> Path | None:
    """The contact sheet, if it is there already."""
    try:
        path = sheet_path(movie, folder)
    except OSError:
        return None
    return path if path.exists() else None
