"""What a browser fetches until the page can be used: little, and from nowhere else."""

from urllib.parse import urlsplit

from playwright.sync_api import Browser, expect

from tests.ui.conftest import Server

MOST = 1_000_000  # bytes over the wire, the film itself left out


def test_first_load_is_small_and_stays_on_this_server(server: Server, browser: Browser) -> None:
    page = browser.new_context().new_page()
    network = page.context.new_cdp_session(page)
    asked: dict[str, str] = {}
    arrived: dict[str, int] = {}
    network.on("Network.requestWillBeSent", lambda sent: asked.update({sent["requestId"]: sent["request"]["url"]}))
    network.on(
        "Network.loadingFinished", lambda done: arrived.update({done["requestId"]: int(done["encodedDataLength"])})
    )
    network.send("Network.enable")
    page.goto(server.url)
    expect(page.locator("#player video")).to_be_visible()
    expect(page.locator("#question textarea")).to_be_editable()
    urls = [url for url in asked.values() if url.startswith("http")]
    assert {urlsplit(url).netloc for url in urls} == {urlsplit(server.url).netloc}
    sizes = {asked[one]: size for one, size in arrived.items() if not asked[one].split("?")[0].endswith(".mp4")}
    assert sum(sizes.values()) <= MOST
    page.context.close()
