"""The documents' tables that are made from the code and from the benches' figures; nobody types them.

`python -m tests.made_tables` writes them anew.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from llamavid_demo.settings import Settings
from tests.documents import COMMANDS, ROOT

USAGE = ROOT / "docs" / "usage.md"
BENCHMARKS = ROOT / "docs" / "benchmarks.md"
RESULTS = ROOT / "bench" / "results"

TURNS = {
    "frames": "frames", "turn 1 anew": "anew_1_s", "ours": "ours_1_s", "turn 2 anew": "anew_2_s",
    "prefix copied": "copied_2_s", "ours: `every`": "every_2_s", "`first`": "ours_2_s", "`ahead`": "ahead_2_s",
    "of it, attention over the film": "ahead_prefix_s",
}  # fmt: skip
FAMILIES = {
    "place": "place", "time": "time of day", "weather": "weather", "colour": "colour", "existence": "is there X",
    "where": "where is X", "action": "what does X do", "contents": "what is in a place", "after": "what comes after",
    "count": "how many scenes", "summary": "summary", "about": "who speaks of Y", "says": "what NAME says of Y",
    "speaks_first": "who speaks first", "who": "who is in a place", "said": "what is said in a place",
    "absent": "not in the film", "outside": "not of this world", "follow_up": "follow-ups",
}  # fmt: skip


def commands() -> str:
    """The commands, what they do and their flags."""
    rows = []
    for name, command in COMMANDS.items():
        words = [given.metavar or given.name.upper() for given in command.params if given.param_type_name == "argument"]
        flags = [f"`{given.opts[0]}`" for given in command.params if given.param_type_name == "option"]
        rows.append([f"`{' '.join([name, *words])}`", command.help, " ".join(flags)])
    return _table(["command", "what it does", "flags"], rows)


def settings() -> str:
    """The settings, their defaults and what they are."""
    fields = Settings.model_fields.items()
    rows = [[f"`LLAMAVID_{name.upper()}`", _default(field), field.description] for name, field in fields]
    return _table(["variable", "default", "what it is"], rows)


def turns() -> str:
    """Seconds to the first token, by frames."""
    rows = json.loads((RESULTS / "turns.json").read_text("utf-8"))["rows"]
    return _table(list(TURNS), [[_figure(row[key]) for key in TURNS.values()] for row in rows])


def frame_tokens() -> str:
    """What kinds of frame tokens cost, and how many questions of each family they get right, in percent."""
    found = json.loads((RESULTS / "comparison.json").read_text("utf-8"))
    rows = [
        ["tokens a frame", *(row["tokens"] for row in found)],
        ["memory a frame", *(f"{row['frame_bytes'] / 1e3:.0f} kB" for row in found)],
        ["a minute of film is read in", *(_seconds(row["read_s"]) for row in found)],
        ["first token then", *(_seconds(row["first_token_s"]) for row in found)],
    ]
    for family, label in FAMILIES.items():
        rows.append([label, *(f"{row['scores']['families'][family]['accuracy']:.0%}" for row in found)])
    rows.append(["**all**", *(f"**{row['scores']['accuracy']:.1%}**" for row in found)])
    return _table(["", *(row["name"] for row in found)], rows)


MADE = {USAGE: (commands, settings), BENCHMARKS: (turns, frame_tokens)}


def with_tables(document: Path) -> str:
    """A document's text with its tables as they should be, between the marks with their names."""
    text = document.read_text("utf-8")
    for make in MADE[document]:
        begin, end = f"<!-- {make.__name__} -->\n", f"<!-- /{make.__name__} -->\n"
        before, after = text.split(begin)[0], text.split(end)[1]
        text = f"{before}{begin}\n{make()}\n{end}{after}"
    return text


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(str, line))} |\n" for line in lines)


def _default(field: FieldInfo) -> str:
    value = field.default
    if field.default_factory or value is None:
        return ""
    if isinstance(value, Path):
        return f"`{value.relative_to(ROOT) if value.is_relative_to(ROOT) else f'…/{value.name}'}`"
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _figure(value: float) -> str:
    """Two digits below one, else three; whole numbers as they are."""
    return f"{value:,}" if isinstance(value, int) else f"{value:#.{2 if value < 1 else 3}g}"


def _seconds(value: float | None) -> str:
    return "" if value is None else f"{_figure(value)} s"


if __name__ == "__main__":
    for document in MADE:
        document.write_text(with_tables(document), "utf-8")
