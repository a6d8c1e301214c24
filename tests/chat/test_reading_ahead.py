"""A section is read before anybody asks: once for all, in the background, and what was read stays."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from llamavid_demo.chat import MovieChat, decoding, encoded_section
from llamavid_demo.chat.encoded_section import encode_section, open_cache, tokens_key
from llamavid_demo.chat.prefixes import PrefixCache
from llamavid_demo.chat.progress import finish
from llamavid_demo.chat.section_task import SectionTask
from llamavid_demo.errors import GONE, MovieError, TooLongError
from llamavid_demo.film import Movie
from llamavid_demo.model.loaded import NEUTRAL_GUIDE, LoadedModel
from llamavid_demo.settings import Settings
from tests.chat.conftest import FIRST, SECOND, NewChat, TokenCounter


@pytest.fixture
def reader(new_chat: NewChat, settings: Settings) -> Callable[..., MovieChat]:
    """Chats that share their sections, with the neutral guide unless another one is given."""
    prefixes = PrefixCache(10**9)

    def make(guide: str = "ahead") -> MovieChat:
        return new_chat(settings=settings.model_copy(update={"guide": guide, "look_frames": 2}), prefixes=prefixes)

    return make


def read(chat: MovieChat) -> list[str]:
    return [step.stage for step in chat.read_ahead(threading.Event())]


def test_the_first_question_then_reads_its_own_words_only(reader: Callable[..., MovieChat]) -> None:
    expected = reader().ask(FIRST).finish().text
    chat = reader()
    assert set(read(chat)) <= {"tokens", "prefill"}
    turn = chat.ask(FIRST).finish()
    assert turn.text == expected
    assert turn.stats is not None and turn.stats.reused_tokens == len(chat._reader.prompt.ids)


def test_two_who_read_at_once_read_it_once(
    reader: Callable[..., MovieChat], counter: TokenCounter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "CHUNK", 16)
    chats = [reader() for _ in range(4)]
    counter.tokens = 0
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(read, chats))
    assert counter.tokens <= len(chats[0]._reader.prompt.ids)


def test_what_was_read_before_stopping_stays(
    reader: Callable[..., MovieChat], counter: TokenCounter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoding, "CHUNK", 16)
    chat, stopping = reader(), threading.Event()
    for step in chat.read_ahead(stopping):
        if step.stage == "prefill" and step.done >= 32:
            stopping.set()
    counter.tokens = 0
    assert read(reader())[-1] == "prefill"
    assert 0 < counter.tokens <= len(chat._reader.prompt.ids) - 32


def test_who_reads_ahead_is_told_how_far_a_question_has_come(reader: Callable[..., MovieChat]) -> None:
    chat = reader()
    work = SectionTask(chat._reader.view(None), NEUTRAL_GUIDE)
    assert work.admit() and not work.others_progress()
    reader().ask(FIRST).finish()
    (told,) = work.others_progress()
    assert (told.stage, told.done) == ("prefill", len(chat._reader.prompt.ids))
    work.release()


@pytest.mark.parametrize("guide", ["first", "every"])
def test_where_a_question_is_needed_only_frames_are_read(reader: Callable[..., MovieChat], guide: str) -> None:
    assert not reader(guide).reads_ahead and read(reader(guide)) == []
    assert reader("ahead").reads_ahead


def test_frames_that_several_want_are_encoded_once(
    micro: LoadedModel, film: Movie, settings: Settings, counter: TokenCounter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(encoded_section, "_BATCH_ON_CPU", 2)
    cache = open_cache(settings)

    def encode(_number: int) -> tuple[float, ...]:
        return finish(encode_section(micro, film, film.sections[0], cache)).times

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(encode, range(4)))) == 1
    assert counter.frames == 12


def test_a_film_that_has_gone_and_one_that_is_too_long_are_refused_before_anything_is_read(
    micro: LoadedModel, film: Movie, settings: Settings, counter: TokenCounter
) -> None:
    gone = replace(film, path=film.path.with_name("gone.mp4"))
    with pytest.raises(MovieError, match=GONE):
        finish(encode_section(micro, gone, film.sections[0], open_cache(settings)))
    endless = replace(film.sections[0], end=1e6)
    with pytest.raises(TooLongError, match="choose shorter sections"):
        finish(encode_section(micro, film, endless, open_cache(settings)))
    assert counter.frames == 0


def test_frame_tokens_on_disk_are_told_apart_by_quantization(new_chat: NewChat, micro: LoadedModel) -> None:
    encoded = new_chat()._encoded
    assert tokens_key(micro, encoded, SECOND) != tokens_key(replace(micro, quantization="4bit"), encoded, SECOND)
