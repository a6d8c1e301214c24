"""One line of JSON for each turn that has ended, in the log `llamavid_demo.turns`; nothing private unless asked."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

from llamavid_demo.chat.tally import TALLY
from llamavid_demo.chat.turn import Turn
from llamavid_demo.errors import BusyError, ClosingError, DemoError
from llamavid_demo.film import Movie, Section

OWN = "own"  # what stands for a visitor's film, whose name is theirs

log = logging.getLogger("llamavid_demo.turns")


def note(
    turn: Turn, model: str, movie: Movie, section: Section, error: BaseException | None, *, texts: bool = False
) -> None:
    """Count a turn that has ended, with an `error` if it failed, and log it; question and answer only with `texts`."""
    outcome, stats = _outcome(turn, error), turn.stats
    TALLY.add(model, outcome, stats)
    line: dict[str, Any] = {
        "time": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "event": "turn",
        "film": OWN if movie.kept_in else movie.slug,
        "section": [section.start, section.end],
        "model": model,
        "outcome": outcome,
    }
    if stats and stats.new_tokens:
        line |= {
            "first_token_s": round(stats.ttft_s, 3),
            "tokens_per_s": round(stats.tokens_per_s, 1),
            "read": stats.prompt_tokens - stats.reused_tokens,
            "reused": stats.reused_tokens,
            "written": stats.new_tokens,
        }
    if error:
        line["error"] = type(error).__name__
    if texts:
        line |= {"question": turn.question, "answer": turn.text}
    log.info(json.dumps(line, ensure_ascii=False))


def _outcome(turn: Turn, error: BaseException | None) -> str:
    """How it ended: end, length, stopped, closed, busy, refused (for a reason that a person is told), or failed."""
    if error is None:
        return turn.finished or "stopped"
    if isinstance(error, ClosingError):
        return "closed"
    if isinstance(error, BusyError):
        return "busy"
    return "refused" if isinstance(error, DemoError) else "failed"
