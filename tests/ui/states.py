"""The states of the page: one walk that brings a page into one after the other, for all who look at each of them.

It finds everything by name, never by words: the page may speak any language, and have any size.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Page, Route, expect

SPOKEN = "1\n00:00:01,000 --> 00:00:03,000\nA map! Here is another map.\n"  # the clip's subtitles
UPLOADS = "**/gradio_api/upload?*"
ANSWERING = "() => document.querySelector('#current [aria-busy] .answer')?.textContent.trim()"


@dataclass(frozen=True)
class Play:
    """What a walk uses: the slug of a film in which people speak of a map, and that of one in two sections.

    Two questions about the first; a clip with subtitles and a file that is no film; the name of another model, and
    whether answers must be stopped, as those of an untrained model.
    """

    film: str
    long_film: str
    questions: tuple[str, str]
    clip: Path
    subtitles: Path
    broken: Path
    other_model: str
    endless: bool = True


def states(page: Page, play: Play) -> Iterator[str]:
    """Bring a page that has just been opened into all its states; gives the name of each while the page is in it."""
    show(page, play.film)
    yield "arrival"
    yield from _talk(page, play)
    yield from _fold(page)
    yield from _watch(page, play)
    yield from _choose(page, play)
    yield from _bring(page, play)
    yield from _search(page, play)
    page.locator("[data-remove]").first.click()
    expect(page.locator("#alert [role=status]")).to_be_visible()
    yield "removed"


def show(page: Page, film: str) -> None:
    """Open a film, unless it is open, and wait for its pictures."""
    poster = page.locator(f"#wall [data-film^={film}]")
    poster.click()
    expect(poster).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#strip img").first).to_be_visible()
    expect(page.locator(f"#strip [data-film^={film}]").first).to_be_visible()
    page.wait_for_function("() => document.querySelector('#player video')?.readyState >= 2")


def _talk(page: Page, play: Play) -> Iterator[str]:
    """A question, its answer, another question in its place, and what is left when that is undone."""
    box = page.locator("#question textarea")
    box.fill(play.questions[0])
    page.locator("#ask").click()
    page.wait_for_function(ANSWERING)
    yield "streaming"
    _finish(page, play)
    yield "answer"
    page.locator("#current summary").click()
    edited = page.locator("#current [data-edit] textarea")
    expect(edited).to_be_focused()
    yield "edit"
    edited.fill(play.questions[1])
    edited.press("Enter")
    page.wait_for_function(ANSWERING)
    _finish(page, play)
    expect(page.locator("#current .pages")).to_be_visible()
    yield "branches"
    page.locator("[data-undo]").click()
    expect(page.locator("#current .invitation ~ .does")).to_be_visible()
    expect(box).to_have_value(play.questions[1])
    yield "undone"
    box.fill("")
    page.locator("#ask").click()
    expect(page.locator("#alert [role=alert]")).to_be_visible()
    yield "alert"
    page.locator("#current .does button").click()
    expect(page.locator("#current .turn")).to_be_visible()
    box.fill(play.questions[1])
    page.locator("#ask").click()
    expect(page.locator("#past .turn")).to_be_visible()
    _finish(page, play)
    yield "conversation"


def _finish(page: Page, play: Play) -> None:
    """Wait for the whole answer; with the moments and where the model looked it is drawn for the last time."""
    if play.endless:
        page.locator("#stop").dispatch_event("click")  # it may move while the answer grows
    expect(page.locator("#current .status")).to_be_visible()
    expect(page.locator("#current .looked")).to_be_visible()


def _fold(page: Page) -> Iterator[str]:
    """What is folded away: the keys, which a phone has not, the settings and the subtitles."""
    keys = page.locator("#keys summary")
    if keys.is_visible():
        keys.click()
        yield "keys"
        page.keyboard.press("Escape")
    settings = page.locator("#steering button").first
    settings.click()
    expect(page.locator("#steering [type=range]").first).to_be_visible()
    yield "settings"
    settings.click()
    subtitles = page.locator("#subtitles button").first
    subtitles.click()
    expect(page.locator("#subtitles-text textarea")).not_to_have_value("")
    page.locator("#subtitles-text textarea").fill("1")
    apply, put_back, _ = page.locator("#subtitles .tools").last.locator("button").all()
    apply.click()
    expect(page.locator("#subtitles-alert [role=alert]")).to_be_visible()
    yield "subtitles"
    put_back.click()
    expect(page.locator("#subtitles-text textarea")).not_to_have_value("1")
    subtitles.click()


def _watch(page: Page, play: Play) -> Iterator[str]:
    """The player has run on into another section than is talked about."""
    show(page, play.long_film)
    second = float(page.locator("#strip [data-section='1']").get_attribute("data-start") or 0)
    page.locator("#player video").evaluate("(video, second) => { video.currentTime = second + 2; }", second)
    expect(page.locator("#watching p")).to_be_visible()
    yield "watching"
    show(page, play.film)


def _choose(page: Page, play: Play) -> Iterator[str]:
    """The list of models, and another one."""
    picker = page.locator("#picker input")
    chosen = picker.input_value().partition(" · ")[0]  # behind it stands what the model can do
    picker.click()
    expect(page.locator("#picker [role=option]").first).to_be_visible()
    yield "picker"
    page.locator("#picker [role=option]", has_text=play.other_model).click()
    expect(page.locator("#alert [role=status]")).to_be_visible()
    expect(page.locator("#model .ready")).to_contain_text(play.other_model)
    yield "models"
    picker.click()
    page.locator("#picker [role=option]", has_text=chosen).click()
    expect(page.locator("#model .ready")).to_contain_text(chosen)


def _bring(page: Page, play: Play) -> Iterator[str]:
    """A film of one's own: the panel, what it refuses, a file on its way, and the film."""
    page.locator("[data-bring]").click()
    opens, refused = page.locator("#bring-open"), page.locator("#bring-alert [role=alert]")
    expect(opens).to_be_visible()
    yield "bring"
    opens.click()
    expect(refused).to_be_visible()
    yield "nothing-chosen"
    _choose_file(page, "video", play.broken)
    expect(refused).to_have_count(0)
    opens.click()
    expect(refused).to_be_visible()
    yield "refused"
    _choose_file(page, "subtitles", play.subtitles)
    held: list[Route] = []
    page.route(UPLOADS, lambda route: held.append(route))
    _choose_file(page, "video", play.clip)
    opens.click()
    # That of the subtitles may be there, too.
    expect(page.locator("#bring-travel .trip", has_text=play.clip.name)).to_be_visible()
    expect(page.locator("#bring-travel [role=status]")).to_be_visible()
    yield "sending"
    for route in held:  # of the subtitles, too, if they were still on their way; it is opened when all are here
        route.continue_()
    page.unroute(UPLOADS)
    expect(page.locator("#wall [data-film^=own]")).to_have_attribute("aria-pressed", "true")
    show(page, "own")
    yield "own-film"


def _choose_file(page: Page, box: str, path: Path) -> None:
    """Choose a file, and wait until Gradio has taken it."""
    page.locator(f"#bring-{box} input").set_input_files(path)
    expect(page.locator(f"#bring-{box}")).to_contain_text(path.stem)


def _search(page: Page, play: Play) -> Iterator[str]:
    """Lines of this film and of others, and those that are nearest to what nobody says."""
    show(page, play.film)
    box = page.locator("#transcript input")
    box.fill("map")
    expect(page.locator("#transcript mark").first).to_be_visible()
    expect(page.locator("#elsewhere [data-hit]").first).to_be_visible()
    yield "found"
    box.fill("maap")
    expect(page.locator("#elsewhere [data-seek]").first).to_be_visible()
    yield "nearest"
    box.fill("")
