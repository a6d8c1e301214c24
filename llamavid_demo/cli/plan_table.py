"""The plan of a movie, section by section, as rows and as a table for the command line."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from rich.filesize import decimal
from rich.table import Table

from llamavid_demo.chat import section_plan
from llamavid_demo.film import Movie, Section
from llamavid_demo.film.sections import cut_sections
from llamavid_demo.model.load import read_outline
from llamavid_demo.model.plan import Plan, plan_section
from llamavid_demo.model.release_sizes import SUBTITLE_TOKENS_PER_MINUTE
from llamavid_demo.settings import Settings


@dataclass(frozen=True)
class PlanRow:
    """One section and what reading it costs."""

    section: Section
    plan: Plan

    def as_dict(self, gpu_gb: float) -> dict[str, Any]:
        """The row as plain data."""
        return {
            "section": [self.section.start, self.section.end],
            "frames": self.plan.frames,
            "frame_tokens": self.plan.frame_tokens,
            "subtitle_tokens": self.plan.subtitle_tokens,
            "tokens": self.plan.tokens,
            "max_tokens": self.plan.max_tokens,
            "bytes": dict(self.plan.bytes_by_part),
            "total_bytes": self.plan.total_bytes,
            "disk_bytes": self.plan.disk_bytes,
            "kv_cache": "8bit" if self.plan.eight_bit else "full",
            "fits": self.plan.fits(gpu_gb),
        }


def plan_rows(settings: Settings, movie: Movie | None, minutes: float | None, gpu_gb: float) -> list[PlanRow]:
    """Plan each section of a movie, or of `minutes` of film, for a CUDA card; only headers of weights are read.

    Keys and values are held as the settings say, else in 8 bits where a section would not fit otherwise.
    """
    config, tokenizer = read_outline(settings.model, vision_tower=settings.vision_tower, bert=settings.bert)
    options: dict[str, Any] = {
        "quantization": None if settings.quantization == "none" else settings.quantization or "4bit",
        "dtype": getattr(torch, settings.dtype or "float16"),
        "room": settings.frames_room,
        "gigabytes": {"full": math.inf, "8bit": 0.0, None: gpu_gb}[settings.kv_cache],
    }
    if movie:
        return [PlanRow(s, section_plan(config, tokenizer, movie, s, **options)) for s in movie.sections]
    rows = []
    for section in cut_sections((minutes or 0) * 60, minutes=settings.section_minutes):
        frames = len(section.seconds)
        subtitles = frames * SUBTITLE_TOKENS_PER_MINUTE // 60
        rows.append(PlanRow(section, plan_section(config, frames=frames, subtitle_tokens=subtitles, **options)))
    return rows


def plan_table(rows: list[PlanRow], gpu_gb: float) -> Table:
    """A table with a column a section and a row a part."""
    table = Table(title=f"What reading costs, on a card of {gpu_gb:g} GB")
    table.add_column("section")
    for row in rows:
        table.add_column(row.section.label, justify="right")
    plans = [row.plan for row in rows]
    table.add_row("frames", *(f"{plan.frames:,}" for plan in plans))
    table.add_row("tokens", *(f"{plan.tokens:,}" for plan in plans))
    for part in plans[0].bytes_by_part:
        table.add_row(part, *(decimal(plan.bytes_by_part[part]) for plan in plans))
    table.add_row("keys and values in", *("8 bits" if plan.eight_bit else "full" for plan in plans))
    table.add_row("together", *(decimal(plan.total_bytes) for plan in plans))
    table.add_row("on disk", *(decimal(plan.disk_bytes) for plan in plans))
    table.add_row("fits", *("yes" if plan.fits(gpu_gb) else "no" for plan in plans))
    return table
