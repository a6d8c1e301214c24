"""How an answer begins, of a model that learned to quote: with key lines, yes, no, a quote, or words of its own."""

from collections.abc import Callable

import torch

from llamavid_demo.chat.yes_or_no import LEANS, NO, YES, about, leaning
from llamavid_demo.film.quotes import KEY_LINES
from llamavid_demo.model.loaded import TextTokenizer

MARK = '"'
# Added to the logit of key lines: a summary in own words that is hardly likelier is mostly invented. Of our films those
# that it tells truly are 7 and more apart, the other 3 at most.
KEY_LINES_BIAS = 2.0
CLOSE = 2.5  # between the logits of yes and no, at most: of 38 questions none farther apart was begun wrongly so


def first_logits(
    tokenizer: TextTokenizer, logits: torch.Tensor, question: str, lines: Callable[[], str]
) -> torch.Tensor:
    """The logits (V,) of an answer's first token: key lines are preferred, and a close yes or no becomes what the
    `lines` that an answer would quote lean to, or, where they leave it open, a quotation mark before them.

    Lines that have no word of the question change nothing: it may be about the pictures.
    """
    yes, no, mark, key = (tokenizer.encode(text)[0] for text in (YES, NO, MARK, KEY_LINES))
    logits = logits.clone()
    logits[key] += KEY_LINES_BIAS
    likeliest, margin = int(logits.argmax()), float(logits[yes] - logits[no])
    if likeliest not in (yes, no) or abs(margin) > CLOSE or not about(question, quotes := lines()):
        return logits
    lean = leaning(question, quotes, margin)
    begins = mark if abs(lean) < LEANS else yes if lean > 0 else no
    best = logits[likeliest].clone()
    logits[[yes, no]] = float("-inf")
    logits[begins] = best
    return logits
