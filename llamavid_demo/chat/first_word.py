"""How an answer begins, of a model that learned to quote: with key lines, with yes or no, or with words of its own.

A small model finds the line that tells, and says "No, the train is cancelled." of it: what it states is right far more
often than its first word. So a yes or no is read on before it is said, and becomes the other where that says the
opposite of what the question asks.
"""

import re
from collections.abc import Generator
from dataclasses import replace

import torch

from llamavid_demo.chat.decoding import read_draft
from llamavid_demo.chat.task import Priority
from llamavid_demo.film.quotes import KEY_LINES
from llamavid_demo.model.attention import TailReading
from llamavid_demo.model.loaded import LoadedModel

YES, NO = "Yes", "No"
# Added to the logit of key lines: a summary in own words that is hardly likelier is mostly invented. Of our films those
# that it tells truly are 7 and more apart, the other 3 at most.
KEY_LINES_BIAS = 2.0
AHEAD = 16  # tokens that are read on, at most
CLOSE = 2.5  # between the logits of yes and no, at most: of 38 questions none farther apart was begun wrongly so

_NOT = re.compile(r"\b(?:not|never|no|nobody|none|nothing|nowhere|cannot)\b|n['’]t\b", re.I)
_LIMITS = re.compile(r"\b(?:only|just|hardly|almost|both|all|some|neither|nor|or)\b", re.I)
_CLAUSE = re.compile(
    r"[,;:!?\n]|(?<!\bMrs)(?<!\b[MD][rs])\.|\s(?:and|as|because|but|for|if|so|that|when|which|while|who)\s"
)
_WORD = re.compile(r"[^\W_]+")
_SHORT = re.compile(
    r"(?:\b(?:am|are|can|could|did|do|does|had|has|have|is|was|were|will|would)(?:n['’]t| not)?|['’](?:m|re|s) not)$",
    re.I,
)
_SMALL = frozenset(
    """
    a am an are at be been being by ca can could did do does doing had has have he her hers here him his i in is it its
    me my of on one our s she should t that the their them there these they this those to us was we were will with wo
    would you your
    """.split()  # noqa: SIM905
)


def first_logits(
    model: LoadedModel, reading: TailReading, logits: torch.Tensor, question: str
) -> Generator[Priority, None, torch.Tensor]:
    """The logits (V,) of an answer's first token: key lines are preferred, and a yes or no is the other one if the rest
    of the answer to the `question` has it so.

    What is written meanwhile is forgotten again.
    """
    yes, no, key = (model.tokenizer.encode(text)[0] for text in (YES, NO, KEY_LINES))
    logits = logits.clone()
    logits[key] += KEY_LINES_BIAS
    first = int(logits.argmax())
    if first in (yes, no) and abs(float(logits[yes] - logits[no])) <= CLOSE:
        text = yield from _read_on(model, reading, first, question)
        if contradicts(question, text):
            logits[no if first == yes else yes] = logits[first]
            logits[first] = float("-inf")
    return logits


def contradicts(question: str, answer: str) -> bool:
    """Whether an answer such as "No, the train is cancelled." denies what it states, or the other way round.

    What it states must be the question's own words, in their order.
    """
    begun, _, rest = answer.strip().partition(" ")
    clause = _CLAUSE.split(rest)[0]
    return _restates(question, clause) and bool(_NOT.search(clause)) == begun.startswith(YES)


def _read_on(model: LoadedModel, reading: TailReading, first: int, question: str) -> Generator[Priority, None, str]:
    """An answer from its first token on, as far as it says the question's own words."""
    ids, tail = [first], reading.tail
    words, ahead = tail.length, replace(reading, watch=None).drafting(tail, AHEAD)
    try:
        while len(ids) < AHEAD and not _decided(question, model.tokenizer.decode(ids)):
            ids.append(int(read_draft(model, ahead, ids[-1:])[-1].argmax()))
            tail.advance(1)
            if ids[-1] == model.tokenizer.eos:
                break
            yield Priority.QUESTION
    finally:
        tail.cut(words)
    return model.tokenizer.decode(ids)


def _decided(question: str, begun: str) -> bool:
    """Whether it no longer matters how an answer goes on."""
    _, _, rest = begun.strip().partition(" ")
    whole = rest[: rest.rfind(" ") + 1]  # without the last word: it may go on
    return len(_CLAUSE.split(rest)) > 1 or not _restates(question, whole, begun=True)


def _restates(question: str, clause: str, *, begun: bool = False) -> bool:
    """Whether a clause, which may be only `begun`, says nothing but words of the question, in their order."""
    if _LIMITS.search(clause) or _LIMITS.search(question) or _NOT.search(question):
        return False
    told = [word for word in _WORD.findall(_NOT.sub(" ", clause.lower())) if word not in _SMALL]
    asked = iter(_WORD.findall(question.lower()))
    says = begun or bool(told) or bool(_SHORT.search(clause))
    return says and all(any(_alike(word, other) for other in asked) for word in told)


def _alike(one: str, other: str) -> bool:
    """Whether two words are forms of one, such as "cancel" and "cancelled"."""
    shorter, longer = sorted((one, other), key=len)
    return len(longer) - len(shorter) <= 3 and longer.startswith(shorter[: max(3, len(shorter) - 1)])
