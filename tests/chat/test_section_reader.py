"""Sections on their way into the LLaMA: read once for everybody, up to a second, whole, in 8 bits."""

from dataclasses import replace

import pytest
import torch

from llamavid_demo.chat import MovieChat, Progress, Turn, decoding, encoded_section, open_cache, section_reader
from llamavid_demo.chat.prefixes import PrefixCache
from llamavid_demo.errors import QuestionError
from llamavid_demo.film import Movie
from llamavid_demo.film.sections import cut_sections
from llamavid_demo.model.llama_vid.prompt import conversation_text
from llamavid_demo.settings import Settings
from tests.chat.conftest import FIRST, SECOND, NewChat, TokenCounter


def test_a_reading_that_is_given_up_goes_on_where_it_was(
    new_chat: NewChat, counter: TokenCounter, monkeypatch: pytest.MonkeyPatch
) -> None:
    class GivenUpError(Exception):
        pass

    def give_up(step: Progress) -> None:
        if step.done > 9:
            raise GivenUpError

    monkeypatch.setattr(encoded_section, "_PART", 4)
    monkeypatch.setattr(encoded_section, "_BATCH_ON_CPU", 2)
    with pytest.raises(GivenUpError):
        new_chat(progress=give_up)
    assert counter.frames == 10
    steps: list[Progress] = []
    whole = new_chat(progress=steps.append)
    assert counter.frames == 10 + 4  # the part that was not whole is read again
    assert [step.done for step in steps] == [10, 12]
    monkeypatch.undo()
    kept = torch.cat(whole._encoded.parts)
    open_cache(whole.settings).clear()
    assert torch.equal(kept, torch.cat(new_chat()._encoded.parts))


def test_conversations_share_what_was_read(new_chat: NewChat, counter: TokenCounter) -> None:
    first = new_chat().ask(FIRST).finish()
    counter.tokens = 0
    other = new_chat()
    again = other.ask(f" {FIRST.upper()} ").finish()  # the same guide, in other letters
    assert again.stats is not None
    assert again.stats.reused_tokens == len(other._reader.prompt.ids)
    assert counter.tokens == again.stats.prompt_tokens - again.stats.reused_tokens + again.stats.new_tokens - 1
    assert new_chat().ask(FIRST).finish().text == first.text


def test_going_back_to_an_earlier_guide_reads_nothing_again(
    new_chat: NewChat, settings: Settings, counter: TokenCounter
) -> None:
    chat = new_chat(settings=settings.model_copy(update={"guide": "every"}))
    first = chat.ask(FIRST).finish().text
    chat.ask(SECOND).finish()
    chat.undo()
    counter.tokens = 0
    again = chat.retry(temperature=0).finish()
    assert again.text == first
    assert counter.tokens < len(chat._reader.prompt.ids)


def test_a_stopped_reading_goes_on_where_it_was(
    new_chat: NewChat, counter: TokenCounter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "CHUNK", 16)
    whole = new_chat(prefixes=PrefixCache(10**9)).ask(FIRST).finish().text
    turns: list[Turn] = []

    def stop_half_way(step: Progress) -> None:
        if step.stage == "prefill" and step.done >= step.total / 2:
            turns[0].stop()

    turns.append(new_chat(progress=stop_half_way).ask(FIRST))
    assert turns[0].finish().finished == "stopped"
    counter.tokens = 0
    chat = new_chat()
    turn = chat.ask(FIRST).finish()
    assert turn.text == whole
    assert turn.stats is not None
    assert turn.stats.reused_tokens >= len(chat._reader.prompt.ids) / 2
    assert counter.tokens < turn.stats.prompt_tokens


def test_prefixes_that_nobody_used_for_long_are_let_go(new_chat: NewChat) -> None:
    prefixes = PrefixCache(0)
    chat = new_chat(prefixes=prefixes)
    first = chat.ask(FIRST).finish().text
    new_chat(prefixes=prefixes).ask(SECOND).finish()
    assert len(prefixes) == 1
    assert chat.retry(temperature=0).finish().text == first  # it is still in use there


WATER = "Look at the water."  # from second 1 to second 3


@pytest.mark.parametrize(
    ("until", "texts"),
    [
        (1.0, [""]),
        (2.5, [""] * 3),
        (3.0, ["", "", WATER]),
        (3.5, ["", "", WATER, ""]),
        (12.0, ["", "", WATER] + [""] * 9),
    ],
)
def test_without_spoilers_the_answer_is_that_of_a_film_which_ends_there(
    new_chat: NewChat, until: float, texts: list[str]
) -> None:
    chat = new_chat()
    model, prompt = chat.model, chat.model.section_prompt(texts)
    text = conversation_text(model.tokenizer, model.config.prompt, prompt.last_cues, [(FIRST, None)])
    tokens = model.frame_tokens(torch.cat(chat._encoded.parts)[: len(texts)], FIRST)
    embeds = model.embed([*prompt.ids, *model.tokenizer.encode(text)], tokens)
    expected = [int(model.network.llama(inputs_embeds=embeds).logits[0, -1].argmax())]
    turn = chat.ask(FIRST, until=until, max_new_tokens=1).finish()
    assert turn.text == model.tokenizer.decode(expected).strip()
    assert all(moment.seconds < until for moment in turn.evidence)


def test_what_is_seen_may_change_from_turn_to_turn(new_chat: NewChat, counter: TokenCounter) -> None:
    chat = new_chat()
    early = chat.ask(FIRST, until=4.0).finish().text
    counter.tokens = 0
    chat.ask(SECOND).finish()
    assert counter.tokens < len(chat._reader.prompt.ids)
    chat.undo()
    assert chat.retry(temperature=0).finish().text == early  # it knows again what it knew then
    assert [turn.until for turn in chat.turns] == [4.0]


def test_before_anything_was_seen_nothing_can_be_asked(new_chat: NewChat) -> None:
    with pytest.raises(QuestionError, match=r"before 0:00.*let the film play"):
        new_chat().ask(FIRST, until=0.0)


def test_a_whole_film_is_one_section(new_chat: NewChat, film: Movie, settings: Settings) -> None:
    pieces = replace(film, sections=cut_sections(film.duration, minutes=0.1))
    chat = MovieChat(new_chat().model, pieces, "all", settings=settings)
    assert (chat.section.start, chat.section.end) == (0.0, film.duration)
    assert chat.ask(FIRST).finish().text == new_chat().ask(FIRST).finish().text


def test_keys_and_values_in_8_bits_take_less_and_say_the_same(new_chat: NewChat, settings: Settings) -> None:
    full, small = PrefixCache(10**9), PrefixCache(10**9)
    eight_bit = settings.model_copy(update={"kv_cache": "8bit"})
    said = new_chat(prefixes=full).ask(FIRST).finish().text
    assert new_chat(prefixes=small, settings=eight_bit).ask(FIRST).finish().text == said
    assert small.nbytes < 0.5 * full.nbytes


def test_8_bits_are_chosen_where_a_section_would_not_fit(new_chat: NewChat, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not new_chat()._reader.eight_bit
    monkeypatch.setattr(section_reader, "memory_gigabytes", lambda device: 0.0)
    assert new_chat()._reader.eight_bit


def test_second_conversation_reads_no_frame(new_chat: NewChat, counter: TokenCounter) -> None:
    first = new_chat().ask(FIRST).finish().text
    counter.frames = 0
    assert new_chat().ask(FIRST).finish().text == first
    assert counter.frames == 0
