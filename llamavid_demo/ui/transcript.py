"""What is said in the film, as a list that can be searched and pressed. page.js marks the cue being spoken."""

from collections.abc import Sequence
from html import escape

from llamavid_demo.film import Cue
from llamavid_demo.ui.words import clock, some

# search.js searches this list at once; what other films say is asked for when somebody stops typing for a moment.
ON_LOAD = """
let waiting;
element.addEventListener('input', (event) => {
  clearTimeout(waiting);
  const words = event.target.value.trim();
  if (words) waiting = setTimeout(() => trigger('search', { words }), 150);
});
watch('value', () => window.dialogue && window.dialogue.begin());
"""


def transcript_list(cues: Sequence[Cue], language: str | None = None) -> str:
    """HTML of the transcript: a search box and one button a cue (seconds in `data-seek` and `data-end`).

    `language` is a two-letter code.
    """
    if not cues:
        none = "This film has no subtitles. Under the player you can write some, or have them written down."
        return f'<div class="transcript"><h2>Transcript</h2><p class="none">{none}</p></div>'
    count = some(len(cues), "line")
    lines = "".join(
        f'<li><button type="button" data-seek="{cue.start:.3f}" data-end="{cue.end:.3f}">'
        f"<time>{clock(cue.start)}</time> <span>{escape(' '.join(cue.text.split()))}</span></button></li>"
        for cue in cues
    )
    return (
        '<div class="transcript"><div class="head"><h2>Transcript</h2>'
        '<input type="search" placeholder="Search the dialogue" aria-label="Search the dialogue" '
        'autocomplete="off" spellcheck="false">'
        f'<span class="found" role="status" data-all="{count}">{count}</span></div>'
        f'<ol tabindex="-1" lang="{escape(language or "")}">{lines}</ol></div>'
    )
