"""The page's very first bytes: they name its language, before any of Gradio's scripts chooses one.

Gradio knows two kinds of Chinese by their full names, and takes `zh` or `zh-SG` for English.
"""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from llamavid_demo.ui.language import wanted

_BEFORE, _FIRST = "<head>", "Object.defineProperty(navigator,'language',{value:'zh-CN'})"
_LANGUAGE = b'lang="en"', b'lang="zh-CN"'


class HtmlLanguage:
    """ASGI middleware: HTML for a browser that wants Chinese says that it is, and begins with a `script`."""

    def __init__(self, app: ASGIApp, *, script: str = "") -> None:
        self._app = app
        self._after = f"{_BEFORE}<script>{_FIRST};{script}</script>".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass everything on, pages with another beginning."""
        started: list[Message] = []
        body = bytearray()

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_page(message):
                started.append(message)
            elif not started:
                await send(message)
            else:
                body.extend(message.get("body", b""))
                if not message.get("more_body"):
                    await self._send_chinese(started[0], bytes(body), send)

        chinese = scope["type"] == "http" and wanted(Headers(scope=scope).get("accept-language", "")) == "zh-CN"
        await self._app(scope, receive, answer if chinese else send)

    async def _send_chinese(self, start: Message, body: bytes, send: Send) -> None:
        body = body.replace(_BEFORE.encode(), self._after, 1).replace(*_LANGUAGE, 1)
        headers = MutableHeaders(raw=list(start["headers"]))
        headers["content-length"] = str(len(body))
        headers["vary"] = "Accept-Language"
        await send({**start, "headers": headers.raw})
        await send({"type": "http.response.body", "body": body})


def _is_page(message: Message) -> bool:
    return Headers(raw=message["headers"]).get("content-type", "").startswith("text/html")
