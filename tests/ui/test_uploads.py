"""The folder of visitors' files: what is in it is needed by somebody, or on its way."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from llamavid_demo.ui.uploads import NO_ROOM, Arrivals, Uploads, own_folder

DAY = 86400.0


@pytest.fixture
def uploads(tmp_path: Path) -> Uploads:
    return Uploads(tmp_path, grace=DAY)


def bring(uploads: Uploads, name: str, *, read: bool = False) -> Path:
    """A file as Gradio leaves it; if it was `read`, also what the model made of it."""
    path = uploads.files / name / "clip.mp4"
    path.parent.mkdir(parents=True)
    path.touch()
    if read:
        subfolder = uploads.kept_in(path)
        assert subfolder
        subfolder.mkdir(parents=True)
        (subfolder / "patches").touch()
    return path


def everything(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_what_nobody_needs_any_more_goes_with_what_was_made_of_it(uploads: Uploads, tmp_path: Path) -> None:
    first, second = bring(uploads, "a", read=True), bring(uploads, "b")
    uploads.hold("visitor", "boxes", first, second)
    uploads.hold("visitor", "film", first)
    uploads.hold("visitor", "boxes")
    assert everything(tmp_path) == ["files/a/clip.mp4", "read/a/patches"]
    uploads.hold("visitor", "film")
    assert everything(tmp_path) == []


def test_the_same_film_of_two_visitors_goes_with_the_last(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path, grace=0)
    film = bring(uploads, "a", read=True)
    uploads.hold("one", "film", film)
    uploads.hold("other", "film", film)
    uploads.hold("one", "film")
    assert len(everything(tmp_path)) == 2
    uploads.let_go("other")
    assert everything(tmp_path) == []


def test_files_elsewhere_are_nobodys_business(uploads: Uploads, tmp_path: Path) -> None:
    (tmp_path / "film.mp4").touch()
    uploads.files.mkdir()
    (uploads.files / "loose").touch()
    for path in (tmp_path / "film.mp4", uploads.files / "loose", uploads.files / "x" / ".." / ".." / "film.mp4"):
        assert uploads.kept_in(path) is None
        uploads.hold("visitor", "film", path)
        uploads.hold("visitor", "film")
    assert everything(tmp_path) == ["files/loose", "film.mp4"]


def test_what_nobody_claims_goes_once_it_is_old(uploads: Uploads, tmp_path: Path) -> None:
    bring(uploads, "a")
    assert uploads.tidy()  # it has just come
    old = Uploads(tmp_path, grace=0)
    old.hold("visitor", "film", bring(old, "b"))
    assert not old.tidy()
    assert everything(tmp_path) == ["files/b/clip.mp4"]


def test_what_is_made_of_a_film_that_has_gone_goes_too(uploads: Uploads, tmp_path: Path) -> None:
    film = bring(uploads, "a", read=True)
    uploads.hold("visitor", "film", film)
    uploads.hold("visitor", "film")
    late = uploads.kept_in(film)
    assert late
    late.mkdir(parents=True)
    (late / "patches").touch()
    uploads.tidy()
    assert everything(tmp_path) == []


def send(uploads: Uploads, *, whole: bool) -> None:
    """An upload through the middleware, which ends, or is broken off."""

    async def gradio(_scope: Scope, _receive: object, answer: Send) -> None:
        (uploads.files / "tmp123").touch()
        uploads.tidy()
        assert (uploads.files / "tmp123").exists()
        if not whole:
            raise ClientDisconnect
        (uploads.files / "a").mkdir(exist_ok=True)
        path = (uploads.files / "tmp123").rename(uploads.files / "a" / "clip.mp4")
        await answer({"type": "http.response.start", "status": 200})
        await answer({"type": "http.response.body", "body": json.dumps([str(path)]).encode()})

    async def browser(_: Message) -> None:
        """Hear the answer."""

    uploads.files.mkdir(exist_ok=True)
    middleware = Arrivals(gradio, uploads)
    headers = [(b"content-length", b"9")]
    scope = {"type": "http", "method": "POST", "path": "/gradio_api/upload", "headers": headers}
    with ThreadPoolExecutor() as pool:  # the browser of other tests has a loop in this thread
        pool.submit(asyncio.run, middleware(scope, None, browser)).result()  # type: ignore[arg-type]


def test_nothing_stays_of_an_upload_that_was_broken_off(uploads: Uploads, tmp_path: Path) -> None:
    send(uploads, whole=False)
    assert everything(tmp_path) == []
    send(uploads, whole=True)
    assert everything(tmp_path) == ["files/a/clip.mp4"]


def test_a_film_that_arrives_again_stays_although_who_had_it_leaves(uploads: Uploads, tmp_path: Path) -> None:
    film = bring(uploads, "a")
    uploads.hold("one", "boxes", film)
    send(uploads, whole=True)
    uploads.hold("one", "boxes")
    assert everything(tmp_path) == ["files/a/clip.mp4"]
    uploads.hold("other", "boxes", film)
    uploads.hold("other", "boxes")
    assert everything(tmp_path) == []


def test_an_upload_that_is_broken_off_leaves_others_alone(uploads: Uploads, tmp_path: Path) -> None:
    with uploads.arriving():
        uploads.files.mkdir()
        (uploads.files / "tmp456").touch()
        send(uploads, whole=False)
        assert "files/tmp456" in everything(tmp_path)
    assert everything(tmp_path) == []


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Path]:
    """The folder of another program that runs."""
    with own_folder(tmp_path) as folder:
        (folder / "film").touch()
        yield folder


def test_what_a_program_left_that_was_killed_is_deleted_by_the_next(other: Path, tmp_path: Path) -> None:
    (tmp_path / "killed" / "files").mkdir(parents=True)
    (tmp_path / "killed" / "files" / "film").touch()
    (tmp_path / "loose").touch()
    with own_folder(tmp_path) as mine:
        assert {path.name for path in tmp_path.iterdir()} == {mine.name, other.name}
        assert (other / "film").exists()
    assert list(tmp_path.iterdir()) == [other]


def post(uploads: Uploads, gradio: ASGIApp, **sent: Any) -> httpx.Response:
    """What the server answers to an upload that `gradio` takes."""

    async def send() -> httpx.Response:
        transport = httpx.ASGITransport(Arrivals(gradio, uploads))
        async with httpx.AsyncClient(transport=transport, base_url="http://here") as visitor:
            return await visitor.post("/gradio_api/upload", **sent)

    with ThreadPoolExecutor() as pool:  # the browser of other tests has a loop in this thread
        return pool.submit(asyncio.run, send()).result()


def test_a_file_that_the_disk_has_no_room_for_is_refused_in_a_sentence(uploads: Uploads) -> None:
    async def gradio(_scope: Scope, _receive: Receive, _send: Send) -> None:
        Path("/dev/full").write_bytes(b"film")  # a disk without room, as Linux has it

    answer = post(uploads, gradio, files={"files": b"film"})
    assert (answer.status_code, answer.text) == (507, NO_ROOM)


async def taken(scope: Scope, receive: Receive, send: Send) -> None:
    await JSONResponse([])(scope, receive, send)


def test_the_files_of_all_visitors_take_no_more_than_they_may(tmp_path: Path) -> None:
    uploads = Uploads(tmp_path, most_bytes=1000, grace=DAY)
    assert post(uploads, taken, content=bytes(600)).status_code == 200
    with uploads.arriving(600):  # somebody else's, of which nothing has come yet
        answer = post(uploads, taken, content=bytes(600))
        assert (answer.status_code, answer.text) == (507, NO_ROOM)
        assert post(uploads, taken, content=bytes(300)).status_code == 200
    bring(uploads, "a").write_bytes(bytes(600))
    assert post(uploads, taken, content=bytes(600)).status_code == 507
    uploads.hold("visitor", "film", uploads.files / "a" / "clip.mp4")
    uploads.hold("visitor", "film")
    assert post(uploads, taken, content=bytes(600)).status_code == 200


def test_files_that_come_without_their_length_are_not_taken(uploads: Uploads) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"film"

    assert post(uploads, taken, content=pieces()).status_code == 411
