"""A browser's first load of the page: seconds until a question can be typed, and bytes over the wire.

With the smallest model and nothing read ahead: what the page takes by itself, on cores that the browser shares.
"""

import shutil
import tempfile
import time
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import typer

from bench.results import RESULTS, Out, Row, publish
from bench.served import served
from llamavid_demo.settings import ROOT

COLUMNS = {
    "load": "{load}",
    "question box editable": "{editable_s:.2f} s",
    "film there": "{film_s:.2f} s",
    "bytes": "{kilobytes:.0f} kB",
    "requests": "{requests}",
}
EDITABLE = "() => document.querySelector('#question textarea:not([disabled])')"
FILM = "() => document.querySelector('#player video')?.readyState"


def arrival(
    loads: Annotated[int, typer.Option(help="So many browsers that have never been here; the row is the median.")] = 5,
    out: Out = RESULTS,
) -> None:
    """First load in Chromium, from the navigation to an editable question box; the server is warm, the browser new."""
    from playwright.sync_api import sync_playwright  # for development only

    small = {"model": ROOT / "assets" / "llama-vid-tiny", "read_ahead": "off"}
    with (
        tempfile.TemporaryDirectory() as folder,
        served(Path(folder) / "server", **small) as page,
        sync_playwright() as player,
    ):
        path = shutil.which("chromium") or "/usr/bin/chromium"
        browser = player.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        open_once(browser, page.url)  # warms the server up
        found = [open_once(browser, page.url) for _ in range(loads)]
        browser.close()
    rows: list[Row] = [{"load": f"median of {loads}", **{key: median(one[key] for one in found) for key in found[0]}}]
    publish("arrival", rows, COLUMNS, lambda axes: _draw(axes, found), out=out, loads=found)


def open_once(browser: Any, url: str) -> dict[str, float]:
    """Open the page in a browser with nothing kept. The film's own bytes are left out: it may be of any length."""
    context = browser.new_context()
    page = context.new_page()
    network = context.new_cdp_session(page)
    asked: dict[str, str] = {}
    arrived: dict[str, float] = {}
    network.on("Network.requestWillBeSent", lambda sent: asked.update({sent["requestId"]: sent["request"]["url"]}))
    network.on("Network.loadingFinished", lambda done: arrived.update({done["requestId"]: done["encodedDataLength"]}))
    network.send("Network.enable")
    began = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.wait_for_function(EDITABLE, polling="raf")
    editable = time.perf_counter() - began
    sizes = [size for one, size in arrived.items() if not asked[one].split("?")[0].endswith(".mp4")]
    page.wait_for_function(FILM, polling="raf")
    film = time.perf_counter() - began
    context.close()
    return {"editable_s": editable, "film_s": film, "kilobytes": sum(sizes) / 1e3, "requests": len(sizes)}


def _draw(axes: Any, found: list[dict[str, float]]) -> None:
    for key, label in (("editable_s", "question box editable"), ("film_s", "film there")):
        axes.plot([one[key] for one in found], "o-", label=label)
    axes.set(xlabel="load", ylabel="seconds", ylim=(0, None), xticks=range(len(found)))
    axes.legend()
