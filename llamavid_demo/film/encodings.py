"""Bytes of a subtitle file to text, and which encoding that took."""

import codecs

from charset_normalizer import from_bytes

_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
LAST_RESORT = "cp1252"


def decode(data: bytes) -> tuple[str, str]:
    """Return (text, encoding). Tried in order: UTF-8, UTF-16 by its mark, what charset-normalizer finds, cp1252.

    Never fails: under cp1252, bytes without a meaning become replacement characters.
    """
    if data.startswith(codecs.BOM_UTF8):
        return data.decode("utf-8-sig", "replace"), "utf-8-sig"
    if data.startswith(_UTF16):
        return data.decode("utf-16", "replace"), "utf-16"
    if b"\0" not in data:  # UTF-16 without a mark is valid UTF-8 too, full of zero bytes
        try:
            return data.decode("utf-8"), "utf-8"
        except UnicodeDecodeError:
            pass
    matches = from_bytes(data)
    best = matches.best()
    if best is not None:
        # Among equally good guesses on a short text the commonest is meant, not the first of the alphabet.
        equals = [m for m in matches if (m.chaos, m.coherence) == (best.chaos, best.coherence)]
        chosen = next((match for match in equals if match.encoding == LAST_RESORT), best)
        return str(chosen), chosen.encoding
    return data.decode(LAST_RESORT, "replace"), LAST_RESORT
