"""The page keeps to the policy that browsers hold it to, in all that it does."""

import httpx
from playwright.sync_api import Browser, Page, expect

from tests.ui.conftest import Server
from tests.ui.test_page import ask, open_harbour, stop, wait_for_video


def test_every_answer_says_what_browsers_must_not_do(server: Server) -> None:
    for path in ("/", "/v1/models", "/gradio_api/info", "/nothing"):
        headers = httpx.get(f"{server.url}{path}").headers
        assert "frame-ancestors 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_nothing_that_the_page_does_breaks_the_policy(page: Page) -> None:
    page.add_init_script(
        "addEventListener('securitypolicyviolation', (event) => console.error('CSP', event.blockedURI))"
    )
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    open_harbour(page)
    wait_for_video(page, "video.readyState > 0")
    ask(page, "Where does the film begin?")
    stop(page)
    expect(page.locator("#current .evidence img").first).to_be_visible()
    page.locator("#subtitles button", has_text="Subtitles").first.click()
    with page.expect_download():
        page.get_by_role("button", name="Download SRT").click()
    assert not [text for text in said if "CSP" in text or "Content Security Policy" in text]


def test_what_calls_elsewhere_is_stopped(server: Server, browser: Browser) -> None:
    page = browser.new_page()
    page.goto(server.url)
    assert page.evaluate("fetch('http://127.0.0.1:9/').then(() => 'sent', (error) => error.name)") == "TypeError"
    stopped = page.evaluate(
        """() => new Promise((done) => {
          addEventListener('securitypolicyviolation', (event) => done(event.violatedDirective));
          new Image().src = 'http://example.invalid/secret.png';
        })"""
    )
    assert stopped == "img-src"
    page.close()
