"""The cache folder as a table for the command line."""

from datetime import datetime
from typing import Any

from rich.table import Table

from llamavid_demo.chat.disk_cache import CacheEntry, DiskCache


def cache_rows(entries: list[CacheEntry]) -> list[dict[str, Any]]:
    """What is kept of each film or question: kind, about, files, bytes, when it was last used (ISO, local time)."""
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for entry in entries:  # the most recently used first
        used = datetime.fromtimestamp(entry.used).astimezone().isoformat(timespec="seconds")
        new = {"kind": entry.kind, "about": entry.about, "files": 0, "bytes": 0, "used": used}
        row = rows.setdefault((entry.kind, entry.about), new)
        row["files"] += 1
        row["bytes"] += entry.nbytes
    return list(rows.values())


def cache_table(rows: list[dict[str, Any]], cache: DiskCache) -> Table:
    """A row for each film's patches and each question's frame tokens."""
    total = sum(row["bytes"] for row in rows)
    title = f"{cache.folder}: {total / 1e6:.1f} MB of at most {cache.limit / 1e9:.3g} GB"
    table = Table("kept", "about", "files", "MB", "last used", title=title)
    for row in rows:
        used = datetime.fromisoformat(row["used"]).strftime("%Y-%m-%d %H:%M")
        table.add_row(row["kind"], row["about"], str(row["files"]), f"{row['bytes'] / 1e6:.1f}", used)
    return table
