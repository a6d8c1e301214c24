"""Conversations: a turn costs its own tokens, answers equal uncached ones, failures keep what was said."""

import pytest
import torch

from llamavid_demo.chat import MovieChat, Progress, Turn, decoding
from llamavid_demo.errors import MovieError, QuestionError, TooLongError
from llamavid_demo.film import Movie
from llamavid_demo.model.llama_vid.prompt import conversation_text
from llamavid_demo.settings import Settings
from tests.chat.conftest import FIRST, SECOND, NewChat, TokenCounter


@torch.no_grad()
def uncached_answer(chat: MovieChat, turns: list[tuple[str, str | None]], guide: str, length: int) -> str:
    """The stateless way: everything is read again for each token."""
    model = chat.model
    tokens = model.frame_tokens(torch.cat(chat._encoded.parts), guide)
    text = conversation_text(model.tokenizer, model.config.prompt, chat._reader.prompt.last_cues, turns)
    ids = [*chat._reader.prompt.ids, *model.tokenizer.encode(text)]
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


def test_time_to_the_first_token_is_told_from_the_question_on(new_chat: NewChat) -> None:
    turn = new_chat().ask(FIRST, max_new_tokens=1)
    turn.asked_at -= 1000
    turn.finish()
    assert turn.stats and turn.stats.ttft_s > 1000


def test_turns_that_a_browser_kept_are_not_read_again(new_chat: NewChat) -> None:
    chat = new_chat()
    first = chat.ask(FIRST).finish()
    expected = new_chat(history=[(FIRST, first.text)]).ask(SECOND).finish()
    chat.turns = [Turn.past(FIRST, first.text)]
    second = chat.ask(SECOND).finish()
    assert first.stats and second.stats
    assert (second.text, second.stats.reused_tokens >= first.stats.prompt_tokens) == (expected.text, True)


def test_retry_reads_one_token_and_gives_the_same_greedy_answer(new_chat: NewChat, counter: TokenCounter) -> None:
    chat = new_chat()
    chat.ask(FIRST).finish()
    before = chat.ask(SECOND).finish().text
    counter.tokens = 0
    again = chat.retry(temperature=0).finish()
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


def test_a_question_that_is_far_too_long_is_refused_in_a_sentence(new_chat: NewChat) -> None:
    chat = new_chat()
    with pytest.raises(QuestionError, match=r"has 100,000 characters; 2,000 are read at most: make it shorter\."):
        chat.ask("x" * 100_000)
    assert chat.turns == []


def test_pieces_make_up_the_text(new_chat: NewChat) -> None:
    turn = new_chat().ask(FIRST, max_new_tokens=20)
    assert "".join(turn).strip() == turn.text != ""
    assert turn.finished in ("end", "length")


def test_stop_ends_the_answer_before_the_next_token(new_chat: NewChat, counter: TokenCounter) -> None:
    chat = new_chat()
    whole = chat.ask(FIRST, max_new_tokens=20).finish().text
    turn = chat.retry(temperature=0, max_new_tokens=20)
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
    assert chat.retry(temperature=0.5, top_p=0.01).finish().text == greedy


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


def test_a_progress_callback_that_raises_ends_the_work_before_it_is_seen(
    new_chat: NewChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever catches it may ask again at once: nothing of the old answer is still under way."""
    monkeypatch.setattr(decoding, "CHUNK", 16)
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
