"""Finds what is said in films: SQLite's full-text search over trigrams, in memory.

Words are compared without case and accents. What people type is a phrase to look for, never a query language.
"""

import re
import sqlite3
import threading
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from llamavid_demo.film.cues import Cue
from llamavid_demo.film.movie import Movie

ALIKE = 0.7  # share of letters, in order, that a word has in common with a mistyped one
_TABLES = """
create virtual table lines using fts5(words, tokenize = 'trigram');
create virtual table vocabulary using fts5(word, tokenize = 'trigram');
"""


@dataclass(frozen=True)
class Hit:
    """A cue of a film in which `words` stand, each as `fold` makes it."""

    movie: Movie
    cue: Cue
    words: tuple[str, ...]


class DialogueIndex:
    """The cues of some films, read once. Safe to use from any thread."""

    def __init__(self, movies: Sequence[Movie]) -> None:
        self.movies = tuple(movies)
        self._lines = [(movie, cue) for movie in movies if movie.subtitles for cue in movie.subtitles.cues]
        self._lock = threading.Lock()
        self._base = sqlite3.connect(":memory:", check_same_thread=False)
        self._base.executescript(_TABLES)
        texts = [fold(cue.text) for _, cue in self._lines]
        self._base.executemany("insert into lines(rowid, words) values (?, ?)", enumerate(texts))
        vocabulary = sorted({word for text in texts for word in _words(text)})
        self._base.executemany("insert into vocabulary(word) values (?)", ((_padded(word),) for word in vocabulary))

    def find(self, words: str) -> list[Hit]:
        """All lines in which these words stand one after the other, in the order of films and times."""
        wanted = fold(words)
        return self._hits([wanted]) if wanted else []

    def near(self, words: str) -> list[Hit]:
        """Lines in which all of these words stand somewhere, each as it is or as the word that it is most like.

        For what `find` does not find: typing errors, and words in another order.
        """
        meant = [self._meant(word) for word in dict.fromkeys(_words(fold(words)))]
        known = [word for word in meant if word]
        return self._hits(known) if known and len(known) == len(meant) else []

    def _hits(self, words: Sequence[str]) -> list[Hit]:
        """Lines that hold all of these; trigrams find nothing shorter than three letters."""
        long, short = [_phrase(word) for word in words if len(word) >= 3], [word for word in words if len(word) < 3]
        clauses = ["lines match ?"] * bool(long) + ["instr(words, ?)"] * len(short)
        query = f"select rowid from lines where {' and '.join(clauses)} order by rowid"  # noqa: S608 - nobody's text
        rows = self._rows(query, *([" AND ".join(long)] if long else []), *short)
        return [Hit(*self._lines[int(number)], tuple(words)) for (number,) in rows]

    def _meant(self, word: str) -> str | None:
        """A word that is said, or the one that it is most like; None when there is none like it."""
        if self._hits([word]):
            return word
        padded = _padded(word)
        shared = " OR ".join(_phrase(padded[at : at + 3]) for at in range(len(padded) - 2))
        rows = self._rows("select word from vocabulary where vocabulary match ?", shared)
        others = (str(other).strip() for (other,) in rows)
        alike = [(SequenceMatcher(a=word, b=other).ratio(), other) for other in others]
        best, other = max(alike, default=(0.0, ""))
        return other if best >= ALIKE else None

    def _rows(self, query: str, *given: str) -> list[tuple[str | int, ...]]:
        with self._lock:
            return self._base.execute(query, given).fetchall()


def fold(text: str) -> str:
    """A text as it is compared: small letters without accents, one space between words, no control characters."""
    return _folded(text)[0]


def places(text: str, words: Sequence[str]) -> list[tuple[int, int]]:
    """Where folded words stand in a text: beginnings and ends, in order, without overlaps."""
    folded, origins = _folded(text)
    found = sorted(
        (match.start(), match.end()) for word in words if word for match in re.finditer(re.escape(word), folded)
    )
    kept: list[tuple[int, int]] = []
    for start, end in found:
        last = origins[end - 1]
        begin, stop = origins[start], next((after for after in origins[end:] if after > last), len(text))
        if not kept or begin >= kept[-1][1]:
            kept.append((begin, stop))
    return kept


def _folded(text: str) -> tuple[str, list[int]]:
    """A folded text, and for each of its letters where in the text it comes from."""
    letters: list[str] = []
    origins: list[int] = []
    for at, letter in enumerate(text):
        for part in unicodedata.normalize("NFKD", letter).lower():
            kind = unicodedata.category(part)[0]
            blank = part.isspace()
            if (kind in "MC" and not blank) or (blank and (not letters or letters[-1] == " ")):
                continue
            letters.append(" " if blank else part)
            origins.append(at)
    if letters and letters[-1] == " ":
        letters.pop()
        origins.pop()
    return "".join(letters), origins


def _words(folded: str) -> list[str]:
    return re.findall(r"\w+", folded)


def _padded(word: str) -> str:
    """With two blanks around it, so that its beginning and its end are trigrams of their own."""
    return f"  {word}  "


def _phrase(text: str) -> str:
    """A text that the full-text search takes as it stands."""
    return '"' + text.replace('"', '""') + '"'
