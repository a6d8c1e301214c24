"""What a chat client sends, read as a question about a film.

The film is named by the body's fields `film`, `section` and `until`; or by the model's name, `checkpoint/film` or
`checkpoint/film/section`; or by lines `film: …`, `section: …`, `until: …` of a system message. The first that names
something wins; section 0 when none does, and the only film there is.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from llamavid_demo.errors import MovieError, QuestionError
from llamavid_demo.options import shown, within
from llamavid_demo.settings import Settings

NAMING = re.compile(r"^\s*(film|section|until)\s*:\s*(.+?)\s*$", re.IGNORECASE | re.MULTILINE)
CHOSEN = ("temperature", "top_p", "repetition_penalty", "guide", "reads", "style")  # as `Options` has them
# What would change the answer, and what it is when it does not: everything else that is unknown is left aside.
NOT_OURS: dict[str, Any] = {"n": 1, "stop": None, "tools": [], "functions": [], "logprobs": False, "logit_bias": {}}


@dataclass(frozen=True)
class ChatRequest:
    """A question for `Programs.ask`, and how to answer: in pieces, with usage at their end."""

    model: str
    arguments: dict[str, Any]
    stream: bool
    usage: bool


def chat_request(body: Any, films: Mapping[str, Any], settings: Settings) -> ChatRequest:
    """Read the body of `/v1/chat/completions`. Raises `QuestionError` and `MovieError`."""
    if not isinstance(body, dict):
        raise QuestionError(f"The body must be a JSON object, not {shown(body)}.")
    for name, ordinary in NOT_OURS.items():
        if body.get(name) not in (None, ordinary):
            raise QuestionError(f"{name} is not supported here, {shown(body[name])} was given: leave it out.")
    model = body.get("model")
    if not isinstance(model, str):
        raise QuestionError(f"model must name one that /v1/models lists, not {shown(model)}.")
    said = _messages(body.get("messages"))
    system = [text for role, text in said if role == "system"]
    about = {
        **_named(system),
        **_by_model(model),
        **{name: body[name] for name in ("film", "section", "until") if body.get(name) is not None},
    }
    history, question = _conversation([(role, text) for role, text in said if role != "system"])
    options = body.get("stream_options")
    return ChatRequest(
        model=model,
        arguments={
            "movie": _film(about, films),
            "section": about.get("section", 0),
            "question": question,
            "history": history,
            "model": model.split("/")[0],
            "until": about.get("until"),
            "max_new_tokens": _longest(body, settings),
            **{name: body[name] for name in CHOSEN if body.get(name) is not None},
        },
        stream=_flag("stream", body.get("stream")),
        usage=isinstance(options, dict) and _flag("include_usage", options.get("include_usage")),
    )


def _film(about: Mapping[str, Any], films: Mapping[str, Any]) -> Any:
    if "film" in about:
        return about["film"]
    if len(films) > 1:
        names = ", ".join(films)
        raise MovieError(
            f"No film is named; there are {names}: say which in the field film, in the model's name (MODEL/FILM), or "
            "in a system message (film: FILM)."
        )
    return next(iter(films))


def _by_model(model: str) -> dict[str, Any]:
    """Film and section, where the model's name has them."""
    _, *where = model.split("/", 2)
    return dict(zip(("film", "section"), (where[0], _number(where[1])) if len(where) == 2 else where, strict=False))


def _named(texts: list[str]) -> dict[str, Any]:
    """What lines of system messages name; of two the later."""
    found = {match[1].lower(): match[2] for text in texts for match in NAMING.finditer(text)}
    return {name: value if name == "film" else _number(value) for name, value in found.items()}


def _number(text: str) -> int | float | str:
    """A number where it is one; what is none is refused later, as it stands."""
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _longest(body: Mapping[str, Any], settings: Settings) -> int | None:
    """Longest answer. Clients ask for thousands of tokens unasked: more than the server's own limit is the limit."""
    for name in ("max_completion_tokens", "max_tokens"):
        if body.get(name) is not None:
            within(name, body[name], 1, 10**9, whole=True)
            return int(min(settings.max_new_tokens, body[name]))
    return None


def _flag(name: str, value: Any) -> bool:
    if value not in (None, True, False):
        raise QuestionError(f"{name} must be true or false, not {shown(value)}.")
    return bool(value)


def _messages(messages: Any) -> list[tuple[str, str]]:
    """All messages as (role, text); developer is system."""
    if not isinstance(messages, list) or not messages:
        raise QuestionError(f"messages must be a list of messages, not {shown(messages)}.")
    return [_message(number, message) for number, message in enumerate(messages)]


def _message(number: int, message: Any) -> tuple[str, str]:
    role, content = (message.get("role"), message.get("content")) if isinstance(message, dict) else (None, None)
    if role not in ("system", "developer", "user", "assistant"):
        raise QuestionError(f"messages[{number}] must have a role, system, user or assistant, not {shown(role)}.")
    if isinstance(content, list):
        content = "".join(_part(number, part) for part in content)
    if not isinstance(content, str):
        raise QuestionError(f"messages[{number}] must have a text as content, not {shown(content)}.")
    return "system" if role == "developer" else role, content.strip()


def _part(number: int, part: Any) -> str:
    if not isinstance(part, dict) or part.get("type") != "text" or not isinstance(part.get("text"), str):
        raise QuestionError(f"messages[{number}] must have parts of type text only, not {shown(part)}.")
    return str(part["text"])


def _conversation(said: list[tuple[str, str]]) -> tuple[list[list[str]], str]:
    """Earlier turns as [question, answer], and the question."""
    roles = [role for role, _ in said]
    if roles != ["user", "assistant"] * (len(said) // 2) + ["user"]:
        raise QuestionError(
            f"Messages of user and assistant must take turns and end with the user's, not {', '.join(roles) or 'none'}."
        )
    texts = [text for _, text in said]
    return [[question, answer] for question, answer in zip(texts[:-1:2], texts[1::2], strict=True)], texts[-1]
