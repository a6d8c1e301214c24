"""Whom the server lets in: name and password for the page, which Gradio asks for, and for programs beside it."""

import base64
import binascii
import secrets

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

BESIDE_GRADIO = ("/v1", "/mcp", "/metrics")  # /healthz stays open to whoever watches over the machine
WRONG = "Name and password are needed: send them as Basic authorization, or the password as a Bearer token (API key)."


class ProgramsLogin:
    """ASGI middleware that asks programs for the `login`, a name and a password, where Gradio does not."""

    def __init__(self, app: ASGIApp, *, login: tuple[str, str]) -> None:
        self._app = app
        name, password = login
        self._basic, self._token = f"{name}:{password}".encode(), password.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on what may come in; answer the rest with 401."""
        if scope["type"] == "http" and _is_beside(scope["path"]) and not self._is_known(Headers(scope=scope)):
            error = {"message": WRONG, "type": "invalid_request_error", "param": None, "code": "invalid_api_key"}
            refusal = JSONResponse({"error": error}, 401, {"WWW-Authenticate": 'Basic realm="films"'})
            await refusal(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _is_known(self, headers: Headers) -> bool:
        kind, _, sent = headers.get("authorization", "").partition(" ")
        if kind.lower() == "bearer":
            return secrets.compare_digest(sent.strip().encode(), self._token)
        try:
            return kind.lower() == "basic" and secrets.compare_digest(base64.b64decode(sent), self._basic)
        except (binascii.Error, ValueError):
            return False


def _is_beside(path: str) -> bool:
    return any(path == door or path.startswith(f"{door}/") for door in BESIDE_GRADIO)
