"""How a conversation looks: questions, answers, the quiet line under each, and the bar while a film is read.

Built here and not with gr.Chatbot, which puts a message's whole HTML, pictures included, in its aria-label.
All texts are escaped: neither a person nor a model nor a subtitle writes HTML, Markdown or remote pictures.
"""

import re
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Protocol

from llamavid_demo.options import Options
from llamavid_demo.ui.kept import KeptStats, KeptTurn
from llamavid_demo.ui.steering import knew
from llamavid_demo.ui.words import size, some

if TYPE_CHECKING:
    from llamavid_demo.chat import Turn, TurnStats

TIME = re.compile(r"(?<![\d:.#])(?:(\d):)?([0-5]?\d):([0-5]\d)(?![\d:]|\s?[ap]\.?m\b)", re.IGNORECASE)
STAGES = {
    "frames": ("Watching the section", "frames"),
    "tokens": ("Turning frames into tokens", "frames"),
    "prefill": ("Reading the section's tokens", "tokens"),
    "words": ("Reading the question with every frame", "frames"),
    "look": ("Looking again for this question", "frames"),
    "speech": ("Writing down what is said", "seconds"),
    "copy": ("Making a copy that browsers can play", "seconds"),
}
ON_LOAD = """
element.addEventListener('click', (event) => {
  if (event.target.closest('[data-retry]')) trigger('retry', {});
  else if (event.target.closest('[data-undo]')) trigger('undo', {});
});
"""
# Screen readers speak what is added here; a turn that is still busy is spoken when it is whole.
LIVE = '<div role="log" aria-label="Answers">${value}</div>'
SUGGESTIONS_ON_LOAD = """
element.addEventListener('click', (event) => {
  const question = event.target.closest('[data-question]');
  if (question) trigger('pick', { question: question.dataset.question });
});
"""


class Counted(Protocol):
    """How far a long piece of work has come: `done` of `total` of a stage. The chat room's progress is one."""

    @property
    def stage(self) -> str:
        """What is being done, as in `STAGES`."""

    @property
    def done(self) -> int:
        """How much of it is done."""

    @property
    def total(self) -> int:
        """How much there is."""


def prose(text: str) -> str:
    """Plain text as HTML that keeps its line breaks."""
    return escape(text.strip()).replace("\n", "<br>")


def timed(html: str, length: float) -> str:
    """Escaped text, with the times that lie inside a film of `length` seconds as links that seek."""

    def link(match: re.Match[str]) -> str:
        hours, minutes, seconds = (int(part or 0) for part in match.groups())
        at = 3600 * hours + 60 * minutes + seconds
        return f'<a href="#t={at}" data-seek="{at}.000">{match[0]}</a>' if at < length else match[0]

    return TIME.sub(link, html)


def finished_turn(turn: "Turn | KeptTurn", evidence: str = "", *, last: bool = False, length: float = 0) -> str:
    """A question with its whole answer; the last one can be asked again or undone.

    `length` of the film, in seconds: times in the answer that lie inside it seek.
    """
    silent = "Stopped before the first word." if turn.finished == "stopped" else "No answer."
    answer = timed(prose(turn.text), length) or f"<em>{silent}</em>"
    again = (
        '<span class="again"><button type="button" data-retry>Retry</button>'
        '<button type="button" data-undo>Undo</button></span>'
        if last
        else ""
    )
    line = f'<div class="under">{status_line(turn.stats, turn.finished, turn.options)}{again}</div>'
    return f'<article class="turn">{_asked(turn.question)}<div class="answer">{answer}</div>{evidence}{line}</article>'


def unfinished_turn(question: str, text: str = "") -> str:
    """A question whose answer is being written."""
    caret = '<span class="caret" aria-hidden="true"></span>'
    return (
        f'<article class="turn" aria-busy="true">{_asked(question)}'
        f'<div class="answer">{prose(text)}{caret}</div></article>'
    )


def _asked(question: str) -> str:
    return f'<h3 class="question"><span class="unseen">You asked: </span>{prose(question)}</h3>'


def status_line(
    stats: "TurnStats | KeptStats | None",
    finished: str | None,
    options: Options = Options(),  # noqa: B008
) -> str:
    """The quiet line: what it knew, tokens reused, time to the first token, speed, memory, and how it ended."""
    figures = knew(options)
    if finished == "stopped":
        figures.append("stopped")
    elif finished == "length":
        figures.append("cut at the longest length")
    if stats:
        new = stats.prompt_tokens - stats.reused_tokens
        if stats.reused_tokens:
            figures.append(f"{some(stats.reused_tokens, 'token')} reused, {new:,} new")
        else:
            figures.append(f"{some(stats.prompt_tokens, 'token')} read, none reused")
        figures.append(f"first word after {stats.ttft_s:.{2 if stats.ttft_s < 1 else 1}f} s")
        figures.append(f"{stats.tokens_per_s:.0f} tokens/s")
        figures.append(f"memory of this film: {some(stats.section_tokens, 'token')}, {size(stats.memory_bytes)}")
    reused = f' data-reused="{stats.reused_tokens}" data-prompt="{stats.prompt_tokens}"' if stats else ""
    return f'<p class="status" data-finished="{escape(finished or "")}"{reused}>{" · ".join(figures)}</p>'


def progress_bar(progress: Counted | None, waiting: str = "One moment…") -> str:
    """A bar with words and figures; without figures, a bar that only moves."""
    if progress is None:
        moving = '<div class="track"><i class="idle"></i></div>'
        return f'<div class="bar" role="status"><p>{escape(waiting)}</p>{moving}</div>'
    if progress.stage == "queue":
        return progress_bar(None, f"Waiting for the model: number {progress.done} of {progress.total} in the queue")
    words, unit = STAGES.get(progress.stage, (progress.stage, ""))
    share = min(1.0, progress.done / progress.total) if progress.total else 0.0
    return (
        f'<div class="bar"><p>{escape(words)} <span>{progress.done:,} of {progress.total:,} {unit}</span></p>'
        f'<div class="track" role="progressbar" aria-label="{escape(words)}" aria-valuemin="0" '
        f'aria-valuemax="{progress.total}" aria-valuenow="{progress.done}">'
        f'<i style="width:{share:.1%}"></i></div></div>'
    )


def alert(message: str) -> str:
    """Words that a person must see, and that screen readers speak at once."""
    return f'<p class="alert" role="alert">{prose(message)}</p>' if message else ""


def notice(message: str) -> str:
    """Words that answer what a person did; nothing is wrong."""
    return f'<p class="alert calm" role="status">{prose(message)}</p>' if message else ""


def suggestions(questions: Sequence[str]) -> str:
    """Suggested questions as buttons."""
    if not questions:
        return ""
    buttons = "".join(
        f'<li><button type="button" data-question="{escape(question)}">{escape(question)}</button></li>'
        for question in questions
    )
    return f'<ul class="suggestions" aria-label="Suggested questions">{buttons}</ul>'
