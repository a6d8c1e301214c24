"""The panel of subtitles, done by a browser."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.film.conftest import run_ffmpeg
from tests.ui.test_page import open_harbour, wait_for_video
from tests.ui.test_subtitles import FRENCH, OWN, spoken_clip

# Cancel is pressed as soon as it is there: what is said in a short clip is written down soon.
CANCEL_AT_ONCE = """new MutationObserver((_, watching) => {
  const cancel = document.querySelector('#subtitles-cancel');
  if (!cancel) return;
  watching.disconnect();
  cancel.click();
}).observe(document.querySelector('#subtitles'), { childList: true, subtree: true })"""
WATCH_THE_BAR = """window.bars = [];
new MutationObserver(() => window.bars.push(document.querySelector('#subtitles-activity').textContent))
  .observe(document.querySelector('#subtitles-activity'), { childList: true, subtree: true, characterData: true })"""


def test_player_goes_on_where_it_was_with_subtitles_that_come_later(page: Page) -> None:
    open_harbour(page)
    wait_for_video(page, "video.readyState > 0")
    page.evaluate("document.querySelector('#player video').currentTime = 20")
    page.locator("#subtitles button", has_text="Subtitles").first.click()
    text = page.get_by_label("Subtitles as SRT text")
    expect(text).to_have_value(re.compile("^1\n00:00:01,000 --> 00:00:04,000\nMara: Have you"))
    page.get_by_role("button", name="+0.5 s").click()
    expect(page.locator("#subtitles-delay [role=status]")).to_have_text("Subtitles come 0.5 s later")
    expect(page.locator("#transcript ol button").first).to_have_attribute("data-seek", "1.500")
    wait_for_video(page, "[...video.textTracks].some((track) => track.cues?.[0]?.startTime === 1.5)")
    assert page.evaluate("document.querySelector('#player video').currentTime") == 20
    with page.expect_download() as download:
        page.get_by_role("button", name="Download SRT").click()
    assert download.value.suggested_filename == "The Harbour.srt"
    assert Path(download.value.path()).read_text().startswith("1\n00:00:01,500 --> 00:00:04,500\nMara: Have you")


def test_half_edited_text_is_there_again_after_another_film(page: Page) -> None:
    open_harbour(page)
    page.locator("#subtitles button", has_text="Subtitles").first.click()
    text = page.get_by_label("Subtitles as SRT text")
    expect(text).to_have_value(re.compile("Have you"))
    text.fill(OWN)
    page.locator("#wall").get_by_text("a quiet road").click()
    expect(page.locator("#about h2")).to_have_text("a quiet road")
    expect(text).not_to_have_value(OWN)
    page.locator("#wall").get_by_text("The Harbour").click()
    expect(text).to_have_value(OWN)


def two_tracks(folder: Path) -> Path:
    """A clip in which somebody speaks, with English and French subtitles inside."""
    for name, text in (("en", OWN), ("fr", FRENCH)):
        (folder / f"{name}.srt").write_text(text)
    path = folder / "two tracks.mp4"
    tracks = ["-i", spoken_clip(folder), "-i", folder / "en.srt", "-i", folder / "fr.srt"]
    tracks += ["-map", "0", "-map", "1", "-map", "2"]
    languages = ["-metadata:s:s:0", "language=eng", "-metadata:s:s:1", "language=fra"]
    run_ffmpeg(*tracks, "-c", "copy", "-c:s", "mov_text", *languages, path)
    return path


def test_a_track_is_chosen_edited_and_replaced_by_what_is_said(page: Page, tmp_path: Path) -> None:
    page.locator("[data-bring]").click()
    page.locator("#bring-video input").set_input_files(two_tracks(tmp_path))
    expect(page.locator("#bring-video")).to_contain_text("two tracks")
    page.get_by_role("button", name="Open this film").click()
    expect(page.locator("#about h2")).to_have_text("two tracks")
    transcript, alert = page.locator("#transcript ol"), page.locator("#subtitles-alert")
    in_player = "[...video.textTracks].some((track) => track.cues?.[0]?.text.includes({!r}))"
    expect(transcript).to_contain_text("It rains")
    page.locator("#subtitles button", has_text="Subtitles").first.click()
    text = page.get_by_label("Subtitles as SRT text")
    expect(text).to_have_value(re.compile("It rains"))
    page.get_by_label("Subtitle track").click()
    page.get_by_role("option", name=re.compile("fra")).click()
    expect(transcript).to_contain_text("Où est la carte")
    expect(transcript).to_have_attribute("lang", "fr")
    wait_for_video(page, in_player.format("la carte"))
    expect(text).to_have_value(re.compile("Où est la carte"))
    text.fill(FRENCH.replace("la carte", "le bateau"))
    page.get_by_role("button", name="Apply changes").click()
    expect(alert).to_have_text("1 line in use.")
    expect(transcript).to_contain_text("Où est le bateau")
    wait_for_video(page, in_player.format("le bateau"))
    page.evaluate(CANCEL_AT_ONCE)
    page.get_by_role("button", name="Write down what is said").click()
    expect(alert).to_contain_text("Cancelled. The subtitles are as they were.")
    expect(transcript).to_contain_text("Où est le bateau")
    page.evaluate(WATCH_THE_BAR)
    page.get_by_role("button", name="Write down what is said").click()
    expect(transcript).to_contain_text("lost his map")
    expect(alert).to_contain_text("1 line written down for two tracks; some words may be wrong.")
    expect(page.locator("#subtitles-activity .bar")).to_have_count(0)
    assert "Writing down what is said" in page.evaluate("window.bars.join()")
    wait_for_video(page, in_player.format("lost his map"))
