"""Quotes: what is said in a cue, word by word, and by whom."""

import re

from llamavid_demo.film.cues import Cue

# A dash, or a name with a colon or in brackets. Sounds stand in brackets, too, but in small letters.
_SPEAKER = re.compile(r"- ?|(?:- ?)?(?:([^\W\d_][\w.' ]{0,24}):|\[((?:[A-Z][\w.']*\s?){1,3})\])\s+")
_SOUND = re.compile(r"(?:[\[(][^\])]*[\])]\s*)+(?=.*\w)")


def quote(cue: Cue) -> str:
    """What is said in a cue, and by whom where it tells: `"Just water." – Cole`.

    It begins with a quotation mark and a letter or digit, so that the mark is a token of its own.
    """
    text, name = " ".join(cue.text.replace('"', "'").split()), ""
    if (spoken := _SPEAKER.match(text)) and " - " not in text:
        name, text = spoken[1] or spoken[2] or "", text[spoken.end() :]
    if sound := _SOUND.match(text):
        text = text[sound.end() :]
    text = re.sub(r"^\W+", "", text) or text
    return f'"{text}" – {name.title() if name.isupper() else name}' if name else f'"{text}"'
