"""A movie: a video file with what belongs to it, from a folder of `movies/` or any bare file."""

import re
import tomllib
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, Field, ValidationError, field_validator

from llamavid_demo.errors import MovieError
from llamavid_demo.film.cues import Cue, SubtitleTrack
from llamavid_demo.film.plain_files import VIDEO_SUFFIXES, check_plain_file
from llamavid_demo.film.probe import probe
from llamavid_demo.film.sections import Note, Section, cut_sections
from llamavid_demo.film.tracks import TrackChoice, find_subtitles, track_choices

POSTER_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp")
_MOST_TOML = 1 << 20  # bytes


@dataclass(frozen=True)
class Movie:
    """A video file and what is known of it. Times are in seconds, sizes in pixels as shown on screen.

    `kept_in` is a folder for what is computed of this movie alone, to be deleted with it. `tracks` are the subtitles
    that it could have.
    """

    slug: str
    title: str
    path: Path
    duration: float
    width: int
    height: int
    codec: str
    sections: tuple[Section, ...]
    subtitles: SubtitleTrack | None
    poster: Path | None
    year: int | None
    licence: str
    source: str
    synopsis: str
    questions: tuple[str, ...]
    kept_in: Path | None = None
    tracks: tuple[TrackChoice, ...] = ()

    @property
    def whole(self) -> Section:
        """All of it as one section."""
        return Section(0, 0.0, self.duration, self.synopsis)

    def cues(self, section: Section) -> tuple[Cue, ...]:
        """The cues that are on screen at any time of `section`."""
        cues = self.subtitles.cues if self.subtitles else ()
        return tuple(cue for cue in cues if cue.end > section.start and cue.start < section.end)


class _SectionNotes(BaseModel):
    start: float | None = Field(None, ge=0, allow_inf_nan=False)
    synopsis: str = ""
    questions: tuple[str, ...] = ()

    @property
    def note(self) -> Note:
        return Note(self.synopsis, self.questions, self.start)


class _Notes(BaseModel):
    """What `movie.toml` may say; anything else in it is left alone."""

    title: str | None = None
    year: int | None = None
    licence: str = ""
    source: str = ""
    synopsis: str = ""
    sections: tuple[_SectionNotes, ...] = ()
    questions: tuple[str, ...] = ()

    @field_validator("sections")
    @classmethod
    def _in_order(cls, sections: tuple[_SectionNotes, ...]) -> tuple[_SectionNotes, ...]:
        starts = [section.start for section in sections]
        known = [start for start in starts if start is not None]
        if known and (known[0] > 0 or len(known) < len(starts) or known != sorted(set(known))):
            raise ValueError(
                "each section needs a start in seconds, the first one 0, in order; or none of them has one"
            )
        return sections


def load_movie(
    path: Path | str,
    *,
    subtitles: Path | str | None = None,
    language: str | None = None,
    section_minutes: float = 30,
) -> Movie:
    """Open a folder of `movies/` or any video file.

    `subtitles` names a subtitle file to use; otherwise those beside the video are tried, then the tracks inside it,
    those in `language` (such as `en`) first. Raises MovieError when the video cannot be watched, and SubtitleError
    when the file given as `subtitles` cannot be read.
    """
    path, folder = Path(path), None
    with suppress(OSError, RuntimeError):  # nobody's home, a name too long: `probe` says so
        path = path.expanduser()
        folder = path if path.is_dir() else None
    video = path if folder is None else _video_of(folder)
    info = probe(video)
    notes = _read_notes(folder) if folder else _Notes()
    name = path.absolute().name if folder else path.stem
    given = Path(subtitles) if subtitles else None
    tracks = track_choices(info, beside=folder, language=language, given=given)
    return Movie(
        slug=slugify(name),
        title=notes.title or re.sub(r"[._\s-]+", " ", name).strip() or name,
        path=info.path,
        duration=info.duration,
        width=info.display[0],
        height=info.display[1],
        codec=info.codec,
        sections=cut_sections(info.duration, minutes=section_minutes, notes=[part.note for part in notes.sections]),
        subtitles=find_subtitles(info, tracks, given=given, language=language),
        poster=_poster_of(folder) if folder else None,
        year=notes.year,
        licence=notes.licence,
        source=notes.source,
        synopsis=notes.synopsis,
        questions=notes.questions,
        tracks=tracks,
    )


def find_movies(folder: Path | str) -> list[Path]:
    """What `load_movie` accepts in `folder`, sorted by name: folders with a video in them, and video files.

    Files are chosen by their names and not opened. Hidden ones and links that leave `folder` are passed over. A folder
    that does not exist has none.
    """
    folder = Path(folder).expanduser()
    if not folder.is_dir():
        return []
    root = folder.resolve()
    inside = [entry for entry in folder.iterdir() if entry.name[0] != "." and entry.resolve().is_relative_to(root)]
    return sorted(
        (entry for entry in inside if _is_video(entry) or (entry.is_dir() and _videos_in(entry))),
        key=lambda entry: entry.name.casefold(),
    )


def slugify(name: str) -> str:
    """A name for addresses: lower case letters, digits and hyphens."""
    return re.sub(r"[\W_]+", "-", name.casefold()).strip("-") or "movie"


def _is_video(path: Path) -> bool:
    return path.suffix.lower() in VIDEO_SUFFIXES and path.is_file()


def _videos_in(folder: Path) -> list[Path]:
    return sorted(entry for entry in folder.iterdir() if entry.name[0] != "." and _is_video(entry))


def _video_of(folder: Path) -> Path:
    """The one video of a movie's folder: `movie.*`, or the only one."""
    videos = _videos_in(folder)
    named = [video for video in videos if video.stem.lower() == "movie"] or videos
    if not named:
        raise MovieError(f"The folder {folder.name} holds no video. Put one there, such as movie.mp4.")
    if len(named) > 1:
        names = ", ".join(video.name for video in named)
        raise MovieError(f"The folder {folder.name} holds several videos ({names}). Name one of them movie.mp4.")
    return named[0]


def _poster_of(folder: Path) -> Path | None:
    posters = (folder / f"poster{suffix}" for suffix in POSTER_SUFFIXES)
    return next((check_plain_file(poster) for poster in posters if poster.is_file()), None)


def _read_notes(folder: Path) -> _Notes:
    """Read `movie.toml` if there is one; MovieError names what is wrong in it."""
    path = folder / "movie.toml"
    if not path.exists() or path.stat().st_size == 0:
        return _Notes()
    real, name = check_plain_file(path), f"{folder.name}/{path.name}"
    if real.stat().st_size > _MOST_TOML:
        raise MovieError(f"{name} is larger than 1 MB. Keep only the movie's title, synopsis and questions in it.")
    try:
        return _Notes.model_validate(tomllib.loads(real.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise MovieError(f"{name} is not valid TOML: {error}. Correct it or take it away.") from None
    except ValidationError as error:
        wrong = error.errors()[0]
        where = ".".join(str(part) for part in wrong["loc"])
        raise MovieError(f"{name}: {where} = {wrong['input']!r} is wrong: {wrong['msg']}. Correct it.") from None
