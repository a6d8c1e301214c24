"""A film of one's own: checked, copied where browsers need it, watched by the model, then put on the wall.

`begin` answers at once, `check` opens the file, `watch` lets the model watch it.
"""

import logging
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from llamavid_demo.errors import DemoError, DownloadError, MovieError, NoRoomError, PictureError, SubtitleError
from llamavid_demo.film import Movie, load_movie
from llamavid_demo.film.pictures import PICTURE_SUFFIXES, is_picture
from llamavid_demo.film.plain_files import VIDEO_SUFFIXES
from llamavid_demo.film.still_film import still_film
from llamavid_demo.settings import Settings
from llamavid_demo.ui.language import joined, say, translated
from llamavid_demo.ui.models import Models
from llamavid_demo.ui.pasting import Pasting
from llamavid_demo.ui.player import CopyProgress, files_folder, make_playable
from llamavid_demo.ui.screening import Screening
from llamavid_demo.ui.sessions import Sessions
from llamavid_demo.ui.stills import Stills
from llamavid_demo.ui.talk import Counted, alert, notice, progress_bar
from llamavid_demo.ui.uploads import Uploads
from llamavid_demo.ui.visit import Brought, Conversation, Visit
from llamavid_demo.ui.words import length, size

if TYPE_CHECKING:
    from llamavid_demo.chat import Progress

VIDEOS_AND_PICTURES = sorted(VIDEO_SUFFIXES | PICTURE_SUFFIXES)
SUBTITLES = [".srt", ".vtt", ".ass", ".ssa", ".sub", ".ttml", ".smi"]
BROKEN = "Something went wrong while reading the film; the server's log says what. Nothing was changed."
CANCELLED = "Cancelled. Nothing was kept of the film."
BOXES = "boxes"  # what a visit needs the files in its file boxes as

log = logging.getLogger(__name__)
Parts = dict[str, Any]
Chosen = dict[str, Any] | None  # a file in a box, as Gradio's page tells of it


def limits(settings: Settings) -> str:
    """HTML that states the limits before anything is uploaded; upload.js holds the files to them."""
    most = size(settings.upload_mb * 1e6)
    words = say(
        "Videos (MP4, MKV, WebM, MOV, AVI and others), or a picture, up to {most} and {length}. Subtitles inside a "
        "video are found; a file of your own goes first. Drop files anywhere on the page. They, and what the model "
        "makes of them, are deleted when you remove the film, or a minute after you close the page.",
        most=most,
        length=length(settings.upload_minutes * 60),
    )
    if folders := settings.open_folders:
        named = ", ".join(escape(str(folder)) for folder in folders)
        words = joined(words, say("Films in {folders} can be opened by their path.", folders=named))
    return f'<p class="limits" data-most-bytes="{int(settings.upload_mb * 1e6)}" data-most="{most}">{words}</p>'


class Bringing:
    """The handlers; `key` is the page's session key throughout."""

    def __init__(
        self,
        settings: Settings,
        sessions: Sessions,
        models: Models,
        screening: Screening,
        stills: Stills,
        uploads: Uploads,
    ) -> None:
        self._settings = settings
        self._sessions = sessions
        self._models = models
        self._screening = screening
        self._stills = stills
        self._uploads = uploads
        self._pasting = Pasting(settings, uploads)

    def choose(self, key: str, video: Chosen, subtitles: Chosen) -> Parts:
        """Take note of what the boxes hold now; what was in them before is deleted."""
        self._fill(self._sessions.visit(key), _path(video), _path(subtitles))
        return {}

    def _fill(self, visit: Visit, video: Path | None, subtitles: Path | None) -> None:
        visit.boxes = video, subtitles
        self._uploads.hold(visit, BOXES, video, subtitles)

    def begin(self, key: str, video: Chosen, subtitles: Chosen, pasted: object = "") -> Parts:
        """Show at once that the press was heard; `pasted` is the address or the path of a film, or nothing."""
        chosen, source = _path(video), str(pasted or "").strip()
        if not chosen and not source:
            return {"bring_alert": alert("Choose a video file or a picture first.")}
        if chosen and source:
            return {"bring_alert": alert("There is a video file and an address: take one of them out.")}
        try:
            if source:
                self._pasting.check(source)
        except DownloadError as error:
            return {"bring_alert": alert(str(error))}
        visit = self._sessions.visit(key)
        if visit.busy:
            return {"bring_alert": alert("An answer is still being written: stop it, then open your film.")}
        if len(visit.own) >= self._settings.upload_films:
            return {"bring_alert": alert(_too_many(self._settings.upload_films))}
        visit.bringing = brought = Brought(chosen, _path(subtitles), source)
        self._fill(visit, brought.video, brought.subtitles)
        self._uploads.hold(visit, brought, brought.video, brought.subtitles)
        return {
            "bring_alert": "",
            "bring_activity": progress_bar(None, "Fetching the film…" if source else "Looking at the file…"),
            "bring_pasted": gr.Textbox(interactive=False),
            "bring_open": gr.Button(interactive=False),
            "bring_cancel": gr.Button(visible=True),
            "bring_close": gr.Button(visible=False),
        }

    def fetch(self, key: str) -> Generator[Parts, None, None]:
        """Bring a film here that was pasted."""
        visit = self._sessions.visit(key)
        brought = visit.bringing
        if brought and brought.source and not brought.video and not brought.running:
            yield from self._follow(visit, brought, self._pasting.fetch(visit, brought))

    def check(self, key: str) -> Generator[Parts, None, None]:
        """Open the file, and make a copy that browsers play where that is needed."""
        visit = self._sessions.visit(key)
        brought = visit.bringing
        if brought and not brought.movie and not brought.running:
            yield from self._follow(visit, brought, self._opened(brought))

    def watch(self, key: str) -> Generator[Parts, None, None]:
        """Let the model watch the first section, then show the film."""
        visit = self._sessions.visit(key)
        brought = visit.bringing
        if not brought or not brought.movie or brought.running:
            return
        visit.brought += 1
        movie = replace(
            brought.movie,
            slug=f"own-{visit.brought}",
            kept_in=self._uploads.kept_in(brought.movie.path),
        )
        yield from self._follow(visit, brought, self._watched(brought, movie, self._sessions.model(key)))
        if not brought.conversation or visit.bringing is not brought:
            return
        visit.own[movie.slug] = movie
        early = movie.duration // 10  # the very first picture is often black
        visit.posters[movie.slug] = self._stills.at(movie, [early]).get(early, "")
        self._uploads.hold(visit, movie.slug, movie.path)
        self._sessions.remember(key, movie.slug, 0, brought.conversation)
        warnings = movie.subtitles.warnings if movie.subtitles else ()
        picture = bool(brought.video and is_picture(brought.video))
        spoken = movie.subtitles and movie.subtitles.cues
        silent = not (picture or spoken)  # then the panel says how to come by subtitles
        visit.panel_open |= silent
        yield {
            **self._screening.film(key, movie),
            **({"subtitles": gr.Accordion(open=True)} if silent else {}),
            **self._resting(joined(*map(translated, warnings))),
            **self._done_with(visit, brought, brought.video, brought.subtitles),
            **({"bring_pasted": gr.Textbox("", interactive=True)} if brought.source else {}),
            "bring": gr.Column(visible=bool(warnings)),
        }

    def cancel(self, key: str) -> Parts:
        """Stop reading; what was read is dropped."""
        visit = self._sessions.visit(key)
        brought = visit.bringing
        if not brought:
            return {}
        brought.stopping.set()
        if brought.running:
            return {}
        visit.bringing = None  # between two steps: no handler has it that could tidy up
        return {**self._resting(CANCELLED), **self._done_with(visit, brought, brought.video, brought.subtitles)}

    def remove(self, key: str, slug: str) -> Parts:
        """Delete a film that the visitor brought; if it was showing, the first one of the wall follows.

        Raises `MovieError` when it is not there (any more).
        """
        visit = self._sessions.visit(key)
        if visit.bringing:
            return {"alert": alert("Another film is being opened: wait for it, or cancel it, then remove this one.")}
        movie = self._sessions.remove(key, slug)
        first = next(iter(self._sessions.bundled.values()))
        showing = visit.showing and visit.showing[0] == slug
        parts = self._screening.film(key, first) if showing else {"wall": self._screening.wall(key)}
        return {
            **parts,
            "alert": notice(say("{title} was removed: its files and its conversation are deleted.", title=movie.title)),
        }

    def _follow(
        self, visit: Visit, brought: Brought, work: Generator[Counted, None, None]
    ) -> Generator[Parts, None, None]:
        """Show the progress of a step; when it fails or is cancelled, say so and drop the film."""
        brought.running, trouble, over, resumes = True, "", False, False
        unfit: tuple[Path | None, ...] = ()
        try:
            with closing(work):
                for progress in work:
                    yield {"bring_activity": progress_bar(progress)}
                    if brought.stopping.is_set():
                        break
            over = not brought.stopping.is_set()
        except DemoError as error:
            trouble = str(error)
            unfit = (brought.video,) if isinstance(error, MovieError | PictureError) else ()
            unfit = (brought.subtitles,) if isinstance(error, SubtitleError) else unfit
            resumes = isinstance(error, DownloadError) and not isinstance(error, NoRoomError)
        except Exception:
            log.exception("a film could not be opened")
            trouble = BROKEN
        finally:
            brought.running = False
            if not over and visit.bringing is brought:
                visit.bringing = None
            if not over:
                self._uploads.hold(visit, brought)
        if brought.stopping.is_set():
            trouble, unfit = CANCELLED, (brought.video, brought.subtitles)
        if not over:
            yield {**self._resting(trouble), **self._done_with(visit, brought, *unfit, resumes=resumes)}

    def _done_with(self, visit: Visit, brought: Brought, *files: Path | None, resumes: bool = False) -> Parts:
        """A film came to its end: these files leave the boxes, unless others are in them by now.

        If it `resumes`, what has come of a film that was pasted waits for another press.
        """
        if not resumes:
            self._pasting.drop(visit)
        video, subtitles = (None if file in files else file for file in visit.boxes)
        parts = {
            **({"bring_video": None} if video != visit.boxes[0] else {}),
            **({"bring_subtitles": None} if subtitles != visit.boxes[1] else {}),
        }
        self._fill(visit, video, subtitles)
        self._uploads.hold(visit, brought)
        return parts

    def _resting(self, trouble: str) -> Parts:
        return {
            "bring_alert": notice(trouble) if trouble == CANCELLED else alert(trouble),
            "bring_activity": "",
            "bring_pasted": gr.Textbox(interactive=True),
            "bring_open": gr.Button(interactive=True),
            "bring_cancel": gr.Button(visible=False),
            "bring_close": gr.Button(visible=True),
        }

    def _opened(self, brought: Brought) -> Generator[CopyProgress, None, None]:
        video = brought.video
        if not video or not video.exists():
            raise MovieError("The file is no longer on this server: choose it again.")
        movie = load_movie(
            still_film(video) if is_picture(video) else video,
            subtitles=brought.subtitles,
            language=self._settings.subtitle_language,
            section_minutes=self._settings.section_minutes,
        )
        if movie.duration > self._settings.upload_minutes * 60:
            raise MovieError(
                f"{video.name} lasts {length(movie.duration)}; this page takes films of up to "
                f"{length(self._settings.upload_minutes * 60)}. Cut it, or choose another."
            )
        with closing(make_playable(movie, files_folder(self._settings, movie, own=True))) as copied:
            yield from copied
        brought.movie = movie

    def _watched(self, brought: Brought, movie: Movie, model: str) -> "Generator[Progress, None, None]":
        chat = yield from self._models[model].chat(movie, 0, brought.stopping)
        brought.conversation = Conversation(chat, model) if chat else None


def _too_many(most: int) -> str:
    return f"Films of your own that stay here at once are limited to {most}: remove one, then open another."


def _path(chosen: Chosen) -> Path | None:
    """Where a file of a box lies; Gradio has made sure that it was uploaded."""
    return Path(chosen["path"]) if chosen else None
