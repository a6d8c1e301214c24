"""Second looks in words: plain text behind the film, which the next turn finds in memory."""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from threading import Event

import pytest
import torch

from llamavid_demo.chat import MovieChat, section_cost
from llamavid_demo.chat.prefixes import PrefixCache
from llamavid_demo.film import Movie
from llamavid_demo.model.llama_vid.config import LookWords
from llamavid_demo.model.llama_vid.loaded import LoadedLlamaVid
from llamavid_demo.model.llama_vid.look_lines import LookReader
from llamavid_demo.model.loaded import NEUTRAL_GUIDE
from llamavid_demo.settings import Settings
from tests.chat.conftest import FIRST, SECOND, TokenCounter

SCENE, TRAITS = (("beach", "wood"), ("noon", "night")), (("red", "blue"), ("runs", "naps"))
WORDS = LookWords(SCENE, ("cat", "dog"), TRAITS, "The {}?")
AT = "What is at 0:04?"


@pytest.fixture
def new_chat(micro: LoadedLlamaVid, film: Movie, settings: Settings) -> Callable[[], MovieChat]:
    """Chats that share their sections."""
    table = micro.network.llama.get_input_embeddings().weight.detach().float()
    model = replace(micro, look_reader=LookReader(WORDS, micro.tokenizer, table))
    chosen, prefixes = settings.model_copy(update={"guide": "ahead", "look_frames": 5}), PrefixCache(10**9)
    return lambda: MovieChat(model, movie=film, settings=chosen, prefixes=prefixes)


@pytest.fixture
def chat(new_chat: Callable[[], MovieChat]) -> MovieChat:
    return new_chat()


@torch.no_grad()
def uncached_ids(chat: MovieChat, length: int) -> list[int]:
    """Greedy ids after all that a chat's last turn was asked with, in whole passes of Hugging Face's own attention."""
    model, prompt, stats = chat.model, chat._reader.prompt, chat.turns[-1].stats
    llama = deepcopy(model.network.llama)
    llama.set_attn_implementation("eager")
    assert stats is not None
    words = chat._conversation.words[: stats.prompt_tokens - len(prompt.ids)]  # then comes the answer
    section = model.embed(prompt.ids, model.frame_tokens(torch.cat(chat._encoded.parts), NEUTRAL_GUIDE))
    embeds = torch.cat([section, model.embed([word.id for word in words])], dim=1)
    ids: list[int] = []
    while len(ids) < length:
        ids.append(int(llama(inputs_embeds=embeds, use_cache=False).logits[0, -1].argmax()))
        if ids[-1] == model.tokenizer.eos:
            return ids[:-1]
        embeds = torch.cat([embeds, model.embed(ids[-1:])], dim=1)
    return ids


def said(chat: MovieChat) -> str:
    return " ".join(chat.model.tokenizer.decode([word.id for word in chat._conversation.words]).split())


def test_answers_are_those_of_one_uncached_pass(chat: MovieChat) -> None:
    for question in (FIRST, AT, SECOND):
        turn = chat.ask(question).finish()
        assert turn.text == chat.model.tokenizer.decode(uncached_ids(chat, 8)).strip() != ""
    assert "Look: 0:04 " in said(chat) and said(chat).count("Pictures:") == 1 and "Said:" in said(chat)


def test_a_later_question_reads_its_own_lines_only(chat: MovieChat) -> None:
    chat.ask(FIRST).finish()
    before = len(chat._conversation.words) - 9  # an answer of random weights is often read in other pieces
    stats = chat.ask(AT).finish().stats
    assert stats is not None
    assert stats.reused_tokens >= len(chat._reader.prompt.ids) + before
    assert chat.retry(temperature=0).finish().stats.reused_tokens == stats.prompt_tokens - 1


def test_what_conversations_begin_with_is_read_once_for_all(
    new_chat: Callable[[], MovieChat], counter: TokenCounter
) -> None:
    *_, last = new_chat().read_ahead(Event())
    assert last.stage == "look" and 0 < last.done == last.total <= 5  # frames
    asked = []
    for chat in (new_chat(), new_chat()):
        counter.tokens = 0
        stats = chat.ask(AT).finish().stats
        assert stats is not None
        begun = stats.reused_tokens - len(chat._reader.prompt.ids)
        words = [word.id for word in chat._conversation.words]
        known, new = (chat.model.tokenizer.decode(ids) for ids in (words[:begun], words[begun:]))
        assert known.startswith("\nPictures:") and new.startswith("\nLook:")
        assert counter.tokens < stats.prompt_tokens - stats.reused_tokens + stats.new_tokens
        asked.append(chat)
    first, second = asked
    first.ask(SECOND).finish()  # writes behind its own
    assert second.ask(FIRST).finish().text == second.model.tokenizer.decode(uncached_ids(second, 8)).strip()


def test_an_overview_has_room_among_the_sections_bytes(chat: MovieChat) -> None:
    reader = chat._reader
    list(chat.read_ahead(Event()))
    (shared,) = reader.prefixes._entries.values()
    assert shared.overview is not None and shared.overview.tail.nbytes > 0
    assert shared.nbytes <= sum(reader.nbytes.values())
    reader.prefixes.ledger.make_leave(shared.name)
    assert shared.overview is None


def test_a_section_takes_what_it_was_said_to_take(chat: MovieChat) -> None:
    stats = chat.ask(AT).finish().stats
    cost = section_cost(chat.model, chat.movie, chat.section, chat.settings)
    assert stats is not None and (stats.section_tokens, stats.memory_bytes) == (cost.tokens, cost.nbytes)


def test_what_is_reckoned_with_suffices(chat: MovieChat) -> None:
    turn = chat.ask(AT)
    turn.finish()
    words = len(chat._conversation.words)
    bound = chat.model.look_tokens(5, 1)
    assert words <= bound + len(chat.model.tokenizer.encode(f"The movie part end.\n{AT} ASSISTANT:")) + 20 + 8


def test_without_spoilers_only_earlier_frames_are_told(chat: MovieChat) -> None:
    turn = chat.ask(FIRST, until=6).finish()
    frames = [word.look.frame for word in chat._conversation.words if word.look]
    assert frames and max(frames) < 6
    assert turn.stats is not None and turn.stats.reused_tokens <= turn.stats.section_tokens
    assert all(moment.seconds < 6 for moment in turn.evidence)
