"""Which subtitles a movie gets: the given file, else a file beside the video, else a track inside it."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from llamavid_demo.direction_marks import without_marks
from llamavid_demo.errors import SubtitleError
from llamavid_demo.film.cues import SubtitleTrack
from llamavid_demo.film.embedded import describe, is_text, named, read_embedded
from llamavid_demo.film.ffmpeg_commands import time_limit
from llamavid_demo.film.languages import same_language
from llamavid_demo.film.probe import VideoInfo, is_aside
from llamavid_demo.film.subtitles import SUBTITLE_SUFFIXES, language_in_name, read_subtitles

MOST_INSIDE = 64  # text tracks of a video that are offered; discs have 32 at most, a series sold everywhere has 50


@dataclass(frozen=True)
class TrackChoice:
    """A subtitle track that a movie may be given: `read` gives it, or raises SubtitleError.

    Files are read in an encoding of one's choice with `read_as`, None for tracks inside the video.

    `source` is what the track that it gives calls its source, `title` what people read, `language` as the file says it.
    `aside` and `default` are as a `TextTrack` has them.
    """

    source: str
    title: str
    language: str | None
    aside: bool
    default: bool
    read: Callable[[], SubtitleTrack] = field(repr=False, compare=False)
    read_as: Callable[[str], SubtitleTrack] | None = field(default=None, repr=False, compare=False)


def track_choices(
    info: VideoInfo, *, beside: Path | None, language: str | None, given: Path | None = None
) -> tuple[TrackChoice, ...]:
    """The `given` file, then the subtitles beside a video and inside it, those in `language` first; none is read.

    `beside` is the movie's folder, all of whose subtitle files belong to it; without one, those count that begin with
    the video's name. Of those inside it the first `MOST_INSIDE` are offered.
    """

    def weight(choice: TrackChoice) -> tuple[bool, ...]:  # in the order of what counts
        other = not same_language(choice.language, language) if language else False
        return other, choice.aside, not choice.default

    # sorting keeps the order of equals
    choices = sorted(_files(info, beside, language) + sorted(_inside(info), key=weight)[:MOST_INSIDE], key=weight)
    if given is None:
        return tuple(choices)
    return (_file(info, given, language), *(choice for choice in choices if choice.source != given.name))


def find_subtitles(
    info: VideoInfo, choices: Sequence[TrackChoice], *, given: Path | None, language: str | None
) -> SubtitleTrack | None:
    """Read the first of the choices that can be read, or the `given` file; None when there are none.

    What cannot be read is passed over with a warning, and so is what is left when `time_limit` is over.
    Raises SubtitleError when the `given` file cannot be read.
    """
    if given is not None:
        return read_subtitles(given, fps=info.fps, language=language)
    warnings = [
        f"{info.path.name}, {describe(track)}: holds pictures, not text, and cannot be used."
        for track in info.texts
        if not is_text(track)
    ]
    texts = sum(map(is_text, info.texts))
    if texts > MOST_INSIDE:
        warnings.append(f"{info.path.name} has {texts} subtitle tracks inside; {MOST_INSIDE} of them are offered.")
    found, until = None, time.monotonic() + time_limit(info.path)
    for choice in choices:
        if time.monotonic() > until:
            warnings.append(f"Other subtitles of {info.path.name} were not tried: reading them takes too long.")
            break
        try:
            found = choice.read()
            break
        except SubtitleError as error:
            warnings.append(str(error))
    if found and language and not same_language(found.language, language):
        warnings.append(f"There are no subtitles in {language!r}; these are from {found.source}.")
    if found is None:
        return SubtitleTrack((), info.path.name, None, None, tuple(warnings)) if warnings else None
    return replace(found, warnings=(*found.warnings, *warnings))


def subtitle_files(video: Path, *, folder: Path | None = None) -> list[Path]:
    """Subtitle files that belong to a video: all in `folder`, or those beside it that begin with its name."""
    found = []
    for path in sorted((folder or video.parent).iterdir(), key=lambda path: (len(path.name), path.name)):
        mine = folder is not None or path.stem == video.stem or path.stem.startswith(f"{video.stem}.")
        if mine and path.suffix.lower() in SUBTITLE_SUFFIXES and path.name[0] != ".":
            found.append(path)
    return found


def _files(info: VideoInfo, folder: Path | None, language: str | None) -> list[TrackChoice]:
    return [_file(info, path, language) for path in subtitle_files(info.path, folder=folder)]


def _file(info: VideoInfo, path: Path, language: str | None) -> TrackChoice:
    return TrackChoice(
        path.name,
        without_marks(path.name),
        language_in_name(path),
        any(map(is_aside, path.stem.removeprefix(info.path.stem).split("."))),
        True,
        partial(read_subtitles, path, fps=info.fps, language=language),
        lambda encoding: read_subtitles(path, fps=info.fps, language=language, encoding=encoding),
    )


def _inside(info: VideoInfo) -> list[TrackChoice]:
    return [
        TrackChoice(
            named(info, track),
            f"inside: {track.title or describe(track)}",
            track.language,
            track.aside,
            track.default,
            partial(read_embedded, info, track),
        )
        for track in info.texts
        if is_text(track)
    ]
