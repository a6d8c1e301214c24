"""Quotes: what is said in a cue, word by word, and by whom; whole sentences, questions with their reply, and answers
that are made of quotes.
"""

import re
from collections.abc import Iterable, Sequence

from llamavid_demo.film.cues import Cue
from llamavid_demo.film.sections import clock

# A dash, or a name with a colon or in brackets. Sounds stand in brackets, too, but in small letters.
_SPEAKER = re.compile(r"- ?|(?:- ?)?(?:([^\W\d_](?:[\w.' ]|(?<=\w)-(?=\w)){0,24}):|\[((?:[A-Z][\w.'-]*\s?){1,3})\])\s+")
_SOUNDS = re.compile(r"[\[(]([^\])]*\w[^\])]*)[\])]")
_SOUND = re.compile(r"(?:[\[(][^\])]*[\])]\s*)+(?=.*\w)")
_ENDED = re.compile(r"[.!?…♪\])*\"'”’]$")
_ASKS = re.compile(r"\?[\"'”’]?$")
_GOES_ON = re.compile(r"(?:\.\.\.|…)?\s*[^\W\d_A-Z]")  # a small letter
PAUSE = 2.0  # seconds between two cues of one sentence, at most
SILENCE = 5.0  # seconds before a reply, at most
MOST = 4  # cues of a sentence
HEARD_AT, KEY_LINES = "Heard at", "Key lines:"
MOST_KEY_LINES = 3


def quote(*cues: Cue) -> str:
    """What is said in cues that follow each other, and by whom where the first tells: `"Just water." – Cole`.

    It begins with a quotation mark and a letter or digit, so that the mark is a token of its own.
    """
    text, name = " ".join(" ".join(cue.text.replace('"', "'").split()) for cue in cues), ""
    if (spoken := _SPEAKER.match(text)) and " - " not in text:
        name, text = spoken[1] or spoken[2] or "", text[spoken.end() :]
    if sounds := _SOUNDS.fullmatch(text):
        text = sounds[1]
    elif sound := _SOUND.match(text):
        text = text[sound.end() :]
    text = re.sub(r"^\W+", "", text) or text
    return f'"{text}" – {name.title() if name.isupper() else name}' if name else f'"{text}"'


def heard_at(*cues: Cue) -> str:
    """When something is said, and what: `Heard at 0:53: "Just water." – Cole`."""
    return f"{HEARD_AT} {clock(cues[0].start)}: {quote(*cues)}"


def key_lines(sentences: Iterable[Sequence[Cue]]) -> str:
    """What the whole is about, in its own lines: a heading, and a line for each with its time and quote."""
    return "\n".join((KEY_LINES, *(f"{clock(said[0].start)} {quote(*said)}" for said in sentences)))


def sentence_of(cues: Sequence[Cue], number: int) -> Sequence[Cue]:
    """Those of the `cues`, in order of time, that a sentence goes over of which a part is said in cue `number`."""
    begin, end = number, number + 1
    while begin and end - begin < MOST and _go_together(cues[begin - 1], cues[begin]):
        begin -= 1
    while end < len(cues) and end - begin < MOST and _go_together(cues[end - 1], cues[end]):
        end += 1
    return cues[begin:end]


def exchange_of(cues: Sequence[Cue], number: int) -> list[Sequence[Cue]]:
    """The sentence of cue `number` of the `cues`; if it asks something, the reply behind it, too."""
    said = sentence_of(cues, number)
    after = cues.index(said[-1]) + 1
    if not _ASKS.search(said[-1].text.strip()) or after == len(cues) or cues[after].start - said[-1].end > SILENCE:
        return [said]
    return [said, sentence_of(cues, after)]


def _go_together(one: Cue, following: Cue) -> bool:
    """Whether a cue goes on in the one that follows it."""
    said, more = one.text.strip(), following.text.strip()
    if following.start - one.end > PAUSE or _SPEAKER.match(more) or not said:
        return False
    trails = said.endswith(("...", "…")) and bool(_GOES_ON.match(more))
    return trails or not _ENDED.search(said)
