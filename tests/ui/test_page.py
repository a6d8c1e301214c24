"""What a person does on the page, done by a browser."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.ui.conftest import CUES, PATIENCE, Server, make_clip

HARBOUR = "#wall [data-film=harbour]"


def open_harbour(page: Page) -> None:
    page.locator(HARBOUR).click()
    expect(page.locator(HARBOUR)).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#about h2")).to_have_text("The Harbour")


def press_ask(page: Page, question: str) -> None:
    """Ask without waiting for the question to be shown: one that is refused at once is gone at once."""
    page.get_by_label("Your question").fill(question)
    page.get_by_role("button", name="Ask", exact=True).click()


def ask(page: Page, question: str) -> None:
    press_ask(page, question)
    expect(page.locator("#current .question")).to_contain_text(question)


def press_stop(page: Page) -> None:
    """Press it without waiting until it stands still: while a long answer grows, a busy browser may take too long."""
    button = page.locator("#stop")  # by name it takes long to find beside a long answer
    expect(button).to_be_visible()
    button.dispatch_event("click", timeout=PATIENCE)


def stop(page: Page) -> None:
    """Stop the answer when its first words are there."""
    expect(page.locator("#current [aria-busy] .answer")).to_have_text(re.compile(r"\S"))
    press_stop(page)
    expect(page.locator("#current .status")).to_have_attribute("data-finished", "stopped")


def expect_words(page: Page, words: str) -> None:
    """Wait until the answer is seen as these words; an untrained model's have control characters among them."""
    page.wait_for_function("words => document.querySelector('#current .answer')?.innerText === words", arg=words)


def status(page: Page) -> Locator:
    return page.locator("#current .status")


def wait_for_video(page: Page, condition: str) -> None:
    page.wait_for_function(f"(() => {{ const video = document.querySelector('#player video'); return {condition} }})()")


def test_first_film_is_open_before_the_model_is_there(server: Server, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(server.url)
    expect(page.locator("#wall [data-film][aria-pressed=true]")).to_have_count(1)
    expect(page.get_by_label("Your question")).to_be_editable()
    expect(page.get_by_role("button", name="Ask", exact=True)).to_be_enabled()
    page.close()


def test_film_is_shown_with_its_subtitles(page: Page) -> None:
    open_harbour(page)
    wait_for_video(page, "video.textTracks[0]?.cues?.length === 3")
    wait_for_video(page, "video.textTracks[0].mode === 'showing' && video.duration > 59")
    assert page.evaluate("document.querySelector('#player video').textTracks[0].cues[1].text").startswith("Finn")


def test_player_has_all_that_the_browser_gives_and_keeps_what_was_chosen(page: Page) -> None:
    open_harbour(page)
    video = page.locator("#player video")
    wait_for_video(page, "video.textTracks[0]?.cues?.length === 3 && video.textTracks[0].mode === 'showing'")
    for name, value in {"controls": True, "disablePictureInPicture": False, "disableRemotePlayback": False}.items():
        expect(video).to_have_js_property(name, value)
    for name in ("controlslist", "disablepictureinpicture"):
        assert video.get_attribute(name) is None
    video.evaluate("video => { video.playbackRate = 1.5; video.textTracks[0].mode = 'disabled'; }")
    page.locator("#transcript ol button").nth(1).click()
    page.locator("#strip [data-section='1']").click()
    expect(page.locator("#strip [data-section='1']")).to_have_attribute("aria-pressed", "true")
    wait_for_video(page, "video.currentTime === 30 && video.playbackRate === 1.5")
    assert video.evaluate("video => video.textTracks[0].mode") == "disabled"
    video.evaluate("video => { video.textTracks[0].mode = 'showing'; video.currentTime = 36; }")
    wait_for_video(page, "video.textTracks[0].activeCues?.[0]?.text.includes('tide')")


def test_poster_names_its_film(page: Page) -> None:
    poster = page.get_by_role("button", name="Poster of The Harbour")
    expect(poster).to_contain_text("1 min · 2026 · CC BY 4.0")
    assert page.evaluate("document.querySelector('[data-film=harbour] img').naturalWidth") == 200


def test_section_moves_the_player_and_says_what_it_costs(page: Page) -> None:
    open_harbour(page)
    sections = page.locator("#strip [data-section]")
    expect(sections).to_have_count(2)
    expect(page.locator("#strip img")).to_have_count(8)
    expect(sections.nth(1)).to_contain_text("0:30–1:00")
    expect(sections.nth(1)).to_contain_text("The tide turns.")
    sections.nth(1).click()
    expect(sections.nth(1)).to_have_attribute("aria-pressed", "true")
    wait_for_video(page, "video.currentTime === 30")
    expect(page.locator("#cost")).to_have_text(re.compile(r"30 frames.*tokens.*memory of this film: \S+ .?B", re.S))


def test_keyboard_opens_a_film(page: Page) -> None:
    page.locator(HARBOUR).focus()
    page.keyboard.press("Enter")
    expect(page.locator("#about h2")).to_have_text("The Harbour")


def test_transcript_seeks_searches_and_marks(page: Page) -> None:
    open_harbour(page)
    lines = page.locator("#transcript ol button")
    expect(lines).to_have_count(3)
    wait_for_video(page, "video.readyState > 0 && video.duration > 59")
    lines.nth(2).click()
    wait_for_video(page, "video.currentTime === 35")
    expect(lines.nth(2)).to_have_attribute("aria-current", "true")
    page.get_by_label("Search the dialogue").fill("RED boat")
    expect(page.locator("#transcript li:visible")).to_have_count(1)
    expect(page.locator("#transcript .found")).to_have_text("1 found")


def test_second_question_reuses_what_was_read(page: Page) -> None:
    open_harbour(page)
    ask(page, "How does it all begin, before anybody speaks?")
    stop(page)
    expect(status(page)).to_contain_text("none reused")
    ask(page, "And where does it end?")
    stop(page)
    expect(page.locator("#past .turn")).to_have_count(1)
    reused = int(status(page).get_attribute("data-reused") or 0)
    assert reused > 60  # at least the tokens of 30 frames
    expect(status(page)).to_contain_text(f"{reused:,} tokens reused")
    memory = re.search(r"memory of this film: [\d,]+ tokens, (.+)", status(page).inner_text())
    assert memory
    page.locator("#strip [data-section='1']").click()
    page.locator("#strip [data-section='0']").click()
    cost = page.locator("#cost")  # the figure of the answer, and what reading took
    expect(cost).to_have_text(re.compile(rf"of this film: {re.escape(memory[1])} · read in about .+ on this machine"))


def test_evidence_seeks_the_player(page: Page) -> None:
    open_harbour(page)
    ask(page, "Where does the film begin?")
    stop(page)
    moments = page.locator("#current .evidence button")
    expect(moments.first.locator("img").first).to_be_visible()
    seconds = float(moments.last.get_attribute("data-seek") or -1)
    assert 0 <= seconds < 30
    moments.last.click()
    wait_for_video(page, f"video.currentTime === {seconds}")


def test_where_the_model_looked_is_shown_when_asked_for(page: Page) -> None:
    open_harbour(page)
    ask(page, "Where does the film begin?")
    stop(page)
    heat = page.locator("#current .evidence .heat").first
    expect(heat).to_have_css("opacity", "0")
    page.get_by_label("Show where it looked").check()
    expect(heat).to_have_css("opacity", "1")
    assert heat.bounding_box() == page.locator("#current .evidence img").first.bounding_box()


def test_retry_asks_again_and_undo_gives_the_question_back(page: Page) -> None:
    open_harbour(page)
    page.get_by_role("button", name="What colour is the boat?").click()
    stop(page)
    page.get_by_role("button", name="Retry").click()
    expect(page.get_by_role("button", name="Stop")).to_be_visible()
    stop(page)
    expect(page.locator(".turn")).to_have_count(1)
    page.get_by_role("button", name="Undo").click()
    expect(page.locator(".turn")).to_have_count(0)
    expect(page.get_by_label("Your question")).to_have_value("What colour is the boat?")


def test_conversation_waits_while_another_film_is_open(page: Page) -> None:
    open_harbour(page)
    ask(page, "Where does the film begin?")
    stop(page)
    page.locator("#wall [data-film=a-quiet-road]").click()
    expect(page.locator(".turn")).to_have_count(0)
    open_harbour(page)
    expect(page.locator("#current .question")).to_contain_text("Where does the film begin?")


def test_leaving_a_film_ends_its_answer(page: Page) -> None:
    open_harbour(page)
    ask(page, "Where does the film begin?")
    expect(page.locator("#current .answer")).to_have_text(re.compile(r"\S"))
    page.locator("#wall [data-film=a-quiet-road]").click()
    expect(page.locator(".invitation")).to_contain_text("a quiet road")
    ask(page, "What is this?")  # the model is free: the other answer has ended
    stop(page)
    expect(page.locator(".turn")).to_have_count(1)


def test_pressing_the_open_film_again_disturbs_nothing(page: Page) -> None:
    open_harbour(page)
    ask(page, "Where does the film begin?")
    page.locator(HARBOUR).click()
    page.locator("#strip [data-section='0']").click()
    stop(page)
    expect(page.locator(".turn")).to_have_count(1)


def test_empty_question_is_explained(page: Page) -> None:
    page.get_by_role("button", name="Ask", exact=True).click()
    expect(page.locator("#alert [role=alert]")).to_contain_text("no question yet")


def test_own_clip_with_hostile_subtitles(page: Page, server: Server, tmp_path: Path) -> None:
    clip = make_clip(tmp_path / "my clip.mkv", seconds=8, codec="libx265")  # browsers cannot play it as it is
    subtitles = tmp_path / "mine.srt"
    subtitles.write_text(CUES.replace("It lies under", "1 < 2 & <img src=x onerror=alert(1)>"))
    page.locator("[data-bring]").click()
    page.locator("#bring-video input").set_input_files(clip)
    page.locator("#bring-subtitles input").set_input_files(subtitles)
    expect(page.locator("#bring-video")).to_contain_text("my clip")
    expect(page.locator("#bring-subtitles")).to_contain_text("mine")
    page.get_by_role("button", name="Open this film").click()
    expect(page.locator("#wall [data-film^=own]")).to_have_attribute("aria-pressed", "true")
    expect(page.locator("#about h2")).to_have_text("my clip")
    wait_for_video(page, "video.duration > 7 && !video.error && video.textTracks[0]?.cues?.length > 1")
    expect(page.locator("#transcript ol")).to_contain_text("1 < 2 & the red boat")
    ask(page, "What is this?")
    stop(page)
    kept = [path for path in server.cache.rglob("*") if path.suffix in (".mkv", ".mp4", ".srt")]
    assert kept
    assert all(path.is_relative_to(server.cache / "uploads") for path in kept)


@pytest.mark.parametrize("content", [b"this is no film", b""], ids=["text", "empty"])
def test_broken_file_is_explained_and_changes_nothing(page: Page, tmp_path: Path, content: bytes) -> None:
    open_harbour(page)
    ask(page, "Where does the film begin?")
    stop(page)
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(content)
    page.locator("[data-bring]").click()
    page.locator("#bring-video input").set_input_files(broken)
    expect(page.locator("#bring-video")).to_contain_text("broken")
    page.get_by_role("button", name="Open this film").click()
    alert = page.locator("#bring-alert [role=alert]")
    expect(alert).to_contain_text("broken.mp4")
    expect(alert).not_to_contain_text("Traceback")
    expect(page.locator("#current .question")).to_contain_text("Where does the film begin?")
    expect(page.get_by_role("button", name="Open this film")).to_be_enabled()


def test_phone_shows_everything_without_sideways_scrolling(server: Server, browser: Browser) -> None:
    page = browser.new_page(viewport={"width": 390, "height": 844})
    page.goto(server.url)
    expect(page.locator("#player video")).to_be_visible()
    for part in ("#wall", "#strip", "#question", "#transcript"):
        expect(page.locator(part)).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    page.close()
