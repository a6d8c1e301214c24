"""What a section will take is what it took: tokens, memory, seconds."""

from llamavid_demo.chat import MovieChat, expected_seconds, section_cost
from llamavid_demo.chat.reading_times import NAME, ReadingTimes
from llamavid_demo.film import Movie
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.settings import Settings
from tests.chat.conftest import FIRST, SECOND, NewChat


def test_cost_says_what_the_answer_says(new_chat: NewChat, micro: LoadedModel, film: Movie, settings: Settings) -> None:
    cost = section_cost(micro, film, film.sections[0], settings)
    chat = new_chat()
    for question in (FIRST, SECOND):
        stats = chat.ask(question, max_new_tokens=1).finish().stats
        assert (cost.frames, cost.tokens, cost.nbytes) == (stats.frames, stats.section_tokens, stats.memory_bytes)
        assert stats.section_tokens < stats.prompt_tokens
    assert sum(shared.nbytes for shared in chat._reader.prefixes._entries.values()) <= cost.nbytes


def test_seconds_are_expected_after_a_first_reading(
    new_chat: NewChat, micro: LoadedModel, film: Movie, settings: Settings
) -> None:
    cost = section_cost(micro, film, film.sections[0], settings)
    assert expected_seconds(micro, cost, settings) is None
    chat: MovieChat = new_chat()
    assert expected_seconds(micro, cost, settings) is None  # frames only
    chat.ask(FIRST, max_new_tokens=1).finish()
    seconds = expected_seconds(micro, cost, settings)
    assert seconds is not None
    assert seconds > 0
    again = ReadingTimes(settings.cache_dir)  # as another program finds it
    assert again.expected(micro, frames=cost.frames, tokens=cost.tokens) == seconds
    assert film.title not in (settings.cache_dir / NAME).read_text()


def test_later_readings_count_more(micro: LoadedModel, settings: Settings) -> None:
    times = ReadingTimes(settings.cache_dir)
    for seconds in (40.0, 20.0):
        times.add(micro, "frames", 10, seconds)
    times.add(micro, "prefill", 100, 1.0)
    assert times.expected(micro, frames=15, tokens=0) == 40.0  # 15 frames took 20 / 1 + 40 / 2 seconds
    assert times.expected(micro, frames=0, tokens=300) == 3.0


def test_a_damaged_record_is_begun_anew(micro: LoadedModel, settings: Settings) -> None:
    settings.cache_dir.mkdir()
    for damaged in ("{", "[1]", '{"model": {"frames": 3}}', '{"model": {"frames": ["a", 2]}}'):
        (settings.cache_dir / NAME).write_text(damaged)
        assert ReadingTimes(settings.cache_dir).expected(micro, frames=1, tokens=1) is None
