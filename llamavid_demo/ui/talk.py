"""How a conversation looks: questions, answers, the quiet line under each, and the bar while a film is read.

Built here and not with gr.Chatbot, which puts a message's whole HTML, pictures included, in its aria-label.
All texts are escaped: neither a person nor a model nor a subtitle writes HTML, Markdown or remote pictures.
"""

import re
from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Protocol

from llamavid_demo.direction_marks import without_marks
from llamavid_demo.options import Options
from llamavid_demo.ui.kept import KeptStats, KeptTurn
from llamavid_demo.ui.language import say, translated
from llamavid_demo.ui.steering import knew
from llamavid_demo.ui.thumbs import DOWN, UP, name
from llamavid_demo.ui.words import length, size, some

if TYPE_CHECKING:
    from llamavid_demo.chat import Turn, TurnStats

TIME = re.compile(r"(?<![\d:.#])(?:(\d):)?([0-5]?\d):([0-5]\d)(?!:?\d|\s?[ap]\.?m\b)", re.IGNORECASE)
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
    "download": ("Fetching the film", "bytes"),
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
  if (event.target.closest('[data-anew]')) trigger('anew', {});
  else if (kind === 'paper') print();
  else if (kind) trigger('save', { kind, thumbs });
});
"""
# Screen readers speak what is added here; a turn that is still busy is spoken when it is whole.
LIVE = '<div role="log" aria-label="${label}">${value}</div>'
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
    silent = say("Stopped before the first word.") if turn.finished == "stopped" else say("No answer.")
    answer = timed(prose(turn.text), length) or f"<em>{silent}</em>"
    again = _button("data-retry", say("Retry")) + _button("data-undo", say("Undo")) if last else ""
    thumbs = "".join(
        _button(
            f"data-does=judge data-thumb={thumb} data-of={name(turn.question, turn.text)}", THUMB.format(angle), label
        )
        for thumb, angle, label in ((UP, 0, say("Good answer")), (DOWN, 180, say("Bad answer")))
    )
    can = _button("data-does=copy", say("Copy")) + _button("data-does=share", say("Share"))
    does = f"{_pages(place, number, choices)}{can}{thumbs}{again}"
    line = f'<div class="under">{status_line(turn.stats, turn.finished, turn.options)}<p class="does">{does}</p></div>'
    asked = f"{_edit(turn.question, place)}{_asked(turn.question)}"
    return f'<article class="turn">{asked}<div class="answer">{answer}</div>{evidence}{line}</article>'


def _button(data: str, words: str, label: str = "") -> str:
    """A quiet button; one with a `label` can stay pressed, and what that means is kept by the browser alone."""
    title = say("{label}: kept in this browser only", label=label)
    stays = f' aria-label="{label}" aria-pressed="false" title="{title}"' if label else ""
    return f'<button type="button" {data}{stays or " aria-live=polite"}>{words}</button>'


def _edit(question: str, place: int) -> str:
    """The question once more, to be changed and asked in the place of this one.

    What is typed stays when the turn is redrawn: Gradio puts another text in only where the attribute `value` changes.
    """
    words = escape(question)
    return (
        f'<details class="edit" data-edit="{place}"><summary>{say("Edit")}</summary>'
        f'<textarea rows="2" aria-label="{say("Edited question")}" value="{words}">\n{words}</textarea>'
        f'<button type="button" data-send>{say("Ask")}</button></details>'
    )


def _pages(place: int, number: int, choices: int) -> str:
    """Where branches part: which of them this is, and the ways to the one before and the one after, round and round."""
    if choices < 2:
        return ""
    before, after = (
        f'<button type="button" data-place="{place}" data-open="{to % choices}" aria-label="{label}">{sign}</button>'
        for to, label, sign in ((number - 1, say("Branch before"), "‹"), (number + 1, say("Next branch"), "›"))
    )
    which = say("{at} of {all}", at=number + 1, all=choices)
    return f'<span class="pages">{before} {which} {after}</span>'


def others_here(place: int, count: int) -> str:
    """A way to the last of `count` turns that stand on other branches where the open one ends; nothing for none."""
    if not count:
        return ""
    words = say("Show the other turn that stood here")
    if count > 1:
        words = say("Show {turns} that stood here", turns=some(count, "other turn"))
    return f'<p class="does"><button type="button" data-place="{place}" data-open="{count - 1}">{words}</button></p>'


def keeping() -> str:
    """What can be done with the whole conversation."""
    saves = "".join(
        _button(f'data-export="{kind}"', say("Save as {kind}", kind=words)) for kind, words in SAVED.items()
    )
    print_it = _button("data-export=paper", say("Print"))
    anew, share = _button("data-anew", say("New conversation")), _button("data-does=share", say("Share this moment"))
    return f'<p class="does">{anew}{share}{saves}{print_it}</p>'


def unfinished_turn(question: str, text: str = "") -> str:
    """A question whose answer is being written; keys can scroll it, which has no button yet that could be reached."""
    caret = '<span class="caret" aria-hidden="true"></span>'
    return (
        f'<article class="turn" aria-busy="true" tabindex="0">{_asked(question)}'
        f'<div class="answer">{prose(text)}{caret}</div></article>'
    )


def _asked(question: str) -> str:
    return f'<h3 class="question"><span class="unseen">{say("You asked:")} </span>{prose(question)}</h3>'


def status_line(
    stats: "TurnStats | KeptStats | None",
    finished: str | None,
    options: Options = Options(),  # noqa: B008
) -> str:
    """The quiet line: what it knew and did not, tokens reused, time to the first token, speed, memory, how it ended."""
    figures = knew(options)
    if finished == "stopped":
        figures.append(say("stopped"))
    elif finished == "length":
        figures.append(say("cut at the longest length"))
    if stats:
        if stats.dropped_turns:
            figures.append(say("{turns} no longer read", turns=some(stats.dropped_turns, "earliest question")))
        new = stats.prompt_tokens - stats.reused_tokens
        if stats.reused_tokens:
            reused = some(stats.reused_tokens, "token")
            figures.append(say("{reused} reused, {new} new", reused=reused, new=f"{new:,}"))
        else:
            figures.append(say("{read} read, none reused", read=some(stats.prompt_tokens, "token")))
        figures.append(say("first word after {count} s", count=f"{stats.ttft_s:.{2 if stats.ttft_s < 1 else 1}f}"))
        figures.append(say("{count} tokens/s", count=f"{stats.tokens_per_s:.0f}"))
        tokens, memory = some(stats.section_tokens, "token"), size(stats.memory_bytes)
        figures.append(say("memory of this film: {tokens}, {size}", tokens=tokens, size=memory))
    counts = f' data-reused="{stats.reused_tokens}" data-prompt="{stats.prompt_tokens}"' if stats else ""
    return f'<p class="status" data-finished="{escape(finished or "")}"{counts}>{" · ".join(figures)}</p>'


def progress_bar(progress: Counted | None, waiting: str = "One moment…") -> str:
    """A bar with words and figures; without figures, a bar that only moves."""
    if progress is None:
        moving = '<div class="track"><i class="idle"></i></div>'
        return f'<div class="bar" role="status"><p>{escape(translated(waiting))}</p>{moving}</div>'
    if progress.stage == "queue":
        place = {"at": progress.done, "all": progress.total}
        if progress.seconds is None:
            return progress_bar(None, say("Waiting for the model: number {at} of {all} in the queue", **place))
        soon = length(progress.seconds)
        waiting = say("Waiting for the model: number {at} of {all} in the queue, about {soon}", **place, soon=soon)
        return progress_bar(None, waiting)
    words, unit = (translated(text) for text in STAGES.get(progress.stage, (progress.stage, "")))
    if progress.stage == "download":
        if not progress.total:
            return progress_bar(None, say("Fetching the film: {done}", done=size(progress.done)))
        done = say("{done} of {total}", done=size(progress.done), total=size(progress.total))
    else:
        done = say("{done} of {total} {unit}", done=f"{progress.done:,}", total=f"{progress.total:,}", unit=unit)
    share = min(1.0, progress.done / progress.total) if progress.total else 0.0
    return (
        f'<div class="bar"><p>{escape(words)} <span>{done}</span></p>'
        f'<div class="track" role="progressbar" aria-label="{escape(words)}" aria-valuemin="0" '
        f'aria-valuemax="{progress.total}" aria-valuenow="{progress.done}">'
        f'<i style="width:{share:.1%}"></i></div></div>'
    )


def alert(message: str) -> str:
    """Words that a person must see, and that screen readers speak at once."""
    return f'<p class="alert" role="alert">{prose(translated(without_marks(message)))}</p>' if message else ""


def notice(message: str) -> str:
    """Words that answer what a person did; nothing is wrong."""
    return f'<p class="alert calm" role="status">{prose(translated(without_marks(message)))}</p>' if message else ""


def suggestions(questions: Sequence[str]) -> str:
    """Suggested questions as buttons."""
    if not questions:
        return ""
    buttons = "".join(
        f'<li><button type="button" data-question="{escape(question)}">{escape(question)}</button></li>'
        for question in questions
    )
    return f'<ul class="suggestions" aria-label="{say("Suggested questions")}">{buttons}</ul>'
