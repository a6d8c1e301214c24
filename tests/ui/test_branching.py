"""Branches, copies, thumbs and files on the page, as a person uses them."""

import json
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.ui.test_page import ask, expect_words, open_harbour, stop

# The answer is redrawn while its button says that it was copied.
COPY_AND_REDRAW = """async () => {
  const button = document.querySelector('#current [data-does=copy]');
  const told = new Promise((done) => new MutationObserver(done).observe(button, { childList: true }));
  button.click();
  await told;
  button.textContent = 'Copy';
  window.cinema.redrawn();
  return button.textContent;
}"""


def test_edit_copy_judge_save_and_print(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    open_harbour(page)
    ask(page, "Where does the film begin?")  # for which a model like this one reads the frames
    stop(page)
    ask(page, "Where is the map?")
    stop(page)
    answer = page.locator("#current .answer").inner_text()
    page.get_by_label("Your question").fill("And the bo")
    page.locator("#current summary").press("Enter")
    box = page.locator("#current").get_by_label("Edited question")
    expect(box).to_be_focused()
    expect(box).to_have_value("Where is the map?")
    box.fill("Who is Finn?")
    box.press("Enter")
    expect(page.locator("#current .question")).to_contain_text("Who is Finn?")
    stop(page)
    expect(page.get_by_label("Your question")).to_have_value("And the bo")
    assert int(page.locator("#current .status").get_attribute("data-reused") or 0) > 0
    page.get_by_role("button", name="Branch before").press("Enter")
    expect(page.locator("#current .pages")).to_contain_text("1 of 2")
    expect_words(page, answer)
    expect(page.get_by_role("button", name="Branch before")).to_be_focused()
    expect(page.locator("#current .looked")).to_be_visible()  # the pictures have come: nothing is drawn anew
    page.locator("#current [data-does=copy]").click()
    expect(page.locator("#current [data-does=copy]")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == answer
    page.locator("#current [data-does=share]").click()
    expect(page.locator("#current [data-does=share]")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()").endswith("?movie=harbour&section=0&q=Where+is+the+map%3F")
    for second, link in ((0, "?movie=harbour&section=0"), (7.5, "?movie=harbour&section=0&t=7")):
        page.locator("#player video").evaluate("(video, second) => { video.currentTime = second; }", second)
        page.get_by_role("button", name="Share this moment").click()
        expect(page.locator("#keeping [data-does=share]")).to_have_text("Copied")
        assert page.evaluate("navigator.clipboard.readText()").endswith(link)
        expect(page.locator("#keeping [data-does=share]")).to_have_text("Share this moment")
    assert page.evaluate(COPY_AND_REDRAW) == "Copied"
    page.locator("#current [data-thumb]").first.click()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as JSON").click()
    assert download.value.suggested_filename == "the-harbour-section-1.json"
    _, turn = json.loads(Path(download.value.path()).read_text())["turns"]
    assert (turn["question"], turn["thumb"]) == ("Where is the map?", "up")
    page.reload()
    expect(page.locator("#current .pages")).to_contain_text("1 of 2")
    expect(page.locator("#current [data-thumb]").first).to_have_attribute("aria-pressed", "true")
    page.evaluate("() => { window.print = () => { document.title = 'on paper'; }; }")
    page.get_by_role("button", name="Print").click()
    expect(page).to_have_title("on paper")
    page.emulate_media(media="print")
    for part in ("#player", "#composer", "#keeping", "#foyer", "#transcript", "#current .under", "#steering"):
        expect(page.locator(part)).to_be_hidden()
    for part in ("#about h2", "#strip .range >> nth=0", "#current .question", "#current .answer"):
        expect(page.locator(part)).to_be_visible()


def test_an_earlier_question_is_edited_another_conversation_begun_and_all_stays_reachable(page: Page) -> None:
    open_harbour(page)
    for question in ("Where does the film begin?", "Where is the map?", "Who is Finn?"):
        ask(page, question)
        stop(page)
    expect(page.locator("#current .evidence img").first).to_be_visible()
    last = page.locator("#current .answer").inner_text()
    page.locator("#past [data-edit='0'] summary").press("Enter")
    box = page.locator("#past [data-edit='0'] textarea")
    expect(box).to_have_value("Where does the film begin?")
    box.fill("Who is Mara?")
    box.press("Enter")
    expect(page.locator("#current .question")).to_contain_text("Who is Mara?")
    stop(page)
    expect(page.locator(".turn")).to_have_count(1)
    expect(page.locator("#current .pages")).to_contain_text("2 of 2")
    page.get_by_role("button", name="Branch before").click()
    expect(page.locator("#past .pages")).to_contain_text("1 of 2")
    expect(page.locator(".turn .question")).to_contain_text(
        ["Where does the film begin?", "Where is the map?", "Who is Finn?"]
    )
    expect(page.locator("#current .answer")).to_have_text(last)
    page.locator("#past").get_by_role("button", name="Next branch").click()
    expect(page.locator(".turn .question")).to_contain_text(["Who is Mara?"])
    page.get_by_role("button", name="New conversation").click()
    expect(page.locator(".invitation")).to_be_visible()
    page.reload()
    expect(page.locator(".invitation")).to_be_visible()
    page.get_by_role("button", name="Show 2 other turns that stood here").click()
    expect(page.locator(".turn .question")).to_contain_text(["Who is Mara?"])
