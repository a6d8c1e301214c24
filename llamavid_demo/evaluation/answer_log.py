"""Answers to a benchmark as they come, a line each, so that a run that was killed goes on where it was."""

import json
from pathlib import Path
from typing import Any

from llamavid_demo.cache_folder import why_not_writable
from llamavid_demo.errors import BenchmarkError


class AnswerLog:
    """The answers in the file at `path`, by ids; `about` says what of (model, questions, options).

    A line that was cut off is left out. Raises `BenchmarkError` when the file is about something else, or its folder
    cannot be made.
    """

    def __init__(self, path: Path, about: dict[str, Any]) -> None:
        self.path = path
        if reason := why_not_writable(path.parent):
            raise BenchmarkError(f"{path.parent} cannot be written ({reason}): give another --out.")
        lines = path.read_text("utf-8", errors="replace").splitlines() if path.exists() else []
        begun, *rows = map(_read, lines or [json.dumps(about)])
        if begun != about and (rows or begun is not None):
            raise BenchmarkError(
                f"{path} has answers of another model, or to other questions or options: give another --out, or "
                "remove it to begin anew."
            )
        self.said: dict[str, str] = {row["id"]: row["said"] for row in rows if row}
        write_whole(path, "".join(map(_line, (about, *({"id": id, "said": said} for id, said in self.said.items())))))

    def add(self, id: str, said: str) -> None:
        """Keep an answer."""
        self.said[id] = said
        with self.path.open("a", encoding="utf-8") as file:
            file.write(_line({"id": id, "said": said}))


def write_whole(path: Path, text: str) -> None:
    """Write a file that is either the old one or the new one, whenever the program is killed."""
    part = path.with_name(f"{path.name}.part")
    part.write_text(text, "utf-8")
    part.replace(path)


def _line(row: dict[str, Any]) -> str:
    return f"{json.dumps(row, ensure_ascii=False)}\n"


def _read(line: str) -> dict[str, Any] | None:
    """A line's object; None for one that was cut off."""
    try:
        read = json.loads(line)
    except ValueError:
        return None
    return read if isinstance(read, dict) else None
