"""An answer begins with yes or no where the lines have it so, and with the lines where they leave it open."""

import pytest
import torch

from llamavid_demo import embedded
from llamavid_demo.chat.first_word import CLOSE, KEY_LINES_BIAS, MARK, first_logits
from llamavid_demo.film.quotes import KEY_LINES
from llamavid_demo.model.llama_vid.tokenizer import BpeTokenizer

WORDS = BpeTokenizer(embedded.BEST / "tokenizer.json")
YES, NO, QUOTE, KEY, THE = (WORDS.encode(text)[0] for text in ("Yes", "No", MARK, KEY_LINES, "The"))
TRAIN = "Is the train cancelled?"


def first(logits: dict[int, float], lines: str | None, question: str = TRAIN) -> int:
    """The likeliest first token if these are its logits, where the answer would quote these lines."""
    row = torch.zeros(len(WORDS.pieces.get_vocab()))
    for token, logit in logits.items():
        row[token] = logit
    before = row.clone()

    def looked_at() -> str:
        assert lines is not None, "nobody needs them"
        return lines

    found = first_logits(WORDS, row, question, looked_at)
    assert torch.equal(row, before)
    return int(found.argmax())


@pytest.mark.parametrize("likely", [{NO: 9.0, YES: 8.5}, {NO: 8.5, YES: 9.0}, {NO: 9.0, YES: 9.0}])
def test_yes_or_no_is_what_the_lines_have(likely: dict[int, float]) -> None:
    assert first(likely, '"The train is cancelled, I fear." – Tom') == YES
    assert first(likely, '"The train isn\'t cancelled." – Tom') == NO


def test_where_the_lines_leave_it_open_they_are_the_answer() -> None:
    assert first({NO: 9.0, YES: 8.75}, '"The train is not where it was." – Tom') == QUOTE
    assert first({NO: 9.0, YES: 8.75, THE: 8.9}, '"The train is not where it was." – Tom') == QUOTE


def test_lines_that_are_about_something_else_change_nothing() -> None:
    for lines in ("", '"Good morning." – Tom'):
        assert first({NO: 9.0, YES: 8.75}, lines) == NO
        assert first({NO: 8.75, YES: 9.0}, lines) == YES


def test_what_is_neither_or_sure_needs_no_lines() -> None:
    assert first({NO: 9.0, YES: 8.75 - CLOSE}, None) == NO
    assert first({THE: 9.0, NO: 8.0}, None, "Who?") == THE


def test_key_lines_are_preferred_to_own_words_that_are_hardly_likelier() -> None:
    for ahead, chosen in ((KEY_LINES_BIAS - 0.5, KEY), (KEY_LINES_BIAS + 0.5, THE)):
        assert first({KEY: 9.0, THE: 9.0 + ahead}, None, "Why?") == chosen
