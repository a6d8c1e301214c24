"""A stand-in for the Hub that lends models, and for the server of the tower. Large files lie on another origin."""

import base64
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any

from tests.loopback import serving_on_loopback

SHA = "1" * 40
TOWER = "/lavis/eva_vit_g.pth"
BY_LFS = 10_000  # bytes from which a file is an LFS object


@dataclass
class ModelHub:
    """What it holds and how it behaves. Bodies are by path: owner/name/file, or `TOWER`."""

    files: dict[str, bytes] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)  # lies
    damaged: set[str] = field(default_factory=set)  # sent with a wrong byte
    breaks: dict[str, list[int]] = field(default_factory=dict)  # after how many bytes each request breaks off
    gated: set[str] = field(default_factory=set)
    asked: list[tuple[str, str]] = field(default_factory=list)  # bodies that were asked for, with their Range
    tokens_elsewhere: int = 0  # requests to the other origin that brought a token along

    def info(self, repository: str) -> tuple[int, dict[str, str], Any]:
        named = {path.removeprefix(f"{repository}/"): body for path, body in self.files.items()
                 if path.startswith(f"{repository}/")}  # fmt: skip
        if not named:
            return 404, {"X-Error-Code": "RepoNotFound"}, {"error": "Repository not found"}
        siblings = [self._sibling(f"{repository}/{name}", name, body) for name, body in named.items()]
        gated = "manual" if repository in self.gated else False
        return 200, {}, {"id": repository, "sha": SHA, "gated": gated, "siblings": siblings}

    def _sibling(self, path: str, name: str, body: bytes) -> dict[str, Any]:
        size = self.sizes.get(path, len(body))
        blob = hashlib.sha1(b"blob %d\0" % len(body) + body, usedforsecurity=False).hexdigest()
        said: dict[str, Any] = {"rfilename": name, "size": size, "blobId": blob}
        if len(body) >= BY_LFS:
            said["lfs"] = {"sha256": hashlib.sha256(body).hexdigest(), "size": size, "pointerSize": 135}
        return said


@contextmanager
def model_hub(hub: ModelHub) -> Iterator[str]:
    """Serve while the block runs; its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            path = self.path.partition("?")[0]
            if checked := re.fullmatch(r"/api/models/([^/]+/[^/]+)/auth-check", path):
                self._json(403, {"X-Error-Code": "GatedRepo"}, {"error": f"{checked[1]} is restricted"})
            elif asked := re.fullmatch(r"/api/models/([^/]+/[^/]+)", path):
                self._json(*hub.info(asked[1]))
            elif wanted := re.fullmatch(rf"/([^/]+/[^/]+)/resolve/{SHA}/(.+)", path):
                self._file(f"{wanted[1]}/{wanted[2]}")
            elif path == TOWER:
                self._send(TOWER)
            elif not path.startswith("/elsewhere/"):
                self._json(404, {}, {"error": "Not found"})
            else:
                hub.tokens_elsewhere += "Authorization" in self.headers
                self._send(path.removeprefix("/elsewhere/"))

        def do_HEAD(self) -> None:
            body = hub.files.get(self.path)
            self.send_response(404 if body is None else 200)
            if body is not None:
                stated = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
                self.send_header("x-goog-hash", "crc32c=AAAAAA==")
                self.send_header("x-goog-hash", f"md5={stated}")
                self.send_header("Content-Length", str(hub.sizes.get(self.path, len(body))))
            self.end_headers()

        def _json(self, status: int, headers: dict[str, str], answer: Any) -> None:
            said = json.dumps(answer).encode()
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(said)))
            self.end_headers()
            self.wfile.write(said)

        def _file(self, path: str) -> None:
            if len(hub.files[path]) < BY_LFS:
                self._send(path)
                return
            self.send_response(302)
            self.send_header("Location", f"http://localhost:{self.server.server_port}/elsewhere/{path}")  # type: ignore[attr-defined]
            self.send_header("Content-Length", "0")
            self.end_headers()

        def _send(self, path: str) -> None:
            hub.asked.append((path, self.headers.get("Range", "")))
            body = hub.files[path]
            if path in hub.damaged:
                body = body[:-1] + bytes([body[-1] ^ 1])
            begin = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
            start = int(begin[1]) if begin else 0
            self.send_response(206 if begin else 200)
            if begin:
                self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
            self.send_header("ETag", f'"{hashlib.sha256(body).hexdigest()}"')
            self.send_header("Content-Length", str(len(body) - start))
            self.end_headers()
            left = hub.breaks.get(path)
            self.wfile.write(body[start:][: left.pop(0)] if left else body[start:])

    with serving_on_loopback(Handler) as address:
        yield address
