"""In which language people speak in a film, by the label of its subtitles or by what they say."""

import threading
from functools import lru_cache

from llamavid_demo.film.cues import SubtitleTrack
from llamavid_demo.film.languages import language_code

FEWEST_LETTERS = 200  # names and shouts alone are of no language
ENOUGH = 5000  # letters
_ONE_READS = threading.Lock()  # of two who ask at once each would read the tables

NAMES = {
    "ar": "Arabic", "bg": "Bulgarian", "cs": "Czech", "da": "Danish", "de": "German", "el": "Greek", "en": "English",
    "es": "Spanish", "fa": "Persian", "fi": "Finnish", "fr": "French", "he": "Hebrew", "hi": "Hindi", "hu": "Hungarian",
    "id": "Indonesian", "it": "Italian", "ja": "Japanese", "ko": "Korean", "nl": "Dutch", "no": "Norwegian",
    "pl": "Polish", "pt": "Portuguese", "ro": "Romanian", "ru": "Russian", "sv": "Swedish", "th": "Thai",
    "tr": "Turkish", "uk": "Ukrainian", "vi": "Vietnamese", "zh": "Chinese",
}  # fmt: skip


def spoken_language(track: SubtitleTrack | None) -> str | None:
    """A two-letter code, or None where nobody says enough to tell."""
    if track is None:
        return None
    known = language_code(track.language)
    return known or _language_of(" ".join(cue.text for cue in track.cues)[:ENOUGH])


def language_name(code: str) -> str:
    """`es` is Spanish; a language that we have no name for is called by its code."""
    return NAMES.get(code, code)


@lru_cache(maxsize=64)
def _language_of(text: str) -> str | None:
    if sum(letter.isalpha() for letter in text) < FEWEST_LETTERS:
        return None
    import py3langid  # its tables take a second to read: only for subtitles that don't say it themselves

    with _ONE_READS:
        return str(py3langid.classify(text)[0])
