"""What stands where no question was asked yet: words that are true of the model that is chosen."""

from html import escape
from typing import TYPE_CHECKING

from llamavid_demo.settings import Settings
from llamavid_demo.ui.language import joined, say

if TYPE_CHECKING:
    from llamavid_demo.model.loaded import LoadedModel


def invitation(title: str, model: "LoadedModel | None", settings: Settings) -> str:
    """HTML: what the model can be asked about a film, and when it watches; `model` is None until it is loaded."""
    words = joined(_ask(escape(title), model), _watches(model, settings))
    return f'<div class="invitation"><h2>{say("What would you like to know?")}</h2><p>{words}</p></div>'


def _ask(title: str, model: "LoadedModel | None") -> str:
    if model is None:
        return say("Ask about {title}.", title=title)
    if model.general:
        return say("Ask {title} in your own words, about what is said and what is shown.", title=title)
    return say(
        "Ask about {title}: this small model knows a drawn world, and tells places, weather, things, colours, who "
        "says what, and what comes after what.",
        title=title,
    )


def _watches(model: "LoadedModel | None", settings: Settings) -> str:
    if model is None:
        return ""
    guide = (settings.guide if model.guided else None) or model.config.guide
    if guide == "every":
        return say("It watches the section anew for each question.")
    if guide == "first":
        return say("At your first question it watches the section for it; later ones are answered from memory.")
    if settings.read_ahead:
        return say("It watches the section as soon as it is open; after that it answers from memory.")
    return say("It watches the section at your first question; after that it answers from memory.")
