"""An answer doesn't begin with "No" where it goes on with what was asked."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
import torch

from llamavid_demo import embedded
from llamavid_demo.chat.first_word import AHEAD, CLOSE, KEY_LINES_BIAS, contradicts, first_logits
from llamavid_demo.chat.progress import finish
from llamavid_demo.film.quotes import KEY_LINES
from llamavid_demo.model.attention import TailReading
from llamavid_demo.model.llama_vid.tokenizer import BpeTokenizer
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.model.prefix import Prefix
from llamavid_demo.model.tail import Tail

WORDS = BpeTokenizer(embedded.BEST / "tokenizer.json")
YES, NO, KEY = (WORDS.encode(text)[0] for text in ("Yes", "No", KEY_LINES))
TRAIN = "Is the train cancelled?"


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (TRAIN, "No, the train is cancelled."),
        (TRAIN, "Yes, the train isn't cancelled."),
        (TRAIN, "No, it is."),
        ("does priya like opera", "No, she likes opera, which nobody does at eight."),
        ("Does priya like opera", "Yes, she doesn't like it."),
        ("Is the suitcase red?", "No, it's a red one."),
        ("Is it true that they are stolen?", "Yes, they were never stolen."),
        ("Is he late?", "Yes, he’s not."),
        ("Can Otto fly?", "Yes, he can't fly."),
    ],
)
def test_what_denies_what_it_states(question: str, answer: str) -> None:
    assert contradicts(question, answer)


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        (TRAIN, "Yes, the train is cancelled."),
        (TRAIN, "No, the train isn't cancelled."),
        (TRAIN, "No."),
        (TRAIN, ""),
        (TRAIN, "No, it is late."),
        (TRAIN, "No, with her."),
        (TRAIN, "No, nobody says that the train is cancelled."),
        ("Is there a cat?", "No, I don't see a cat."),
        ("Is there a cat?", "Yes, I see a cat."),
        ("Is the bell bigger than the crown?", "No, the crown is bigger than the bell."),  # another order
        ("Does Mia give Hugo the map?", "No, Hugo gives Mia the map."),
        ("Was it at five?", "No, it was at 6."),
        ("Isn't the train cancelled?", "No, the train is cancelled."),  # people mean either
        ("Are the train and the bus cancelled?", "No, only the train is cancelled."),
        ("Do they both sleep?", "No, she sleeps."),
        ("Does Mr. Brandt own the wall?", "No, Mr. Pavlik owns it."),
        ("Is the tram fast?", "No, it is fastened."),
    ],
)
def test_what_does_not(question: str, answer: str) -> None:
    assert not contradicts(question, answer)


@pytest.fixture
def begins(
    micro: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str, str, dict[int, float]], tuple[str, int]]:
    """What an answer to a question begins with that would go on so, if these are its logits; and the words read on."""
    model = replace(micro, tokenizer=WORDS)

    def begin(question: str, rest: str, logits: dict[int, float]) -> tuple[str, int]:
        ids, read = [*WORDS.encode(rest), WORDS.eos], list[int]()

        def read_draft(_model: LoadedModel, reading: TailReading, tokens: Sequence[int]) -> torch.Tensor:
            assert reading.watch is None and reading.tail.length == len(read)
            read.extend(tokens)
            return torch.nn.functional.one_hot(torch.tensor([ids[len(read) - 1]]), len(WORDS.pieces.get_vocab()))

        monkeypatch.setattr("llamavid_demo.chat.first_word.read_draft", read_draft)
        row = torch.zeros(len(WORDS.pieces.get_vocab()))
        for token, logit in logits.items():
            row[token] = logit
        reading = TailReading(Prefix(2, 4), Tail(2), 4)
        found = finish(first_logits(model, reading, row, question))
        assert reading.tail.length == 0 and float(row[YES]) == logits.get(YES, 0)
        return WORDS.decode([int(found.argmax())]), len(read)

    return begin


def test_yes_or_no_becomes_the_other(begins: Callable[..., tuple[str, int]]) -> None:
    likely = {NO: 9.0, YES: 7.0}
    assert begins(TRAIN, ", the train is cancelled. Over.", likely) == ("Yes", 6)
    assert begins(TRAIN, ", the train is cancelled.", {NO: 9.0, YES: 9.0})[0] == "Yes"  # as likely as No
    assert begins(TRAIN, ", it is late, as ever", likely)[0] == "No"
    assert begins(TRAIN, ", the train isn't cancelled.", {NO: 7.0, YES: 9.0})[0] == "No"
    assert begins(TRAIN, ", only today and not for long, as far as I can see from here, my friend", likely) == ("No", 3)
    assert begins("Isn't the train cancelled?", ", the train is cancelled.", likely) == ("No", 0)  # people mean either
    assert begins(TRAIN, " the" * 40, likely) == ("No", AHEAD - 1)


def test_what_is_neither_or_sure_is_not_read_on(begins: Callable[..., tuple[str, int]]) -> None:
    assert begins(TRAIN, ", the train is cancelled.", {NO: 9.0, YES: 8.75 - CLOSE}) == ("No", 0)
    assert begins("Who?", ", the train", {WORDS.encode("The")[0]: 9.0, NO: 7.0}) == ("The", 0)


def test_key_lines_are_preferred_to_own_words_that_are_hardly_likelier(begins: Callable[..., tuple[str, int]]) -> None:
    other = WORDS.encode("The")[0]
    for ahead, chosen in ((KEY_LINES_BIAS - 0.5, "Key"), (KEY_LINES_BIAS + 0.5, "The")):
        assert begins("Why?", "", {KEY: 9.0, other: 9.0 + ahead}) == (chosen, 0)
