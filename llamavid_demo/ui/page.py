"""Where each part stands on the page. What a part shows is made elsewhere; what sets it off is in wiring.py."""

from collections.abc import Sequence
from typing import Any

import gradio as gr

from llamavid_demo.film import Movie
from llamavid_demo.settings import Settings
from llamavid_demo.ui import browser, posters, search, sections, steering, subtitle_panel, talk, timeline, transcript
from llamavid_demo.ui.invitation import invitation
from llamavid_demo.ui.keyboard import SKIP, shortcuts
from llamavid_demo.ui.screening import about
from llamavid_demo.ui.suggesting import suggested
from llamavid_demo.ui.upload import SUBTITLES, VIDEOS, limits

TITLE = "A film you can talk with · LLaMA-VID"
SYSTEMS = "LLaMA-VID, two tokens a frame; LLaVA-Mini, one"
HEADER = f'{SKIP}<header class="marquee"><h1>A film you can talk with</h1><p>{SYSTEMS}</p>{shortcuts()}</header>'

# page.js fills it and shows it where the player has run into another section than the one that is talked about.
WATCHING = """<p hidden role="status">You are watching <b data-seen></b>;
questions are answered about <b data-known></b>.
<button type="button">Talk about what you are watching</button>
<label><input type="checkbox" data-kept="follow"> Follow the player</label></p>"""

Named = dict[str, Any]


def layout(settings: Settings, movies: Sequence[Movie], models: Sequence[str], model_state: str) -> Named:
    """Place all parts inside the current `gr.Blocks`, with the first film and model in them; gives them by name."""
    first = movies[0]
    parts: Named = {"slug": gr.State(first.slug), "section": gr.State(0)}
    parts["browser"] = _html(elem_id="browser", js_on_load=browser.ON_LOAD)
    with gr.Column(elem_id="foyer"):
        with gr.Row(elem_id="top"):
            _html(HEADER, elem_id="header")
            parts["model"] = _html(model_state, elem_id="model")
            parts["picker"] = gr.Dropdown(
                list(models),
                value=models[0],
                label="Model to talk with",
                show_label=False,
                container=False,
                filterable=False,
                visible=len(models) > 1,
                elem_id="picker",
            )
        parts["wall"] = _html(posters.poster_wall(movies, first.slug), elem_id="wall", js_on_load=posters.ON_LOAD)
    _bring(parts, settings)
    with gr.Column(elem_id="stage"):
        with gr.Column(elem_id="screen"):
            parts["player"] = gr.Video(
                elem_id="player", label="Film", show_label=False, interactive=False, container=False, buttons=[]
            )
            parts["timeline"] = _html(timeline.timeline(first, 0, ()), elem_id="timeline", js_on_load=timeline.ON_LOAD)
            _html(timeline.ALL, elem_id="moments")
            parts["copying"] = _html(elem_id="copying")
            parts["strip"] = _html(sections.section_strip(first, 0, {}), elem_id="strip", js_on_load=sections.ON_LOAD)
            parts["cost"] = _html(sections.section_cost(first.sections[0]), elem_id="cost")
            subtitle_panel.place(parts, settings)
            parts["about"] = _html(about(first), elem_id="about")
        _conversation(parts, settings, first)
        with gr.Column(elem_id="dialogue"):
            parts["transcript"] = _html(
                transcript.transcript(first),
                elem_id="transcript",
                js_on_load=transcript.ON_LOAD,
            )
            parts["elsewhere"] = _html(elem_id="elsewhere", js_on_load=search.ON_LOAD)
    return parts


def _html(value: str = "", **options: Any) -> gr.HTML:
    """A part that we draw ourselves: without Gradio's prose styles, and silent unless it has a script."""
    return gr.HTML(value, apply_default_css=False, **{"js_on_load": None, **options})


def _bring(parts: Named, settings: Settings) -> None:
    """The panel, closed at first, in which a visitor opens a film of their own."""
    with gr.Column(visible=False, elem_id="bring") as parts["bring"]:
        _html(f"<h2>Bring your own film</h2>{limits(settings)}")
        with gr.Row(elem_id="bring-files"):
            parts["bring_video"] = gr.File(label="Video", file_types=VIDEOS, elem_id="bring-video", height=120)
            parts["bring_subtitles"] = gr.File(
                label="Subtitles (optional)", file_types=SUBTITLES, elem_id="bring-subtitles", height=120
            )
        _html(elem_id="bring-travel")  # upload.js tells here of files on their way
        parts["bring_activity"] = _html(elem_id="bring-activity")
        parts["bring_alert"] = _html(elem_id="bring-alert")
        with gr.Row(elem_id="bring-buttons"):
            parts["bring_open"] = gr.Button("Open this film", variant="primary", elem_id="bring-open")
            parts["bring_cancel"] = gr.Button("Cancel", visible=False, elem_id="bring-cancel")
            parts["bring_close"] = gr.Button("Close", elem_id="bring-close")


def _conversation(parts: Named, settings: Settings, movie: Movie) -> None:
    """Questions and answers, and the box to write in."""
    with gr.Column(elem_id="talk"):
        with gr.Column(elem_id="log"):
            parts["past"] = _html(elem_id="past", js_on_load=talk.ON_LOAD)
            parts["current"] = _html(
                invitation(movie.title, None, settings),
                elem_id="current",
                html_template=talk.LIVE,
                js_on_load=talk.ON_LOAD,
            )
        parts["activity"] = _html(elem_id="activity")
        parts["alert"] = _html(elem_id="alert")
        parts["suggestions"] = _html(
            talk.suggestions(suggested(movie, 0)), elem_id="suggestions", js_on_load=talk.SUGGESTIONS_ON_LOAD
        )
        _html(WATCHING, elem_id="watching")
        with gr.Row(elem_id="composer"):
            parts["question"] = gr.Textbox(
                label="Your question",
                show_label=False,
                container=False,
                placeholder="Ask about this film…",
                max_lines=4,
                max_length=settings.question_chars,
                elem_id="question",
            )
            parts["ask"] = gr.Button("Ask", variant="primary", elem_id="ask")
            parts["stop"] = gr.Button("Stop", visible=False, elem_id="stop")
        parts["keeping"] = _html(talk.keeping(), elem_id="keeping", js_on_load=talk.KEEPING_ON_LOAD)
        parts.update(steering.controls(settings))
