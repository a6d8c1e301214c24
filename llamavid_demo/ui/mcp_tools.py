"""The tools `films` and `ask` for MCP clients, over streamable HTTP without sessions.

Names, descriptions and parameters are those of `Programs`. Errors are results that say what would be right.
"""

import inspect
import json
import logging
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from gradio.utils import get_function_description
from pydantic import TypeAdapter
from starlette.types import Receive, Scope, Send

from llamavid_demo.errors import DemoError, QuestionError
from llamavid_demo.report import Report
from llamavid_demo.ui.programs import BROKEN, Programs

if TYPE_CHECKING:
    from mcp.server.lowlevel import Server
    from mcp.types import CallToolResult, Tool

log = logging.getLogger(__name__)


class McpTools:
    """The ASGI application behind `/mcp`. A client that leaves, or cancels, stops the answer.

    `mcp` is imported at the first request: the page need not wait for it.
    """

    def __init__(self, programs: Programs) -> None:
        self._programs = programs

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; nothing of it stays."""
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager

        manager = StreamableHTTPSessionManager(self._server, stateless=True)
        async with manager.run():
            await manager.handle_request(scope, receive, send)

    @cached_property
    def _server(self) -> "Server[Any, Any]":
        from mcp.server.lowlevel import Server

        about = "Films that can be watched and asked about: call `films` first, then `ask` about a section of one."
        server: Server[Any, Any] = Server("llamavid", instructions=about)
        server.list_tools()(self._list)
        server.call_tool(validate_input=False)(self._call)  # its sentences would not be ours
        return server

    async def _list(self) -> "list[Tool]":
        films = {"type": "object", "properties": {"films": {"type": "array", "items": {"type": "object"}}}}
        answers = Report.model_json_schema(mode="serialization")
        return [_tool(self._programs.films, films), _tool(self._programs.ask, answers)]

    async def _call(self, name: str, arguments: dict[str, Any]) -> "CallToolResult":
        try:
            if name == "films":
                _bind(self._programs.films, arguments)
                films = self._programs.films()
                return _result(json.dumps(films), {"films": films})
            if name == "ask":
                report = await self._ask(arguments)
                return _result(json.dumps(report), report)
        except DemoError as error:
            return _result(str(error), is_error=True)
        except Exception:
            log.exception("the tool %s failed", name)
            return _result(BROKEN, is_error=True)
        return _result(f"There is no tool {name!r}; there are films and ask.", is_error=True)

    async def _ask(self, arguments: dict[str, Any]) -> dict[str, Any]:
        """The whole report. Whoever wants progress hears the answer as far as it is written."""
        _bind(self._programs.ask, arguments)
        request = self._server.request_context
        client = request.request.client if request.request else None
        self._programs.pace.question(client.host if client else None)
        token = request.meta.progressToken if request.meta else None
        report: dict[str, Any] = {}
        step = 0
        async for report in self._programs.reports(**arguments):
            step += 1
            if token is not None:
                await request.session.send_progress_notification(
                    token, step, message=report["answer"], related_request_id=str(request.request_id)
                )
        return report


def _tool(function: Callable[..., Any], output: dict[str, Any]) -> "Tool":
    """A function as a tool, by its signature and docstring; `output` is the schema of what it gives."""
    from mcp.types import Tool, ToolAnnotations

    about, described, _ = get_function_description(function)
    properties, needed = {}, []
    for name, parameter in inspect.signature(function).parameters.items():
        properties[name] = {**TypeAdapter(parameter.annotation).json_schema(), "description": described[name]}
        if parameter.default is parameter.empty:
            needed.append(name)
        else:
            properties[name]["default"] = parameter.default
    return Tool(
        name=function.__name__,
        description=about,
        inputSchema={
            "type": "object", "properties": properties, "required": needed, "additionalProperties": False,
        },
        outputSchema=output,
        annotations=ToolAnnotations(readOnlyHint=True, openWorldHint=False),
    )  # fmt: skip


def _bind(function: Callable[..., Any], arguments: dict[str, Any]) -> None:
    """Raises `QuestionError` when the names of the arguments are not those of the function."""
    signature = inspect.signature(function)
    try:
        signature.bind(**arguments)
    except TypeError as error:
        takes = ", ".join(signature.parameters) or "no arguments"
        raise QuestionError(f"The tool {function.__name__} takes {takes}: {error}.") from None


def _result(text: str, data: Any = None, *, is_error: bool = False) -> "CallToolResult":
    from mcp.types import CallToolResult, TextContent

    return CallToolResult(content=[TextContent(type="text", text=text)], structuredContent=data, isError=is_error)
