"""Search in what is said: what other films have of it, and the nearest lines where it is said nowhere.

search.js searches the transcript of the open film itself, and opens the film of a hit that is pressed.
"""

from collections.abc import Sequence
from html import escape

from llamavid_demo.film.search import DialogueIndex, Hit, fold, places
from llamavid_demo.ui.language import say
from llamavid_demo.ui.screening import Parts
from llamavid_demo.ui.sessions import Sessions
from llamavid_demo.ui.words import clock, some

MOST_SHOWN = 20
MOST_LETTERS = 200  # of what is looked for
FEWEST_LETTERS = 2
ON_LOAD = "watch('value', () => window.dialogue && window.dialogue.elsewhere());"


class Searching:
    """The handler of the search box; `key` is the page's session key. Bundled films are indexed once."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._bundled = DialogueIndex(list(sessions.bundled.values()))

    def search(self, key: str, slug: str, words: str) -> Parts:
        """What the films on the visitor's wall, except the open one, have of these words."""
        words = words[:MOST_LETTERS]
        if len(fold(words)) < FEWEST_LETTERS:
            return {"elsewhere": ""}
        showing = self._sessions.visit(key).showing
        slug = showing[0] if showing else slug
        own, changed = self._own(key), self._sessions.visit(key).subtitled
        hits = [hit for hit in self._bundled.find(words) if hit.movie.slug not in changed] + own.find(words)
        if hits:
            return {"elsewhere": other_films(words, slug, [hit for hit in hits if hit.movie.slug != slug])}
        near = [hit for hit in self._bundled.near(words) if hit.movie.slug not in changed] + own.near(words)
        return {"elsewhere": nearest_lines(words, slug, near)}

    def _own(self, key: str) -> DialogueIndex:
        """The index of the visitor's own films, and of those with other subtitles; it goes when the visit does."""
        visit = self._sessions.visit(key)
        movies = tuple(self._sessions.movie(key, slug) for slug in dict.fromkeys((*visit.subtitled, *visit.own)))
        if visit.dialogue is None or visit.dialogue.movies != movies:
            visit.dialogue = DialogueIndex(movies)
        return visit.dialogue


def other_films(words: str, slug: str, hits: Sequence[Hit]) -> str:
    """HTML of the lines of other films than the one of that slug, which is open; "" for none."""
    title = say("In other films: {lines}", lines=some(len(hits), "line"))
    return _found(title, words, slug, hits, say(", {count} in other films", count=f"{len(hits):,}"))


def nearest_lines(words: str, slug: str, hits: Sequence[Hit]) -> str:
    """HTML of lines that are like what is said nowhere, those of the open film first; "" for none."""
    hits = sorted(hits, key=lambda hit: hit.movie.slug != slug)
    meant = " ".join(hits[0].words) if hits else ""
    title = say("Nobody says “{words}”. Nearest, with “{meant}”:", words=words.strip(), meant=meant)
    return _found(title, words, slug, hits, say(", {count} nearly", count=f"{len(hits):,}"))


def _found(title: str, words: str, slug: str, hits: Sequence[Hit], said: str) -> str:
    """`data-words` and `data-film` say what was looked for, and where: search.js shows nothing that is out of date."""
    if not hits:
        return ""
    lines = "".join(_line(hit, slug) for hit in hits[:MOST_SHOWN])
    more = len(hits) - MOST_SHOWN
    rest = f'<p class="none">{say("{more} more: type more of the line.", more=f"{more:,}")}</p>' if more > 0 else ""
    return (
        f'<section class="transcript elsewhere" data-words="{escape(fold(words))}" data-film="{escape(slug)}" '
        f'data-said="{said}"><h2>{escape(title)}</h2><ul>{lines}</ul>{rest}</section>'
    )


def _line(hit: Hit, slug: str) -> str:
    movie, start = hit.movie, hit.cue.start
    section = next((one.index for one in movie.sections if start < one.end), movie.sections[-1].index)
    here = f'data-seek="{start:.3f}"'
    there = f'data-hit="{start:.3f}" data-film="{escape(movie.slug)}" data-section="{section}"'
    return (
        f'<li><button type="button" {here if movie.slug == slug else there}><time>{clock(start)}</time> '
        f"<span><b>{escape(movie.title)}</b> {marked(hit.cue.text, hit.words)}</span></button></li>"
    )


def marked(text: str, words: Sequence[str]) -> str:
    """HTML of a text on one line, with the folded words marked in it."""
    text = " ".join(text.split())
    pieces, done = [], 0
    for begin, end in places(text, words):
        pieces.append(f"{escape(text[done:begin])}<mark>{escape(text[begin:end])}</mark>")
        done = end
    return "".join(pieces) + escape(text[done:])
