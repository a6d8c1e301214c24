"""What is said in the film, as a list that can be searched and pressed. page.js marks the cue being spoken."""

from collections.abc import Sequence
from html import escape

from llamavid_demo.film import Cue, Movie, Section
from llamavid_demo.ui.language import say
from llamavid_demo.ui.words import clock, some

# search.js searches this list at once; what other films say is asked for when somebody stops typing for a moment.
ON_LOAD = """
let waiting;
element.addEventListener('input', (event) => {
  clearTimeout(waiting);
  const words = event.target.value.trim();
  if (words) waiting = setTimeout(() => trigger('search', { words }), 150);
});
watch('value', () => {
  if (window.dialogue) window.dialogue.begin();
  if (window.cinema) window.cinema.dim();
});
"""


def transcript(movie: Movie, *, hears: bool = False) -> str:
    """HTML of a film's transcript, with the borders of its sections.

    Where there are no subtitles it says how to come by some; `hears` when this server can write down what is said.
    """
    track = movie.subtitles
    if not track or not track.cues:
        none = (
            say("This film has no subtitles. Under the player you can write some, or have them written down.")
            if hears
            else say("This film has no subtitles. Under the player you can write some.")
        )
        return f'<div class="transcript"><h2>{say("Transcript")}</h2><p class="none">{none}</p></div>'
    return transcript_list(track.cues, track.language, movie.sections)


def transcript_list(cues: Sequence[Cue], language: str | None = None, sections: Sequence[Section] = ()) -> str:
    """HTML of the transcript: a search box and one button a cue (seconds in `data-seek` and `data-end`).

    `language` is a two-letter code. Where there are several `sections` the first line of each says so; page.js sets
    those off that the model does not know.
    """
    count, search = some(len(cues), "line"), say("Search the dialogue")
    borders = _borders(cues, sections) if len(sections) > 1 else {}
    lines = "".join(
        f'<li{borders.get(number, "")}><button type="button" data-seek="{cue.start:.3f}" data-end="{cue.end:.3f}">'
        f"<time>{clock(cue.start)}</time> <span>{escape(' '.join(cue.text.split()))}</span></button></li>"
        for number, cue in enumerate(cues)
    )
    return (
        f'<div class="transcript"><div class="head"><h2>{say("Transcript")}</h2>'
        f'<input type="search" placeholder="{search}" aria-label="{search}" '
        'autocomplete="off" spellcheck="false">'
        f'<span class="found" role="status" data-all="{count}">{count}</span></div>'
        f'<ol tabindex="-1" lang="{escape(language or "")}">{lines}</ol></div>'
    )


def _borders(cues: Sequence[Cue], sections: Sequence[Section]) -> dict[int, str]:
    """Attributes of the first line of each section, by its number: what the border is called, known and not known."""
    borders = {}
    for section in reversed(sections):  # of two that begin with one line the earlier is named
        first = next((number for number, cue in enumerate(cues) if cue.start >= section.start), None)
        if first is not None and cues[first].start < section.end:
            name = say("Section {number} · {label}", number=section.index + 1, label=section.label)
            unread = say("{section}: not read by the model now", section=name)
            borders[first] = f' data-border="{name}" data-unread="{unread}"'
    return borders
