"""What strangers may have fetched: from the public internet alone, whatever names, redirects and silent servers do."""

import socket
import threading
from ipaddress import ip_address
from pathlib import Path

import httpx
import pytest

from llamavid_demo.errors import DownloadError
from llamavid_demo.film import download as downloading
from llamavid_demo.film.download import HEAD, download
from llamavid_demo.film.public_web import Address, PublicWeb, is_public
from tests.film.film_server import Offer, serving

PUBLIC, OTHER = "93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"
NOT_PUBLIC = [
    *("127.0.0.1", "127.8.8.8", "0.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "169.254.169.254"),
    *("224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1"),
    *("::1", "::", "fe80::1", "fd00:ec2::254", "ff02::1", "2001:db8::1"),
    *("::ffff:127.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "2002:7f00:1::1", "2001:0:4136:e378::1"),
]


def names(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Every name means these addresses."""
    found = [(0, 0, 0, "", (address, 80)) for address in addresses]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)


def only_this_machine(address: Address) -> bool:
    return str(address) == "127.0.0.1"


def refused(url: str, file: Path, web: PublicWeb, said: str) -> None:
    with pytest.raises(DownloadError, match=said):
        list(download(url, file, most_bytes=HEAD, transport=web))


@pytest.mark.parametrize("address", NOT_PUBLIC)
def test_addresses_that_not_everybody_may_call(address: str) -> None:
    assert not is_public(ip_address(address))


def test_addresses_that_everybody_may_call(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_public(ip_address(PUBLIC)) and is_public(ip_address(OTHER))
    monkeypatch.setattr("llamavid_demo.film.public_web._own", lambda: {PUBLIC})
    assert not is_public(ip_address(PUBLIC))  # this machine's own


def test_the_address_that_was_looked_at_is_called_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    names(monkeypatch, PUBLIC, OTHER)
    sent: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        if len(sent) == 1:
            raise httpx.ConnectError("down")
        return httpx.Response(200)

    web = PublicWeb()
    monkeypatch.setattr(web, "_web", httpx.MockTransport(answer))
    with httpx.Client(transport=web) as client:
        got = client.get("https://films.example/a.mp4")
    assert [request.url.host for request in sent] == [PUBLIC, OTHER]
    assert sent[1].headers["host"] == sent[1].extensions["sni_hostname"] == got.url.host == "films.example"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("http://films.example/a.mp4", "films.example is not on the public internet"),
        ("http://films.example:22/a.mp4", "films.example has no films at port 22"),
        ("ftp://films.example/a.mp4", "no address of http or https"),
        ("http:///a.mp4", "no address of http or https"),
    ],
)
def test_nothing_is_sent_where_it_may_not_go(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, url: str, said: str
) -> None:
    names(monkeypatch, PUBLIC, "10.0.0.1")
    web = PublicWeb()
    monkeypatch.setattr(web, "_web", httpx.MockTransport(lambda request: pytest.fail(f"sent to {request.url}")))
    refused(url, tmp_path / "film", web, said)


def test_redirects_are_looked_at_as_well(tmp_path: Path) -> None:
    offers = {"/film.mp4": Offer(status=302), "/secret": Offer(b"secret")}
    with serving(offers) as host:
        for location, said in (
            (host.replace("127.0.0.1", "127.0.0.2") + "/secret", "127.0.0.2 is not on the public internet"),
            ("file:///etc/passwd", "no address of http or https"),
        ):
            offers["/film.mp4"].location = location
            refused(f"{host}/film.mp4", tmp_path / "film", PublicWeb(only_this_machine), said)
    assert offers["/secret"].asked == []
    assert list(tmp_path.iterdir()) == []


def test_a_line_to_a_silent_server_can_be_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(downloading, "_PATIENCE", 600.0)
    silent, came, ended = threading.Event(), threading.Event(), threading.Event()
    offer = Offer(bytes(2 * HEAD), etag='"one"', breaks=[HEAD], silent=silent)
    web = PublicWeb(only_this_machine)

    def fetch(url: str) -> None:
        with pytest.raises(DownloadError):
            for step in download(url, tmp_path / "film", most_bytes=3 * HEAD, transport=web):
                if step.done == HEAD:
                    came.set()
        ended.set()

    with serving({"/film.mp4": offer}) as host:
        threading.Thread(target=fetch, args=(f"{host}/film.mp4",), daemon=True).start()
        assert came.wait(60)
        web.cut()
        cut = ended.wait(60)
        silent.set()
    assert cut
    assert len(offer.asked) == 1  # it does not call again
