"""`/v1` through OpenAI's own client."""

import json
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from openai import NotFoundError, OpenAI

from llamavid_demo.errors import DemoError
from llamavid_demo.settings import Settings
from llamavid_demo.ui.openai_request import chat_request
from tests.ui.conftest import Server

WHERE = {"role": "user", "content": "Where does the film begin?"}
FILMS = {"harbour": None, "road": None}
NAMED: list[tuple[dict[str, Any], tuple[Any, Any, Any]]] = [
    ({"film": "harbour", "section": 1, "until": 40}, ("harbour", 1, 40)),
    ({"film": "harbour", "section": "all"}, ("harbour", "all", None)),
    ({"model": "small/harbour"}, ("harbour", 0, None)),
    ({"model": "small/harbour/1"}, ("harbour", 1, None)),
    ({"model": "small/harbour/all", "section": 0}, ("harbour", 0, None)),
    ({"model": "small/road", "film": "harbour"}, ("harbour", 0, None)),
    ({"system": "You are kind.\nFilm: harbour\nsection: 1\n until: 40.5"}, ("harbour", 1, 40.5)),
    ({"system": "film: road", "model": "small/harbour"}, ("harbour", 0, None)),
    ({"system": "film: harbour\nsection: last"}, ("harbour", "last", None)),
]
SENT_WRONG: list[tuple[dict[str, Any], str]] = [
    ({}, "No film is named; there are harbour, road: say which in the field film"),
    ({"n": 2}, "n is not supported here, 2 was given: leave it out."),
    ({"stop": ["."]}, "stop is not supported here, ['.'] was given: leave it out."),
    ({"model": None}, "model must name one that /v1/models lists, not None."),
    ({"film": "road", "stream": "yes"}, "stream must be true or false, not 'yes'."),
    ({"film": "road", "max_tokens": -1}, "max_tokens must be a whole number from 1 to 1000000000, not -1."),
    ({"messages": "Where?"}, "messages must be a list of messages, not 'Where?'."),
    ({"messages": [WHERE, WHERE]}, "Messages of user and assistant must take turns and end with the user's, not user,"),
    ({"messages": [{"role": "tool", "content": "x"}]}, "messages[0] must have a role, system, user or assistant, not"),
    ({"messages": [{"role": "user", "content": 3}]}, "messages[0] must have a text as content, not 3."),
    (
        {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]},
        "messages[0] must have parts of type text only, not {'type': 'image_url'}.",
    ),
]


def read(given: dict[str, Any]) -> dict[str, Any]:
    system = given.pop("system", None)
    messages = [{"role": "system", "content": system}, WHERE] if system else [WHERE]
    return chat_request({"model": "small", "messages": messages, **given}, FILMS, Settings()).arguments


@pytest.mark.parametrize(("given", "named"), NAMED, ids=[json.dumps(given)[:40] for given, _ in NAMED])
def test_a_film_is_named_in_ways_that_clients_have(given: dict[str, Any], named: tuple[Any, Any, Any]) -> None:
    arguments = read(dict(given))
    assert (arguments["movie"], arguments["section"], arguments["until"]) == named
    assert arguments["model"] == "small"


@pytest.mark.parametrize(("wrong", "sentence"), SENT_WRONG, ids=[str(wrong)[:40] for wrong, _ in SENT_WRONG])
def test_what_is_sent_wrong_is_refused_in_a_sentence(wrong: dict[str, Any], sentence: str) -> None:
    with pytest.raises(DemoError) as refused:
        read(dict(wrong))
    assert str(refused.value).startswith(sentence)


def test_messages_are_turns_and_a_question() -> None:
    parts = [{"type": "text", "text": "And "}, {"type": "text", "text": "then?"}]
    said = [WHERE, {"role": "assistant", "content": "There."}, {"role": "user", "content": parts}]
    arguments = read(
        {"film": "road", "messages": said, "max_tokens": 10**6, "temperature": 0.5, "repetition_penalty": 1.1}
    )
    assert arguments["history"] == [[WHERE["content"], "There."]]
    assert arguments["question"] == "And then?"
    assert arguments["max_new_tokens"] == Settings().max_new_tokens
    assert arguments["temperature"] == 0.5 and arguments["repetition_penalty"] == 1.1


@pytest.fixture(scope="module")
def client(server: Server) -> OpenAI:
    return OpenAI(base_url=f"{server.url}/v1", api_key="none", timeout=90, max_retries=0)


def test_models_are_checkpoints_and_their_films(client: OpenAI, checkpoint: Path) -> None:
    name = checkpoint.name
    assert [model.id for model in client.models.list()] == [name, f"{name}/a-quiet-road", f"{name}/harbour"]
    assert client.models.retrieve(f"{name}/harbour").id == f"{name}/harbour"
    with pytest.raises(NotFoundError, match="There is no model 'gpt-4'"):
        client.models.retrieve("gpt-4")


def test_a_second_turn_reads_neither_film_nor_conversation_again(client: OpenAI, checkpoint: Path) -> None:
    said: list[Any] = [{"role": "system", "content": "film: harbour\nsection: 1"}, WHERE]
    asked: dict[str, Any] = {"model": checkpoint.name, "temperature": 0, "max_tokens": 4}
    first = client.chat.completions.create(messages=said, **asked)
    assert first.choices[0].finish_reason == "length"
    assert all(30 <= moment["seconds"] < 60 for moment in first.evidence)  # type: ignore[attr-defined]
    said += [first.choices[0].message.model_dump(include={"role", "content"}), {"role": "user", "content": "And then?"}]
    second = client.chat.completions.create(messages=said, **asked)
    assert first.usage and second.usage and second.usage.prompt_tokens_details
    assert first.usage.completion_tokens == 4
    assert (second.usage.prompt_tokens_details.cached_tokens or 0) >= first.usage.prompt_tokens


def test_a_stream_is_the_answer_in_pieces(client: OpenAI, checkpoint: Path) -> None:
    asked: dict[str, Any] = {"model": f"{checkpoint.name}/harbour", "messages": [WHERE], "max_tokens": 200}
    whole = client.chat.completions.create(**asked)
    *pieces, last, usage = client.chat.completions.create(**asked, stream=True, stream_options={"include_usage": True})
    assert "".join(piece.choices[0].delta.content for piece in pieces) == whole.choices[0].message.content
    assert sum(bool(piece.choices[0].delta.content) for piece in pieces) > 1
    assert last.choices[0].finish_reason == whole.choices[0].finish_reason
    assert last.evidence == whole.evidence
    assert usage.usage.completion_tokens == whole.usage.completion_tokens


def test_refusals_have_their_status(client: OpenAI, checkpoint: Path) -> None:
    with pytest.raises(openai.NotFoundError, match="There is no model 'gpt' here; there are") as unknown:
        client.chat.completions.create(model="gpt/harbour", messages=[WHERE])  # type: ignore[list-item]
    assert unknown.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError, match="There is no film 'x'; there are"):
        client.chat.completions.create(model=f"{checkpoint.name}/x", messages=[WHERE], stream=True)  # type: ignore


def test_half_a_character_is_refused(server: Server, checkpoint: Path) -> None:
    said = {"model": f"{checkpoint.name}/harbour", "messages": [{"role": "user", "content": "Where \ud83d?"}]}
    refused = httpx.post(
        f"{server.url}/v1/chat/completions", content=json.dumps(said), headers={"content-type": "application/json"}
    )
    assert refused.json()["error"]["message"].startswith("The question has half of a character in it")


def test_bodies_are_json_of_bounded_size(server: Server) -> None:
    url = f"{server.url}/v1/chat/completions"
    json_type = {"content-type": "application/json"}
    for content, headers, sentence in (
        (b"{}", {"content-type": "text/plain"}, "The body must be of type application/json, not text/plain."),
        (b"[" * 100_000, json_type, "The body is no JSON: send an object with model and messages."),
        (b" " * 10_000_001, json_type, "The body has more than 10,000,000 bytes: leave out some messages."),
        (b"[]", json_type, "The body must be a JSON object, not []."),
    ):
        refused = httpx.post(url, content=content, headers=headers)
        assert (refused.status_code, refused.json()["error"]["message"]) == (400, sentence)
