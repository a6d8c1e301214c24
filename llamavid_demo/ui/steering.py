"""The settings of an answer: folded away under the question box, kept by the browser, sent with each question.

The page's script sends all values and the player's second as one text (see memory.js), written by whoever likes to.
"""

import json
from typing import TYPE_CHECKING, Any

import gradio as gr

from llamavid_demo.errors import QuestionError
from llamavid_demo.options import HOTTEST, STRICTEST, Options
from llamavid_demo.settings import Settings
from llamavid_demo.ui.labels import labels
from llamavid_demo.ui.language import say, translated
from llamavid_demo.ui.words import clock

if TYPE_CHECKING:
    from llamavid_demo.model.loaded import LoadedModel

Named = dict[str, Any]

NAMES = ("reads", "style", "no_spoilers", "guide", "temperature", "top_p", "longest", "penalty")
UNREADABLE = "The settings of this page could not be read: reload the page, or change one of them."
UNSTEERED = '["", null]'  # sent where nobody has chosen anything
LONGEST = 1000  # characters of all that is sent
SEND = "(...given) => window.cinema.steering(...given)"
KEEP = "(...values) => window.cinema.steer(...values)"
READS = [
    (labels("frames and subtitles"), "both"),
    (labels("frames only"), "frames"),
    (labels("subtitles only"), "subtitles"),
]
STYLES = [(labels("as the model likes"), "any"), (labels("short"), "short"), (labels("long"), "long")]
GUIDES = [
    (labels("the usual one"), ""),
    (labels("a neutral one, then a second look"), "ahead"),
    (labels("the first question"), "first"),
    (labels("every question"), "every"),
]


def controls(settings: Settings) -> Named:
    """Place the folded controls inside the current block; gives them by name."""
    longest = settings.max_new_tokens
    with gr.Accordion(labels("Settings"), open=False, elem_id="steering"):
        return {
            "no_spoilers": gr.Checkbox(
                label=labels("No spoilers"), info=labels("It knows only what comes before the player's position.")
            ),
            "reads": gr.Radio(
                READS,
                value="both",
                label=labels("It may use"),
                info=labels("What the model gets of the film."),
            ),
            "style": gr.Radio(
                STYLES,
                value="any",
                label=labels("Answers"),
                info=labels("Asks the model for it; small models hardly listen."),
                visible=False,
            ),
            "guide": gr.Radio(
                GUIDES,
                value="",
                label=labels("Frames are read for"),
                info=labels("Reading them for another question takes its time."),
                visible=False,
            ),
            "temperature": gr.Slider(
                0, HOTTEST, value=0, step=0.1, label=labels("Temperature"),
                info=labels(
                    "0: always the likeliest words; Retry then varies them by itself. "
                    "The originals: LLaMA-VID 0.5 in its demo and 0.2 on its command line, LLaVA-Mini 0."
                ), buttons=[],
            ),
            "top_p": gr.Slider(
                0.05, 1, value=1, step=0.05, label=labels("Top-p"),
                info=labels("Leaves out unlikely words: those beyond this probability. LLaMA-VID's demo: 0.7."),
                buttons=[],
            ),
            "longest": gr.Slider(
                1, longest, value=longest, step=1, label=labels("Longest answer"),
                info=labels("In tokens; a word has one or two. The originals: 512."), buttons=[],
            ),
            "penalty": gr.Slider(
                1, STRICTEST, value=1, step=0.05, label=labels("Repetition penalty"),
                info=labels("Above 1: words that the answer has already are less likely. The originals: none."),
                buttons=[],
            ),
        }  # fmt: skip


def fitting(model: "LoadedModel | None") -> Named:
    """The controls that mean something to a model; until it is there, those that any one has."""
    return {
        "guide": gr.Radio(visible=model is not None and model.guided),
        "style": gr.Radio(visible=model is not None and model.general),
    }


def options(sent: Any, settings: Settings) -> Options:
    """The options of a question, as the page sends them. Raises `QuestionError`."""
    values, second = _received(sent)
    if values is None:
        return Options()
    longest, guarded = values["longest"], values["no_spoilers"]
    if not isinstance(guarded, bool):
        raise QuestionError(UNREADABLE)
    chosen = Options.read({
        "temperature": None if values["temperature"] == 0 else values["temperature"],
        "top_p": None if values["top_p"] == 1 else values["top_p"],
        "repetition_penalty": None if values["penalty"] == 1 else values["penalty"],
        "max_new_tokens": longest,
        "until": (0.0 if second is None else second) if guarded else None,
        "guide": None if values["guide"] == "" else values["guide"],
        "reads": values["reads"],
        "style": values["style"],
    })  # fmt: skip
    if (longest or 0) > settings.max_new_tokens:
        raise QuestionError(f"An answer has {settings.max_new_tokens} tokens at most, not {longest}: choose fewer.")
    return chosen


def knew(options: Options) -> list[str]:
    """Words on what an answer knew, where that was not all."""
    words = [] if options.until is None else [say("knew the film up to {time}", time=clock(options.until))]
    return words + ([] if options.reads == "both" else [translated(f"{options.reads} only")])


def kept(sent: Any, settings: Settings) -> Named:
    """The controls as a browser has kept them; as they are laid out where that cannot be read."""
    try:
        options(sent, settings)
        return _received(sent)[0] or {}
    except QuestionError:
        return {}


def _received(sent: Any) -> tuple[Named | None, Any]:
    """The values by name, None where nothing was chosen yet, and the player's second. Raises `QuestionError`."""
    try:
        values, second, *_ = json.loads(str(sent)[:LONGEST])  # then what pressing.py reads
        if values == "":
            return None, second
        given = list(json.loads(values))
        if len(given) == len(NAMES) - 1:  # kept by a browser from before there was a penalty
            given.append(1)
        return dict(zip(NAMES, given, strict=True)), second
    except (ValueError, TypeError, RecursionError):
        raise QuestionError(UNREADABLE) from None
