"""What stands where no question was asked yet: words that are true of the model that is chosen."""

from html import escape
from typing import TYPE_CHECKING

from llamavid_demo.settings import Settings

if TYPE_CHECKING:
    from llamavid_demo.model.loaded import LoadedModel


def invitation(title: str, model: "LoadedModel | None", settings: Settings) -> str:
    """HTML: what the model can be asked about a film, and when it watches; `model` is None until it is loaded."""
    words = " ".join(filter(None, (_ask(escape(title), model), _watches(model, settings))))
    return f'<div class="invitation"><h2>What would you like to know?</h2><p>{words}</p></div>'


def _ask(title: str, model: "LoadedModel | None") -> str:
    if model is None:
        return f"Ask about {title}."
    if model.general:
        return f"Ask {title} in your own words, about what is said and what is shown."
    return (
        f"Ask about {title}: this small model knows a drawn world, and tells places, weather, things, colours, who "
        "says what, and what comes after what."
    )


def _watches(model: "LoadedModel | None", settings: Settings) -> str:
    if model is None:
        return ""
    guide = (settings.guide if model.guided else None) or model.config.guide
    if guide == "every":
        return "It watches the section anew for each question."
    if guide == "first":
        return "At your first question it watches the section for it; later ones are answered from memory."
    when = "as soon as it is open" if settings.read_ahead else "at your first question"
    return f"It watches the section {when}; after that it answers from memory."
