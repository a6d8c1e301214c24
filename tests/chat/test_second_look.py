"""A film is read once, for a neutral question; each turn then reads its words and its second look."""

from copy import deepcopy

import pytest
import torch

from llamavid_demo.chat import MovieChat
from llamavid_demo.model.loaded import NEUTRAL_GUIDE
from llamavid_demo.model.prompt import FRAME
from llamavid_demo.settings import Settings
from tests.chat.conftest import FIRST, SECOND, NewChat, TokenCounter

LOOKED = 5  # frames of twelve


@pytest.fixture
def ahead(settings: Settings) -> Settings:
    return settings.model_copy(update={"guide": "ahead", "look_frames": LOOKED})


@torch.no_grad()
def uncached_ids(chat: MovieChat, length: int) -> list[int]:
    """Greedy ids after all that a chat's last turn was asked with, in whole passes of Hugging Face's own attention."""
    model, prompt = chat.model, chat._reader.prompt
    patches = torch.cat(chat._encoded.parts)
    llama = deepcopy(model.network.llama)
    llama.set_attn_implementation("eager")
    stats, held = chat.turns[-1].stats, chat._conversation.words
    assert stats is not None
    words = held[: stats.prompt_tokens - len(prompt.ids)]  # then comes the answer
    places, fresh, following = list(range(len(prompt.ids))), [], len(prompt.ids)
    for word in words:
        places.append(word.look.place if word.look else following)
        following += word.look is None
        if word.look:
            fresh.append(model.context_tokens(patches[word.look.frame][None], word.look.question)[0])
    section = model.embed(prompt.ids, model.frame_tokens(patches, NEUTRAL_GUIDE))
    assert [word.id for word in words if word.look] == [FRAME] * len(fresh)
    embeds = torch.cat([section, model.embed([word.id for word in words], torch.cat(fresh))], dim=1)
    ids: list[int] = []
    while len(ids) < length:
        at = torch.tensor(places)
        seen = ((at < at[:, None]) & torch.ones(len(at), len(at), dtype=torch.bool).tril()) | torch.eye(len(at)).bool()
        stale = torch.zeros(len(at), dtype=torch.bool)
        stale[chat._reader.prompt.frame_places(model.config.tokens_per_frame)] = True
        seen &= ~((at >= len(prompt.ids))[:, None] & stale)  # words see the fresh context tokens only
        mask = torch.zeros(seen.shape).masked_fill(~seen, float("-inf"))[None, None]
        logits = llama(inputs_embeds=embeds, position_ids=at[None], attention_mask=mask, use_cache=False).logits
        ids.append(int(logits[0, -1].argmax()))
        if ids[-1] == model.tokenizer.eos:
            return ids[:-1]
        embeds = torch.cat([embeds, model.embed(ids[-1:])], dim=1)
        places.append(following)
        following += 1
    return ids


def test_answers_are_those_of_one_uncached_pass(new_chat: NewChat, ahead: Settings) -> None:
    chat = new_chat(settings=ahead)
    for question in (FIRST, SECOND, "And then?"):
        turn = chat.ask(question).finish()
        assert turn.text == chat.model.tokenizer.decode(uncached_ids(chat, 8)).strip() != ""


def test_a_later_question_reads_its_words_and_its_second_look(
    new_chat: NewChat, ahead: Settings, counter: TokenCounter
) -> None:
    chat = new_chat(settings=ahead)
    first = chat.ask(FIRST).finish().text  # of random weights it is often read in other pieces than it was written
    counter.tokens = 0
    stats = chat.ask(SECOND).finish().stats
    assert stats is not None
    words = len(chat.model.tokenizer.encode(f" {first}</s>USER: {SECOND} ASSISTANT:"))
    assert counter.tokens <= words + LOOKED + 8 + stats.new_tokens
    assert stats.prompt_tokens - stats.reused_tokens <= words + LOOKED + 8


def test_a_section_that_was_read_for_somebody_serves_everybodys_first_question(
    new_chat: NewChat, ahead: Settings
) -> None:
    new_chat(settings=ahead).ask(FIRST).finish()
    other = new_chat(settings=ahead)
    stats = other.ask(SECOND).finish().stats
    assert stats is not None and stats.reused_tokens == len(other._reader.prompt.ids)


def test_history_retry_and_undo_take_the_same_second_looks(new_chat: NewChat, ahead: Settings) -> None:
    chat = new_chat(settings=ahead)
    first, second = chat.ask(FIRST).finish().text, chat.ask(SECOND).finish().text
    assert new_chat(settings=ahead, history=[(FIRST, first)]).ask(SECOND).finish().text == second
    assert chat.retry(temperature=0).finish().text == second
    chat.undo()
    assert chat.ask(SECOND).finish().text == second


def test_without_spoilers_only_earlier_frames_are_looked_at(new_chat: NewChat, ahead: Settings) -> None:
    chat = new_chat(settings=ahead)
    turn = chat.ask(FIRST, until=6).finish()
    frames = [word.look.frame for word in chat._conversation.words if word.look]
    assert len(frames) == LOOKED and max(frames) < 6
    assert all(moment.seconds < 6 for moment in turn.evidence)


def test_what_second_looks_get_counts_as_evidence(new_chat: NewChat, ahead: Settings) -> None:
    chat = new_chat(settings=ahead)
    chat.ask(FIRST).finish()
    seen = chat.heat_map(3)
    chat.ask(SECOND).finish()
    assert not torch.allclose(chat.heat_map(3), seen)  # each turn has its own


def test_a_look_of_no_frames_is_none(new_chat: NewChat, ahead: Settings) -> None:
    chat = new_chat(settings=ahead.model_copy(update={"look_frames": 0}))
    chat.ask(FIRST).finish()
    assert not any(word.look for word in chat._conversation.words)
