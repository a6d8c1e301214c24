"""Handlers of the subtitle panel: another track, a delay, edited text, and what is said written down.

Whatever changes, model, player, transcript and search take the same cues: those of `Sessions.movie`.
"""

import logging
import threading
from collections.abc import Callable, Generator
from contextlib import closing
from functools import wraps
from typing import Concatenate, ParamSpec

import gradio as gr

from llamavid_demo.errors import DemoError, SubtitleError
from llamavid_demo.film import SubtitleTrack
from llamavid_demo.film.encodings import ENCODINGS
from llamavid_demo.film.probe import probe
from llamavid_demo.film.speech import SpeechProgress, speech_model, transcribe
from llamavid_demo.film.srt import from_srt
from llamavid_demo.settings import Settings
from llamavid_demo.ui.conversation import BUSY
from llamavid_demo.ui.language import joined, say
from llamavid_demo.ui.screening import Parts, Screening
from llamavid_demo.ui.sessions import Sessions
from llamavid_demo.ui.subtitle_panel import NO_SPEECH, NONE, STEP, panel, text
from llamavid_demo.ui.subtitled import Subtitled
from llamavid_demo.ui.talk import alert, notice, progress_bar
from llamavid_demo.ui.words import some

EDITED = "as edited here"
UNAPPLIED = "You changed the text: apply your changes or put it back first."
STOPPED = "Cancelled. The subtitles are as they were."
BROKEN = "Something went wrong while listening; the server's log says what. The subtitles are as they were."

log = logging.getLogger(__name__)
Given = ParamSpec("Given")


def in_turn(
    change: "Callable[Concatenate[Subtitling, str, Given], Parts]",
) -> "Callable[Concatenate[Subtitling, str, Given], Parts]":
    """Of two presses of a visitor at once the second finds what the first has made."""

    @wraps(change)
    def waiting(self: "Subtitling", key: str, /, *given: Given.args, **named: Given.kwargs) -> Parts:
        with self._sessions.visit(key).press_lock:
            return change(self, key, *given, **named)

    return waiting


class Subtitling:
    """The handlers; `key` is the page's session key, `typed` what stands in the text box."""

    def __init__(self, settings: Settings, sessions: Sessions, screening: Screening) -> None:
        self._settings = settings
        self._sessions = sessions
        self._screening = screening

    def unfold(self, key: str, slug: str) -> Parts:
        """The panel was opened: from now on it is sent the text."""
        self._sessions.visit(key).panel_open = True
        return self._panel(key, self._showing(key) or slug)

    def fold(self, key: str) -> Parts:
        """The panel was closed."""
        self._sessions.visit(key).panel_open = False
        return {}

    def put_back(self, key: str, slug: str) -> Parts:
        """Show the text in use again."""
        self._sessions.subtitled(key, slug).draft = None
        return self._panel(key, slug)

    def leave(self, key: str, slug: str, typed: str) -> Parts:
        """Somebody left the text box: what was typed comes back with its film."""
        if self._sessions.visit(key).panel_open:
            edited = typed.strip() != text(self._sessions.movie(key, slug)).strip()
            self._sessions.subtitled(key, slug).draft = typed if edited else None
        return {}

    @in_turn
    def choose(self, key: str, slug: str, typed: str, source: str) -> Parts:
        """Take another track. One that is not there is refused."""
        original, known = self._sessions.original(key, slug), self._sessions.subtitled(key, slug)
        shown = known.track.source if known.track and known.track.cues else NONE
        if source == shown:
            return {}
        if trouble := self._trouble(key, slug, typed):
            return {"subtitles_alert": alert(trouble), "subtitles_track": shown}
        choice = next((track for track in original.tracks if track.source == source), None)
        known_source = original.subtitles.source if original.subtitles and original.subtitles.cues else NONE
        try:
            if source in known.made:
                track: SubtitleTrack | None = known.made[source]
            elif source == known_source:
                track = original.subtitles
            elif choice:
                track = choice.read()
            else:
                raise SubtitleError(f"{source[:80]} is no track of {original.title}: choose another one.")
        except SubtitleError as error:
            return {"subtitles_alert": alert(str(error)), "subtitles_track": shown}
        known.show(track)
        return self._changed(key, slug)

    @in_turn
    def read_as(self, key: str, slug: str, typed: str, encoding: str) -> Parts:
        """Read the file in use in another encoding. One that is not there is refused."""
        known, original = self._sessions.subtitled(key, slug), self._sessions.original(key, slug)
        now = known.track.encoding if known.track else None
        if encoding == now:
            return {}
        if trouble := self._trouble(key, slug, typed):
            return {"subtitles_alert": alert(trouble), "subtitles_encoding": now}
        choice = next((one for one in original.tracks if known.track and one.source == known.track.source), None)
        try:
            if encoding not in ENCODINGS or choice is None or choice.read_as is None:
                raise SubtitleError(f"{encoding[:80]} is no encoding for these subtitles: choose another one.")
            track = choice.read_as(encoding)
        except SubtitleError as error:
            return {"subtitles_alert": alert(str(error)), "subtitles_encoding": now}
        known.show(track, known.delay)
        return self._changed(key, slug)

    @in_turn
    def step(self, key: str, slug: str, typed: str, steps: int) -> Parts:
        """Let the subtitles come so many half seconds later."""
        known = self._sessions.subtitled(key, slug)
        trouble = self._trouble(key, slug, typed)
        if not trouble and not (known.track and known.track.cues):
            trouble = "There are no subtitles to move."
        if trouble:
            return {"subtitles_alert": alert(trouble)}
        try:
            known.show(known.track, round(known.delay + steps * STEP, 1))
        except SubtitleError as error:
            return {"subtitles_alert": alert(str(error))}
        return self._changed(key, slug)

    @in_turn
    def apply(self, key: str, slug: str, typed: str) -> Parts:
        """Take what was typed as the film's subtitles. What is wrong is said, and the text stays as it is."""
        if self._busy(key, slug):
            return {"subtitles_alert": alert(BUSY)}
        known = self._sessions.subtitled(key, slug)
        try:
            cues = from_srt(typed)
        except SubtitleError as error:
            return {"subtitles_alert": alert(str(error))}
        before = known.track
        known.keep(SubtitleTrack(cues, EDITED, None, before.language if before else None, ()))
        return self._changed(key, slug, say("{lines} in use.", lines=some(len(cues), "line")))

    def begin_hearing(self, key: str, slug: str, typed: str) -> Parts:
        """Show at once that the press was heard; `hear` follows."""
        if trouble := self._trouble(key, slug, typed):
            return {"subtitles_alert": alert(trouble)}
        if speech_model(self._settings.speech_model) is None:
            return {"subtitles_alert": alert(NO_SPEECH)}
        visit = self._sessions.visit(key)
        if any(one.hearing for one in visit.subtitled.values()):
            return {"subtitles_alert": alert("Another film is being listened to: wait for it, or cancel it.")}
        self._sessions.subtitled(key, slug).hearing = threading.Event()
        return {
            "subtitles_alert": "",
            "subtitles_activity": progress_bar(None, "Waiting to listen…"),
            "subtitles_hear": gr.Button(interactive=False),
            "subtitles_cancel": gr.Button(visible=True),
            "subtitles_text": gr.Textbox(interactive=False),
        }

    def hear(self, key: str) -> Generator[Parts, None, None]:
        """Listen to the film for which `begin_hearing` was called, and give it what is said as subtitles."""
        visit, model = self._sessions.visit(key), speech_model(self._settings.speech_model)
        slug = next((slug for slug, one in visit.subtitled.items() if one.hearing), None)
        if slug is None or model is None:
            return
        known = visit.subtitled[slug]
        stopping, said = known.hearing, ""
        assert stopping is not None  # noqa: S101 - it was looked for above
        track: SubtitleTrack | None = None
        try:
            with closing(transcribe(probe(known.movie.path), model)) as work:
                track = yield from _until(work, stopping)
        except DemoError as error:
            said = alert(str(error))
        except Exception:
            log.exception("a film could not be listened to")
            said = alert(BROKEN)
        finally:
            known.hearing = None
        if visit.subtitled.get(slug) is not known:
            yield self._resting(key, slug, "")  # removed meanwhile
        elif stopping.is_set():
            yield self._resting(key, slug, notice(STOPPED))
        elif said or not track:
            yield self._resting(key, slug, said)
        elif not track.cues:
            yield self._resting(
                key, slug, notice(say("Nobody was heard to speak in {title}.", title=known.movie.title))
            )
        else:
            yield self._heard(key, slug, known, track)

    def cancel(self, key: str) -> Parts:
        """Stop listening; what was written down so far is dropped."""
        for known in self._sessions.visit(key).subtitled.values():
            known.stop_hearing()
        return {}

    @in_turn
    def _heard(self, key: str, slug: str, known: Subtitled, track: SubtitleTrack) -> Parts:
        """Give the film what was written down; while a question about it is answered it only joins the choices."""
        lines, title = some(len(track.cues), "line"), known.movie.title
        said = say("{lines} written down for {title}; some words may be wrong.", lines=lines, title=title)
        if self._busy(key, slug):
            known.made[track.source] = track
            return self._resting(key, slug, notice(joined(said, say("Choose them above when the answer is there."))))
        known.keep(track)
        if self._showing(key) != slug:
            self._sessions.begin_anew(key, slug)
            return self._resting(key, slug, notice(said))
        return {**self._resting(key, slug, ""), **self._changed(key, slug, said)}

    def _resting(self, key: str, slug: str, said: str) -> Parts:
        """The panel when listening to a film is over; what was typed for another one stays."""
        return {
            **(self._panel(key, slug) if self._showing(key) == slug else {}),
            "subtitles_hear": gr.Button(interactive=True),
            "subtitles_activity": "",
            "subtitles_cancel": gr.Button(visible=False),
            "subtitles_alert": said,
        }

    def _changed(self, key: str, slug: str, said: str = "") -> Parts:
        """Everything on the page that has to do with the film's cues; the conversation goes on."""
        self._sessions.begin_anew(key, slug)
        return {**self._screening.subtitles(key, slug), "subtitles_alert": notice(said) if said else ""}

    def _panel(self, key: str, slug: str) -> Parts:
        movie, original = self._sessions.movie(key, slug), self._sessions.original(key, slug)
        return panel(self._sessions.visit(key), movie, original)

    def _showing(self, key: str) -> str | None:
        showing = self._sessions.visit(key).showing
        return showing[0] if showing else None

    def _busy(self, key: str, slug: str) -> bool:
        asked = self._sessions.visit(key).asked
        return bool(asked and asked.slug == slug)

    def _trouble(self, key: str, slug: str, typed: str) -> str:
        """Why nothing may change now; "" when it may."""
        if self._busy(key, slug):
            return BUSY
        unlike = typed.strip() != text(self._sessions.movie(key, slug)).strip()
        return UNAPPLIED if unlike and self._sessions.visit(key).panel_open else ""


def _until(
    work: Generator[SpeechProgress, None, SubtitleTrack], stopping: threading.Event
) -> Generator[Parts, None, SubtitleTrack | None]:
    """Show how far the work has come; its value, or None when it was stopped."""
    while not stopping.is_set():
        try:
            yield {"subtitles_activity": progress_bar(next(work))}
        except StopIteration as done:
            track: SubtitleTrack = done.value
            return track
    return None
