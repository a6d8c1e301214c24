"""A web server with bad manners: it breaks off, lies about length and type, redirects anywhere, and knows no ranges."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler

from tests.loopback import serving_on_loopback

PIECE = 16384


@dataclass
class Offer:
    """What is served at one address. `breaks` holds, request by request, after how many bytes it breaks off."""

    body: bytes = b""
    etag: str | None = None
    ranges: bool = True
    breaks: list[int] = field(default_factory=list)
    status: int = 200
    location: str | None = None
    length: int | None = None  # a lie
    endless: bool = False
    silent: threading.Event | None = None  # instead of breaking off, wait for this
    asked: list[str] = field(default_factory=list)  # the Range of each request


@contextmanager
def serving(offers: dict[str, Offer]) -> Iterator[str]:
    """Serve while the block runs; the address without a path."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            offer = offers[self.path]
            wanted = self.headers.get("Range", "")
            offer.asked.append(wanted)
            fits = self.headers.get("If-Range") in (None, offer.etag)
            start = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]) if wanted and offer.ranges and fits else 0
            if start and start >= len(offer.body):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(offer.body)}")
                self.end_headers()
                return
            self.send_response(206 if start else offer.status)
            if start:
                self.send_header("Content-Range", f"bytes {start}-{len(offer.body) - 1}/{len(offer.body)}")
            if offer.etag:
                self.send_header("ETag", offer.etag)
            if offer.location:
                self.send_header("Location", offer.location)
            if not offer.endless:
                self.send_header("Content-Length", str(offer.length or len(offer.body) - start))
            self.send_header("Content-Type", "video/mp4")
            self.end_headers()
            self._send(offer, offer.body[start:])

        def _send(self, offer: Offer, body: bytes) -> None:
            stop = offer.breaks.pop(0) if offer.breaks else len(body)
            try:
                for at in range(0, stop, PIECE):
                    self.wfile.write(body[at : min(stop, at + PIECE)])
                while offer.endless:
                    self.wfile.write(bytes(PIECE))
            except OSError:  # the caller has had enough
                return
            if stop < len(body) and offer.silent:
                offer.silent.wait()

    with serving_on_loopback(Handler) as address:
        yield address
