"""Conversations with LLaVA-Mini: the same engine, and answers as when everything is read anew for each word."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from llamavid_demo.chat import MovieChat
from llamavid_demo.chat.prefixes import PrefixCache
from llamavid_demo.film import Movie
from llamavid_demo.model.llava_mini.fused_frames import FusedFrames
from llamavid_demo.model.llava_mini.loaded import LoadedLlavaMini
from llamavid_demo.model.llava_mini.sequence import fused_slots
from llamavid_demo.model.load import load_model
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.model.prompt import FRAME, Answers
from llamavid_demo.settings import Settings
from tests.chat.conftest import FIRST, SECOND, TokenCounter

GOLDEN = Path(__file__).parent.parent / "golden" / "llava_mini"


@pytest.fixture(scope="module")
def mini() -> LoadedLlavaMini:
    model = load_model(GOLDEN / "ckpt", vision_tower=GOLDEN / "clip", device="cpu", quantization="none")
    assert isinstance(model, LoadedLlavaMini)
    return model


@pytest.fixture
def new_chat(mini: LoadedLlavaMini, film: Movie, settings: Settings) -> Callable[..., MovieChat]:
    prefixes = PrefixCache(10**9)

    def make(**options: Any) -> MovieChat:
        chosen = settings.model_copy(update=options.pop("settings", {}))
        return MovieChat(mini, film, **{"settings": chosen, "prefixes": prefixes, **options})

    return make


@torch.no_grad()
def uncached_answer(
    chat: MovieChat, turns: list[tuple[str, str | None]], answers: Answers, *, until: float | None = None
) -> str:
    """Opening and words fused at once, as the original does, then everything read again for each token."""
    model, view = chat.model, chat._reader.view(until)
    network, prompt = model.network, view.reader.prompt
    words, table = model.words(view.last_cues, turns, answers=answers), network.llama.get_input_embeddings()
    opening = torch.tensor(prompt.ids[: prompt.ids.index(FRAME)])
    ids = torch.tensor([*prompt.ids, *(word.id for word in words)])
    slots = torch.zeros(len(ids), dtype=torch.bool)
    slots[: len(opening)] = fused_slots(opening)
    slots[len(prompt.ids) :] = torch.tensor([word.fused for word in words])
    fused = network.fuse(table(ids[slots]), network.see_batches([torch.cat(view.reader.encoded.parts)]))
    embeds = table(ids.clamp(min=0))
    embeds[slots] = fused.text
    embeds[ids == FRAME] = fused.compressed.flatten(0, 1)
    said: list[int] = []
    while len(said) < 8:
        every = torch.cat([embeds, table(torch.tensor(said, dtype=torch.long))])
        logits = network.llama(inputs_embeds=every[None], use_cache=False).logits
        if (token := int(logits[0, -1].argmax())) == model.tokenizer.eos:
            break
        said.append(token)
    return model.tokenizer.decode(said)


@pytest.mark.parametrize("prefix_gb", [1e-9, 1.0])
@pytest.mark.parametrize("answers", ["fused", "raw"])
def test_greedy_answers_equal_uncached_ones(
    new_chat: Callable[..., MovieChat], answers: Answers, prefix_gb: float
) -> None:
    chat = new_chat(settings={"answers": answers, "prefix_gb": prefix_gb})
    turns: list[tuple[str, str | None]] = []
    for question in (FIRST, SECOND, "And then?"):
        text = chat.ask(question).finish().text
        assert text and text == uncached_answer(chat, [*turns, (question, None)], answers)
        turns.append((question, text))


def test_a_question_costs_its_own_words(new_chat: Callable[..., MovieChat], mini: LoadedLlavaMini) -> None:
    chat = new_chat(settings={"answers": "raw"})
    counter, read = TokenCounter(mini), []
    hook = mini.network.prefusion.register_forward_pre_hook(lambda _m, args: read.append(args[0].shape[:2].numel()))
    first = chat.ask(FIRST).finish()
    assert first.stats is not None
    counter.tokens = counter.frames = 0
    read.clear()
    second = chat.ask(SECOND, max_new_tokens=4).finish()
    for each in (*counter.hooks, hook):
        each.remove()
    assert second.stats is not None and counter.frames == 0
    own = second.stats.prompt_tokens - second.stats.reused_tokens
    assert counter.tokens == own + second.stats.new_tokens - 1
    assert own < 50 and sum(read) <= own * 12, "the film has 12 frames"


def test_another_conversation_shares_the_section(new_chat: Callable[..., MovieChat]) -> None:
    first, other = new_chat(), new_chat()
    text = first.ask(FIRST).finish().text
    turn = other.ask(SECOND).finish()
    assert turn.stats is not None and turn.stats.reused_tokens == len(first._reader.prompt.ids)
    assert turn.text == uncached_answer(other, [(SECOND, None)], "fused")
    assert other.undo() is None and other.ask(FIRST).finish().text == text


def test_no_spoilers_is_a_film_that_ends_there(new_chat: Callable[..., MovieChat]) -> None:
    chat = new_chat()
    chat.ask(FIRST).finish()
    text = chat.ask(SECOND, until=7.0).finish().text
    turns = [(FIRST, chat.turns[0].text), (SECOND, None)]
    assert text == uncached_answer(chat, turns, "fused", until=7.0)
    assert all(moment.seconds < 7 for moment in chat.turns[-1].evidence)


def test_retry_undo_and_an_earlier_conversation(new_chat: Callable[..., MovieChat]) -> None:
    chat = new_chat()
    first, second = (chat.ask(question).finish().text for question in (FIRST, SECOND))
    assert chat.retry(temperature=0).finish().text == second
    chat.undo()
    assert chat.ask(SECOND).finish().text == second
    assert new_chat(history=[(FIRST, first)]).ask(SECOND).finish().text == second


def test_its_sections_are_read_ahead_too(new_chat: Callable[..., MovieChat]) -> None:
    chat = new_chat()
    expected = chat.ask(FIRST).finish().text
    other = new_chat(prefixes=PrefixCache(10**9))
    assert other.reads_ahead and {step.stage for step in other.read_ahead(threading.Event())} >= {"prefill"}
    turn = other.ask(FIRST).finish()
    assert turn.text == expected
    assert turn.stats is not None and turn.stats.reused_tokens == len(other._reader.prompt.ids)


def test_frame_tokens_come_from_the_disk(new_chat: Callable[..., MovieChat], mini: LoadedLlavaMini) -> None:
    before = new_chat().ask(FIRST).finish().text
    counter = TokenCounter(mini)
    again = new_chat(prefixes=PrefixCache(10**9)).ask(FIRST).finish().text
    for hook in counter.hooks:
        hook.remove()
    assert again == before and counter.frames == 0


def test_evidence_and_heat_map(new_chat: Callable[..., MovieChat], mini: LoadedLlavaMini) -> None:
    chat = new_chat()
    turn = chat.ask(FIRST).finish()
    assert turn.evidence
    heat = chat.heat_map(turn.evidence[0].seconds)
    assert heat.shape == (4, 4) and float(heat.sum()) == pytest.approx(1)
    chat.ask("And then?").finish()
    assert not torch.allclose(chat.heat_map(turn.evidence[0].seconds), heat)


def test_only_frames_that_words_still_read_are_held(
    new_chat: Callable[..., MovieChat], micro: LoadedModel, film: Movie, settings: Settings
) -> None:
    held = []
    for chat in (new_chat(), MovieChat(micro, film, settings=settings, prefixes=PrefixCache(10**9))):
        chat.ask(FIRST).finish()
        shared = chat._reader.take(chat.guide or "")
        assert shared is not None
        held.append(shared.frames)
        assert shared.nbytes > shared.prefix.nbytes if shared.frames else shared.nbytes == shared.prefix.nbytes
        chat._reader.prefixes.give_back(shared)
    assert isinstance(held[0], FusedFrames) and held[1] is None
