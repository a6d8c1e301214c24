"""Whether an answer says that nothing was found: then the frames beside it prove nothing.

A model tells this in its words only. The patterns are measured in the tests on the written scenes' true answers.
"""

import re

_NOT = r"(?:n't| not| never)"
_TOLD = (
    "(?:said|mentioned|told|explained|given|stated|known|clear|revealed|shown|specified|described|named|read out|"
    "talked about)"
)
_SAY = "(?:say|tell|mention|explain|name|give|reveal|describe|specif|state|come up|talk|speak)"
_TELL = rf"(?:{_SAY}|show|learn|hear|find|see|seen|know|take|bring)"
_WHO = r"(?:I|we|you|the \w+|this \w+)"
_NOBODY = r"(?:nobody|no one|nothing|no \w+)"
_REFUSAL = re.compile(
    "|".join(
        (
            rf"(?:{_NOT}|\bno one|\bnobody|\bnothing)(?: \w+){{0,3}}? {_TOLD}\b",
            rf"^[^.:]*(?:\b(?:do|does|did|ca|could){_NOT}|\bnever|\bcannot)(?: \w+){{0,2}}? {_SAY}",
            rf"\b{_WHO} (?:(?:do|does|did|ca|could|have){_NOT}|never|cannot)(?: \w+){{0,2}}? {_TELL}",
            rf"^(?:[\w ]+, (?:so |but |and )?)?{_NOBODY}\b(?: \w+){{0,5}}? (?:{_TELL}|appear|has)",
            r"^(?:I'm afraid|I looked, but|No,)? ?(?:there (?:is|are)(?:n't any|n't that many| no| not)|I see no)\b",
            r"\b(?:film|scene) has no\b|\bsays nothing\b|\bno (?:hint|mention|talk)\b|\bno idea\b|\bunknown$",
            r"\bonly (?:know|answer)|\bcan't (?:help|answer)|\bbeyond (?:this|me|what)|\boutside what\b|^no(?:body)?$",
        )
    ),
    re.IGNORECASE,
)
_REASON = re.compile(r"because|since|so that|to|yes", re.IGNORECASE)


def says_nothing_was_found(answer: str) -> bool:
    """Whether the first sentence refuses: a later one may say what the film leaves open and yet answer."""
    first = re.split(r"[.!?](?:\s|$)", answer.replace("’", "'").strip(), maxsplit=1)[0]
    return bool(_REFUSAL.search(first)) and not _REASON.match(first)
