"""How alike two short answers are, as SQuAD measures it."""

import re
from collections import Counter


def squad_words(text: str) -> list[str]:
    """Words as SQuAD compares them: lower case, without punctuation and articles."""
    text = re.sub(r"[^\w\s]", "", text.lower())
    return [word for word in text.split() if word not in ("a", "an", "the")]


def token_f1(said: str, wanted: str) -> float:
    """Harmonic mean of how many words of an answer are wanted and how many of the wanted ones it has."""
    ours, theirs = squad_words(said), squad_words(wanted)
    common = sum((Counter(ours) & Counter(theirs)).values())
    return 2 * common / (len(ours) + len(theirs)) if common else float(ours == theirs)


def exact_match(said: str, wanted: str) -> bool:
    """Whether both have the same words in the same order."""
    return squad_words(said) == squad_words(wanted)
