"""The file of `ask --history`: a list of turns, or a conversation that the page saved as JSON. It is extended."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llamavid_demo.errors import QuestionError
from llamavid_demo.options import Options

if TYPE_CHECKING:
    from llamavid_demo.chat import Turn


class History:
    """Earlier turns in the file at `path`; none where there is no file. Raises `QuestionError` for another file.

    `section` is the number of the section that a saved conversation is about; None for a list.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._kept: Any = []
        self.section: int | None = None
        if path.exists():
            try:
                self._kept = json.loads(path.read_text(encoding="utf-8"))
                self.turns()
                if isinstance(self._kept, dict):
                    self.section = int(self._kept["section"]["number"])
            except (ValueError, KeyError, TypeError, OSError, RecursionError) as error:
                raise QuestionError(
                    f"{path} is no history ({error!r}): expected a list of question and answer, or a saved talk."
                ) from error

    @property
    def _list(self) -> list[Any]:
        turns: list[Any] = self._kept["turns"] if isinstance(self._kept, dict) else self._kept
        return turns

    def turns(self) -> "list[Turn]":
        """The turns, each with the options that it was asked with. Raises `QuestionError`."""
        from llamavid_demo.chat import Turn

        found = []
        for kept in self._list:
            turn = Turn.past(str(kept["question"]), str(kept["answer"]))
            turn.options = turn.used = Options.read(kept.get("options") or {})
            found.append(turn)
        return found

    def add(self, turn: "Turn") -> None:
        """Write the file anew, with one more turn."""
        said = {"question": turn.question, "answer": turn.text}
        saved = {"finished": turn.finished, "options": asdict(turn.used)} if isinstance(self._kept, dict) else {}
        self._list.append(said | saved)
        self._path.write_text(json.dumps(self._kept, indent=2, ensure_ascii=False), encoding="utf-8")
