"""Cues and the track they come from, and WebVTT for the page's player."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path


@dataclass(frozen=True)
class Cue:
    """One subtitle: `text` stands on screen from `start` to `end`, in seconds of the movie."""

    start: float
    end: float
    text: str


@dataclass(frozen=True)
class SubtitleTrack:
    """Cues in order of time, without overlaps, and how they were read.

    `source` says which file or track they come from, `encoding` how its letters were read (None for a track inside
    a video), `language` a two-letter code where known, `warnings` what had to be repaired, for people.
    """

    cues: tuple[Cue, ...]
    source: str
    encoding: str | None
    language: str | None
    warnings: tuple[str, ...]


def shifted(track: SubtitleTrack, seconds: float) -> SubtitleTrack:
    """A track whose cues come so much later, earlier where negative; what would end before the film begins is left out.

    Times are kept to the millisecond.
    """
    moved = (Cue(max(0.0, round(cue.start + seconds, 3)), round(cue.end + seconds, 3), cue.text) for cue in track.cues)
    return replace(track, cues=tuple(cue for cue in moved if cue.end > 0)) if seconds else track


def to_webvtt(cues: Iterable[Cue], path: Path) -> None:
    """Write `cues` as a WebVTT file, UTF-8, that every browser's `<track>` reads."""
    blocks = ["WEBVTT\n"]
    for cue in cues:
        lines = (line.strip() for line in cue.text.splitlines())
        text = "\n".join(_escaped(line) for line in lines if line)  # an empty line would end the cue
        blocks.append(f"{timestamp(cue.start)} --> {timestamp(cue.end)}\n{text}\n")
    Path(path).write_text("\n".join(blocks), encoding="utf-8")


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def timestamp(seconds: float, point: str = ".") -> str:
    """Seconds as `hh:mm:ss.mmm`, or with another `point`."""
    whole, milliseconds = divmod(round(max(0.0, seconds) * 1000), 1000)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours:02}:{minute:02}:{second:02}{point}{milliseconds:03}"
