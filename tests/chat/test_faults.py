"""Whatever fails in one of eight conversations, the others end as they would alone; nobody waits for ever."""

import gc
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest

from llamavid_demo.chat import MovieChat, decoding, turn_task
from llamavid_demo.chat.conversation_cache import ConversationCache
from llamavid_demo.chat.prefixes import PrefixCache
from llamavid_demo.chat.progress import Progress
from llamavid_demo.chat.running_batch import RunningBatch
from llamavid_demo.chat.scheduler import Scheduler, scheduler_of
from llamavid_demo.chat.section_reader import SectionReader
from llamavid_demo.chat.task import Priority, Steps, Task, Urgency
from llamavid_demo.chat.turn import Told, Turn
from llamavid_demo.chat.turn_task import TurnTask
from llamavid_demo.model.llama_vid.loaded import GuidedFrames, LoadedLlamaVid
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.model.tail import TailBatch
from llamavid_demo.settings import Settings
from tests.chat.conftest import FIRST, NewChat

EIGHT = 8
VICTIM = 3


class InjectedError(Exception):
    """What a test makes fail."""


class Once:
    """Makes a function fail once, at its call number `at`."""

    def __init__(self, whole: Callable, at: int) -> None:
        self.whole, self.left = whole, at

    def __get__(self, instance: object, _owner: type | None = None) -> Callable:
        return self if instance is None else partial(self, instance)

    def __call__(self, *args: object, **options: object) -> object:
        if self.left:
            self.left -= 1
            if not self.left:
                raise InjectedError
        return self.whole(*args, **options)


# Where it fails, and at which call.
STAGES: dict[str, tuple[object, str, int]] = {
    "admission": (TurnTask, "admit", 3),
    "a place in the batch": (RunningBatch, "make_room", 3),
    "the first step": (TurnTask, "turn_steps", 3),
    "taking the section": (SectionReader, "take", 3),
    "frame tokens": (LoadedLlamaVid, "frame_tokens", 1),
    "prefill": (LoadedModel, "fill", 2),
    "second look": (GuidedFrames, "look_again", 3),
    "context tokens": (LoadedLlamaVid, "context_tokens", 3),
    "embeddings": (GuidedFrames, "embed_words", 3),
    "words": (turn_task, "read", 3),
    "joining": (TailBatch, "join", 3),
    "leaving": (TailBatch, "leave", 3),
    "resting": (ConversationCache, "rest", 3),
    "giving back": (PrefixCache, "give_back", 3),
    "bookkeeping of places": (Scheduler, "_tell_places", 5),
    "bookkeeping of stops": (Scheduler, "_end_stopped", 5),
}


@pytest.fixture
def chats(new_chat: NewChat, settings: Settings) -> list[MovieChat]:
    chosen = settings.model_copy(update={"guide": "ahead", "look_frames": 2, "max_new_tokens": 12})
    prefixes = PrefixCache(10**9)
    return [new_chat(settings=chosen, prefixes=prefixes) for _ in range(EIGHT)]


def outcomes(chats: list[MovieChat], ask: Callable[[MovieChat], str]) -> list[str | BaseException]:
    """Text or error of every conversation, all at once."""

    def one(chat: MovieChat) -> str | BaseException:
        try:
            return ask(chat)
        except InjectedError as error:
            return error

    with ThreadPoolExecutor(EIGHT) as pool:
        return list(pool.map(one, chats))


def text(chat: MovieChat) -> str:
    return chat.ask(FIRST).finish().text


@pytest.fixture
def expected(new_chat: NewChat, chats: list[MovieChat], tmp_path: Path) -> str:
    elsewhere = chats[0].settings.model_copy(update={"cache_dir": tmp_path / "elsewhere"})
    return text(new_chat(settings=elsewhere, prefixes=PrefixCache(10**9)))


@pytest.mark.parametrize("stage", STAGES)
def test_seven_of_eight_end_as_they_would_alone(
    chats: list[MovieChat], expected: str, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    monkeypatch.setattr(decoding, "CHUNK", 32)
    owner, name, at = STAGES[stage]
    once = Once(getattr(owner, name), at=at)
    monkeypatch.setattr(owner, name, once)
    found = outcomes(chats, text)
    assert not once.left
    failed = [outcome for outcome in found if isinstance(outcome, InjectedError)]
    assert len(failed) == (0 if stage.startswith("bookkeeping") else 1)
    assert [outcome for outcome in found if isinstance(outcome, str)] == [expected] * (EIGHT - len(failed))
    monkeypatch.undo()
    assert outcomes(chats, lambda chat: "kept" if chat.turns else "lost") == [
        "lost" if isinstance(outcome, InjectedError) else "kept" for outcome in found
    ]
    assert [text(chat) for chat in chats if not chat.turns] == [expected] * len(failed)  # it can be asked again


@pytest.mark.parametrize("token", [0, 4])
def test_a_choice_that_fails_concerns_one(
    chats: list[MovieChat], expected: str, monkeypatch: pytest.MonkeyPatch, token: int
) -> None:
    """As when logits are no numbers, at the first token or later."""
    write, victim = RunningBatch._write, chats[VICTIM]._conversation.tail

    def fail(batch, answer, logits):
        if len(answer.ids) == token and answer.reading.tail is victim:
            raise InjectedError
        return write(batch, answer, logits)

    monkeypatch.setattr(RunningBatch, "_write", fail)
    found = outcomes(chats, text)
    assert isinstance(found.pop(VICTIM), InjectedError)
    assert found == [expected] * (EIGHT - 1)


def test_a_step_that_always_fails_with_one_ends_only_that_one(
    chats: list[MovieChat], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, victim = decoding.step, chats[VICTIM]._conversation.tail

    def step(model, batch, rows, tokens):
        if victim in batch.tails:
            raise InjectedError
        return whole(model, batch, rows, tokens)

    monkeypatch.setattr(decoding, "step", step)
    found = outcomes(chats, text)
    assert isinstance(found.pop(VICTIM), InjectedError)
    assert found == [expected] * (EIGHT - 1)


def test_a_tokenizer_or_a_callback_that_fails_concerns_one(
    chats: list[MovieChat], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = Turn.grow

    def broken(*_given: object, **_options: object) -> None:
        raise InjectedError

    def grow(turn: Turn, text: str, *, last: bool = False) -> Told:
        if any(turn is other for other in chats[VICTIM + 1].turns):
            raise InjectedError
        return whole(turn, text, last=last)

    chats[VICTIM]._progress = broken
    monkeypatch.setattr(Turn, "grow", grow)
    found = outcomes(chats, text)
    for number in (VICTIM, VICTIM + 1):
        assert isinstance(found[number], InjectedError)
    assert [outcome for outcome in found if isinstance(outcome, str)] == [expected] * (EIGHT - 2)


def test_a_loop_that_fails_for_good_says_so_and_the_next_question_is_answered(
    chats: list[MovieChat], expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_args: object) -> None:
        raise InjectedError("no more")

    scheduler = scheduler_of(chats[0].model)
    monkeypatch.setattr(Scheduler, "_admit", broken)
    assert all(isinstance(outcome, InjectedError) for outcome in outcomes(chats, text))
    assert scheduler.trouble == "InjectedError: no more"
    monkeypatch.undo()
    assert text(chats[0]) == expected


def abandon(heard: Iterator[object], *others: object) -> None:
    """Hear something, then leave it to the collector, which alone finds it."""
    next(heard)
    ring: list[object] = [heard, *others]
    ring.append(ring)


def test_what_is_abandoned_and_collected_in_the_schedulers_own_thread_keeps_nobody_waiting(
    chats: list[MovieChat], new_chat: NewChat, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, scheduler = decoding.step, scheduler_of(chats[0].model)

    def steps() -> Steps[None]:
        while True:
            gc.collect()
            yield Progress("words", 1, 1)

    def step(model, batch, rows, tokens):
        gc.collect()
        return whole(model, batch, rows, tokens)

    monkeypatch.setattr(decoding, "step", step)

    def leave() -> None:
        for _ in range(500):
            abandon(scheduler.submit(Task(steps, urgency=Urgency(Priority.READ))).heard())
        for _ in range(20):
            chat = new_chat(settings=chats[0].settings, prefixes=chats[0]._reader.prefixes)
            abandon(chat.ask(FIRST).events(), chat)

    gc.collect()
    gc.freeze()  # what is there already need not be looked through each time
    try:
        leaver = threading.Thread(target=leave, daemon=True)
        leaver.start()
        leaver.join(300)
        assert not leaver.is_alive()
        assert outcomes(chats, text) == [expected] * EIGHT
    finally:
        gc.unfreeze()
