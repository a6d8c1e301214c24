"""The comparison of frame tokens as a table and as a picture."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from rich.filesize import decimal
from rich.table import Table

Row = Mapping[str, Any]  # of a kind of frame tokens, as `llamavid_demo.evaluation.compare` gives it


def comparison_table(rows: Sequence[Row]) -> Table:
    """A column a kind of frame tokens: what it costs, then how often it is right by family of questions."""
    table = Table("", *(row["name"] for row in rows), title=f"{rows[0]['scores']['questions']} questions")
    table.add_row("tokens a frame", *(str(row["tokens"]) for row in rows))
    table.add_row("memory a frame", *(decimal(row["frame_bytes"]) for row in rows))
    table.add_row("a minute of film is read in", *(_seconds(row["read_s"]) for row in rows))
    table.add_row("first token then", *(_seconds(row["first_token_s"]) for row in rows))
    table.add_section()
    for family in rows[0]["scores"]["families"]:
        table.add_row(family, *(_share(row["scores"]["families"].get(family)) for row in rows))
    table.add_row("all", *(f"{row['scores']['accuracy']:.1%}" for row in rows))
    return table


def plot_comparison(rows: Sequence[Row], out: Path) -> None:
    """Draw accuracy against memory a frame, in all and for colours and actions, into the file `out`."""
    figure = Figure(figsize=(9, 4.2))
    axes = figure.subplots()
    for number, row in enumerate(rows):
        families, label = row["scores"]["families"], f"{row['name']} ({row['tokens']})"
        axes.scatter(row["frame_bytes"], row["scores"]["accuracy"], color=f"C{number}", label=label)
        for family, marker in (("colour", "^"), ("action", "v")):
            if family in families:
                axes.scatter(
                    row["frame_bytes"], families[family]["accuracy"], color=f"C{number}", marker=marker, alpha=0.5
                )
    axes.set(xscale="log", xlabel="bytes a frame in memory", ylabel="right: all ●, colour ▲, action ▼", ylim=(0, 1.02))
    axes.legend(title="tokens a frame in brackets", fontsize=8, loc="center left", bbox_to_anchor=(1.01, 0.5))
    figure.tight_layout()
    out.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(out, dpi=110)


def _seconds(seconds: float | None) -> str:
    return "–" if seconds is None else f"{seconds:.2f} s"


def _share(row: dict[str, Any] | None) -> str:
    return "–" if row is None else f"{row['accuracy']:.1%} ({row['n']})"
