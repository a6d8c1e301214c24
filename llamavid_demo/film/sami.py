"""SAMI files. pysubs2 mixes their languages and guesses where cues end; here the next SYNC ends a cue, as it should."""

import html
import re

from llamavid_demo.film.cues import Cue
from llamavid_demo.film.languages import same_language
from llamavid_demo.film.repair import reading_time

# None of them looks past the next bracket, so that hostile files take no longer than others.
_SYNC = re.compile(r"<sync[^<>]{0,99}?\bstart\s{0,9}=\s{0,9}[\"']?\s{0,9}(-?\d{1,9})[^<>]*>", re.IGNORECASE)
_PARAGRAPH = re.compile(r"<p(?:\s[^<>]{0,99}?\bclass\s{0,9}=\s{0,9}[\"']?([\w-]+)[^<>]*|\s[^<>]*)?>", re.IGNORECASE)
_CLASS = re.compile(r"\.([\w-]{1,99})\s{0,9}\{([^{}]*)\}")


def read_sami(text: str, *, language: str | None = None) -> list[Cue]:
    """The cues of one language: of `language` when the file's style names it, else of its first paragraph."""
    text = re.sub(r"</(p|sync|body|sami)\s{0,9}>", "", _without_comments(text))
    marks: list[tuple[int, str, str]] = []  # milliseconds, class, text
    pieces = _SYNC.split(text)
    for start, body in zip(pieces[1::2], pieces[2::2], strict=True):
        parts = _PARAGRAPH.split(body)
        for name, words in zip(parts[1::2], parts[2::2], strict=True):
            marks.append((int(start), (name or "").lower(), _plain(words)))
    chosen = _class_of(text, language) or next((name for _, name, _ in marks), "")
    if chosen not in {name for _, name, _ in marks}:
        chosen = marks[0][1] if marks else ""
    mine = sorted((mark for mark in marks if mark[1] == chosen), key=lambda mark: mark[0])
    ends = [start / 1000 for start, _, _ in mine[1:]]
    cues = []
    for index, (start, _, words) in enumerate(mine):
        begin = start / 1000
        cues.append(Cue(begin, ends[index] if index < len(ends) else begin + reading_time(words), words))
    return [cue for cue in cues if cue.text]


def _without_comments(text: str) -> str:
    """Text without its comments, but for those that hide styles from old players."""
    before, *comments = text.split("<!--")
    kept = [before]
    for comment in comments:
        words, end, after = comment.partition("-->")
        kept.append(after if end and not _CLASS.search(words) else f"<!--{comment}")
    return "".join(kept)


def _class_of(text: str, language: str | None) -> str | None:
    """The class whose style says `lang: en-US` or `Name: English` for the wanted language."""
    for name, style in _CLASS.findall(text):
        for value in re.findall(r"(?:lang|name)\s*:\s*([\w-]+)", style, re.IGNORECASE):
            if same_language(value, language):
                return str(name).lower()
    return None


def _plain(markup: str) -> str:
    lines = " ".join(line.strip() for line in markup.split("\n"))
    broken = re.sub(r"<br\s{0,9}/?>", "\n", lines, flags=re.IGNORECASE)
    return html.unescape(re.sub(r"<[^<>]*>", "", broken)).replace("\xa0", " ").strip()
