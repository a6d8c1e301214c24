"""What browsers are told not to do with the page: ask elsewhere, stand in a foreign frame, guess a file's type."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

# Gradio compiles the handlers that run in the browser, and puts styles where they are used.
_SOURCES = {
    "default-src": "'self'",
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "media-src": "'self' blob:",
    "font-src": "'self' data:",
    "worker-src": "'self' blob:",
    "object-src": "'none'",
    "base-uri": "'none'",  # Gradio's would make of the links within the page, such as #question, links to another page
    "form-action": "'self'",
}
HUB = "https://huggingface.co https://*.hf.space"  # a Space stands in a frame there


class SecurityHeaders:
    """ASGI middleware that adds them to every answer; `framed_by` are the pages that may show this one in a frame."""

    def __init__(self, app: ASGIApp, *, framed_by: str = "") -> None:
        self._app = app
        sources = _SOURCES | {"frame-ancestors": f"'self' {framed_by}".strip()}
        self._headers = {
            "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in sources.items()),
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on."""

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=list(message["headers"]))
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                message = {**message, "headers": headers.raw}
            await send(message)

        await self._app(scope, receive, answer)
