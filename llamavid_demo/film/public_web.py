"""The web for addresses that strangers give: which servers may be asked, and a line that can be cut at any moment.

A name is looked up once, and the address that was looked at is the one that is called: a name that means another server
a moment later, and a server that sends on to another, get nobody into the network behind this machine.
"""

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any

import httpx
import psutil

from llamavid_demo.errors import DownloadError

Address = IPv4Address | IPv6Address

_UNICAST = IPv6Network("2000::/3")  # all that is given out to public servers; what translates to IPv4 lies elsewhere
_WEB_PORTS = (80, 443)
_FIRST_FREE_PORT = 1024  # those below belong to mail, shells, file servers and the like
_MOST_TRIED = 3  # addresses of one name


def is_public(address: Address) -> bool:
    """Whether everybody may call that address: nothing private, of this machine, or with another address in it."""
    if str(address) in _own():
        return False
    if isinstance(address, IPv6Address) and (address not in _UNICAST or address.sixtofour or address.teredo):
        return False
    return address.is_global and not address.is_multicast


class PublicWeb(httpx.BaseTransport):
    """Sends requests to servers whose addresses it `allows`, redirects included; refuses others by `DownloadError`."""

    def __init__(self, allows: Callable[[Address], bool] = is_public) -> None:
        self._allows = allows
        # A line that is kept could be taken for another name with the same address.
        self._web = httpx.HTTPTransport(limits=httpx.Limits(max_keepalive_connections=0))
        self._line: socket.socket | None = None
        self._is_cut = threading.Event()

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Call the server of that request. Raises `DownloadError` when it may not be called."""
        if request.url.scheme not in ("http", "https") or not request.url.host:
            raise httpx.UnsupportedProtocol("no http")
        trouble: httpx.TransportError = httpx.ConnectError("no address")
        for address in self._looked_up(request.url)[:_MOST_TRIED]:
            if self._is_cut.is_set():
                raise httpx.ConnectError("cut off")
            try:
                return self._web.handle_request(self._called_at(address, request))
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                trouble = error
        raise trouble

    def cut(self) -> None:
        """End what is under way, from any thread, and send nothing more; a server may be silent for long."""
        self._is_cut.set()
        if self._line:
            with suppress(OSError):
                socket.socket.shutdown(self._line, socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of all lines."""
        self._web.close()

    def _looked_up(self, url: httpx.URL) -> list[Address]:
        """The addresses of a server, all of which may be called."""
        host, port = url.raw_host.decode("ascii"), url.port or (443 if url.scheme == "https" else 80)
        if port not in _WEB_PORTS and port < _FIRST_FREE_PORT:
            raise DownloadError(f"{url.host} has no films at port {port}: give another address.")
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:  # letters that no name may have
            raise httpx.ConnectError(getattr(error, "strerror", None) or "no such name") from None
        addresses = [ip_address(str(place[0]).partition("%")[0]) for *_, place in found]
        if not all(map(self._allows, addresses)):
            raise DownloadError(
                f"{url.host} is not on the public internet, where films are fetched from: give another address."
            )
        return addresses

    def _called_at(self, address: Address, request: httpx.Request) -> httpx.Request:
        """The same request to that address. The server hears the name, and its certificate must bear it."""
        extensions: dict[str, Any] = {**request.extensions, "trace": self._note_line}
        extensions["sni_hostname"] = request.url.raw_host.decode("ascii")
        url = request.url.copy_with(host=str(address))
        return httpx.Request(request.method, url, headers=request.headers, stream=request.stream, extensions=extensions)

    def _note_line(self, event: str, told: dict[str, Any]) -> None:
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._line = told["return_value"].get_extra_info("socket")
            if self._is_cut.is_set():
                self.cut()


def _own() -> set[str]:
    """The addresses of this machine."""
    return {place.address.partition("%")[0] for places in psutil.net_if_addrs().values() for place in places}
