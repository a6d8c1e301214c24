"""Quotes: what is said in a cue, word by word, and by whom; whole sentences, and questions with their reply."""

import re
from collections.abc import Sequence

from llamavid_demo.film.cues import Cue

# A dash, or a name with a colon or in brackets. Sounds stand in brackets, too, but in small letters.
_SPEAKER = re.compile(r"- ?|(?:- ?)?(?:([^\W\d_][\w.' ]{0,24}):|\[((?:[A-Z][\w.']*\s?){1,3})\])\s+")
_SOUND = re.compile(r"(?:[\[(][^\])]*[\])]\s*)+(?=.*\w)")
_ENDED = re.compile(r"[.!?…♪\])*\"'”’]$")
_ASKS = re.compile(r"\?[\"'”’]?$")
_GOES_ON = re.compile(r"(?:\.\.\.|…)?\s*[^\W\d_A-Z]")  # a small letter
PAUSE = 2.0  # seconds between two cues of one sentence, at most
SILENCE = 5.0  # seconds before a reply, at most
MOST = 4  # cues of a sentence


def quote(*cues: Cue) -> str:
    """What is said in cues that follow each other, and by whom where the first tells: `"Just water." – Cole`.

    It begins with a quotation mark and a letter or digit, so that the mark is a token of its own.
    """
    text, name = " ".join(" ".join(cue.text.replace('"', "'").split()) for cue in cues), ""
    if (spoken := _SPEAKER.match(text)) and " - " not in text:
        name, text = spoken[1] or spoken[2] or "", text[spoken.end() :]
    if sound := _SOUND.match(text):
        text = text[sound.end() :]
    text = re.sub(r"^\W+", "", text) or text
    return f'"{text}" – {name.title() if name.isupper() else name}' if name else f'"{text}"'


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
