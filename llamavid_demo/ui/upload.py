"""A film of one's own: checked, copied where browsers need it, watched by the model, then put on the wall.

`begin` answers at once, `check` opens the file, `watch` waits for its turn at the model.
"""

import logging
from collections.abc import Generator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import gradio as gr

from llamavid_demo.errors import DemoError, MovieError
from llamavid_demo.film import Movie, load_movie
from llamavid_demo.film.plain_files import VIDEO_SUFFIXES
from llamavid_demo.settings import Settings
from llamavid_demo.ui.models import Models
from llamavid_demo.ui.player import make_playable
from llamavid_demo.ui.screening import Screening, files_folder
from llamavid_demo.ui.sessions import Conversation, Relay, Sessions
from llamavid_demo.ui.talk import alert, notice, progress_bar
from llamavid_demo.ui.words import length, size
from llamavid_demo.ui.work import Stopped, Work

VIDEOS = sorted(VIDEO_SUFFIXES)
SUBTITLES = [".srt", ".vtt", ".ass", ".ssa", ".sub", ".ttml", ".smi"]
BROKEN = "Something went wrong while reading the film; the server's log says what. Nothing was changed."
CANCELLED = "Cancelled. Nothing was kept of the film."

log = logging.getLogger(__name__)
Parts = dict[str, Any]


@dataclass(frozen=True)
class CopyProgress:
    """Seconds of film copied; looks like the chat room's progress."""

    done: int
    total: int
    stage: str = "copy"


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
        if self._sessions.visit(key).busy:
            return {"bring_alert": alert("An answer is still being written: stop it, then open your film.")}
        return {
            "bring_alert": "",
            "bring_activity": progress_bar(None, "Looking at the file…"),
            "bring_open": gr.Button(interactive=False),
            "bring_cancel": gr.Button(visible=True),
            "bring_close": gr.Button(visible=False),
        }

    def check(self, key: str, video: str | None, subtitles: str | None) -> Iterator[Parts]:
        """Open the file, and make a copy that browsers play where that is needed."""
        visit = self._sessions.visit(key)
        if not video or visit.busy:
            return
        found: list[Movie] = []
        work = visit.start(lambda work: found.append(self._opened(work, Path(video), subtitles)))
        trouble = yield from self._follow(work)
        if trouble:
            yield self._resting(trouble)
        elif found:
            visit.clip = found[0]

    def watch(self, key: str) -> Iterator[Parts]:
        """Let the model watch the first section, then show the film."""
        visit = self._sessions.visit(key)
        clip, visit.clip = visit.clip, None
        if clip is None:
            return
        visit.brought += 1
        movie = replace(clip, slug=f"own-{visit.brought}")
        made: list[Conversation] = []
        work = visit.start(lambda work: made.append(self._watched(work, movie, self._sessions.model(key))))
        trouble = yield from self._follow(work)
        if not made or trouble:
            yield self._resting(trouble)
            return
        visit.own[movie.slug] = movie
        self._sessions.remember(key, movie.slug, 0, made[0])
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
        if visit.clip:  # between two steps: nothing runs that could tidy up
            visit.clip = None
            return self._resting(CANCELLED)
        visit.stop()
        return {}

    def _follow(self, work: Work) -> Generator[Parts, None, str]:
        """Show the work's progress; the generator's value is what went wrong, in words for a person."""
        try:
            for told in work.batches():
                yield {"bring_activity": progress_bar(told[-1])}
        except Stopped:
            return CANCELLED
        except DemoError as error:
            return str(error)
        except Exception:
            log.exception("a film could not be opened")
            return BROKEN
        return ""

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

    def _opened(self, work: Work, video: Path, subtitles: str | None) -> Movie:
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

        def progress(seconds: float) -> None:
            work.tell(CopyProgress(min(int(seconds), int(movie.duration)), int(movie.duration)))

        make_playable(movie, files_folder(self._settings, movie, own=True), progress)
        return movie

    def _watched(self, work: Work, movie: Movie, model: str) -> Conversation:
        relay = Relay(work)
        return Conversation(self._models[model].chat(movie, 0, check=work.check, progress=relay), relay, model)
