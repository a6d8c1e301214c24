"""Two questions about a section, and when each stage of answering them was over.

The benches' one place that knows how a chat and its prefixes are made for timing.
"""

import time
from dataclasses import dataclass

from bench.prefix_attention import seconds_over_prefix
from llamavid_demo.chat import MovieChat, Progress
from llamavid_demo.chat.prefixes import PrefixCache
from llamavid_demo.film import Movie
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.settings import Settings

FIRST, SECOND = "What colour is the car?", "Where is the key?"
ANSWER_TOKENS = 16


@dataclass(frozen=True)
class TwoTurns:
    """Seconds to make frame tokens, to prefill them (both 0 where the prefix was found), to both turns' first tokens.

    Tokens in turn 1's prompt, and tokens that turn 2 reads.
    """

    frame_tokens_s: float
    prefill_s: float
    turn_1_s: float
    turn_2_s: float
    prompt_tokens: int
    turn_2_read: int
    answer: str


def new_prefixes() -> PrefixCache:
    """Room for the prefixes of any film, shared with nobody."""
    return PrefixCache(1 << 36)


def two_turns(model: LoadedModel, movie: Movie, settings: Settings, prefixes: PrefixCache | None = None) -> TwoTurns:
    """Ask both questions of a section of which no more than patches is stored, unless the prefixes hold it."""
    over: dict[str, float] = {}

    def note(progress: Progress) -> None:
        over[progress.stage] = time.perf_counter()

    prefixes = new_prefixes() if prefixes is None else prefixes
    chat = MovieChat(model, movie, settings=settings, prefixes=prefixes, progress=note)
    began = time.perf_counter()
    first = chat.ask(FIRST, max_new_tokens=ANSWER_TOKENS).finish()
    second = chat.ask(SECOND, max_new_tokens=ANSWER_TOKENS).finish()
    assert first.stats and second.stats
    made = over.get("tokens", began)
    return TwoTurns(
        frame_tokens_s=made - began,
        prefill_s=over.get("prefill", made) - made,  # and what keeps frame tokens on disk
        turn_1_s=first.stats.ttft_s,
        turn_2_s=second.stats.ttft_s,
        prompt_tokens=first.stats.prompt_tokens,
        turn_2_read=second.stats.prompt_tokens - second.stats.reused_tokens,
        answer=first.text,
    )


def second_turn_over_prefix_s(model: LoadedModel, movie: Movie, settings: Settings, prefixes: PrefixCache) -> float:
    """Seconds of attention over the prefix until turn 2's first token (see `seconds_over_prefix`)."""
    chat = MovieChat(model, movie, settings=settings, prefixes=prefixes)
    chat.ask(FIRST, max_new_tokens=ANSWER_TOKENS).finish()
    with seconds_over_prefix() as spent:
        chat.ask(SECOND, max_new_tokens=1).finish()
    return sum(spent)
