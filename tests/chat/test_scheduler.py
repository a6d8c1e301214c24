"""One scheduler for all conversations: together they are answered as they would be alone, and none harms another."""

import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from functools import partial

import pytest
import torch

from llamavid_demo.chat import MovieChat, decoding
from llamavid_demo.chat.answer import Answer
from llamavid_demo.chat.decoding import Sampling
from llamavid_demo.chat.prefixes import PrefixCache
from llamavid_demo.chat.progress import Progress
from llamavid_demo.chat.scheduler import Scheduler
from llamavid_demo.chat.task import Priority, Steps, Stopped, Task, Urgency
from llamavid_demo.chat.turn import Turn
from llamavid_demo.chat.turn_task import TurnTask
from llamavid_demo.errors import BusyError, MemoryLimitError
from llamavid_demo.model.attention import TailReading
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.settings import ROOT
from tests.chat.conftest import NewChat

QUESTIONS = ["What color is the car?", "Where does the story begin?", "Who speaks?", "What color is the car?"]
Begin = Callable[[], Steps[tuple[TailReading, torch.Tensor]]]


@pytest.fixture
def shapes(micro: LoadedModel) -> Iterator[list[tuple[int, int]]]:
    """Rows and tokens of each pass through the LLaMA, in order."""
    passed: list[tuple[int, int]] = []

    def note(_module: object, _args: tuple, kwargs: dict) -> None:
        passed.append(tuple(kwargs["inputs_embeds"].shape[:2]))  # type: ignore[arg-type]

    hook = micro.network.llama.model.register_forward_pre_hook(note, with_kwargs=True)
    yield passed
    hook.remove()


@pytest.fixture
def one(micro: LoadedModel) -> Scheduler:
    return Scheduler(micro)


def turn_task(chat: MovieChat, question: str, tokens: int = 12) -> TurnTask:
    return chat._work(Turn(question), [], Sampling(max_new_tokens=tokens))


def new_answer(
    chat: MovieChat, question: str = QUESTIONS[0], tokens: int = 12, *, when: threading.Event | None = None
) -> Answer:
    """A chat's answer to a question; with `when` its words are read only when that is set."""
    chat.turns = [Turn(question)]
    answer = chat._queued(turn_task(chat, question, tokens), Sampling(max_new_tokens=tokens))
    begin = answer.begin

    def waits() -> Steps[tuple[TailReading, torch.Tensor]]:
        while when is not None and not when.is_set():
            yield None
        return (yield from begin())

    answer.begin = waits
    return answer


def ids(task: Task) -> list[int]:
    return [what for told in task.heard() for what in told if isinstance(what, int)]


def alone(chat: MovieChat, question: str = QUESTIONS[0], tokens: int = 12) -> list[int]:
    return ids(Scheduler(chat.model).submit(new_answer(chat, question, tokens)))


def next_id(heard: Iterator[list[object]]) -> int:
    return next(what for told in heard for what in told if isinstance(what, int) and not isinstance(what, Priority))


def test_answers_together_are_those_alone(new_chat: NewChat, one: Scheduler, shapes: list[tuple[int, int]]) -> None:
    expected = [alone(new_chat(), question) for question in QUESTIONS]
    together = threading.Event()
    answers = [new_answer(new_chat(), question, when=together) for question in QUESTIONS]
    for answer in answers:
        one.submit(answer)
    shapes.clear()
    together.set()
    assert [ids(answer) for answer in answers] == expected
    assert (len(QUESTIONS), 1) in shapes


def test_a_section_is_read_between_the_words_of_others(
    new_chat: NewChat, one: Scheduler, shapes: list[tuple[int, int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "CHUNK", 16)
    expected = [alone(new_chat(), QUESTIONS[0], 40), alone(new_chat(), QUESTIONS[1])]
    begun = threading.Event()
    first = one.submit(new_answer(new_chat(), QUESTIONS[0], 40))
    second = one.submit(new_answer(new_chat(prefixes=PrefixCache(10**9)), QUESTIONS[1], when=begun))
    heard = first.heard()
    said = [next_id(heard)]
    shapes.clear()
    begun.set()
    said += [what for told in heard for what in told if isinstance(what, int)]
    assert [said, ids(second)] == expected
    reading = [at for at, (_, tokens) in enumerate(shapes) if tokens > 1]
    assert len(reading) > 5
    assert all(shapes[at + 1][1] == 1 for at in reading[:-1])  # after each chunk everybody gets a token


def in_order(one: Scheduler, priorities: list[Priority], chunks: int) -> list[int]:
    """Numbers of tasks of so many chunks in the order in which they were computed, all submitted at once."""
    order: list[int] = []

    def work(number: int) -> Steps[None]:
        for _ in range(chunks):
            order.append(number)
            yield decoding.CHUNK

    tasks = [Task(partial(work, number), urgency=Urgency(priority)) for number, priority in enumerate(priorities)]
    one.compute(lambda: [one.submit(task) for task in tasks])
    for task in tasks:
        list(task.heard())
    return order


def test_the_most_urgent_goes_first(one: Scheduler) -> None:
    assert in_order(one, [Priority.AHEAD, Priority.READ, Priority.LOOK, Priority.QUESTION], 2) == [
        3,
        3,
        2,
        2,
        1,
        1,
        0,
        0,
    ]


def test_of_equals_the_one_that_was_served_least_goes_first(one: Scheduler) -> None:
    assert in_order(one, [Priority.READ] * 3, 2) == [0, 1, 2, 0, 1, 2]


def test_nothing_is_read_ahead_while_somebody_is_answered(new_chat: NewChat, one: Scheduler) -> None:
    answer = one.submit(new_answer(new_chat(), tokens=30))
    heard = answer.heard()
    next_id(heard)
    written: list[int] = []

    def ahead() -> Steps[None]:
        written.append(len(answer.ids))
        yield None

    task = one.submit(Task(ahead, urgency=Urgency(Priority.AHEAD)))
    list(heard)
    list(task.heard())
    assert written == [30]


def test_a_step_that_fails_ends_the_answer_that_it_concerns_only(
    new_chat: NewChat, one: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, together = alone(new_chat()), threading.Event()
    chats = [new_chat() for _ in range(3)]
    answers = [new_answer(chat, when=together) for chat in chats]
    unlucky, whole = chats[1]._conversation.tail, decoding.step

    def step(model, batch, rows, tokens) -> torch.Tensor:
        if unlucky in batch.tails and len(answers[1].ids) > 3:
            raise ValueError("not this one")
        return whole(model, batch, rows, tokens)

    monkeypatch.setattr(decoding, "step", step)
    for answer in answers:
        one.submit(answer)
    together.set()
    assert ids(answers[0]) == ids(answers[2]) == expected
    with pytest.raises(ValueError, match="this one"):
        ids(answers[1])


def test_memory_that_ran_out_is_freed_and_tried_once_more(
    new_chat: NewChat, one: Scheduler, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected, whole, failures = alone(new_chat()), decoding.step, [torch.OutOfMemoryError("once")]

    def step(model, batch, rows, tokens) -> torch.Tensor:
        if failures:
            raise failures.pop()
        return whole(model, batch, rows, tokens)

    monkeypatch.setattr(decoding, "step", step)
    assert ids(one.submit(new_answer(new_chat()))) == expected
    failures += [torch.OutOfMemoryError("again"), torch.OutOfMemoryError("and again")]
    with pytest.raises(MemoryLimitError, match=r"memory ran out .*: choose shorter sections"):
        ids(one.submit(new_answer(new_chat())))


def test_stopping_one_leaves_the_others(new_chat: NewChat, one: Scheduler) -> None:
    expected, together = alone(new_chat(), tokens=40), threading.Event()
    stopped, other = (one.submit(new_answer(new_chat(), tokens=40, when=together)) for _ in range(2))
    together.set()
    heard = stopped.heard()
    assert next_id(heard) == expected[0]
    stopped.stop()
    with pytest.raises(Stopped):
        list(heard)
    assert stopped.ids == expected[: len(stopped.ids)]
    assert ids(other) == expected


def test_whoever_leaves_can_ask_again_at_once(new_chat: NewChat, one: Scheduler) -> None:
    chat = new_chat()
    heard = one.submit(new_answer(chat, tokens=40)).heard()
    next_id(heard)
    heard.close()  # the answer may still be in the batch
    assert ids(one.submit(new_answer(chat, QUESTIONS[1]))) == alone(new_chat(), QUESTIONS[1])


def test_who_does_not_fit_waits_in_a_queue_and_knows_the_place(new_chat: NewChat, one: Scheduler) -> None:
    together = threading.Event()
    answers = [new_answer(new_chat(), when=together) for _ in range(4)]
    for answer in answers:
        answer.at_once, answer.queue_length = 1, 2
    heard = [answer.heard() for answer in answers]
    one.compute(lambda: [one.submit(answer) for answer in answers])
    assert [next(heard[place]) for place in (1, 2)] == [[Progress("queue", 1, 2)], [Progress("queue", 2, 2)]]
    with pytest.raises(BusyError, match="2 questions wait already: try again in a moment"):
        list(heard[3])
    answers[1].stop()
    with pytest.raises(Stopped):  # the only place is still taken
        list(heard[1])
    assert next(heard[2]) == [Progress("queue", 1, 1)]
    together.set()
    assert ids(answers[0]) == ids(answers[2]) == alone(new_chat())


def test_who_waits_knows_for_how_long_once_an_answer_has_ended(new_chat: NewChat, one: Scheduler) -> None:
    ids(one.submit(new_answer(new_chat())))
    together = threading.Event()
    answers = [new_answer(new_chat(), when=together) for _ in range(3)]
    for answer in answers:
        answer.at_once = 1
    heard = [answer.heard() for answer in answers]
    one.compute(lambda: [one.submit(answer) for answer in answers])
    ((first,), (second,)) = (next(heard[place]) for place in (1, 2))
    assert isinstance(first, Progress) and isinstance(second, Progress)
    assert first.seconds is not None and second.seconds is not None
    assert 0 <= first.seconds < second.seconds
    together.set()
    for rest in heard:
        list(rest)


def test_other_work_is_done_between_the_words(new_chat: NewChat, one: Scheduler) -> None:
    expected = alone(new_chat(), tokens=40)
    heard = one.submit(new_answer(new_chat(), tokens=40)).heard()
    said = [next_id(heard)]
    assert one.compute(lambda: threading.current_thread().name) == "scheduler"
    with pytest.raises(ValueError, match="cannot be read"):
        one.compute(unreadable)
    assert said + [what for told in heard for what in told if isinstance(what, int)] == expected
    assert one.compute(lambda: "also when nobody is answered") == "also when nobody is answered"


def unreadable() -> None:
    raise ValueError("cannot be read")


def test_short_questions_are_read_together_before_the_next_words(
    new_chat: NewChat, one: Scheduler, shapes: list[tuple[int, int]]
) -> None:
    alone(new_chat())  # the section is read
    together = threading.Event()
    first = one.submit(new_answer(new_chat(), tokens=40))
    heard = first.heard()
    next_id(heard)
    others = [new_answer(new_chat()) for _ in range(3)]

    def submit_all() -> None:
        for answer in others:
            one.submit(answer)
        shapes.clear()

    one.compute(submit_all)
    together.set()
    assert len({tuple(ids(answer)) for answer in others}) == 1
    list(heard)
    reading = [at for at, (_, tokens) in enumerate(shapes) if tokens > 1]
    assert reading == list(range(reading[0], reading[0] + 3))


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
