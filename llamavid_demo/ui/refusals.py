"""Whether an answer rests on nothing in the film: it says that nothing was found, or it is small talk.

Then the frames beside it prove nothing. A model tells this in its words only. The patterns are measured in the tests on
the true answers to written scenes and small talk.
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
_SMALL_TALK = re.compile(
    "|".join(
        (
            r"^(?:hi|hey+|hello|hiya|yo|bye|goodbye|welcome|good (?:morning|evening|night)|cheers|any time)\b[^:]*$",
            r"^(?:you're (?:very )?welcome|my pleasure|sure thing|all right|see (?:you|ya)|thank you|thanks|aw)\b",
            r"\b(?:ask|tell) me\b|\bquestions? about (?:the|one|a) film\b|\babout the film\b|\bask (?:again|away|on)\b",
            r"\bI'm (?:a|just a|still the same) [\w ]*(?:model|program)|\bI'm small\b|\bI(?:'ll| can) .*\bsubtitles\b",
            r"\benglish (?:only|is)\b|\b(?:only|just) (?:\w+ )?(?:in )?english\b|\bin english\b|\bone language\b",
            r"\bfilm you (?:have|opened)\b|\bfilm (?:that )?is (?:open|all)|\bI\b.*\bfilms?\b",
        )
    ),
    re.IGNORECASE,
)
_REASON = re.compile(r"because|since|so that|to|yes", re.IGNORECASE)


def rests_on_nothing(answer: str) -> bool:
    """Whether it is small talk or its first sentence refuses: a later one may say what is left open and yet answer."""
    plain = answer.replace("’", "'").strip()
    first = re.split(r"[.!?](?:\s|$)", plain, maxsplit=1)[0]
    return is_small_talk(answer) or (bool(_REFUSAL.search(first)) and not _REASON.match(first))


def is_small_talk(answer: str) -> bool:
    """Whether it greets, or speaks of the model: then no frame has to do with it."""
    return bool(_SMALL_TALK.search(answer.replace("’", "'").strip()))
