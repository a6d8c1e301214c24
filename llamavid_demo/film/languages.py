"""Codes of languages as they stand in file names and video tracks, brought to two letters."""

# ISO 639-2 (both kinds) to ISO 639-1
_CODES = """
ara:ar baq:eu ben:bn bul:bg cat:ca ces:cs chi:zh cze:cs dan:da deu:de dut:nl ell:el eng:en est:et eus:eu fas:fa fin:fi
fra:fr fre:fr ger:de glg:gl gre:el heb:he hin:hi hrv:hr hun:hu ice:is ind:id isl:is ita:it jpn:ja kor:ko lav:lv
lit:lt mac:mk may:ms mkd:mk msa:ms nld:nl nob:no nor:no per:fa pol:pl por:pt ron:ro rum:ro rus:ru slk:sk slo:sk
slv:sl spa:es srp:sr swe:sv tam:ta tel:te tha:th tur:tr ukr:uk urd:ur vie:vi zho:zh
"""
_THREE_LETTERS = dict(pair.split(":") for pair in _CODES.split())
_TWO_LETTERS = frozenset(_THREE_LETTERS.values())
_NAMES = {
    "english": "en", "french": "fr", "german": "de", "spanish": "es", "italian": "it", "portuguese": "pt",
    "dutch": "nl", "russian": "ru", "chinese": "zh", "japanese": "ja", "korean": "ko", "arabic": "ar",
}  # fmt: skip


def language_code(text: str | None) -> str | None:
    """`eng`, `en-GB`, `EN` and `English` are all `en`; None for what is no language that we know."""
    code = (text or "").strip().lower().replace("_", "-").partition("-")[0]
    if code in _TWO_LETTERS:
        return code
    return _THREE_LETTERS.get(code) or _NAMES.get(code)


def same_language(one: str | None, other: str | None) -> bool:
    """Whether two codes, known ones or not, name the same language. None is no language."""
    if not one or not other:
        return False
    return (language_code(one) or one.lower()) == (language_code(other) or other.lower())
