"""Bring a film into the films folder: fetched or copied, checked, with subtitles, a poster and `movie.toml`.

All is made ready in a hidden folder beside the others, `.NAME.part`, and renamed at the end: whoever looks sees a whole
film or none, and a download that was killed goes on from there.
"""

import fcntl
import hashlib
import logging
import os
import re
import shutil
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import tomlkit

from llamavid_demo.errors import DownloadError, MovieError, SubtitleError
from llamavid_demo.film.download import Transfer, copy_file, download, is_address, note_beside
from llamavid_demo.film.movie import find_movies, load_movie, slugify
from llamavid_demo.film.plain_files import VIDEO_SUFFIXES, check_plain_file, fitting_suffix, sniff_container
from llamavid_demo.film.poster import make_poster
from llamavid_demo.film.probe import probe
from llamavid_demo.film.subtitles import MOST_BYTES, SUBTITLE_SUFFIXES, language_in_name, read_subtitles
from llamavid_demo.film.tracks import subtitle_files

logger = logging.getLogger(__name__)

_YEAR = re.compile(r"\s*\(((?:18|19|20)\d\d)\)\s*$")
_ANY_RATE = 25.0  # frames a second; the times of subtitles that count frames do not matter yet


@dataclass(frozen=True)
class NewFilm:
    """What is to be brought in: a path or an address, and what is known of it. Unset: read off its name."""

    source: str
    subtitles: str | None = None
    name: str | None = None
    title: str | None = None
    year: int | None = None
    licence: str = ""
    sha256: str | None = None

    @property
    def label(self) -> str:
        """The name of the file, without its suffix."""
        name = _file_name(self.source)
        return name.stem if name.suffix.lower() in VIDEO_SUFFIXES else name.name

    @property
    def slug(self) -> str:
        """Name of its folder. Raises `MovieError` when the one that was given cannot be one."""
        given = self.name if self.name is not None else slugify(self.title or self.label)
        if given != slugify(given):
            raise MovieError(f"--name {given!r} is no name of a folder: take {slugify(given)!r}.")
        return given

    @property
    def origin(self) -> str:
        """The address that it is from, without a password; "" for a file."""
        if not is_address(self.source):
            return ""
        parts = urlsplit(self.source)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()


def add_film(film: NewFilm, movies: Path, *, most_bytes: int) -> Generator[Transfer, None, Path]:
    """Bring `film` into the folder `movies`; gives its folder there, also when it is there already.

    Raises `MovieError` for a film that cannot be watched or a name that is taken, `SubtitleError` for subtitles that
    cannot be read, `DownloadError` for what cannot be fetched, has another checksum, or is too large.
    """
    if film.sha256 and not re.fullmatch(r"[0-9a-fA-F]{64}", film.sha256):
        raise DownloadError(f"--sha256 {film.sha256!r} is no SHA-256: that has 64 digits from 0 to f.")
    if not is_address(film.source):
        check_plain_file(Path(film.source).expanduser())
    movies = movies.expanduser()
    folder, part = movies / film.slug, movies / f".{film.slug}.part"
    taken = _taken(movies, film.slug)
    if taken:
        if _is_same(film, taken):
            return taken
        raise MovieError(f"There is another film of this name, {taken}: give a --name, or remove that one.")
    movies.mkdir(parents=True, exist_ok=True)
    with _held(part):
        arriving = part / film.slug  # without suffix until it is known, so that messages name it
        for other in set(part.iterdir()) - {arriving, note_beside(arriving)}:
            other.unlink()
        yield from _bring_given_subtitles(film, part)
        yield from _bring_video(film, arriving, most_bytes)
        if film.subtitles is None and not is_address(film.source):
            _copy_subtitles_beside(Path(film.source).expanduser(), part, fps=probe(arriving).fps)
        make_poster(arriving, part / "poster.jpg")
        _name_video(film, arriving)
        _write_notes(film, part)
        note_beside(arriving).unlink(missing_ok=True)
        try:
            part.rename(folder)
        except OSError as error:  # made meanwhile by another
            raise MovieError(f"{folder} cannot be made ({error.strerror}): give another --name.") from None
    return folder


def _taken(movies: Path, slug: str) -> Path | None:
    """What has this name on the wall, or lies where the folder belongs."""
    named = (path for path in find_movies(movies) if slugify(path.name if path.is_dir() else path.stem) == slug)
    there = movies / slug
    return next(named, there if there.exists() else None)


def _is_same(film: NewFilm, folder: Path) -> bool:
    """Whether a film that is there came from the same address, or is the same file."""
    try:
        movie = load_movie(folder)
    except MovieError:
        return False
    if film.sha256:
        return _sha256(movie.path) == film.sha256.lower()
    if is_address(film.source):
        return movie.source == film.origin
    given = Path(film.source).expanduser()
    return given.stat().st_size == movie.path.stat().st_size and _sha256(given) == _sha256(movie.path)


@contextmanager
def _held(part: Path) -> Iterator[None]:
    """Keep the hidden folder for oneself. The system lets go of it, however the program ends."""
    part.mkdir(exist_ok=True)
    lock = os.open(part, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise MovieError(f"{part} is in use: this film is being added already. Wait for it.") from None
    finally:
        with suppress(OSError):  # it has been renamed, or holds the beginning of a film
            part.rmdir()
        os.close(lock)


def _bring_video(film: NewFilm, arriving: Path, most_bytes: int) -> Generator[Transfer, None, None]:
    """Fetch or copy the video, and delete it again unless it is a film, and the one that was expected."""
    if is_address(film.source):
        yield from download(film.source, arriving, most_bytes=most_bytes, check=sniff_container)
    else:
        source = check_plain_file(Path(film.source).expanduser())
        sniff_container(source)
        yield from copy_file(source, arriving, most_bytes=most_bytes)
    try:
        if film.sha256 and (found := _sha256(arriving)) != film.sha256.lower():
            raise DownloadError(f"{film.source} has the SHA-256 {found}, not {film.sha256}: it is another file.")
        probe(arriving)
    except (DownloadError, MovieError):
        arriving.unlink()
        note_beside(arriving).unlink(missing_ok=True)
        raise


def _name_video(film: NewFilm, arriving: Path) -> None:
    suffix = fitting_suffix(_file_name(film.source), probe(arriving).container)
    arriving.rename(arriving.with_name(f"movie{suffix}"))


def _bring_given_subtitles(film: NewFilm, part: Path) -> Generator[Transfer, None, None]:
    """The subtitles that were asked for; before the video, which takes longer."""
    if film.subtitles is None:
        return
    given = Path(film.subtitles).expanduser()
    if is_address(film.subtitles):
        given = part / "subtitles"
        yield from download(film.subtitles, given, most_bytes=MOST_BYTES)
    read_subtitles(given, fps=_ANY_RATE)
    shutil.copyfile(given, part / _subtitle_name(Path(_file_name(film.subtitles))))
    for fetched in (part / "subtitles", note_beside(part / "subtitles")):
        fetched.unlink(missing_ok=True)


def _copy_subtitles_beside(source: Path, part: Path, *, fps: float) -> None:
    """Those beside a local video; what cannot be read is passed over."""
    for file in subtitle_files(source):
        try:
            read_subtitles(file, fps=fps)
        except SubtitleError as error:
            logger.warning("left out: %s", error)
        else:
            shutil.copyfile(file, part / f"movie{file.name.removeprefix(source.stem)}")


def _subtitle_name(given: Path) -> str:
    """`movie.en.srt`: the language that a name tells, and its suffix; readers tell the format by content."""
    language = language_in_name(given)
    suffix = given.suffix.lower() if given.suffix.lower() in SUBTITLE_SUFFIXES else ".srt"
    return f"movie.{language}{suffix}" if language else f"movie{suffix}"


def _write_notes(film: NewFilm, part: Path) -> None:
    said = _YEAR.search(film.label)
    title = film.title or re.sub(r"[._\s-]+", " ", _YEAR.sub("", film.label)).strip() or film.slug
    year = film.year or (int(said[1]) if said else None)
    notes = tomlkit.document()
    notes["title"] = title
    if year:
        notes["year"] = year
    notes["licence"], notes["source"], notes["synopsis"] = film.licence, film.origin, ""
    notes["questions"] = []
    notes["sections"] = [{"synopsis": ""} for _ in load_movie(part).sections]
    (part / "movie.toml").write_text(tomlkit.dumps(notes), "utf-8")
    load_movie(part)  # as the page will


def _file_name(source: str) -> PurePosixPath:
    """The last part of a path or an address."""
    path = unquote(urlsplit(source).path) if is_address(source) else str(Path(source).absolute())
    return PurePosixPath(PurePosixPath(path).name)


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
