"""Films that are pasted: only where the operator allows it, only videos, and nothing of them stays. Without a model."""

import re
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from llamavid_demo.film import Movie, load_movie
from llamavid_demo.ui import pasting
from llamavid_demo.ui.pasting import ELSEWHERE, NEITHER, NO_ADDRESSES, NO_PATHS
from llamavid_demo.ui.upload import BROKEN, CANCELLED
from llamavid_demo.ui.uploads import NO_ROOM
from tests.film.film_server import PIECE, Offer, serving
from tests.ui.conftest import make_clip
from tests.ui.test_bringing import KEY, Foyer

MB = 1_000_000


@pytest.fixture(scope="module")
def movie(films: Path) -> Movie:
    return load_movie(films / "harbour")


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    content = make_clip(tmp_path_factory.mktemp("clip") / "clip.mp4", seconds=12).read_bytes()
    assert 3 * PIECE < len(content) < MB
    return content


@pytest.fixture
def shelf(tmp_path: Path, clip: bytes) -> Path:
    """A folder that visitors may open films of."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    (folder / "The Sea.mp4").write_bytes(clip)
    return folder


@pytest.fixture
def foyer(movie: Movie, tmp_path: Path, shelf: Path) -> Foyer:
    """A page that takes addresses of this machine too, and paths into the shelf."""
    return Foyer(movie, tmp_path / "cache", paste_addresses="any", paste_folders=f"/nowhere, {shelf}", upload_mb=1)


@pytest.fixture
def offers() -> dict[str, Offer]:
    return {}


@pytest.fixture
def host(offers: dict[str, Offer]) -> Iterator[str]:
    with serving(offers) as host:
        yield host


def test_nothing_is_opened_without_leave(
    movie: Movie, tmp_path: Path, shelf: Path, offers: dict[str, Offer], host: str
) -> None:
    offers["/film.mp4"] = Offer()
    closed = Foyer(movie, tmp_path / "cache")
    for pasted, said in (
        (f"{host}/film.mp4", NO_ADDRESSES),
        (str(shelf / "The Sea.mp4"), NO_PATHS),
        *((odd, NEITHER) for odd in ("film.mp4", "file:///etc/passwd", "http://", "https://[", "~/film.mp4", 7)),
    ):
        assert said in closed.bringing.begin(KEY, None, None, pasted)["bring_alert"]
        assert closed.sessions.visit(KEY).bringing is None
    assert offers["/film.mp4"].asked == []


def test_film_from_an_address_goes_the_way_of_an_upload(
    foyer: Foyer, clip: bytes, offers: dict[str, Offer], host: str
) -> None:
    offers["/watch/..%2FThe%20Sea%07?id=1"] = Offer(clip, etag='"one"')
    shown = foyer.paste(f" {host}/watch/..%2FThe%20Sea%07?id=1 ")
    assert "Remove The Sea" in shown["wall"]
    assert shown["bring_pasted"].value == ""
    film = foyer.sessions.visit(KEY).own["own-1"]
    assert film.path.name == "The Sea.mp4"  # browsers go by the name
    assert foyer.kept() == {"The Sea.mp4", "patches"}
    foyer.sessions.forget(KEY)
    assert foyer.kept() == set()


def test_film_from_a_folder_is_copied_and_the_original_stays(foyer: Foyer, shelf: Path, clip: bytes) -> None:
    shown = foyer.paste(str(shelf / "The Sea.mp4"))
    assert "Remove The Sea" in shown["wall"]
    foyer.bringing.remove(KEY, "own-1")
    assert foyer.kept() == set()
    assert [path.name for path in shelf.iterdir()] == ["The Sea.mp4"]
    assert (shelf / "The Sea.mp4").read_bytes() == clip


def test_paths_that_lead_elsewhere_or_to_no_video(foyer: Foyer, shelf: Path, tmp_path: Path, clip: bytes) -> None:
    (tmp_path / "secret.mp4").write_bytes(clip)
    (shelf / "link.mp4").symlink_to(tmp_path / "secret.mp4")
    (shelf / "out").symlink_to(tmp_path)
    (shelf / "round").symlink_to(shelf / "round")
    (shelf / "notes.mp4").write_text("my password")
    (shelf / "large.mp4").write_bytes(clip + bytes(MB))
    for path, said in (
        ("/etc/passwd", ELSEWHERE),
        (f"{tmp_path}/secret.mp4", ELSEWHERE),
        (f"{tmp_path}/missing.mp4", ELSEWHERE),  # the same words: nobody learns what is there
        (f"{shelf}/../secret.mp4", ELSEWHERE),
        (f"{shelf}/link.mp4", ELSEWHERE),
        (f"{shelf}/out/secret.mp4", ELSEWHERE),
        (f"{shelf}/out/missing.mp4", ELSEWHERE),
        (f"{shelf}2/film.mp4", ELSEWHERE),
        (f"{shelf}/\0.mp4", ELSEWHERE),
        (f"{shelf}/round", ELSEWHERE),
        (f"{shelf}/missing.mp4", "There is no file missing.mp4"),
        (str(shelf), "is not a plain file"),
        (f"{shelf}/notes.mp4", "notes.mp4 is a text file, not a video"),
        (f"{shelf}/large.mp4", "large.mp4 is larger than 1 MB, the most that this page takes"),
    ):
        shown = foyer.paste(path)["bring_alert"]
        assert said in shown, path
        assert "password" not in shown
        assert foyer.kept() == set()


def test_addresses_that_lead_to_no_film(foyer: Foyer, clip: bytes, offers: dict[str, Offer], host: str) -> None:
    large = clip + bytes(MB)
    offers |= {
        "/page": Offer(b"<!doctype html><p>A page about a film"),
        "/large.mp4": Offer(large),
        "/endless.mp4": Offer(clip, endless=True),
        "/gone.mp4": Offer(status=404),
        "/round.mp4": Offer(status=302, location="/round.mp4"),
        "/away.mp4": Offer(status=302, location="file:///etc/passwd"),
    }
    with serving({}) as closed:
        pass
    for address, said in (
        (f"{host}/page", "page is a web page, not a video"),
        (f"{host}/large.mp4", "large.mp4 is larger than 1 MB, the most that this page takes"),
        (f"{host}/endless.mp4", "endless.mp4 is larger than 1 MB"),
        (f"{host}/gone.mp4", "answers 404 Not Found: check the address"),
        (f"{host}/round.mp4", "is redirected again and again"),
        (f"{host}/away.mp4", "leads to no address of http or https"),
        (f"{closed}/film.mp4", "cannot be reached (Connection refused): check the address and the network."),
        (f"http://{'a' * 2000}", NEITHER),
    ):
        shown = foyer.paste(address)["bring_alert"]
        assert said in shown and BROKEN not in shown, address
        assert foyer.kept() == set()


def test_public_means_no_machine_of_this_network(
    movie: Movie, tmp_path: Path, offers: dict[str, Offer], host: str
) -> None:
    offers["/film.mp4"] = Offer()
    foyer = Foyer(movie, tmp_path, paste_addresses="public")
    for address in (f"{host}/film.mp4", f"{host.replace('127.0.0.1', '2130706433')}/film.mp4"):
        assert "is not on the public internet" in foyer.paste(address)["bring_alert"]
    assert offers["/film.mp4"].asked == []
    assert foyer.kept() == set()


@pytest.fixture
def silent(offers: dict[str, Offer], clip: bytes) -> Iterator[Offer]:
    """A film of which the server sends the beginning, and then nothing any more."""
    offers["/film.mp4"] = offer = Offer(clip, etag='"one"', breaks=[PIECE], silent=threading.Event())
    yield offer
    assert offer.silent
    offer.silent.set()


def test_fetching_is_told_of_and_ends_at_once_when_it_is_cancelled(foyer: Foyer, silent: Offer, host: str) -> None:
    begun = foyer.bringing.begin(KEY, None, None, f"{host}/film.mp4")
    assert "Fetching the film…" in begun["bring_activity"]
    fetching = foyer.bringing.fetch(KEY)
    assert re.search(r"Fetching the film <span>16 kB of \d+ kB", next(fetching)["bring_activity"])
    assert "film.mp4" in foyer.kept()
    foyer.bringing.cancel(KEY)
    shown = list(fetching)[-1]  # the server is silent still
    assert CANCELLED in shown["bring_alert"]
    assert foyer.kept() == set()
    assert "Choose a video file or a picture first" in foyer.bringing.begin(KEY, None, None, "")["bring_alert"]


def test_nothing_stays_when_the_page_is_closed_meanwhile(foyer: Foyer, silent: Offer, host: str) -> None:
    foyer.bringing.begin(KEY, None, None, f"{host}/film.mp4")
    fetching = foyer.bringing.fetch(KEY)
    next(fetching)
    foyer.sessions.forget(KEY)
    list(fetching)
    assert foyer.kept() == set()


def test_what_broke_off_goes_on_at_the_next_press_or_goes(
    foyer: Foyer, clip: bytes, offers: dict[str, Offer], host: str, shelf: Path
) -> None:
    offers["/film.mp4"] = offer = Offer(clip, etag='"one"', breaks=[PIECE, 0, 0])
    for _ in range(2):
        assert "broke off after 0.016 MB" in (shown := foyer.paste(f"{host}/film.mp4")["bring_alert"])
        assert "Try again: it goes on from there." in shown
        assert "film.mp4" in foyer.kept()
    offer.breaks = []
    assert "Remove film" in foyer.paste(f"{host}/film.mp4")["wall"]
    assert offer.asked == ["", *[f"bytes={PIECE}-"] * 3]
    offer.breaks = [PIECE, 0]
    foyer.bringing.remove(KEY, "own-1")
    assert "broke off" in foyer.paste(f"{host}/film.mp4")["bring_alert"]
    foyer.paste(str(shelf / "The Sea.mp4"))
    assert "film.mp4" not in foyer.kept()


def test_so_many_are_fetched_at_once(foyer: Foyer, silent: Offer, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foyer.bringing._pasting, "_free", threading.Semaphore(1))
    foyer.bringing.begin(KEY, None, None, f"{host}/film.mp4")
    fetching = foyer.bringing.fetch(KEY)
    next(fetching)
    assert pasting.BUSY in foyer.paste(f"{host}/film.mp4", "another")["bring_alert"]
    fetching.close()


def test_film_and_address_at_once_are_one_too_many(foyer: Foyer, clip: bytes) -> None:
    boxes = foyer.choose(clip)
    assert "take one of them out" in foyer.bringing.begin(KEY, *boxes, "https://films.example/a.mp4")["bring_alert"]
    assert foyer.sessions.visit(KEY).bringing is None


def test_pasted_film_takes_no_room_that_visitors_may_not_have(movie: Movie, tmp_path: Path, shelf: Path) -> None:
    foyer = Foyer(movie, tmp_path / "cache", paste_folders=str(shelf), upload_mb=1, uploads_gb=0.0009)
    assert NO_ROOM in foyer.paste(str(shelf / "The Sea.mp4"))["bring_alert"]
    assert foyer.kept() == set()
