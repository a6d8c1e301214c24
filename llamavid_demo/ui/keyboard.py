"""The words about keys: the link to the question box, and the list of shortcuts. keys.js does what they say."""

from llamavid_demo.ui.language import say, translated

SHORTCUTS = (
    ("Space", "k", "play or pause"),
    ("j", "l", "10 seconds back or on"),
    ("←", "→", "5 seconds back or on; in a list, the one before or after"),
    ("PgUp", "PgDn", "in the timeline: 30 seconds on or back"),
    ("Home", "End", "in the timeline: to the beginning or the end"),
    ("/", "", "to the question box"),
    ("Esc", "", "leave the box, clear the search"),
    ("?", "", "show or hide these keys"),
)


def skip() -> str:
    """HTML of the link to the question box."""
    return f'<a class="skip" href="#question">{say("Skip to the question box")}</a>'


def shortcuts() -> str:
    """HTML of the list, folded away."""
    rows = "".join(f"<dt>{_keys(one, other)}</dt><dd>{translated(words)}</dd>" for one, other, words in SHORTCUTS)
    return f'<details id="keys"><summary>{say("Keyboard")}</summary><dl>{rows}</dl></details>'


def _keys(*names: str) -> str:
    return " ".join(f"<kbd>{translated(name)}</kbd>" for name in names if name)
