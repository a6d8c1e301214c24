"""What every bench does with its figures: a table for who waits, JSON and a picture for who comes later."""

import json
import os
import platform
import shlex
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import psutil
import torch
import typer
from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results"
MB, GB = 1e6, 1e9  # bytes

Out = Annotated[Path, typer.Option(help="Folder for NAME.json and NAME.png.")]
Row = dict[str, Any]


def publish(
    name: str,
    rows: Sequence[Row],
    columns: Mapping[str, str],
    draw: Callable[[Any], None],
    *,
    out: Path,
    footers: Mapping[str, str] | None = None,
    **more: Any,
) -> None:
    """Print a bench's rows, write them to `out`/NAME.json and what `draw` draws on a pair of axes to NAME.png.

    `columns` has headers with what stands below them, a format of a row's figures; a figure that is None shows as –.
    `more` goes into the JSON; `footers` stand below columns.
    """
    table = Table(show_footer=bool(footers))
    for header in columns:
        table.add_column(header, (footers or {}).get(header, ""))
    for row in rows:
        table.add_row(*(_cell(text, row) for text in columns.values()))
    Console(width=None if sys.stdout.isatty() else 160).print(table)
    out.mkdir(parents=True, exist_ok=True)
    found = {"bench": name, "command": _command(), "machine": machine(), "rows": list(rows), **more}
    (out / f"{name}.json").write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    _plot(out / f"{name}.png", draw)
    Console().print(f"Figures and picture: {out / name}.json, .png")


def machine() -> dict[str, str | int | None]:
    """What the figures were taken on: processor, cores, memory (GB), PyTorch and its threads, card if there is one."""
    return {
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gb": round(psutil.virtual_memory().total / GB),
        "torch": torch.__version__,
        "threads": torch.get_num_threads(),
        "card": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }


def _command() -> str:
    return shlex.join(["python", "-m", "bench", *sys.argv[1:]])


def _processor() -> str:
    about = Path("/proc/cpuinfo")
    lines = about.read_text(encoding="utf-8").splitlines() if about.is_file() else []
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.processor())


def _cell(text: str, row: Row) -> str:
    try:
        return text.format(**row)
    except TypeError:  # None takes no format
        return "–"


def _plot(path: Path, draw: Callable[[Any], None]) -> None:
    from matplotlib.figure import Figure  # a restart that is timed must not wait for it

    figure = Figure(figsize=(6, 4), layout="constrained")
    draw(figure.subplots())
    figure.savefig(path, dpi=90)
