"""A film of one's own: checked, copied where browsers need it, watched by the model, then put on the wall.

`begin` answers at once, `check` opens the file, `watch` lets the model watch it.
"""

import logging
from collections.abc import Generator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import gradio as gr

from llamavid_demo.errors import DemoError, MovieError
from llamavid_demo.film import Movie, load_movie
from llamavid_demo.film.plain_files import VIDEO_SUFFIXES
from llamavid_demo.settings import Settings
from llamavid_demo.ui.models import Models
from llamavid_demo.ui.player import CopyProgress, files_folder, make_playable
from llamavid_demo.ui.screening import Screening
from llamavid_demo.ui.sessions import Brought, Conversation, Sessions, Visit
from llamavid_demo.ui.talk import Counted, alert, notice, progress_bar
from llamavid_demo.ui.words import length, size

if TYPE_CHECKING:
    from llamavid_demo.chat import Progress

VIDEOS = sorted(VIDEO_SUFFIXES)
SUBTITLES = [".srt", ".vtt", ".ass", ".ssa", ".sub", ".ttml", ".smi"]
BROKEN = "Something went wrong while reading the film; the server's log says what. Nothing was changed."
CANCELLED = "Cancelled. Nothing was kept of the film."

log = logging.getLogger(__name__)
Parts = dict[str, Any]


def limits(settings: Settings) -> str:
    """One sentence that states the limits before anything is uploaded."""
    return (
        f'<p class="limits">MP4, MKV, WebM, MOV, AVI and other video files, up to {size(settings.upload_mb * 1e6)} and '
        f"{length(settings.upload_minutes * 60)}. Subtitles inside the video are found; a file of your own goes "
        "first. The file is deleted from this server when you close the page.</p>"
    )


class Bringing:
    """The handlers; `key` is the page's session key throughout."""

    def __init__(self, settings: Settings, sessions: Sessions, models: Models, screening: Screening) -> None:
        self._settings = settings
        self._sessions = sessions
        self._models = models
        self._screening = screening

    def begin(self, key: str, video: str | None) -> Parts:
        """Show at once that the press was heard."""
        if not video:
            return {"bring_alert": alert("Choose a video file first.")}
        visit = self._sessions.visit(key)
        if visit.busy:
            return {"bring_alert": alert("An answer is still being written: stop it, then open your film.")}
        visit.bringing = Brought()
        return {
            "bring_alert": "",
            "bring_activity": progress_bar(None, "Looking at the file…"),
            "bring_open": gr.Button(interactive=False),
            "bring_cancel": gr.Button(visible=True),
            "bring_close": gr.Button(visible=False),
        }

    def check(self, key: str, video: str | None, subtitles: str | None) -> Generator[Parts, None, None]:
        """Open the file, and make a copy that browsers play where that is needed."""
        visit = self._sessions.visit(key)
        brought = visit.bringing
        if video and brought and not brought.movie and not brought.running:
            yield from self._follow(visit, brought, self._opened(brought, Path(video), subtitles))

    def watch(self, key: str) -> Generator[Parts, None, None]:
        """Let the model watch the first section, then show the film."""
        visit = self._sessions.visit(key)
        brought = visit.bringing
        if not brought or not brought.movie or brought.running:
            return
        visit.brought += 1
        movie = replace(brought.movie, slug=f"own-{visit.brought}")
        yield from self._follow(visit, brought, self._watched(brought, movie, self._sessions.model(key)))
        if not brought.conversation or visit.bringing is not brought:
            return
        visit.own[movie.slug] = movie
        self._sessions.remember(key, movie.slug, 0, brought.conversation)
        warnings = movie.subtitles.warnings if movie.subtitles else ()
        yield {
            **self._screening.film(key, movie),
            **self._resting(" ".join(warnings)),
            "bring": gr.Column(visible=bool(warnings)),
            "bring_video": None,
            "bring_subtitles": None,
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
        return self._resting(CANCELLED)

    def _follow(
        self, visit: Visit, brought: Brought, work: Generator[Counted, None, None]
    ) -> Generator[Parts, None, None]:
        """Show the progress of a step; when it fails or is cancelled, say so and drop the film."""
        brought.running, trouble, over = True, "", False
        try:
            with closing(work):
                for progress in work:
                    yield {"bring_activity": progress_bar(progress)}
                    if brought.stopping.is_set():
                        break
            over = not brought.stopping.is_set()
        except DemoError as error:
            trouble = str(error)
        except Exception:
            log.exception("a film could not be opened")
            trouble = BROKEN
        finally:
            brought.running = False
            if not over and visit.bringing is brought:
                visit.bringing = None
        if not over:
            yield self._resting(trouble or CANCELLED)

    def _resting(self, trouble: str) -> Parts:
        if trouble and trouble != CANCELLED:
            gr.Warning(trouble)
        return {
            "bring_alert": notice(trouble) if trouble == CANCELLED else alert(trouble),
            "bring_activity": "",
            "bring_open": gr.Button(interactive=True),
            "bring_cancel": gr.Button(visible=False),
            "bring_close": gr.Button(visible=True),
        }

    def _opened(self, brought: Brought, video: Path, subtitles: str | None) -> Generator[CopyProgress, None, None]:
        movie = load_movie(
            video,
            subtitles=Path(subtitles) if subtitles else None,
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
