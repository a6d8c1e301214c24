"""Yes or no: what the lines that a model looks at say to a question, by their words.

A small model finds the line that tells, and says "No" of it all the same: to most questions its no is hardly less
likely than its yes. So the lines are weighed, too, and where that leaves it open they are the whole answer.
"""

import re
from collections.abc import Iterator, Sequence

YES, NO = "Yes", "No"
LEANS = 0.4  # by less, yes or no is left open

_NOT = re.compile(r"\b(?:not|never|no|nobody|none|nothing|nowhere|cannot)\b|n['’]t\b", re.I)
_LIMITS = re.compile(r"\b(?:only|just|hardly|almost|both|all|some|still|yet|neither|nor|or)\b", re.I)
_DOUBTS = re.compile(
    r"\b(?:if|would|should|might|may|maybe|perhaps|could|says?|said|thinks?|thought|true|really|agrees?|that)\b", re.I
)
_CLAUSE = re.compile(
    r"[,;:!?\n]|(?<!\bMrs)(?<!\b[MD][rs])\.|\s(?:and|as|because|but|for|if|so|that|when|which|while|who)\s"
)
_SENTENCE = re.compile(r"[^.!?…]+[.!?…]*")
_QUOTE = re.compile(r'"(.*)"(?: – (.*))?')
_WORD = re.compile(r"[^\W_]+")
_VERB = re.compile(r"\b(?:am|are|can|did|do|does|had|has|have|is|was|were|will)\b|['’](?:m|s|re|ve|ll)\b", re.I)
_SUBJECT = re.compile(r"\b(?:i|you|he|she|it|we|they)\b", re.I)
_OWN = re.compile(r"\b(?:i|me|my|we|our|us)\b", re.I)
_SMALL = frozenset(
    """
    a am an are at be been being by ca can could did do does doing had has have he her hers here him his i in is it its
    me my of on one our s she should t that the their them there they these this those to us was we were will with wo
    would you your
    """.split()  # noqa: SIM905
)
_FILLING = frozenset("d got ll m now oh re then too ve very well".split())  # noqa: SIM905
_TENS = "twen|thir|for|fif|six|seven|eigh|nine"
_NUMBER = re.compile(
    rf"\d+|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen"
    rf"|(?:{_TENS})ty|hundred|thousand|million"
)
_ASKS = re.compile(
    r"(?:(?:and|but|so|then|well|ok|okay|oh|hm+)\b\W*)*"
    r"(?:am|is|are|was|were|do|does|did|has|have|had|can|could|will|would|shall|should|may|might|must|ca|wo)(?:n['’]?t)?\b",
    re.I,
)


def leaning(question: str, quotes: str, margin: float) -> float:
    """How much likelier yes is than no, as a logit, by these `quotes`, a line each, and a model's own `margin` between
    the logits of the two.

    Weights are those of a logistic regression on questions about 79 scenes that were never trained on: 128 and 58 as
    viewers ask them (those that are fitted, in `bench/yes_or_no.json`), and 64 of the scenes' own, mostly traps. Judged
    by scenes left out, the side that it leans to is right of 66, 76 and 70 % of them (by the margin alone, of 55, 59
    and 70 %), and of those that it leans to by `LEANS` at least, of 74, 79 and 72 %.
    """
    says, sentences = stated(question, quotes), [one for said, _ in _said(quotes) for one in _SENTENCE.findall(said)]
    covered, sentence = max(((coverage(question, one), one) for one in sentences), default=(0.0, ""))
    return (
        0.7 * margin
        + (0.0 if says is None else 2.1 if says else -2.3)
        + covered * (1.0 if _NOT.search(sentence) else 2.3)
        - (1.3 if _unclear(question) or _DOUBTS.search(question) else 0.0)
        - 0.4
    )


def stated(question: str, quotes: str) -> bool | None:
    """Whether one of these `quotes`, a line each, says yes (True) or no (False) to a question; else None.

    Questions in them, and what is only thought or may be, say nothing. Where a question has a number, a line about it
    that has others says no.
    """
    asked = _content(question)
    if not asked or _unclear(question) or _DOUBTS.search(question):
        return None
    for said, speaker in _said(quotes):
        for sentence in _SENTENCE.findall(said):
            if sentence.strip().endswith("?") or _DOUBTS.search(sentence):
                continue
            for clause in _CLAUSE.split(sentence.rstrip(".!…")):
                if _tells(question, asked, clause, speaker):
                    return not _NOT.search(clause)
    numbers = _numbers(asked)
    counted = [told for said, _ in _said(quotes) if _numbers(told := _words(said)) and coverage(question, said)]
    return False if numbers and counted and not any(numbers & _numbers(told) for told in counted) else None


def about(question: str, quotes: str) -> bool:
    """Whether yes or no may answer a question, and one of these `quotes`, a line each, has one of its words."""
    asked = _content(question) if _ASKS.match(question.strip()) else []
    return any(_alike(word, other) for said, _ in _said(quotes) for word in _words(said) for other in asked)


def coverage(question: str, text: str) -> float:
    """Share of a question's words that a text has; small words, such as "the", are left out."""
    asked, words = _content(question), _words(text)
    return sum(any(_alike(word, other) for other in words) for word in asked) / max(1, len(asked))


def _tells(question: str, asked: Sequence[str], clause: str, speaker: str) -> bool:
    """Whether a clause restates enough of a question to answer it, and is about the one who is asked about."""
    clause = _NOT.sub(" ", clause)
    told = [word for word in _content(clause) if word not in _FILLING]
    inflected = len(told) > 1 and any(word not in _words(question) for word in told)  # such as "owned" of "own"
    if not told or not (_VERB.search(clause) or (len(told) > 1 and _SUBJECT.search(clause)) or inflected):
        return False
    in_order = iter(_words(question))
    if _LIMITS.search(clause) or not all(any(_alike(word, other) for other in in_order) for word in told):
        return False
    if speaker and _OWN.search(clause) and not any(_alike(asked[0], word) for word in (*told, *_words(speaker))):
        return False  # the speaker's own, and somebody else is asked about
    return 2 * len(told) >= len(asked) or any(_alike(asked[-1], word) for word in told)


def _said(quotes: str) -> Iterator[tuple[str, str]]:
    """What is said in each line, and by whom where that is known."""
    for line in quotes.split("\n"):
        if quote := _QUOTE.fullmatch(line):
            yield quote[1], quote[2] or ""


def _numbers(words: Sequence[str]) -> set[str]:
    return {word for word in words if _NUMBER.fullmatch(word)}


def _unclear(question: str) -> bool:
    """Whether yes may mean either: people deny a negated question by both."""
    return bool(_LIMITS.search(question) or _NOT.search(question))


def _content(text: str) -> list[str]:
    return [word for word in _words(text) if word not in _SMALL]


def _words(text: str) -> list[str]:
    return _WORD.findall(text.lower())


def _alike(one: str, other: str) -> bool:
    """Whether two words are forms of one, such as "cancel" and "cancelled"."""
    shorter, longer = sorted((one, other), key=len)
    same = shorter[: max(3, len(shorter) - 1)]
    return one == other or (len(same) >= 3 and len(longer) - len(shorter) <= 3 and longer.startswith(same))
