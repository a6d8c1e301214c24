"""Gradio's own scripts and styles, ninety of which a page asks for: compressed once, then sent from memory.

Gradio reads and compresses each anew for every visitor, behind all of its other layers, and lets browsers ask again. It
compresses by what a file's name ends in: not the page itself, which has none.
"""

import gzip
from functools import cache
from pathlib import Path

import brotli
from gradio.routes import BUILD_PATH_LIB
from starlette.datastructures import Headers
from starlette.middleware.gzip import GZipMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

FOREVER = "public, max-age=31536000, immutable"  # their names change with what is in them
TYPES = {".js": "text/javascript", ".css": "text/css"}
COMPRESSED = {"br": lambda body: brotli.compress(body, quality=5), "gzip": gzip.compress}


class BuiltFiles:
    """ASGI middleware that answers for the files of a `folder`, and passes everything else on; the page compressed."""

    def __init__(self, app: ASGIApp, *, folder: Path = Path(BUILD_PATH_LIB)) -> None:
        self._app = app
        self._page = GZipMiddleware(app, compresslevel=5)
        # By their whole paths, as they are now: nothing that is asked for is ever looked up on the disk.
        self._files = {f"/assets/{file.name}": file for file in folder.iterdir() if file.suffix in TYPES}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, or pass on."""
        file = self._files.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "GET" else None
        if not file:
            return await (self._page if scope.get("path") == "/" else self._app)(scope, receive, send)
        accepted = Headers(scope=scope).get("accept-encoding", "")
        encoding = next((name for name in COMPRESSED if name in accepted), "")
        headers = {"Cache-Control": FOREVER, "Vary": "Accept-Encoding"}
        if encoding:
            headers["Content-Encoding"] = encoding
        await Response(_body(file, encoding), headers=headers, media_type=TYPES[file.suffix])(scope, receive, send)


@cache
def _body(file: Path, encoding: str) -> bytes:
    body = file.read_bytes()
    return COMPRESSED[encoding](body) if encoding else body
