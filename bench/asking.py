"""Two questions about a section, and when each stage of answering them was over."""

import time
from dataclasses import dataclass

from llamavid_demo.chat import MovieChat, Progress
from llamavid_demo.chat.prefixes import PrefixCache
from llamavid_demo.film import Movie
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.settings import Settings

FIRST, SECOND = "What colour is the car?", "Where is the key?"
ANSWER_TOKENS = 16


@dataclass(frozen=True)
class TwoTurns:
    """Seconds to make frame tokens, to prefill them, to the first token of both turns; tokens that turn 1 reads."""

    frame_tokens_s: float
    prefill_s: float
    turn_1_s: float
    turn_2_s: float
    prompt_tokens: int
    answer: str


def two_turns(model: LoadedModel, movie: Movie, settings: Settings, prefixes: PrefixCache) -> TwoTurns:
    """Ask both questions of a section of which no more than patches is stored."""
    over: dict[str, float] = {}

    def note(progress: Progress) -> None:
        over[progress.stage] = time.perf_counter()

    chat = MovieChat(model, movie, settings=settings, prefixes=prefixes, progress=note)
    began = time.perf_counter()
    first = chat.ask(FIRST, max_new_tokens=ANSWER_TOKENS).finish()
    second = chat.ask(SECOND, max_new_tokens=ANSWER_TOKENS).finish()
    assert first.stats and second.stats
    return TwoTurns(
        frame_tokens_s=over["tokens"] - began,
        prefill_s=over["prefill"] - over["tokens"],  # and what keeps frame tokens on disk
        turn_1_s=first.stats.ttft_s,
        turn_2_s=second.stats.ttft_s,
        prompt_tokens=first.stats.prompt_tokens,
        answer=first.text,
    )
