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
from llamavid_demo.ui.thumbs import DOWN, UP, name
from llamavid_demo.ui.words import length, size, some

if TYPE_CHECKING:
    from llamavid_demo.chat import Turn, TurnStats

TIME = re.compile(r"(?<![\d:.#])(?:(\d):)?([0-5]?\d):([0-5]\d)(?![\d:]|\s?[ap]\.?m\b)", re.IGNORECASE)
THUMB = (
    '<svg viewBox="0 0 16 16" aria-hidden="true"><path transform="rotate({} 8 8)" '
    'd="M1 7h3v8H1zM4 8l3-7q2 0 2 2v3h5q1 0 1 2l-2 6q0 1-2 1H4"/></svg>'
)
SAVED = {"md": "Markdown", "json": "JSON"}
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
  const on = (name) => event.target.closest(`[data-${name}]`);
  if (on('retry')) trigger('retry', {});
  else if (on('undo')) trigger('undo', {});
  else if (on('place')) {
    const { place, open } = on('place').dataset;
    trigger('turn_to', { place: Number(place), number: Number(open) });
  }
  else if (on('send')) send(on('edit'));
});
// The question that is being edited, open through every redrawing.
let edited = null;
const send = (edit) => {
  edit.open = false;
  trigger('edit', { place: Number(edit.dataset.edit), question: edit.querySelector('textarea').value });
};
element.addEventListener('toggle', ({ target }) => {
  edited = target.open ? target.dataset.edit : null;
  if (target.open) target.querySelector('textarea').focus();
}, true);
element.addEventListener('keydown', (event) => {
  const edit = event.target.matches('textarea') && event.target.closest('[data-edit]');
  if (!edit || event.isComposing) return;
  if (event.key === 'Escape') edit.open = false;
  else if (event.key !== 'Enter' || event.shiftKey) return;
  else send(edit);
  event.preventDefault();
  edit.querySelector('summary').focus();
});
watch('value', () => {
  if (edited !== null) element.querySelector(`[data-edit="${edited}"]`)?.setAttribute('open', '');
  window.cinema?.redrawn();
});
"""
KEEPING_ON_LOAD = """
element.addEventListener('click', (event) => {
  const kind = event.target.closest('[data-export]')?.dataset.export;
  const given = [...document.querySelectorAll('#log [data-thumb][aria-pressed=true]')];
  const thumbs = Object.fromEntries(given.map(({ dataset }) => [dataset.of, Number(dataset.thumb)]));
  if (kind === 'paper') print();
  else if (kind) trigger('save', { kind, thumbs });
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

    @property
    def seconds(self) -> float | None:
        """How long a place in the queue means waiting, about; None where that is not known."""


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


def finished_turn(
    turn: "Turn | KeptTurn", evidence: str = "", *, last: bool = False, length: float = 0, place: int = 0,
    number: int = 0, choices: int = 1,
) -> str:  # fmt: skip
    """A question with its whole answer; the last one can be asked again or undone.

    `length` of the film, in seconds: times in the answer that lie inside it seek. It stands at that `place` in the
    conversation, and is the one with that `number`, from 0, of so many `choices` that stand there.
    """
    silent = "Stopped before the first word." if turn.finished == "stopped" else "No answer."
    answer = timed(prose(turn.text), length) or f"<em>{silent}</em>"
    again = "".join(_button(f"data-{words.lower()}", words) for words in ("Retry", "Undo")) if last else ""
    thumbs = "".join(
        _button(
            f"data-does=judge data-thumb={thumb} data-of={name(turn.question, turn.text)}", THUMB.format(angle), label
        )
        for thumb, angle, label in ((UP, 0, "Good answer"), (DOWN, 180, "Bad answer"))
    )
    can = "".join(_button(f"data-does={words.lower()}", words) for words in ("Copy", "Share"))
    does = f"{_pages(place, number, choices)}{can}{thumbs}{again}"
    line = f'<div class="under">{status_line(turn.stats, turn.finished, turn.options)}<p class="does">{does}</p></div>'
    asked = f"{_edit(turn.question, place)}{_asked(turn.question)}"
    return f'<article class="turn">{asked}<div class="answer">{answer}</div>{evidence}{line}</article>'


def _button(data: str, words: str, label: str = "") -> str:
    """A quiet button; one with a `label` can stay pressed, and what that means is kept by the browser alone."""
    stays = f' aria-label="{label}" aria-pressed="false" title="{label}: kept in this browser only"' if label else ""
    return f'<button type="button" {data}{stays or " aria-live=polite"}>{words}</button>'


def _edit(question: str, place: int) -> str:
    """The question once more, to be changed and asked in the place of this one.

    What is typed stays when the turn is redrawn: Gradio puts another text in only where the attribute `value` changes.
    """
    words = escape(question)
    return (
        f'<details class="edit" data-edit="{place}"><summary>Edit</summary>'
        f'<textarea rows="2" aria-label="Edited question" value="{words}">\n{words}</textarea>'
        f'<button type="button" data-send>Ask</button></details>'
    )


def _pages(place: int, number: int, choices: int) -> str:
    """Where branches part: which of them this is, and the ways to the one before and the one after, round and round."""
    if choices < 2:
        return ""
    before, after = (
        f'<button type="button" data-place="{place}" data-open="{to % choices}" aria-label="{label}">{sign}</button>'
        for to, label, sign in ((number - 1, "Branch before", "‹"), (number + 1, "Next branch", "›"))
    )
    return f'<span class="pages">{before} {number + 1} of {choices} {after}</span>'


def others_here(place: int, count: int) -> str:
    """A way to the last of `count` turns that stand on other branches where the open one ends; nothing for none."""
    if not count:
        return ""
    words = f"Show {some(count, 'other turn')} that stood here" if count > 1 else "Show the other turn that stood here"
    return f'<p class="does"><button type="button" data-place="{place}" data-open="{count - 1}">{words}</button></p>'


def keeping() -> str:
    """What can be done with the whole conversation."""
    saves = "".join(_button(f'data-export="{kind}"', f"Save as {words}") for kind, words in SAVED.items())
    print_it = _button("data-export=paper", "Print")
    return f'<p class="does">{_button("data-share", "Share this moment")}{saves}{print_it}</p>'


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
        soon = f", about {length(progress.seconds)}" if progress.seconds is not None else ""
        place = f"number {progress.done} of {progress.total} in the queue"
        return progress_bar(None, f"Waiting for the model: {place}{soon}")
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
