"""The section strip: a strip of film for each section, its time range, its synopsis, and what reading it costs."""

from collections.abc import Mapping, Sequence
from html import escape

from llamavid_demo.film import Movie, Section
from llamavid_demo.ui.language import say, translated
from llamavid_demo.ui.words import clock, length, size, some

STILLS_IN_ALL = 8
FEWEST_STILLS = 2
ON_LOAD = """
element.addEventListener('click', (event) => {
  const section = event.target.closest('.card')?.querySelector('[data-section]');
  if (section) trigger('pick', window.cinema.press(section.dataset.film, section.dataset.section));
});
watch('value', () => window.cinema && window.cinema.toSection());
"""


def still_times(movie: Movie, section: Section) -> tuple[float, ...]:
    """Seconds of the stills that stand for a section: spread evenly, as many as its share of the film."""
    length = section.end - section.start
    count = max(FEWEST_STILLS, round(STILLS_IN_ALL * length / movie.duration))
    step = length / count
    return tuple(float(int(section.start + step * (number + 0.5))) for number in range(count))


def section_strip(
    movie: Movie, showing: int, stills: dict[float, str], pressed: int = 0, asked: Mapping[int, int] | None = None
) -> str:
    """HTML of the strip; `stills` maps seconds to picture addresses, and may still be empty.

    `pressed` tells the page which of its presses this answers; `asked` says how many questions the visitor's
    conversation about a section has.
    """
    counts = asked or {}
    cards = "".join(
        _card(movie, section, section.index == showing, stills, counts.get(section.index, 0))
        for section in movie.sections
    )
    return f'<ul class="sections" data-pressed="{pressed}" aria-label="{say("Sections")}">{cards}</ul>'


def _card(movie: Movie, section: Section, showing: bool, stills: dict[float, str], asked: int) -> str:
    times = still_times(movie, section)
    pictures = "".join(_picture(second, stills) for second in times)
    known = f" · {some(asked, 'question')}" if asked else ""
    synopsis = f'<span class="synopsis">{escape(section.synopsis)}</span>' if section.synopsis else ""
    return (
        f'<li class="card" style="flex-grow:{len(times)}"><div class="strip">{pictures}</div>'
        f'<button type="button" class="section" data-film="{escape(movie.slug)}" '
        f'data-section="{section.index}" data-start="{section.start:.3f}" data-end="{section.end:.3f}" '
        f'aria-pressed="{str(showing).lower()}">'
        f'<span class="range">{escape(section.label)}{known}</span>{synopsis}</button></li>'
    )


def _picture(second: float, stills: dict[float, str]) -> str:
    """A still, beside the button of its section and not in it: it moves the player to its own second."""
    picture = f'<img src="{escape(stills[second])}" alt="">' if second in stills else '<span class="blank"></span>'
    at = clock(second)
    words = f"{say('Go to')} {at}"
    return f'<button type="button" data-seek="{second:.3f}" aria-label="{words}" title="{at}">{picture}</button>'


def section_cost(
    section: Section,
    waiting: str = "",
    *,
    tokens: int | None = None,
    memory: int | None = None,
    seconds: float | None = None,
    most_tokens: int | None = None,
    foreign: str = "",
) -> str:
    """One line of HTML that says what reading a section takes; `waiting` stands for what is not known yet.

    `memory` is in bytes, `foreign` says what is not read of it; `seconds` are those that past reads let one expect.
    """
    figures = [f"<b>{some(len(section.seconds), 'frame')}</b>"]
    if tokens is not None and memory is not None:
        figures += [
            f"<b>{some(tokens, 'token')}</b>",
            say("memory of this film: {size}", size=f"<b>{size(memory)}</b>"),
        ]
    elif waiting:
        figures.append(escape(translated(waiting)))
    if seconds is not None:
        figures.append(say("read in about {length} on this machine", length=f"<b>{length(seconds)}</b>"))
    if tokens and most_tokens and tokens > most_tokens:
        most = f"{most_tokens:,}"
        figures.append(say("more than the {most} tokens that this model reads: choose shorter sections", most=most))
    line = say("This section: {figures}", figures=" <i>·</i> ".join(figures))
    return f'<p class="cost">{line}' + (f"<br>{escape(translated(foreign))}" if foreign else "") + "</p>"


def section_at(movie: Movie, second: float) -> int:
    """The number of the section that is on screen at a second of the film."""
    return max((section.index for section in movie.sections if section.start <= second), default=0)


def clamp(index: int, sections: Sequence[Section]) -> int:
    """The section number nearest to `index` that the film has."""
    return min(max(0, int(index)), len(sections) - 1)
