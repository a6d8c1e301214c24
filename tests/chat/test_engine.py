"""One engine for all conversations: together they are answered as they would be alone, and none harms another."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator

import pytest
import torch

from llamavid_demo.chat import MovieChat, decoding, engine
from llamavid_demo.chat.decoding import Sampling
from llamavid_demo.chat.engine import Answer, Engine, Preparation, Stopped
from llamavid_demo.chat.prefixes import PrefixCache
from llamavid_demo.errors import BusyError
from llamavid_demo.model.attention import AttentionWatch
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.model.prompt import Word
from llamavid_demo.settings import ROOT

QUESTIONS = ["What color is the car?", "Where does the story begin?", "Who speaks?", "What color is the car?"]
NewChat = Callable[..., MovieChat]


@pytest.fixture
def shapes(micro: LoadedModel) -> Iterator[list[tuple[int, int]]]:
    """Rows and tokens of each pass through the LLaMA, in order."""
    passed: list[tuple[int, int]] = []

    def note(_module: object, _args: tuple, kwargs: dict) -> None:
        passed.append(tuple(kwargs["inputs_embeds"].shape[:2]))  # type: ignore[arg-type]

    hook = micro.network.llama.model.register_forward_pre_hook(note, with_kwargs=True)
    yield passed
    hook.remove()


def prepared(chat: MovieChat, question: str, together: threading.Event | None = None) -> Preparation:
    """What a chat reads for a question; with `together` it is ready only when that is set."""
    words = [Word(token) for token in chat.model.tokenizer.encode(f" {question} ASSISTANT:")]
    with chat._reader.using(question) as shared:
        ready = yield from chat._prepare(shared, question, chat._reader.view(None), words)
    while together is not None and not together.is_set():
        yield None
    return ready


def new_answer(chat: MovieChat, preparation: Preparation, tokens: int = 12) -> Answer:
    watch = AttentionWatch(len(chat._reader.prompt.ids), frozenset())
    return Answer(preparation, Sampling(max_new_tokens=tokens), stopping=threading.Event(), watch=watch)


def ids(answer: Answer) -> list[int]:
    return [what for what in answer if isinstance(what, int)]


def alone(chat: MovieChat, question: str, tokens: int = 12) -> list[int]:
    return ids(Engine().submit(chat.model, new_answer(chat, prepared(chat, question), tokens)))


def test_answers_together_are_those_alone(new_chat: NewChat, micro: LoadedModel, shapes: list[tuple[int, int]]) -> None:
    expected = [alone(new_chat(), question) for question in QUESTIONS]
    together, one = threading.Event(), Engine()
    answers = [new_answer(chat, prepared(chat, question, together)) for question in QUESTIONS for chat in [new_chat()]]
    for answer in answers:
        one.submit(micro, answer)
    shapes.clear()
    together.set()
    assert [ids(answer) for answer in answers] == expected
    assert (len(QUESTIONS), 1) in shapes


def test_a_section_is_read_between_the_words_of_others(
    new_chat: NewChat, micro: LoadedModel, shapes: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "CHUNK", 16)
    expected = [alone(new_chat(), QUESTIONS[0], 40), alone(new_chat(), QUESTIONS[1])]
    first, second = new_chat(), new_chat(prefixes=PrefixCache(10**9))
    one, begun = Engine(), threading.Event()

    def newcomer() -> Preparation:
        while not begun.is_set():
            yield None
        shapes.clear()
        return (yield from prepared(second, QUESTIONS[1]))

    answers = [new_answer(first, prepared(first, QUESTIONS[0]), 40), new_answer(second, newcomer())]
    for answer in answers:
        one.submit(micro, answer)
    pieces = iter(answers[0])
    heard = [next(what for what in pieces if isinstance(what, int))]
    begun.set()
    heard += [what for what in pieces if isinstance(what, int)]
    assert [heard, ids(answers[1])] == expected
    reading = [at for at, (_, tokens) in enumerate(shapes) if tokens > 1]
    assert len(reading) > 5
    assert all(shapes[at + 1][1] == 1 for at in reading[:-1])  # after each chunk everybody gets a token


def test_what_fails_is_told_to_whom_it_concerns_only(
    new_chat: NewChat, micro: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = alone(new_chat(), QUESTIONS[0])
    together, one = threading.Event(), Engine()
    chats = [new_chat() for _ in range(3)]
    answers = [new_answer(chat, prepared(chat, QUESTIONS[0], together)) for chat in chats]
    unlucky, whole = chats[1]._tail, decoding.step
    longest = len(micro.tokenizer.encode(f" {QUESTIONS[0]} ASSISTANT:")) + 3

    def step(model, batch, seats, tokens) -> torch.Tensor:
        if unlucky in batch.tails and batch.lengths[batch.tails.index(unlucky)] > longest:
            raise MemoryError("no room for this one")
        return whole(model, batch, seats, tokens)

    monkeypatch.setattr(decoding, "step", step)
    for answer in answers:
        one.submit(micro, answer)
    together.set()
    assert ids(answers[0]) == ids(answers[2]) == expected
    with pytest.raises(MemoryError, match="this one"):
        ids(answers[1])


@pytest.mark.parametrize("token", [0, 3])
def test_a_choice_that_fails_harms_nobody(new_chat: NewChat, micro: LoadedModel, token: int) -> None:
    """As when logits are no numbers, at the first token or later."""
    expected, one, together = alone(new_chat(), QUESTIONS[0]), Engine(), threading.Event()
    bad, good = (new_answer(chat, prepared(chat, QUESTIONS[0], together)) for chat in (new_chat(), new_chat()))
    choose = bad.choose

    def fail(logits: torch.Tensor) -> int:
        if len(bad.ids) == token:
            raise ValueError("no numbers")
        return choose(logits)

    bad.choose = fail
    for answer in (bad, good):
        one.submit(micro, answer)
    together.set()
    with pytest.raises(ValueError, match="no numbers"):
        ids(bad)
    assert ids(good) == expected
    later = new_chat()
    assert ids(one.submit(micro, new_answer(later, prepared(later, QUESTIONS[0])))) == expected


def test_a_preparation_that_fails_harms_nobody(new_chat: NewChat, micro: LoadedModel) -> None:
    def broken() -> Preparation:
        yield None
        raise ValueError("cannot be read")

    chat, one = new_chat(), Engine()
    bad = one.submit(micro, new_answer(chat, broken()))
    good = one.submit(micro, new_answer(chat, prepared(chat, QUESTIONS[0])))
    with pytest.raises(ValueError, match="cannot be read"):
        ids(bad)
    assert ids(good) == alone(new_chat(), QUESTIONS[0])


def test_stopping_one_leaves_the_others(new_chat: NewChat, micro: LoadedModel) -> None:
    expected = alone(new_chat(), QUESTIONS[0], 40)
    chats, one, together = [new_chat(), new_chat()], Engine(), threading.Event()
    stopped, other = (new_answer(chat, prepared(chat, QUESTIONS[0], together), 40) for chat in chats)
    for answer in (stopped, other):
        one.submit(micro, answer)
    together.set()
    pieces = iter(stopped)
    assert next(what for what in pieces if isinstance(what, int)) == expected[0]
    stopped.stopping.set()
    with pytest.raises(Stopped):
        list(pieces)
    assert stopped.ids == expected[: len(stopped.ids)]
    assert ids(other) == expected


def test_who_leaves_has_let_go_of_everything(new_chat: NewChat, micro: LoadedModel) -> None:
    chat, one = new_chat(), Engine()
    answer = one.submit(micro, new_answer(chat, prepared(chat, QUESTIONS[0]), 40))
    pieces = iter(answer)
    next(what for what in pieces if isinstance(what, int))
    pieces.close()  # type: ignore[attr-defined]
    words = chat.model.tokenizer.encode(f" {QUESTIONS[0]} ASSISTANT:")
    assert chat._tail.length == len(words) + len(answer.ids) - 1
    assert alone(new_chat(), QUESTIONS[0]) == ids(one.submit(micro, new_answer(chat, prepared(chat, QUESTIONS[0]))))


def test_too_many_are_asked_to_wait(new_chat: NewChat, micro: LoadedModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "MOST_ANSWERS", 2)
    chat, one, together = new_chat(), Engine(), threading.Event()
    answers = [new_answer(chat, prepared(new_chat(), QUESTIONS[0], together)) for _ in range(9)]
    with pytest.raises(BusyError, match="try again"):
        for answer in answers:
            one.submit(micro, answer)
    together.set()
    assert ids(answers[0]) == ids(answers[1])


def test_who_stops_while_waiting_for_a_place_waits_no_longer(
    new_chat: NewChat, micro: LoadedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "MOST_ANSWERS", 1)
    chat, one, together, begun = new_chat(), Engine(), threading.Event(), threading.Event()

    def busy() -> Preparation:
        begun.set()
        return (yield from prepared(chat, QUESTIONS[0], together))

    first = one.submit(micro, new_answer(chat, busy()))
    begun.wait()
    waiting = one.submit(micro, new_answer(new_chat(), prepared(new_chat(), QUESTIONS[0])))
    waiting.stopping.set()
    with pytest.raises(Stopped):  # the only place is still taken
        ids(waiting)
    together.set()
    assert ids(first)


def test_a_program_that_ends_in_the_middle_of_an_answer_ends_cleanly() -> None:
    program = """
import tempfile, threading
from pathlib import Path
from llamavid_demo import MovieChat, load_model, load_movie
from llamavid_demo.settings import ROOT, Settings
settings = Settings(cache_dir=Path(tempfile.mkdtemp()), model=str(ROOT / "assets" / "llama-vid-tiny"))
chat = MovieChat(load_model(settings.model), load_movie(ROOT / "movies" / "the-lost-map"), settings=settings)
pieces = iter(chat.ask("What does the film tell?"))
threading.Thread(target=lambda: (next(pieces), list(pieces))).start()
while not chat.turns or not chat.turns[0].text: pass
"""
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_short_questions_are_read_together_before_the_next_words(
    new_chat: NewChat, micro: LoadedModel, shapes: list[tuple[int, int]]
) -> None:
    together, one = threading.Event(), Engine()

    def newcomer() -> Preparation:
        while not together.is_set():
            yield None
        return (yield from prepared(new_chat(), QUESTIONS[0]))

    answers = [new_answer(chat, prepared(chat, QUESTIONS[0]), 40) for chat in [new_chat()]]
    answers += [new_answer(new_chat(), newcomer()) for _ in range(3)]
    for answer in answers:
        one.submit(micro, answer)
    pieces = iter(answers[0])
    next(what for what in pieces if isinstance(what, int))
    shapes.clear()
    together.set()
    assert len({tuple(ids(answer)) for answer in answers[1:]}) == 1
    assert len(list(pieces)) == 39
    reading = [at for at, (_, tokens) in enumerate(shapes) if tokens > 1]
    assert reading == list(range(reading[0], reading[0] + 3))


def test_other_work_is_done_between_the_words(new_chat: NewChat, micro: LoadedModel) -> None:
    expected, chat, one = alone(new_chat(), QUESTIONS[0], 40), new_chat(), Engine()
    pieces = iter(one.submit(micro, new_answer(chat, prepared(chat, QUESTIONS[0]), 40)))
    heard = [next(what for what in pieces if isinstance(what, int))]
    assert one.compute(micro, lambda: threading.current_thread().name) == "engine"
    with pytest.raises(MemoryError, match="no room"):
        one.compute(micro, no_room)
    assert heard + [what for what in pieces if isinstance(what, int)] == expected
    assert one.compute(micro, lambda: "also when nobody is answered") == "also when nobody is answered"


def no_room() -> None:
    raise MemoryError("no room")
