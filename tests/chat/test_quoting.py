"""An answer that begins with a quotation mark says what the line says that the model looks at."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pytest
import torch

from llamavid_demo.chat import MovieChat
from llamavid_demo.chat.answer import Answer
from llamavid_demo.chat.decoding import Sampling
from llamavid_demo.chat.first_word import MARK
from llamavid_demo.chat.quoting import Choose, Quotable, Quoting, quoted
from llamavid_demo.film import Cue
from llamavid_demo.film.quotes import HEARD_AT, KEY_LINES
from llamavid_demo.model.attention_watch import AttentionWatch
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.model.prompt import FRAME, Look, Word

ADA, BEN, CLEO = (Cue(at, at + 1, text) for at, text in enumerate(("Ada: Wait!", "Ben: I can't.", "Cleo: Why?")))


@pytest.fixture
def quoting(micro: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> Iterator[LoadedModel]:
    """The micro model, as one that begins every answer with a quotation mark."""
    mark = micro.tokenizer.encode('"')
    monkeypatch.setattr(micro.network, "config", replace(micro.config, quotes=True))

    def chooser(_sampling: Sampling) -> Choose:
        return lambda logits, said: mark[len(said)] if len(said) < len(mark) else int(logits.argmax())

    monkeypatch.setattr("llamavid_demo.chat.movie_chat.chooser", chooser)
    yield micro


def watched(weights: Sequence[float], behind: Sequence[float] = ()) -> AttentionWatch:
    watch = AttentionWatch(len(weights), frozenset({0}), len(behind))
    watch.add(0, torch.tensor([weights]), torch.tensor([behind]))
    return watch


def test_the_line_that_is_looked_at_is_quoted(micro: LoadedModel) -> None:
    read = Quotable([1, FRAME, FRAME, 5, FRAME, FRAME], "", [[ADA], [BEN]])
    assert quoted(micro, watched([0.9, 0, 0, 0.2, 0, 0.05]), read, []) == '"Wait!" – Ada'
    assert quoted(micro, watched([0.9, 0, 0, 0.2, 0, 0.7]), read, []) == '"I can\'t." – Ben'
    both = '"Wait!" – Ada\n"I can\'t." – Ben'
    assert quoted(micro, watched([0.9, 0, 0, 0.2, 0, 0.07]), read, []) == both
    assert quoted(micro, watched([0.9, 0, 0, 0.2, 0, 0.39]), read, []) == both
    look = [Word(9), Word(7, look=Look("Who?", 0))]
    assert quoted(micro, watched([0.9, 0, 0, 0.2, 0, 0.3], [0, 0.6]), read, look) == '"Wait!" – Ada'
    read = replace(read, last="then")
    behind = [Word(i) for i in micro.tokenizer.encode("then what")]
    assert quoted(micro, watched([0, 0, 0, 0.2, 0, 0], [0.7, 0]), read, behind) == '"I can\'t." – Ben'
    assert quoted(micro, watched([0.9, 0, 0, 0, 0, 0]), read, []) == ""


def test_the_deepest_watched_layer_decides(micro: LoadedModel) -> None:
    read, watch = Quotable([FRAME, FRAME, 5, FRAME, FRAME], "", [[ADA], [BEN]]), AttentionWatch(5, frozenset({1, 3}))
    for layer, weights in ((3, [0, 0, 0.1, 0, 0.4]), (1, [0, 0, 0.8, 0, 0.1])):
        watch.add(layer, torch.tensor([weights]), torch.zeros(1, 0))
    assert watch.mass.tolist() == pytest.approx([0, 0, 0.9, 0, 0.5])
    assert quoted(micro, watch, read, []) == '"I can\'t." – Ben'


def test_of_two_lines_behind_a_frame_the_one_that_is_looked_at_is_quoted(micro: LoadedModel) -> None:
    [line] = [i for i in micro.tokenizer.encode("\n") if micro.tokenizer.decode([i]) == "\n"][:1]
    read = Quotable([FRAME, FRAME, line, 5, line, 6, line, 7], "", [[ADA, CLEO]])
    assert quoted(micro, watched([0, 0, 0.1, 0.1, 0, 0.8, 0.9, 0.9]), read, []) == '"Why?" – Cleo'
    assert quoted(micro, watched([0, 0, 0.7, 0.1, 0, 0.2, 0.9, 0.9]), read, []) == '"Wait!" – Ada'


def test_lines_with_words_of_the_question_count_more_and_so_does_what_follows_them(micro: LoadedModel) -> None:
    said = ("Ada: Who took the wire?", "Ben: Max did.", "Cleo: It's late.", "Cleo: Goodbye.")
    cues = [Cue(10 * at, 10 * at + 1, text) for at, text in enumerate(said)]  # no reply follows at once
    read = Quotable([FRAME, FRAME, 5] * 4, "", [[cue] for cue in cues])

    def told(question: str, *weights: float, opening: str = MARK) -> str:
        watch = watched([mass for weight in weights for mass in (0, 0, weight)])
        return quoted(micro, watch, read, [], opening, question=question)

    assert told("Why?", 0.2, 0.2, 0.9, 0.1) == '"It\'s late." – Cleo'
    assert told("Who took the wire?", 0.3, 0.1, 0.45, 0.1) == '"Who took the wire?" – Ada'
    assert told("Who took the wire?", 0.1, 0.6, 0.9, 0.1) == '"Max did." – Ben\n"It\'s late." – Cleo'
    assert told("Who took the wire?", 0.3, 0.1, 0.9, 0.1, opening=KEY_LINES).endswith("– Cleo")


def test_what_is_repeated_before_the_question_counts_three_times(micro: LoadedModel) -> None:
    read = Quotable([FRAME, FRAME, 5, FRAME, FRAME], "", [[ADA], [BEN]])
    look = [Word(7, look=Look("Who?", 0))]
    assert quoted(micro, watched([0, 0, 0, 0, 0.5], [0.3]), read, look).startswith('"Wait!" – Ada')
    assert quoted(micro, watched([0, 0, 0, 0, 0.9], [0.08]), read, look) == '"I can\'t." – Ben'


def test_times_and_what_the_whole_is_about_are_told_in_lines(micro: LoadedModel) -> None:
    read = Quotable([FRAME, FRAME, 5, FRAME, FRAME, 5, FRAME, FRAME, 5, FRAME, FRAME], "", [[ADA], [BEN], [CLEO], []])
    watch = watched([0, 0, 0.1, 0, 0, 0.2, 0, 0, 0.6, 0, 0.9])
    assert quoted(micro, watch, read, [], HEARD_AT) == 'Heard at 0:02: "Why?" – Cleo'
    lines = ("Key lines:", '0:00 "Wait!" – Ada', '0:01 "I can\'t." – Ben', '0:02 "Why?" – Cleo')
    assert quoted(micro, watch, read, [], KEY_LINES) == "\n".join(lines)
    torch.manual_seed(0)
    drawn = {quoted(micro, watch, read, [], HEARD_AT, temperature=2.0) for _ in range(20)}
    assert len(drawn) == 3
    assert quoted(micro, watched([0, 0, 0, 0]), Quotable([FRAME, FRAME, 5], "", [[]]), [], KEY_LINES) == ""


def test_a_time_is_that_of_the_first_line_with_most_of_what_is_asked_about(micro: LoadedModel) -> None:
    said = ("Ada: When?", "Ada: The wire!", "Ben: It's full of wire.", "Cleo: The red wire.")
    cues = [Cue(at, at + 1, text) for at, text in enumerate(said)]
    read = Quotable([FRAME, FRAME, 5] * 4, "", [[cue] for cue in cues])

    def told(question: str, *weights: float) -> str:
        watch = watched([mass for weight in weights for mass in (0, 0, weight)])
        return quoted(micro, watch, read, [], HEARD_AT, question=question).split(maxsplit=3)[2]

    assert told("when is the wire mentioned?", 0.1, 0.2, 0.6, 0.1) == "0:01:"
    assert told("when is the red wire mentioned?", 0.1, 0.2, 0.6, 0.3) == "0:03:"
    assert told("when is the wire mentioned?", 0.2, 0.1, 0.6, 0.3) == "0:02:"  # of the three that got most
    assert told("when does Ada ask about it?", 0.2, 0.1, 0.6, 0.3) == "0:00:"
    assert told("when do they laugh?", 0.2, 0.1, 0.6, 0.3) == "0:02:"


def test_key_lines_are_fewer_where_the_cold_leaves_nothing_of_the_others(micro: LoadedModel) -> None:
    read = Quotable([FRAME, FRAME, 5, FRAME, FRAME, 5, FRAME, FRAME, 5], "", [[ADA], [BEN], [CLEO]])
    watch = watched([0, 0, 1e-6, 0, 0, 1e-6, 0, 0, 0.9])
    assert quoted(micro, watch, read, [], KEY_LINES, temperature=0.1) == 'Key lines:\n0:02 "Why?" – Cleo'


CUES = [Cue(at, at + 0.5, f"Line {at}.") for at in range(24)]


def told(micro: LoadedModel, weights: dict[int, float], question: str, temperature: float = 0.0) -> list[int]:
    """Numbers of the lines that an answer to a question says are key, if so many cues got so much attention."""
    watch = watched([mass for at in range(24) for mass in (0, 0, weights.get(at, 0.001))])
    read = Quotable([FRAME, FRAME, 5] * 24, "", [[cue] for cue in CUES])
    text = quoted(micro, watch, read, [], KEY_LINES, question=question, temperature=temperature)
    return [int(line.split()[2].strip('."')) for line in text.split("\n")[1:]]


def test_key_lines_lie_apart(micro: LoadedModel) -> None:
    weights = {2: 0.9, 3: 0.8, 5: 0.7, 7: 0.15, 12: 0.3, 20: 0.2}
    assert told(micro, weights, "What is it about?") == [2, 7, 12, 20]
    assert told(micro, weights | {3: 9.0, 2: 8.0}, "What is it about?") == [2, 3, 12, 20]  # a tenth of it is still more
    torch.manual_seed(0)
    drawn = {tuple(told(micro, weights, "What is it about?", temperature=0.5)) for _ in range(30)}
    assert len(drawn) > 5 and all(len({*lines}) == 4 for lines in drawn)


def test_key_lines_of_how_it_ends_are_those_at_the_end(micro: LoadedModel) -> None:
    weights = {2: 0.9, 12: 0.8, 18: 0.1, 19: 0.2, 20: 0.05, 23: 0.3}
    for question in ("how does it end?", "What happens at the end?", "The ending, please"):
        assert told(micro, weights, question) == [18, 19, 20, 23]
    for question in ("What is it about, and how does it end?", "what is the film about at the end", "Who sends it?"):
        assert told(micro, weights, question) == [2, 12, 19, 23]


def test_yes_and_no_are_followed_by_the_lines_that_have_words_of_the_question(micro: LoadedModel) -> None:
    read = Quotable([FRAME, FRAME, 5, FRAME, FRAME], "", [[ADA], [BEN]])
    watch = watched([0.6, 0, 0, 0.5, 0])
    assert quoted(micro, watch, read, [], "Yes", question="Does Ada wait?") == 'Yes. "Wait!" – Ada'
    assert quoted(micro, watch, read, [], "No", question="Can he wait?") == 'No. "Wait!" – Ada'
    assert quoted(micro, watch, read, [], "No", question="Is there a boat?") == ""  # in its own words


def test_lines_are_chosen_when_an_opening_begins(micro: LoadedModel) -> None:
    """What is written next looks elsewhere."""
    texts = iter(['Heard at 0:01: "Wait!"', 'Heard at 0:02: "Why?"'])
    given = micro.tokenizer.encode(HEARD_AT)
    choose = Quoting(
        lambda _logits, said: given[len(said)],
        micro.tokenizer,
        lambda opening: (opening == HEARD_AT and next(texts)) or "",
    )
    ids: list[int] = []
    while not ids or ids[-1] != micro.tokenizer.eos:
        ids.append(choose(torch.zeros(4000), ids))
    assert micro.tokenizer.decode(ids[:-1]) == 'Heard at 0:01: "Wait!"' and next(texts)


def test_what_begins_as_an_opening_and_goes_on_otherwise_is_in_own_words(micro: LoadedModel) -> None:
    begun = [*micro.tokenizer.encode(HEARD_AT)[:-1], *micro.tokenizer.encode("they")]
    choose = Quoting(lambda _logits, said: begun[len(said)], micro.tokenizer, lambda _opening: 'Heard at 0:01: "Wait!"')
    ids: list[int] = []
    while len(ids) < len(begun):
        ids.append(choose(torch.zeros(4000), ids))
    assert ids == begun and choose.draft(ids, 9) == []


def test_with_a_temperature_another_line_may_be_quoted(micro: LoadedModel) -> None:
    read = Quotable([FRAME, FRAME, 5, FRAME, FRAME], "", [[ADA], [BEN]])
    torch.manual_seed(0)
    said = [quoted(micro, watched([0, 0, 0.6, 0, 0.4]), read, [], temperature=1.0) for _ in range(50)]
    assert 20 <= said.count('"Wait!" – Ada') < 45
    assert said.count('"Wait!" – Ada') + said.count('"I can\'t." – Ben') == 50


def test_other_answers_are_in_own_words(micro: LoadedModel) -> None:
    choose = Quoting(lambda _logits, said: len(said) + 40, micro.tokenizer, lambda _opening: '"Wait!"')
    ids: list[int] = []
    while len(ids) < 4:
        ids.append(choose(torch.zeros(4000), ids))
    assert ids == [40, 41, 42, 43] and choose.draft(ids, 9) == []


def test_a_quote_is_an_answer_like_any_other(
    quoting: LoadedModel, new_chat: Callable[..., MovieChat], monkeypatch: pytest.MonkeyPatch
) -> None:
    at_once, one_by_one = new_chat(), new_chat()
    turns = [at_once.ask("Who?", max_new_tokens=40).finish(), at_once.ask("Where?", max_new_tokens=40).finish()]
    monkeypatch.setattr(Answer, "draft", lambda *_: [])
    turns += [one_by_one.ask("Who?", max_new_tokens=40).finish(), one_by_one.ask("Where?", max_new_tokens=40).finish()]
    for turn in turns:
        assert {*turn.text.split("\n")} <= {'"Look at the water."', '"Where is the captain?"'}
        assert turn.finished == "end"
        assert turn.evidence
    assert [turn.text for turn in turns[:2]] == [turn.text for turn in turns[2:]]
    first, second = (chat._conversation.tail for chat in (at_once, one_by_one))
    assert first.length == second.length
    assert all(torch.allclose(first.read(layer), second.read(layer), atol=1e-4) for layer in range(2))


def test_what_is_not_to_be_known_yet_is_not_quoted(quoting: LoadedModel, new_chat: Callable[..., MovieChat]) -> None:
    assert new_chat().ask("Who?", until=10.0, max_new_tokens=40).finish().text == '"Look at the water."'
    assert new_chat().ask("Who?", reads="frames").finish().text != ""  # no line can be: its own words


def test_an_answer_may_be_too_short_for_its_quote(quoting: LoadedModel, new_chat: Callable[..., MovieChat]) -> None:
    turn = new_chat().ask("Who?", max_new_tokens=3).finish()
    assert turn.finished == "length" and turn.text.startswith('"') and turn.stats.new_tokens == 3
