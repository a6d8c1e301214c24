"""Conversations: a turn costs its own tokens, answers equal uncached ones, failures keep what was said."""

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch

from llamavid_demo.chat import MovieChat, Progress, Turn, decoding, encoded_section, section_reader
from llamavid_demo.chat.prefixes import PrefixCache
from llamavid_demo.errors import MovieError, QuestionError, TooLongError
from llamavid_demo.film import Movie
from llamavid_demo.film.sections import cut_sections
from llamavid_demo.model.prompt import conversation_text
from llamavid_demo.settings import Settings
from tests.chat.conftest import TokenCounter

FIRST, SECOND = "What color is the car?", "Where does the story begin?"
NewChat = Callable[..., MovieChat]


@torch.no_grad()
def uncached_answer(chat: MovieChat, turns: list[tuple[str, str | None]], guide: str, length: int) -> str:
    """The stateless way: everything is read again for each token."""
    model = chat.model
    tokens = model.frame_tokens(torch.cat(chat._encoded.parts), guide)
    text = conversation_text(model.config.prompt, chat._prompt.last_cues, turns)
    ids = [*chat._prompt.ids, *model.tokenizer.encode(text)]
    answer: list[int] = []
    while len(answer) < length:
        logits = model.network.llama(inputs_embeds=model.embed([*ids, *answer], tokens), use_cache=False).logits
        if (token := int(logits[0, -1].argmax())) == model.tokenizer.eos:
            break
        answer.append(token)
    return model.tokenizer.decode(answer).strip()


def test_greedy_answers_equal_uncached_ones(new_chat: NewChat) -> None:
    chat = new_chat()
    first = chat.ask(FIRST).finish().text
    second = chat.ask(SECOND).finish().text
    assert first == uncached_answer(chat, [(FIRST, None)], FIRST, 8)
    assert second == uncached_answer(chat, [(FIRST, first), (SECOND, None)], FIRST, 8)


def test_second_turn_prefills_only_its_own_tokens(new_chat: NewChat, counter: TokenCounter) -> None:
    chat = new_chat()
    first = chat.ask(FIRST, max_new_tokens=1).finish()
    assert first.stats is not None
    assert (first.stats.reused_tokens, counter.frames) == (0, 12)
    assert counter.tokens == first.stats.prompt_tokens
    counter.tokens = counter.frames = 0
    second = chat.ask(SECOND, max_new_tokens=4).finish()
    assert second.stats is not None
    assert counter.frames == 0
    assert second.stats.reused_tokens >= first.stats.prompt_tokens
    own = second.stats.prompt_tokens - second.stats.reused_tokens
    assert counter.tokens == own + second.stats.new_tokens - 1  # nothing follows the last
    assert own <= len(chat.model.tokenizer.encode(f" {first.text}</s>USER: {SECOND} ASSISTANT:"))


def test_retry_reads_one_token_and_gives_the_same_greedy_answer(new_chat: NewChat, counter: TokenCounter) -> None:
    chat = new_chat()
    chat.ask(FIRST).finish()
    before = chat.ask(SECOND).finish().text
    counter.tokens = 0
    again = chat.retry().finish()
    assert again.text == before
    assert [turn.question for turn in chat.turns] == [FIRST, SECOND]
    assert again.stats is not None
    assert counter.tokens == again.stats.new_tokens


def test_undo_forgets_the_last_turn_only(new_chat: NewChat) -> None:
    chat = new_chat()
    first = chat.ask(FIRST).finish().text
    second = chat.ask(SECOND).finish().text
    chat.ask("And then?").finish()
    chat.undo()
    chat.undo()
    assert [turn.text for turn in chat.turns] == [first]
    assert chat.ask(SECOND).finish().text == second


def test_an_earlier_conversation_goes_on_where_it_was(new_chat: NewChat) -> None:
    chat = new_chat()
    first = chat.ask(FIRST).finish().text
    second = chat.ask(SECOND).finish().text
    later = new_chat(history=[(FIRST, first)])
    assert later.ask(SECOND).finish().text == second
    assert later.guide == FIRST


def test_the_first_question_guides_all_turns(new_chat: NewChat) -> None:
    chat = new_chat()
    assert chat.guide is None
    chat.ask(FIRST).finish()
    chat.ask(SECOND).finish()
    assert chat.guide == FIRST


def test_every_question_guides_its_own_turn_when_asked_to(
    new_chat: NewChat, settings: Settings, counter: TokenCounter
) -> None:
    chat = new_chat(settings=settings.model_copy(update={"guide": "every"}))
    first = chat.ask(FIRST).finish().text
    counter.frames = 0
    second = chat.ask(SECOND).finish().text
    assert (chat.guide, counter.frames) == (SECOND, 0)
    assert second == uncached_answer(chat, [(FIRST, first), (SECOND, None)], SECOND, 8)


def test_pieces_make_up_the_text(new_chat: NewChat) -> None:
    turn = new_chat().ask(FIRST, max_new_tokens=20)
    assert "".join(turn).strip() == turn.text != ""
    assert turn.finished in ("end", "length")


def test_stop_ends_the_answer_before_the_next_token(new_chat: NewChat, counter: TokenCounter) -> None:
    chat = new_chat()
    whole = chat.ask(FIRST, max_new_tokens=20).finish().text
    turn = chat.retry(max_new_tokens=20)
    pieces = iter(turn)
    next(pieces)
    counter.tokens = 0
    turn.stop()
    assert list(pieces) == []
    assert counter.tokens <= 1
    assert turn.finished == "stopped"
    assert whole.startswith(turn.text)
    assert chat.turns[-1] is turn


def test_a_stopped_turn_does_not_harm_the_next(new_chat: NewChat) -> None:
    chat = new_chat()
    turn = chat.ask(FIRST)
    turn.stop()
    assert (turn.finish().text, turn.finished) == ("", "stopped")
    chat.undo()
    assert chat.ask(FIRST).finish().text == uncached_answer(chat, [(FIRST, None)], FIRST, 8)


def test_stop_ends_the_making_of_frame_tokens(new_chat: NewChat, counter: TokenCounter) -> None:
    chat = new_chat()
    turn = chat.ask(FIRST)
    turn.stop()
    assert (turn.finish().finished, counter.tokens) == ("stopped", 0)
    assert chat.guide is None


def test_leaving_an_answer_frees_the_chat(new_chat: NewChat) -> None:
    chat = new_chat()
    pieces = iter(chat.ask(FIRST))
    next(pieces)
    with pytest.raises(QuestionError, match="still being written"):
        chat.ask(SECOND).finish()
    pieces.close()  # type: ignore[attr-defined]
    assert chat.turns[-1].finished == "stopped"
    assert chat.ask(SECOND).finish().finished == "length"


def test_too_long_keeps_the_conversation(new_chat: NewChat) -> None:
    chat = new_chat()
    first = chat.ask(FIRST).finish()
    with pytest.raises(TooLongError, match="65536"):
        chat.ask(SECOND, max_new_tokens=100_000).finish()
    assert chat.turns == [first]
    assert chat.ask(SECOND).finish().text == uncached_answer(chat, [(FIRST, first.text), (SECOND, None)], FIRST, 8)


def test_a_failed_retry_keeps_the_old_answer(new_chat: NewChat) -> None:
    chat = new_chat()
    first = chat.ask(FIRST).finish()
    with pytest.raises(TooLongError):
        chat.retry(max_new_tokens=100_000).finish()
    assert chat.turns == [first]


@pytest.mark.parametrize("question", ["", "  \n"])
def test_an_empty_question_is_refused(new_chat: NewChat, question: str) -> None:
    with pytest.raises(QuestionError, match="empty"):
        new_chat().ask(question)


def test_nothing_to_retry(new_chat: NewChat) -> None:
    with pytest.raises(QuestionError, match="ask one first"):
        new_chat().retry()


def test_a_section_that_is_not_there(new_chat: NewChat) -> None:
    with pytest.raises(MovieError, match="sections 0 to 0, not 3"):
        new_chat(section=3)


def test_sampling_stays_within_top_p(new_chat: NewChat) -> None:
    chat = new_chat()
    greedy = chat.ask(FIRST).finish().text
    assert chat.retry(temperature=1.0, top_p=1e-6).finish().text == greedy


def test_evidence_points_into_the_film_with_its_cue(new_chat: NewChat, film: Movie) -> None:
    turn = new_chat().ask(FIRST).finish()
    assert turn.evidence
    assert all(0 <= moment.seconds < 12 and moment.seconds == int(moment.seconds) for moment in turn.evidence)
    assert sum(moment.weight for moment in turn.evidence) <= 1 + 1e-6
    assert {moment.cue for moment in turn.evidence} <= {None, *film.cues(film.sections[0])}


def test_progress_moves_through_the_stages(new_chat: NewChat) -> None:
    steps: list[Progress] = []
    new_chat(progress=steps.append).ask(FIRST).finish()
    assert [step.stage for step in steps] == sorted((s.stage for s in steps), key="frames tokens prefill".index)
    assert {step.stage for step in steps} == {"frames", "tokens", "prefill"}
    assert all(0 < step.done <= step.total for step in steps)


def test_a_reading_that_is_given_up_goes_on_where_it_was(
    new_chat: NewChat, counter: TokenCounter, monkeypatch: pytest.MonkeyPatch
) -> None:
    class GivenUpError(Exception):
        pass

    def give_up(step: Progress) -> None:
        if step.done > 9:
            raise GivenUpError

    monkeypatch.setattr(encoded_section, "_PART", 4)
    monkeypatch.setattr(encoded_section, "_BATCH", 2)
    with pytest.raises(GivenUpError):
        new_chat(progress=give_up)
    assert counter.frames == 10
    steps: list[Progress] = []
    whole = new_chat(progress=steps.append)
    assert counter.frames == 10 + 4  # the part that was not whole is read again
    assert [step.done for step in steps] == [10, 12]
    monkeypatch.undo()
    kept = torch.cat(whole._encoded.parts)
    whole._cache.clear()
    assert torch.equal(kept, torch.cat(new_chat()._encoded.parts))


def test_conversations_share_what_was_read(new_chat: NewChat, counter: TokenCounter) -> None:
    first = new_chat().ask(FIRST).finish()
    counter.tokens = 0
    other = new_chat()
    again = other.ask(f" {FIRST.upper()} ").finish()  # the same guide, in other letters
    assert again.stats is not None
    assert again.stats.reused_tokens == len(other._prompt.ids)
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
    again = chat.retry().finish()
    assert again.text == first
    assert counter.tokens < len(chat._prompt.ids)


def test_a_stopped_reading_goes_on_where_it_was(
    new_chat: NewChat, counter: TokenCounter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "_CHUNK", 16)
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
    assert turn.stats.reused_tokens >= len(chat._prompt.ids) / 2
    assert counter.tokens < turn.stats.prompt_tokens


def test_a_progress_callback_that_raises_ends_the_work_before_it_is_seen(
    new_chat: NewChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever catches it may ask again at once: nothing of the old answer is still under way."""
    monkeypatch.setattr(decoding, "_CHUNK", 16)
    given_up = []

    def give_up(step: Progress) -> None:
        if step.stage == "prefill" and not given_up:
            given_up.append(step)
            raise KeyError("given up")

    chat = new_chat(progress=give_up)
    with pytest.raises(KeyError, match="given up") as caught:  # `caught` keeps the traceback, as a debugger would
        chat.ask(FIRST).finish()
    assert chat.turns == []
    again = chat.ask(FIRST).finish()
    assert again.text == uncached_answer(chat, [(FIRST, None)], FIRST, 8)
    assert caught.value.args == ("given up",)


def test_prefixes_that_nobody_used_for_long_are_let_go(new_chat: NewChat) -> None:
    prefixes = PrefixCache(0)
    chat = new_chat(prefixes=prefixes)
    first = chat.ask(FIRST).finish().text
    new_chat(prefixes=prefixes).ask(SECOND).finish()
    assert len(prefixes) == 1
    assert chat.retry().finish().text == first  # it is still in use there


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
    text = conversation_text(model.config.prompt, prompt.last_cues, [(FIRST, None)])
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
    assert counter.tokens < len(chat._prompt.ids)
    chat.undo()
    assert chat.retry().finish().text == early  # it knows again what it knew then
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
