"""`/v1/models` and `/v1/chat/completions` as at OpenAI, so that existing chat clients can talk about a film."""

import json
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from typing import Any
from uuid import uuid4

from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from llamavid_demo.errors import (
    BusyError,
    ClosingError,
    DemoError,
    MemoryLimitError,
    ModelError,
    QuestionError,
    TooLongError,
    UnknownModelError,
)
from llamavid_demo.ui.openai_request import ChatRequest, chat_request
from llamavid_demo.ui.programs import BROKEN, Programs

BODY_BYTES = 10_000_000  # the longest history that is read, in any writing
FINISHED = {"end": "stop", "length": "length", "stopped": "stop"}
Reports = AsyncGenerator[dict[str, Any], None]

log = logging.getLogger(__name__)


def openai_routes(programs: Programs) -> list[Route]:
    """The routes, to be mounted under `/v1`."""
    began = int(time.time())

    def listed() -> dict[str, dict[str, Any]]:
        names = [
            name
            for model in programs.models.names
            for name in (model, *(f"{model}/{film}" for film in programs.movies))
        ]
        return {name: {"id": name, "object": "model", "created": began, "owned_by": "llamavid"} for name in names}

    async def models(request: Request) -> Response:
        return JSONResponse({"object": "list", "data": [*listed().values()]})

    async def model(request: Request) -> Response:
        name, known = request.path_params["name"], listed()
        if name not in known:
            raise UnknownModelError(f"There is no model {name!r}; there are {', '.join(known)}.")
        return JSONResponse(known[name])

    async def completions(request: Request) -> Response:
        asked = chat_request(await _body(request), programs.movies, programs.settings)
        programs.pace.question(request.client.host if request.client else None)
        reports = programs.reports(**asked.arguments)
        try:
            first = await anext(reports)  # what is refused is refused before the status is sent
        except BaseException:
            await reports.aclose()
            raise
        completion = Completion(asked)
        if asked.stream:
            return StreamingResponse(
                completion.stream(first, reports), media_type="text/event-stream", headers={"Cache-Control": "no-store"}
            )
        return await _whole(request, completion, first, reports)

    return [
        Route("/models", _in_their_words(models), methods=["GET"]),
        Route("/models/{name:path}", _in_their_words(model), methods=["GET"]),
        Route("/chat/completions", _in_their_words(completions), methods=["POST"]),
    ]


class Completion:
    """An answer in OpenAI's words. `evidence`, `section` and `until` stand beside them."""

    def __init__(self, asked: ChatRequest) -> None:
        self._asked = asked
        self._id, self._created = f"chatcmpl-{uuid4().hex}", int(time.time())

    def whole(self, report: dict[str, Any]) -> dict[str, Any]:
        """The answer in one piece."""
        message = {"role": "assistant", "content": report["answer"]}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": FINISHED[report["finished"]]}
        return {**self._about("chat.completion"), "choices": [choice], "usage": _usage(report), **_beside(report)}

    async def stream(self, first: dict[str, Any], reports: Reports) -> AsyncGenerator[str, None]:
        """The answer in pieces, as server-sent events; a comment while nothing is said keeps connections open."""
        sent, report = "", first
        yield self._chunk({"role": "assistant", "content": ""})
        try:
            async with aclosing(reports):
                async for report in _after(first, reports):
                    if piece := report["answer"][len(sent) :]:
                        sent += piece
                        yield self._chunk({"content": piece})
                    else:
                        yield ": reading\n\n"
            yield self._chunk({}, finish=FINISHED[report["finished"]], **_beside(report))
            if self._asked.usage:
                yield _event({**self._about("chat.completion.chunk"), "choices": [], "usage": _usage(report)})
        except DemoError as error:
            yield _event(_error(error)[1])
        except Exception:
            log.exception("a completion failed")
            yield _event(_broken())
        yield "data: [DONE]\n\n"

    def _about(self, kind: str) -> dict[str, Any]:
        return {"id": self._id, "object": kind, "created": self._created, "model": self._asked.model}

    def _chunk(self, delta: dict[str, Any], finish: str | None = None, **beside: Any) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
        return _event({**self._about("chat.completion.chunk"), "choices": [choice], **beside})


async def _whole(request: Request, completion: Completion, first: dict[str, Any], reports: Reports) -> Response:
    """The answer in one piece; whoever leaves before it is there stops it."""
    report = first
    async with aclosing(reports):
        async for known in reports:
            report = known
            if await request.is_disconnected():
                raise ClientDisconnect
    return JSONResponse(completion.whole(report))


async def _after(first: dict[str, Any], reports: Reports) -> Reports:
    yield first
    async for report in reports:
        yield report


def _in_their_words(handler: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """A handler whose errors are told as OpenAI tells them."""

    async def told(request: Request) -> Response:
        try:
            return await handler(request)
        except ClientDisconnect:
            return Response(status_code=499)  # nobody reads it
        except DemoError as error:
            status, body = _error(error)
        except Exception:
            log.exception("%s failed", request.url.path)
            status, body = 500, _broken()
        return JSONResponse(body, status)

    return told


async def _body(request: Request) -> Any:
    """The JSON that was sent. Raises `QuestionError`; as JSON only, which a foreign page may not send."""
    kind = request.headers.get("content-type", "").split(";")[0].strip().lower()
    if kind != "application/json":
        raise QuestionError(f"The body must be of type application/json, not {kind or 'of none'}.")
    body = bytearray()
    async for piece in request.stream():
        body += piece
        if len(body) > BODY_BYTES:
            raise QuestionError(f"The body has more than {BODY_BYTES:,} bytes: leave out some messages.")
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        raise QuestionError("The body is no JSON: send an object with model and messages.") from None


def _error(error: DemoError) -> tuple[int, dict[str, Any]]:
    """Status and body."""
    status, kind, code = 400, "invalid_request_error", None
    if isinstance(error, BusyError):
        status, kind, code = 429, "rate_limit_error", "rate_limit_exceeded"
    elif isinstance(error, MemoryLimitError):
        status, kind, code = 503, "server_error", "out_of_memory"
    elif isinstance(error, UnknownModelError):
        status, code = 404, "model_not_found"
    elif isinstance(error, ModelError):
        status, kind, code = 503, "server_error", "model_not_loaded"
    elif isinstance(error, ClosingError):
        status, kind, code = 503, "server_error", "closing"
    elif isinstance(error, TooLongError):
        code = "context_length_exceeded"
    return status, {"error": {"message": str(error), "type": kind, "param": None, "code": code}}


def _broken() -> dict[str, Any]:
    return {"error": {"message": BROKEN, "type": "server_error", "param": None, "code": None}}


def _usage(report: dict[str, Any]) -> dict[str, Any]:
    stats = report["stats"]
    return {
        "prompt_tokens": stats["prompt_tokens"],
        "completion_tokens": stats["new_tokens"],
        "total_tokens": stats["prompt_tokens"] + stats["new_tokens"],
        "prompt_tokens_details": {"cached_tokens": stats["reused_tokens"]},
    }


def _beside(report: dict[str, Any]) -> dict[str, Any]:
    return {name: report[name] for name in ("evidence", "section", "until")}


def _event(data: dict[str, Any]) -> str:
    return f"data: {json.dumps(data)}\n\n"
