"""`/mcp` through the official client, and that all doors give the same answer."""

from pathlib import Path
from typing import Any

import jsonschema
import pytest
from gradio_client import Client as GradioClient
from mcp.types import CallToolResult
from openai import OpenAI

from tests.ui.conftest import Server
from tests.ui.mcp_session import session
from tests.ui.scripted import run

ASK: dict[str, Any] = {"movie": "harbour", "section": 1, "question": "And then?", "max_new_tokens": 100}
SENT_WRONG: list[tuple[str, dict[str, Any], str]] = [
    ("ask", {**ASK, "movie": "x"}, "There is no film 'x'; there are a-quiet-road, harbour."),
    ("ask", {**ASK, "section": 9}, "The Harbour has sections 0 to 1, not 9: give the number of one, or 'all'."),
    ("ask", {"movie": "harbour"}, "The tool ask takes movie, section, question, history, model, temperature, top_p,"),
    ("films", {"x": 1}, "The tool films takes no arguments: got an unexpected keyword argument 'x'."),
    ("fly", {}, "There is no tool 'fly'; there are films and ask."),
]


def call(server: Server, tool: str, arguments: dict[str, Any], heard: list[str] | None = None) -> CallToolResult:
    async def told(progress: float, total: float | None, message: str | None) -> None:
        if heard is not None:
            heard.append(message or "")

    async def calling() -> CallToolResult:
        async with session(server.url) as client:
            return await client.call_tool(tool, arguments, progress_callback=told)

    return run(calling())


def test_tools_say_what_they_take(server: Server) -> None:
    async def listing() -> Any:
        async with session(server.url) as client:
            return await client.list_tools()

    films, ask = run(listing()).tools
    assert (films.name, ask.name) == ("films", "ask")
    assert ask.description.startswith("Ask about a section of a film.")
    assert ask.inputSchema["required"] == ["movie", "section", "question"]
    assert all(parameter["description"] for parameter in ask.inputSchema["properties"].values())
    jsonschema.validate(ASK, ask.inputSchema)


def test_films_are_listed(server: Server) -> None:
    found = call(server, "films", {}).structuredContent
    assert [film["slug"] for film in found["films"]] == ["a-quiet-road", "harbour"]


def through_all_doors(server: Server, model: str, **arguments: Any) -> list[dict[str, Any]]:
    """The report of one answer through MCP, through Gradio's client and through OpenAI's."""
    heard: list[str] = []
    tool = call(server, "ask", {**ASK, **arguments, "model": model}, heard)
    assert not tool.isError and tool.structuredContent
    assert heard[-1] == tool.structuredContent["answer"]
    endpoint = GradioClient(server.url, verbose=False, httpx_kwargs={"timeout": 90}).predict(
        **ASK, **arguments, model=model, api_name="/ask"
    )
    chat = OpenAI(base_url=f"{server.url}/v1", api_key="none", timeout=90).chat.completions.create(
        model=f"{model}/harbour/1", messages=[{"role": "user", "content": ASK["question"]}],
        max_tokens=ASK["max_new_tokens"], extra_body=arguments,
    )  # fmt: skip
    told = {"answer": chat.choices[0].message.content, "evidence": chat.evidence}  # type: ignore[attr-defined]
    return [tool.structuredContent, endpoint, told]


def test_all_doors_give_the_same_answer(server: Server, checkpoint: Path) -> None:
    first, *others = through_all_doors(server, checkpoint.name, until=40)
    assert first["until"] == 40
    assert all(30 <= moment["seconds"] < 40 for moment in first["evidence"])
    for report in others:
        assert (report["answer"], report["evidence"]) == (first["answer"], first["evidence"])


@pytest.mark.parametrize(("tool", "arguments", "sentence"), SENT_WRONG)
def test_errors_are_results_in_a_sentence(server: Server, tool: str, arguments: dict[str, Any], sentence: str) -> None:
    result = call(server, tool, arguments)
    assert result.isError
    assert result.content[0].text.startswith(sentence)  # type: ignore[union-attr]
