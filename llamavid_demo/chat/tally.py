"""Turns counted since the program started: how they ended, their tokens, the seconds to their first token."""

import threading
from bisect import bisect_left
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from llamavid_demo.chat.turn import TurnStats

BOUNDS = (0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 120.0)  # seconds


@dataclass(frozen=True)
class Counted:
    """The counts at one moment: `turns` by (model, outcome), `tokens` by kind (read, reused, written).

    `first_token` are the turns whose first token came within each of `BOUNDS`, and last all that had one;
    `first_token_seconds` is the sum of their times.
    """

    turns: Mapping[tuple[str, str], int]
    tokens: Mapping[str, int]
    first_token: tuple[int, ...]
    first_token_seconds: float


class Tally:
    """Counts turns; from any thread."""

    def __init__(self) -> None:
        self._turns: Counter[tuple[str, str]] = Counter()
        self._tokens: Counter[str] = Counter({"read": 0, "reused": 0, "written": 0})
        self._within = [0] * (len(BOUNDS) + 1)
        self._seconds = 0.0
        self._lock = threading.Lock()

    def add(self, model: str, outcome: str, stats: TurnStats | None) -> None:
        """A turn has ended. Tokens and times count when it came to its first token: before, not all was read."""
        with self._lock:
            self._turns[model, outcome] += 1
            if not stats or not stats.new_tokens:
                return
            self._tokens["read"] += stats.prompt_tokens - stats.reused_tokens
            self._tokens["reused"] += stats.reused_tokens
            self._tokens["written"] += stats.new_tokens
            for place in range(bisect_left(BOUNDS, stats.ttft_s), len(self._within)):
                self._within[place] += 1
            self._seconds += stats.ttft_s

    def counted(self) -> Counted:
        """The counts now."""
        with self._lock:
            return Counted(dict(self._turns), dict(self._tokens), tuple(self._within), self._seconds)


TALLY = Tally()  # of this program, as its metrics are
