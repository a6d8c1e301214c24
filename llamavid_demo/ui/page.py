"""Where each part stands on the page. What a part shows is made elsewhere; what sets it off is in wiring.py."""

from collections.abc import Sequence
from html import escape
from typing import Any

import gradio as gr

from llamavid_demo.film import Movie
from llamavid_demo.film.speech import speech_model
from llamavid_demo.settings import Settings
from llamavid_demo.ui import (
    browser,
    pasting,
    posters,
    search,
    sections,
    steering,
    subtitle_panel,
    talk,
    timeline,
    transcript,
)
from llamavid_demo.ui.invitation import invitation
from llamavid_demo.ui.keyboard import shortcuts, skip
from llamavid_demo.ui.labels import labels
from llamavid_demo.ui.language import language, say
from llamavid_demo.ui.models import Models
from llamavid_demo.ui.screening import about
from llamavid_demo.ui.script_words import script_words
from llamavid_demo.ui.suggesting import suggested
from llamavid_demo.ui.upload import SUBTITLES, VIDEOS_AND_PICTURES, limits

TITLE = "A film you can talk with · LLaMA-VID"

Named = dict[str, Any]


def layout(settings: Settings, movies: Sequence[Movie], models: Models) -> Named:
    """Place all parts inside the current `gr.Blocks`, with the first film and model in them; gives them by name."""
    first, model = movies[0], models.names[0]
    parts: Named = {"slug": gr.State(first.slug), "section": gr.State(0)}
    parts["browser"] = _html(elem_id="browser", js_on_load=browser.ON_LOAD)
    with gr.Column(elem_id="foyer"):
        with gr.Row(elem_id="top"):
            parts["header"] = _html(header(), elem_id="header")
            parts["model"] = _html(models[model].state(), elem_id="model")
            parts["picker"] = gr.Dropdown(
                models.choices(),
                value=model,
                label=labels("Model to talk with"),
                show_label=False,
                container=False,
                filterable=False,
                visible=len(models.names) > 1,
                elem_id="picker",
            )
        parts["wall"] = _html(posters.poster_wall(movies, first.slug), elem_id="wall", js_on_load=posters.ON_LOAD)
    _bring(parts, settings)
    with gr.Column(elem_id="stage"):
        with gr.Column(elem_id="screen"):
            parts["player"] = gr.Video(
                elem_id="player", label=labels("Film"), show_label=False, interactive=False, container=False, buttons=[]
            )
            parts["timeline"] = _html(timeline.timeline(first, 0, ()), elem_id="timeline", js_on_load=timeline.ON_LOAD)
            parts["moments"] = _html(timeline.all_moments(), elem_id="moments")
            parts["copying"] = _html(elem_id="copying")
            parts["strip"] = _html(sections.section_strip(first, 0, {}), elem_id="strip", js_on_load=sections.ON_LOAD)
            parts["cost"] = _html(sections.section_cost(first.sections[0]), elem_id="cost")
            subtitle_panel.place(parts, settings)
            parts["about"] = _html(about(first), elem_id="about")
        _conversation(parts, settings, first)
        with gr.Column(elem_id="dialogue"):
            parts["transcript"] = _html(
                transcript.transcript(first, hears=speech_model(settings.speech_model) is not None),
                elem_id="transcript",
                js_on_load=transcript.ON_LOAD,
            )
            parts["elsewhere"] = _html(elem_id="elsewhere", js_on_load=search.ON_LOAD)
    parts["foot"] = _html(foot(), elem_id="foot")
    return parts


def in_chinese(settings: Settings, models: Models) -> Named:
    """What is laid out once and never redrawn, for who reads Chinese; for what Gradio draws see labels.py."""
    if language() == "en":
        return {}
    return {
        "header": header(),
        "picker": gr.Dropdown(models.choices()),
        "limits": bring_head(settings),
        "lacking": subtitle_panel.lacking(),
        "moments": timeline.all_moments(),
        "watching": watching(),
        "keeping": talk.keeping(),
        "foot": foot(),
        "subtitles_earlier": gr.Button(say("−{count} s", count=subtitle_panel.STEP)),
        "subtitles_later": gr.Button(say("+{count} s", count=subtitle_panel.STEP)),
    }


def header() -> str:
    """HTML of the page's head: its name, the keys, and, for the scripts, their words."""
    systems = say("LLaMA-VID, two tokens a frame; LLaVA-Mini, one")
    return (
        f'{skip()}<header class="marquee" data-words="{escape(script_words())}">'
        f"<h1>{say('A film you can talk with')}</h1><p>{systems}</p>{shortcuts()}</header>"
    )


def watching() -> str:
    """HTML that page.js fills, and shows where the player has run into another section than is talked about."""
    places = {"seen": "<b data-seen></b>", "known": "<b data-known></b>"}
    return (
        f'<p hidden role="status">{say("You are watching {seen}; questions are answered about {known}.", **places)}\n'
        f'<button type="button">{say("Talk about what you are watching")}</button>\n'
        f'<label><input type="checkbox" data-kept="follow"> {say("Follow the player")}</label></p>'
    )


def foot() -> str:
    """HTML of the page's last line: the way to the API page, in a tab of its own, as a visitor's own films are here."""
    return f'<p class="does"><a href="?view=api" target="_blank">{say("For programs")}</a></p>'


def bring_head(settings: Settings) -> str:
    """HTML above the boxes for a film of one's own."""
    return f"<h2>{say('Bring your own film')}</h2>{limits(settings)}"


def _html(value: str = "", **options: Any) -> gr.HTML:
    """A part that we draw ourselves: without Gradio's prose styles, and silent unless it has a script."""
    return gr.HTML(value, apply_default_css=False, **{"js_on_load": None, **options})


def _bring(parts: Named, settings: Settings) -> None:
    """The panel, closed at first, in which a visitor opens a film of their own."""
    with gr.Column(visible=False, elem_id="bring") as parts["bring"]:
        parts["limits"] = _html(bring_head(settings))
        with gr.Row(elem_id="bring-files"):
            parts["bring_video"] = gr.File(
                label=labels("Video or picture"), file_types=VIDEOS_AND_PICTURES, elem_id="bring-video", height=120
            )
            parts["bring_subtitles"] = gr.File(
                label=labels("Subtitles (optional)"), file_types=SUBTITLES, elem_id="bring-subtitles", height=120
            )
        parts["bring_pasted"] = gr.Textbox(
            label=_paste_label(settings),
            max_length=pasting.LONGEST,
            visible=settings.paste_addresses != "off" or bool(settings.open_folders),
            elem_id="bring-pasted",
        )
        _html(elem_id="bring-travel")  # upload.js tells here of files on their way
        parts["bring_activity"] = _html(elem_id="bring-activity")
        parts["bring_alert"] = _html(elem_id="bring-alert")
        with gr.Row(elem_id="bring-buttons"):
            parts["bring_open"] = gr.Button(labels("Open this film"), variant="primary", elem_id="bring-open")
            parts["bring_cancel"] = gr.Button(labels("Cancel"), visible=False, elem_id="bring-cancel")
            parts["bring_close"] = gr.Button(labels("Close"), elem_id="bring-close")


def _paste_label(settings: Settings) -> Any:
    """What the box for a pasted film takes."""
    if settings.paste_addresses == "off":
        return labels("Or paste the path of a film")
    if not settings.open_folders:
        return labels("Or paste the address of a film")
    return labels("Or paste the address or the path of a film")


def _conversation(parts: Named, settings: Settings, movie: Movie) -> None:
    """Questions and answers, and the box to write in."""
    with gr.Column(elem_id="talk"):
        with gr.Column(elem_id="log"):
            parts["past"] = _html(elem_id="past", js_on_load=talk.ON_LOAD)
            parts["current"] = _html(
                invitation(movie.title, None, settings),
                elem_id="current",
                html_template=talk.LIVE,
                label=labels("Answers"),
                js_on_load=talk.ON_LOAD,
            )
        parts["watching"] = _html(watching(), elem_id="watching")
        parts["activity"] = _html(elem_id="activity")
        parts["alert"] = _html(elem_id="alert")
        parts["suggestions"] = _html(
            talk.suggestions(suggested(movie, 0)), elem_id="suggestions", js_on_load=talk.SUGGESTIONS_ON_LOAD
        )
        with gr.Row(elem_id="composer"):
            parts["question"] = gr.Textbox(
                label=labels("Your question"),
                show_label=False,
                container=False,
                placeholder=labels("Ask about this film…"),
                max_lines=4,
                elem_id="question",
            )
            parts["ask"] = gr.Button(labels("Ask"), variant="primary", elem_id="ask")
            parts["stop"] = gr.Button(labels("Stop"), visible=False, elem_id="stop")
        parts["keeping"] = _html(talk.keeping(), elem_id="keeping", js_on_load=talk.KEEPING_ON_LOAD)
        parts.update(steering.controls(settings))
