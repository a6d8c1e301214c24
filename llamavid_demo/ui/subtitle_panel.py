"""The folded panel under the player: which subtitles, when they come, what they say. Handlers are in subtitles.py."""

from html import escape
from typing import Any

import gradio as gr

from llamavid_demo.direction_marks import without_marks
from llamavid_demo.film import Movie, SubtitleTrack
from llamavid_demo.film.encodings import ENCODINGS
from llamavid_demo.film.speech import speech_model
from llamavid_demo.film.srt import to_srt
from llamavid_demo.settings import Settings
from llamavid_demo.ui.labels import labels
from llamavid_demo.ui.language import say, translated
from llamavid_demo.ui.subtitled import Subtitled
from llamavid_demo.ui.visit import Visit

STEP = 0.5  # seconds
LIKE = labels("1\n00:00:01,000 --> 00:00:04,000\nWhat is said then")
NONE = "none"  # stands for a film without subtitles among the choices
# The text box has what is in use, or what somebody makes of it: no file on the server is needed.
DOWNLOAD = """(text) => {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], { type: 'application/x-subrip' }));
  link.download = `${document.querySelector('#about h2').textContent}.srt`;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}"""

NO_SPEECH = "This server can't write down what is said. Paste or write subtitles here, or bring a subtitle file."

Parts = dict[str, Any]


def place(parts: Parts, settings: Settings) -> None:
    """Put the panel's parts where they belong, inside the current `gr.Blocks`."""
    hears = speech_model(settings.speech_model) is not None
    alone: dict[str, Any] = {"show_label": False, "container": False}
    with gr.Accordion(labels("Subtitles"), open=False, elem_id="subtitles") as parts["subtitles"]:
        parts["lacking"] = _html(lacking(), visible=not hears)
        with gr.Row(elem_classes="tools", visible=hears):
            parts["subtitles_hear"] = gr.Button(labels("Write down what is said"), size="sm", elem_id="subtitles-hear")
            parts["subtitles_cancel"] = gr.Button(
                labels("Cancel"), size="sm", visible=False, elem_id="subtitles-cancel"
            )
        parts["subtitles_activity"] = _html(elem_id="subtitles-activity")
        parts["subtitles_track"] = gr.Dropdown(
            [], label=labels("Subtitle track"), visible=False, filterable=False, **alone
        )
        parts["subtitles_encoding"] = gr.Dropdown(
            [], label=labels("Encoding of the file"), visible=False, filterable=False, container=False
        )
        with gr.Row(elem_classes="tools", visible=False) as parts["subtitles_delays"]:
            parts["subtitles_earlier"] = gr.Button(f"−{STEP} s", size="sm", elem_id="subtitles-earlier")
            parts["subtitles_delay"] = _html(delay(0), elem_id="subtitles-delay")
            parts["subtitles_later"] = gr.Button(f"+{STEP} s", size="sm", elem_id="subtitles-later")
        parts["subtitles_text"] = gr.Textbox(
            label=labels("Subtitles as SRT text"), placeholder=LIKE, lines=6, max_lines=12,
            elem_id="subtitles-text", **alone,
        )  # fmt: skip
        parts["subtitles_alert"] = _html(elem_id="subtitles-alert")
        with gr.Row(elem_classes="tools"):
            parts["subtitles_apply"] = gr.Button(labels("Apply changes"), size="sm")
            parts["subtitles_back"] = gr.Button(labels("Put back"), size="sm")
            parts["subtitles_download"] = gr.Button(labels("Download SRT"), size="sm")


def lacking() -> str:
    """HTML that says why nobody writes subtitles down here; what the server lacks is for its owner: see `doctor`."""
    return f'<p class="limits">{escape(translated(NO_SPEECH))}</p>'


def panel(visit: Visit, movie: Movie, original: Movie) -> Parts:
    """What the panel shows of a film; `original` is the film as it came. The text is sent to an open panel only."""
    known = visit.subtitled.get(movie.slug) or Subtitled(original, original.subtitles)
    choices = {track.source: track.title for track in original.tracks}
    first = original.subtitles.source if original.subtitles and original.subtitles.cues else NONE
    if first not in choices:
        choices = {first: say("None") if first == NONE else without_marks(first), **choices}
    choices |= {source: translated(source).capitalize() for source in known.made}
    shown = known.track.source if known.track and known.track.cues else NONE
    words = text(movie) if known.draft is None else known.draft
    return {
        "subtitles_track": gr.Dropdown(
            [(translated(title), source) for source, title in choices.items()], value=shown, visible=len(choices) > 1
        ),
        "subtitles_encoding": _encodings(known.track),
        "subtitles_delays": gr.Row(visible=shown != NONE),
        "subtitles_delay": delay(known.delay),
        "subtitles_text": gr.Textbox(value=words if visit.panel_open else "", interactive=not known.hearing),
        "subtitles_alert": "",
        "subtitles_hear": gr.Button(interactive=not known.hearing),
    }


def _encodings(track: SubtitleTrack | None) -> gr.Dropdown:
    """Other encodings for a file that is not surely in Unicode."""
    if track is None or track.encoding is None:
        return gr.Dropdown(visible=False)
    now = track.encoding
    doubtful = not now.startswith("utf") or any("\ufffd" in cue.text for cue in track.cues)
    names = ENCODINGS if now in ENCODINGS else {now: now, **ENCODINGS}
    choices = [(translated(name), encoding) for encoding, name in names.items()]
    return gr.Dropdown(choices, value=now, visible=doubtful)


def text(movie: Movie) -> str:
    """The subtitles in use as SRT."""
    return to_srt(movie.subtitles.cues) if movie.subtitles else ""


def delay(seconds: float) -> str:
    """HTML that says when the subtitles come."""
    by = f"{abs(seconds):.1f}"
    words = say("Subtitles come {by} s later", by=by) if seconds > 0 else say("Subtitles come {by} s earlier", by=by)
    return f'<p role="status">{words if seconds else say("Subtitles come as they are timed")}</p>'


def _html(value: str = "", **options: Any) -> gr.HTML:
    return gr.HTML(value, apply_default_css=False, js_on_load=None, **options)
