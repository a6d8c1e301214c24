"""Memory is admitted before it is taken: who does not fit waits, makes idle sections leave, or is told so in words."""

import gc
import threading
import weakref
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_map_only
from torch.utils.weak import WeakIdKeyDictionary
from transformers import LlamaConfig

from bench.random_model import MIDSIZE, random_model
from bench.stored_film import stored_film
from llamavid_demo.chat import MovieChat, Progress
from llamavid_demo.chat.decoding import Sampling
from llamavid_demo.chat.ledger import Bytes, Ledger
from llamavid_demo.chat.memory import count_model
from llamavid_demo.chat.prefixes import CPU, PrefixCache
from llamavid_demo.chat.scheduler import Scheduler, scheduler_of
from llamavid_demo.chat.sizes import weight_bytes
from llamavid_demo.chat.task import Task
from llamavid_demo.chat.turn import Turn
from llamavid_demo.errors import MemoryLimitError
from llamavid_demo.settings import Settings
from tests.chat.conftest import FIRST, SECOND, NewChat


def ten(count: int) -> Bytes:
    return {CPU: 10 * count}


def test_who_rested_longest_leaves_first_and_none_in_vain() -> None:
    ledger, left = Ledger({CPU: 30}), list[str]()
    for name in "abc":
        assert ledger.admit(name, ten(1))
    for name in "ba":
        ledger.rest(name, lambda name=name: left.append(name))  # type: ignore[misc]
    assert not ledger.admit("d", ten(3)) and not left
    assert ledger.admit("d", ten(1)) and left == ["b"]
    assert ledger.use("a") and not ledger.admit("e", ten(1))
    ledger.release("c")
    assert ledger.admit("e", ten(1)) and ledger.peak[CPU] == 30 and left == ["b"]


def test_an_account_may_grow_and_shrink() -> None:
    ledger = Ledger({CPU: 30})
    assert ledger.admit("a", ten(1)) and ledger.admit("a", ten(3)) and not ledger.admit("b", ten(1))
    assert ledger.admit("a", ten(2)) and ledger.admit("b", ten(1))
    assert (ledger.used(CPU), ledger.free(CPU), ledger.free(CPU, at_most=True)) == (30, 0, 30)


def test_what_is_fixed_counts_and_never_leaves() -> None:
    ledger = Ledger({CPU: 30})
    ledger.fix("weights", ten(2))
    assert ledger.lacks(ten(2)) == CPU and ledger.lacks(ten(1)) is None
    ledger.close("weights")  # as when its model is collected
    assert ledger.lacks(ten(3)) is None and ledger.admit("a", ten(3))


def test_whoever_waits_is_told_of_room() -> None:
    ledger, told = Ledger({CPU: 10}), list[int]()
    ledger.admit("a", ten(1))
    ledger.when_released(lambda: told.append(1))
    ledger.release("a")
    ledger.release("a")
    assert told == [1]


def test_idle_sections_leave_for_others_and_the_limit_holds(new_chat: NewChat, settings: Settings) -> None:
    prefixes = PrefixCache(10**9)
    one, other = (new_chat(prefixes=prefixes) for _ in range(2))
    first = one.ask(FIRST).finish().text
    alone = prefixes.ledger.peak[CPU]
    second = other.ask(SECOND).finish().text
    assert len(prefixes) == 2
    narrow = PrefixCache(10**9, ledger=Ledger({CPU: int(1.02 * alone)}))
    one, other = (new_chat(prefixes=narrow) for _ in range(2))
    assert (one.ask(FIRST).finish().text, other.ask(SECOND).finish().text) == (first, second)
    assert len(narrow) == 1  # that of the first question has left
    assert narrow.ledger.peak[CPU] <= 1.02 * alone
    one.undo()
    assert one.ask(FIRST).finish().text == first


def test_a_section_that_can_never_fit_is_refused_in_a_sentence(new_chat: NewChat) -> None:
    chat = new_chat(prefixes=PrefixCache(10**9, ledger=Ledger({CPU: 1000})))
    with pytest.raises(MemoryLimitError, match=r"section of 0:12 needs .* GiB .* 0\.00 GiB are left .*choose shorter"):
        chat.ask(FIRST).finish()
    assert chat.turns == []
    ahead = new_chat(settings=chat.settings.model_copy(update={"guide": "ahead"}), prefixes=chat._reader.prefixes)
    with pytest.raises(MemoryLimitError, match="choose shorter"):
        list(ahead.read_ahead(threading.Event()))


def test_who_does_not_fit_beside_the_others_waits_for_them(new_chat: NewChat) -> None:
    whole = PrefixCache(10**9)
    expected = [new_chat(prefixes=whole).ask(question).finish().text for question in (FIRST, SECOND)]
    limit = Ledger()
    new_chat(prefixes=PrefixCache(10**9, ledger=limit)).ask(FIRST).finish()
    narrow = PrefixCache(10**9, ledger=Ledger({CPU: int(1.02 * limit.peak[CPU])}))
    chats, heard, work = [new_chat(prefixes=narrow) for _ in range(2)], list[list[object]](), list[Task]()
    for chat, question in zip(chats, (FIRST, SECOND), strict=True):
        chat.turns = [Turn(question)]
        sampling = Sampling(max_new_tokens=8)
        work.append(chat._queued(chat._work(chat.turns[0], [], sampling), sampling))
    scheduler = scheduler_of(chats[0].model)
    scheduler.compute(lambda: [scheduler.submit(answer) for answer in work])
    heard = [[what for told in answer.heard() for what in told] for answer in work]
    assert heard[1][0] == Progress("queue", 1, 1)
    decode = chats[0].model.tokenizer.decode
    assert [decode([what for what in told if isinstance(what, int)]).strip() for told in heard] == expected
    assert narrow.ledger.peak[CPU] <= 1.02 * limit.peak[CPU]


def test_reading_ahead_makes_way_for_a_question(new_chat: NewChat, settings: Settings) -> None:
    ahead = settings.model_copy(update={"guide": "ahead"})
    limit = Ledger()
    new_chat(prefixes=PrefixCache(10**9, ledger=limit)).ask(FIRST).finish()
    narrow = PrefixCache(10**9, ledger=Ledger({CPU: int(1.02 * limit.peak[CPU])}))
    reading = new_chat(settings=ahead, prefixes=narrow).read_ahead(threading.Event())
    asking = new_chat(prefixes=narrow)
    next(reading)
    assert asking.ask(FIRST).finish().finished == "length"
    assert list(reading)[-1].stage == "prefill"  # it went on afterwards
    assert narrow.ledger.peak[CPU] <= 1.02 * limit.peak[CPU]


def test_a_conversation_that_is_gone_is_counted_no_more(new_chat: NewChat, request: pytest.FixtureRequest) -> None:
    prefixes = PrefixCache(10**9)
    chat = new_chat(prefixes=prefixes)
    chat.ask(FIRST).finish()
    before = prefixes.ledger.used(CPU)
    gc.collect()
    gc.disable()  # at once, not when Python looks for cycles: others may wait for the memory
    request.addfinalizer(gc.enable)
    scheduler, kept = scheduler_of(chat.model), weakref.ref(chat._conversation)
    del chat
    scheduler.compute(lambda: None)
    assert kept() is None
    assert 0 < prefixes.ledger.used(CPU) < before


def test_a_conversation_at_rest_counts_as_what_it_holds(new_chat: NewChat) -> None:
    chat = new_chat(prefixes=PrefixCache(10**9))
    # Admitted for as long an answer, and stopped long before.
    told = chat.ask(FIRST, max_new_tokens=500).events(every=0)
    next(what for what in told if any(isinstance(piece, str) for piece in what))
    told.close()
    scheduler_of(chat.model).compute(lambda: None)
    held = chat._conversation.tail.nbytes
    assert held and chat._reader.prefixes.ledger._accounts[chat._conversation.account] == {CPU: held}


class LiveBytes(TorchDispatchMode):
    """Counts the bytes of tensors that are made while it is on, until they are freed."""

    def __init__(self, known: list[torch.Tensor]) -> None:
        super().__init__()
        self.now = self.peak = 0
        self._seen = WeakIdKeyDictionary()
        for tensor in known:
            self._seen[tensor.untyped_storage()] = True

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        out = func(*args, **(kwargs or {}))
        tree_map_only(torch.Tensor, self._count, out)
        return out

    def _count(self, tensor: torch.Tensor) -> None:
        if tensor.is_mkldnn or tensor.untyped_storage() in self._seen:
            return
        storage = tensor.untyped_storage()
        self._seen[storage] = True
        self.now += storage.nbytes()
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._free, storage.nbytes())

    def _free(self, nbytes: int) -> None:
        self.now -= nbytes


DEEP = replace(
    MIDSIZE,
    vision=replace(MIDSIZE.vision, width=64, mlp=64),
    llama=LlamaConfig(
        vocab_size=1313, hidden_size=256, intermediate_size=512, num_hidden_layers=12, num_attention_heads=4,
        num_key_value_heads=4, max_position_embeddings=65536,
    ),
)  # fmt: skip


def test_the_ledger_counts_what_is_really_taken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seven are answered about a film while an eighth has another one read."""
    model, ledger = random_model(DEEP), Ledger()
    count_model(ledger, model)
    prefixes = PrefixCache(1 << 40, ledger=ledger)
    films = [stored_film(model, frames, tmp_path / str(frames)) for frames in (300, 301)]
    chats = [
        MovieChat(model, movie, settings=settings.model_copy(update={"guide": "ahead"}), prefixes=prefixes)
        for movie, settings in films
        for _ in range(7)
    ][:8]
    network = [tensor for tensor in (*model.network.parameters(), *model.network.buffers()) if not tensor.is_mkldnn]
    live = LiveBytes([*network, *(part for chat in chats for part in chat._encoded.parts)])
    whole = Scheduler._round

    def counted(scheduler, batch):
        with live:
            return whole(scheduler, batch)

    monkeypatch.setattr(Scheduler, "_round", counted)
    events = [chat.ask(FIRST, max_new_tokens=24).events(every=0) for chat in chats[:7]]
    for told in events:
        next(what for what in told if any(isinstance(piece, str) for piece in what))
    chats[7].ask(FIRST, max_new_tokens=8).finish()
    for told in events:
        list(told)
    taken = live.peak + sum(weight_bytes(model).values())
    assert 0.9 * ledger.peak[CPU] <= taken <= ledger.peak[CPU]
