"""How often a model is right, as a table for the command line."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table


def score_table(results: Mapping[str, Mapping[str, Any]]) -> Table:
    """A row a family and a column a result, each share with its 95 % interval and the number of questions."""
    title = "; ".join(f"{name}: {result['accuracy']:.1%} of {result['questions']}" for name, result in results.items())
    table = Table("family", *results, title=f"Right answers, {title}")
    families = list(dict.fromkeys(family for result in results.values() for family in result["families"]))
    for family in families:
        table.add_row(family, *(_cell(result["families"].get(family)) for result in results.values()))
    table.add_row("all", *(_cell({**result, "n": result["questions"]}) for result in results.values()))
    return table


def scene_table(results: Mapping[str, Any]) -> Table:
    """Scores of written scenes: by kind of question, then refusals, evidence and SQuAD's measures."""
    whole = results["right"]
    table = Table(
        "questions", "right", title=f"Written scenes: {whole['accuracy']:.1%} of {whole['n']} answers are right"
    )
    for kind, row in results["kinds"].items():
        table.add_row(kind, _cell(row))
    for name, title in (
        ("unanswerable_refused", "unanswerable ones refused"),
        ("answerable_refused", "answerable ones refused"),
        ("line_shown", "the line that tells is among three shown"),
    ):
        table.add_row(title, _cell(results[name]))
    table.add_row("token F1, exact match", f"{100 * results['token_f1']:.1f}, {100 * results['exact_match']:.1f}")
    return table


def evidence_lines(results: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """How often evidence lay where it should, a line a result; only a single result needs no name."""
    lines = []
    for name, result in results.items():
        share, of = result["evidence"]["accuracy"], result["evidence"]["n"]
        low, high = result["evidence"]["interval"]
        lines.append(
            f"evidence{f' ({name})' if len(results) > 1 else ''}: the top moment lies in the shot asked about in "
            f"{share:.1%} of {of} ({low:.0%} to {high:.0%})"
        )
    return lines


def _cell(row: Mapping[str, Any] | None) -> str:
    if row is None:
        return ""
    low, high = row["interval"]
    return f"{row['accuracy']:.1%} ({low:.0%} to {high:.0%}, n {row['n']})"
