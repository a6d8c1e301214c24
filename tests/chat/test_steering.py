"""Steering an answer: what the model may read, which question guides it, and how long it answers."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from llamavid_demo.chat import MovieChat
from llamavid_demo.chat.prefixes import PrefixCache
from llamavid_demo.errors import QuestionError
from llamavid_demo.film import Movie
from llamavid_demo.model.load import load_model
from llamavid_demo.model.loaded import NEUTRAL_GUIDE, LoadedModel
from llamavid_demo.model.prompt import FRAME
from llamavid_demo.options import Options
from llamavid_demo.settings import Settings
from tests.chat.conftest import FIRST, SECOND, NewChat, TokenCounter
from tests.chat.test_llava_mini import GOLDEN as MINI
from tests.chat.test_llava_mini import uncached_answer as uncached_mini
from tests.chat.test_movie_chat import uncached_answer

READS = ("both", "frames", "subtitles")


@torch.no_grad()
def uncached_text(chat: MovieChat, turn: Any, earlier: list[tuple[str, str]]) -> str:
    """LLaMA-VID's answer in whole passes: a prompt of what the turn reads, frames as zeros where it reads none."""
    model, reads, until = chat.model, turn.options.reads, turn.until
    encoded = chat._encoded if until is None else chat._encoded.until(until)
    cues = encoded.texts(model) if reads != "frames" else [""] * len(encoded.times)
    prompt = model.section_prompt(cues)
    tokens = model.frame_tokens(torch.cat(encoded.parts), chat.guide or "")
    words = model.words(prompt.last_cues, [*earlier, (turn.asked, None)], answers="fused")
    ids, said = [*prompt.ids, *(word.id for word in words)], list[int]()
    while len(said) < 8:
        embeds = model.embed([*ids, *said], tokens if reads != "subtitles" else torch.zeros_like(tokens))
        said.append(int(model.network.llama(inputs_embeds=embeds, use_cache=False).logits[0, -1].argmax()))
        if said[-1] == model.tokenizer.eos:
            said.pop()
            break
    return model.tokenizer.decode(said).strip()


@pytest.mark.parametrize("until", [None, 6.0])
def test_whatever_is_read_answers_equal_uncached_ones(new_chat: NewChat, until: float | None) -> None:
    """In one conversation, so that what was kept for one way of reading never serves another."""
    chat, said = new_chat(), []
    for reads in (*READS, "both", "subtitles"):
        turn = chat.ask(FIRST, Options(reads=reads, until=until)).finish()
        assert turn.text == uncached_text(chat, turn, said) != ""
        said.append((FIRST, turn.text))
    assert len({text for _, text in said[:3]}) == 3


@pytest.mark.parametrize("reads", READS)
def test_each_way_of_reading_is_its_own_cached_prefix(new_chat: NewChat, counter: TokenCounter, reads: Any) -> None:
    chat = new_chat()
    first = chat.ask(FIRST, reads=reads).finish()
    for other in READS:
        chat.ask(FIRST, reads=other, max_new_tokens=1).finish()
    counter.tokens = counter.frames = 0
    later = new_chat(settings=chat.settings, encoded=chat._encoded).ask(FIRST, reads=reads, max_new_tokens=8).finish()
    assert first.stats and later.stats
    assert later.text == first.text
    assert later.stats.reused_tokens == first.stats.section_tokens
    assert counter.frames == 0 and counter.tokens < first.stats.section_tokens


def test_who_reads_subtitles_alone_sees_no_frame_and_waits_for_no_frame_token(
    new_chat: NewChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = new_chat()
    monkeypatch.setattr(type(chat.model), "frame_tokens", None)
    turn = chat.ask(FIRST, reads="subtitles", guide="ahead").finish()
    assert turn.text
    assert not any(word.look for word in chat._conversation.words)


def test_evidence_of_frames_tells_no_cue_and_that_of_subtitles_is_where_they_are_said(new_chat: NewChat) -> None:
    chat = new_chat()
    seen = chat.ask(FIRST, reads="frames").finish().evidence
    assert seen and {moment.cue for moment in seen} == {None}
    heard = chat.ask(FIRST, reads="subtitles").finish()
    assert [(moment.seconds, moment.cue.text) for moment in heard.evidence if moment.cue] == [(2, "Look at the water.")]
    assert len(heard.evidence) == 1  # the other cue stands behind the last frame
    with pytest.raises(QuestionError, match="subtitles alone"):
        chat.heat_map(2)
    assert chat.heat_map(2, chat.turns[0]).sum() == pytest.approx(1)


def test_what_is_not_said_cannot_be_read(new_chat: NewChat) -> None:
    chat = new_chat()
    with pytest.raises(QuestionError, match="Nothing is said in this section before 0:02"):
        chat.ask(FIRST, reads="subtitles", until=2.5)
    assert chat.ask(FIRST, reads="subtitles", until=3.5).finish().text


def test_a_guide_is_chosen_for_each_question(new_chat: NewChat, settings: Settings) -> None:
    chat = new_chat(settings=settings.model_copy(update={"guide": "first", "look_frames": 5}))
    first = chat.ask(FIRST).finish().text
    second = chat.ask(SECOND, guide="every").finish()
    assert chat.guide == SECOND
    assert second.text == uncached_answer(chat, [(FIRST, first), (SECOND, None)], SECOND, 8)
    chat.ask("And then?", guide="ahead").finish()
    assert chat.guide == NEUTRAL_GUIDE
    assert {word.look.question for word in chat._conversation.words if word.look} == {FIRST, SECOND, "And then?"}
    chat.ask("Who?").finish()
    assert chat.guide == FIRST


def test_a_style_is_read_by_the_model_and_not_shown(new_chat: NewChat, monkeypatch: pytest.MonkeyPatch) -> None:
    chat = new_chat()
    monkeypatch.setattr(LoadedModel, "general", True)
    turn = chat.ask(FIRST, style="short").finish()
    later = chat.ask(SECOND).finish()
    assert (turn.question, chat.guide) == (FIRST, FIRST)
    assert turn.text == uncached_answer(chat, [(turn.asked, None)], FIRST, 8)
    assert later.text == uncached_answer(chat, [(turn.asked, turn.text), (SECOND, None)], FIRST, 8)
    assert later.stats and later.stats.reused_tokens > chat._reader.view(None).visible + 20


def test_a_model_of_one_world_is_asked_for_no_style(new_chat: NewChat, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LoadedModel, "general", False)
    assert new_chat().ask(FIRST, style="long").asked == FIRST


def test_retry_keeps_the_options_and_samples_unless_a_temperature_was_chosen(new_chat: NewChat) -> None:
    chat = new_chat()
    first = chat.ask(FIRST, reads="frames", until=6.0, temperature=0.0).finish()
    again = chat.retry().finish()
    assert (again.text, again.options) == (first.text, first.options)
    assert chat.retry(Options(reads="subtitles")).finish().options == Options(reads="subtitles")


@pytest.fixture(scope="module")
def mini() -> LoadedModel:
    return load_model(MINI / "ckpt", vision_tower=MINI / "clip", device="cpu", quantization="none")


@pytest.fixture
def mini_chat(mini: LoadedModel, film: Movie, settings: Settings) -> Callable[[], MovieChat]:
    prefixes = PrefixCache(10**9)
    return lambda: MovieChat(mini, film, settings=settings, prefixes=prefixes)


@pytest.mark.parametrize("until", [None, 6.0])
def test_llava_mini_reads_what_it_may(mini_chat: Callable[[], MovieChat], until: float | None) -> None:
    chat = mini_chat()
    turns: list[tuple[str, str | None]] = []
    for reads in (*READS, "both"):
        text = chat.ask(FIRST, reads=reads, until=until, guide="every").finish().text
        reader = chat._reading(reads)
        if reads == "subtitles":  # black frames, all of them read one by one
            black = chat.model.patches(torch.zeros(1, *_size(chat), 3, dtype=torch.uint8).numpy())
            dark = replace(reader.encoded, parts=(black.expand(12, -1, -1, -1),))
            reader = reader.reading(dark, "both")
        chat._reader, before = reader, chat._reader
        assert text == uncached_mini(chat, [*turns, (FIRST, None)], "fused", until=until)
        chat._reader = before
        turns.append((FIRST, text))
    assert chat.turns[2].evidence and FRAME not in [word.id for word in chat._conversation.words]


def _size(chat: MovieChat) -> tuple[int, int]:
    return chat.model.frame_format.height, chat.model.frame_format.width
