"""How much a scheduler has to do, as it stood after its last round."""

import time
from dataclasses import dataclass, field

STUCK = 600.0  # seconds of one round; a large model on a CPU takes minutes to look at the frames of one chunk


@dataclass(frozen=True)
class Load:
    """Questions that wait in the queue, and those that are read for or answered; `at` on the monotonic clock."""

    waiting: int = 0
    answering: int = 0
    at: float = field(default_factory=time.monotonic)

    @property
    def stuck(self) -> bool:
        """Whether the round after it takes longer than any should."""
        return time.monotonic() - self.at > STUCK
