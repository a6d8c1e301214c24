"""Bytes of a subtitle file to text, and which encoding that took."""

import codecs
import re
import unicodedata

from charset_normalizer import from_bytes

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
LAST_RESORT = "cp1252"
# What people may choose when the guess is wrong: Python's name and theirs.
ENCODINGS = {
    "utf-8": "Unicode (UTF-8)",
    "cp1252": "Western (Windows-1252)",
    "cp1250": "Central European (Windows-1250)",
    "cp1257": "Baltic (Windows-1257)",
    "cp1254": "Turkish (Windows-1254)",
    "cp1251": "Cyrillic (Windows-1251)",
    "koi8_r": "Cyrillic (KOI8-R)",
    "cp1253": "Greek (Windows-1253)",
    "cp1255": "Hebrew (Windows-1255)",
    "cp1256": "Arabic (Windows-1256)",
    "cp874": "Thai (Windows-874)",
    "cp1258": "Vietnamese (Windows-1258)",
    "gb18030": "Chinese, simplified (GB18030)",
    "big5": "Chinese, traditional (Big5)",
    "cp932": "Japanese (Shift-JIS)",
    "euc_jp": "Japanese (EUC-JP)",
    "cp949": "Korean (CP949)",
}
_SEQUENCE = re.compile(rb"[\xc3-\xf4][\x80-\xbf]{1,3}")
# Latin letters: the code page that a language is written in, where it is not cp1252.
_HOMES = {
    "cp1250": ("bs", "cs", "hr", "hu", "pl", "ro", "sk", "sl", "sq"),
    "cp1254": ("az", "tr"),
    "cp1257": ("et", "lt", "lv"),
}
_ENOUGH = 20_000  # bytes to judge by


def decode(data: bytes, encoding: str | None = None) -> tuple[str, str]:
    """Return (text, encoding): the one that is given, one of `ENCODINGS`, or else a guess.

    Tried in order: UTF-8, UTF-16 by its mark, what the letters look like, cp1252. Never fails: bytes without a meaning
    become replacement characters; a few of them among much that is UTF-8 do not make it another encoding.
    """
    if encoding:
        return data.decode(encoding, "replace"), encoding
    if data.startswith(codecs.BOM_UTF8):
        return data.decode("utf-8-sig", "replace"), "utf-8-sig"
    if data.startswith(_UTF16):
        return data.decode("utf-16", "replace"), "utf-16"
    if b"\0" not in data:  # UTF-16 without a mark is valid UTF-8 too, full of zero bytes
        text = data.decode("utf-8", "replace")
        if text.count("\ufffd") <= len(_SEQUENCE.findall(data)) // 2:
            return text, "utf-8"
    if _is_euc_japanese(data):
        return data.decode("euc_jp", "replace"), "euc_jp"
    best = from_bytes(data).best()
    encoding = best.encoding if best else LAST_RESORT
    if best is None or _is_latin(str(best)):
        encoding = _latin_home(data)
        return data.decode(encoding, "replace"), encoding
    return str(best), encoding


def encoding_doubt(text: str, encoding: str) -> str:
    """What to tell people of how the letters of a file were read; nothing where that is certain."""
    if lost := text.count("\ufffd"):
        return f"{lost} {'letter' if lost == 1 else 'letters'} cannot be read as {encoding}: a � stands there"
    if encoding.startswith("utf"):
        return ""
    named = ENCODINGS.get(encoding, encoding)
    return f"its letters were read as {named}; if they look wrong, choose another encoding or save it as UTF-8"


def _is_euc_japanese(data: bytes) -> bool:
    """Whether bytes in EUC-JP hold the Japanese syllables, which no Chinese or Korean text is full of."""
    letters = [c for c in data[:_ENOUGH].decode("euc_jp", "replace") if ord(c) > 127]
    kana = sum("\u3041" <= c <= "\u30fa" for c in letters)
    return kana > len(letters) // 5 and letters.count("\ufffd") <= 1  # the last character may be cut


def _is_latin(text: str) -> bool:
    """Whether most letters beyond ASCII are Latin."""
    letters = [c for c in text if ord(c) > 127 and c.isalpha()]
    return 2 * sum(unicodedata.name(c, "").startswith("LATIN") for c in letters) >= len(letters)


def _latin_home(data: bytes) -> str:
    """The code page that the language of a Latin text is written in; its plain letters tell the language."""
    import py3langid  # its tables take a second to read: only for old encodings

    def is_at_home(encoding: str) -> bool:
        language = str(py3langid.classify(data[:_ENOUGH].decode(encoding, "replace"))[0])
        return language in _HOMES[encoding]

    return next((encoding for encoding in _HOMES if is_at_home(encoding)), LAST_RESORT)
