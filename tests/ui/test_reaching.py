"""What one visitor brings no other reaches by guessing; no address leads to what is not served. Without a browser."""

import asyncio
import os
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import quote

import httpx
import pytest

from bench.tab import API, Layout, RefusedError, Tab
from tests.ui.conftest import Server, make_clip

SECRET = "the canary's words"


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", seconds=4)


def test_what_is_not_served_is_refused_by_whatever_path(server: Server, films: Path, tmp_path: Path) -> None:
    (canary := tmp_path / "canary.txt").write_text(SECRET)
    page = server.cache / "page"
    (link := page / "link.mp4").symlink_to(canary)
    up = "../" * 20
    paths = [
        "/etc/passwd", "etc/passwd", f"{up}etc/passwd", f"{films}/{up}etc/passwd", f"{films}/{up[:-1]}{canary}",
        str(canary), str(link), f"{page}/../../log.txt", str(server.log), str(server.cache), f"{films}/../",
        "app.py", "/usr/../etc/passwd", "file:///etc/passwd", f"{films}/harbour/movie.mp4/../../../../../etc/passwd",
        "/proc/self/environ", "\0", f"{films}\0/etc/passwd", "http://127.0.0.1:9/",
    ]  # fmt: skip
    try:
        for path in paths:
            for sent in (path, quote(path, safe=""), quote(quote(path, safe=""), safe="")):
                for name in ("file=", "file/", "stream/"):
                    answer = _raw(server, f"{API}/{name}{sent}")
                    assert b" 200 " not in answer.split(b"\r\n")[0], (name, sent)
                    assert SECRET.encode() not in answer and b"root:" not in answer, (name, sent)
    finally:
        link.unlink()
    assert httpx.get(f"{server.url}{API}/file={films / 'harbour' / 'movie.mp4'}").status_code == 200


def test_no_visitor_opens_the_film_of_another(server: Server, clip: Path) -> None:
    async def visits() -> None:
        async with httpx.AsyncClient(base_url=server.url, timeout=90) as client:
            layout = Layout((await client.get("/config")).json())
            async with Tab(client, layout) as owner, Tab(client, layout) as other:
                await owner.arrive("harbour", 0)
                await other.arrive("harbour", 0)
                video = await owner.upload(clip)
                shown = {}
                async for parts in owner.press("bring-open", "click", video):
                    shown |= parts
                assert "own-1" in str(shown)
                with pytest.raises(RefusedError, match="no longer here"):
                    await _asks(other, "own-1")
                folder = Path(video["path"]).parent.parent
                for path in (folder, folder / "*", folder / "clip.mp4", Path(video["path"]).parent):
                    assert (await client.get(f"{API}/file={path}")).status_code in (403, 404)

    with ThreadPoolExecutor(1) as pool:  # browser tests leave an event loop in this one
        pool.submit(asyncio.run, visits()).result()


async def _asks(tab: Tab, film: str) -> None:
    """Ask about a film through the door for programs. Raises `RefusedError`."""
    data = [film, 0, "Where does it begin?", [], "", 0, 1, 1, None, None, "both", "any", 1]
    begun = await tab._client.post(f"{API}/call/ask", json={"data": data, "session_hash": tab._session})
    told = (await tab._client.get(f"{API}/call/ask/{begun.json()['event_id']}")).text
    if "event: error" in told:
        raise RefusedError("no longer here" if "no longer here" in told or "no film" in told.lower() else told)


def _raw(server: Server, target: str) -> bytes:
    """What is answered to an address as it stands: clients would tidy it up."""
    host, _, port = server.url.removeprefix("http://").partition(":")
    sent = os.fsencode(target.replace("\0", "%00").replace(" ", "%20"))
    with socket.create_connection((host, int(port)), timeout=60) as connection:
        connection.sendall(b"GET " + sent + b" HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        return b"".join(iter(lambda: connection.recv(65536), b""))
