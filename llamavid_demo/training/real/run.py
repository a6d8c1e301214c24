"""From data and a base to a checkpoint that `serve` loads: one published stage."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from accelerate import PartialState

from llamavid_demo.errors import TrainingError
from llamavid_demo.model.files import read_json
from llamavid_demo.model.llama_vid.save import save_checkpoint
from llamavid_demo.training.real.adapter import save_adapter
from llamavid_demo.training.real.data import find_media, read_records
from llamavid_demo.training.real.memory import check_room
from llamavid_demo.training.real.stage_run import SAVE_SECONDS, Plan, StageRun, begin_anew, file_digest
from llamavid_demo.training.real.stages import STAGES, RealStage
from llamavid_demo.training.real.student import Student, begin
from llamavid_demo.training.stages import Report


def run(
    data: Path,
    begin_with: str | Path,
    out: Path,
    *,
    stage: int,
    work: Path,
    lora: bool = False,
    media: Path | None = None,
    steps: int | None = None,
    tokens: int | None = None,
    resume: bool = True,
    report: Report | None = None,
    save_seconds: float = SAVE_SECONDS,
    **where: Any,
) -> None:
    """Train a stage of the network in a folder, and write the checkpoint to `out`: with `lora` a LoRA release of it.

    `media` is the folder of images and videos, the data's own when None; `tokens` cuts conversations that are longer;
    `where` goes to `begin`. Raises `TrainingError` and `ModelError`.
    """
    records = read_records(data)
    media = media or data.parent
    find_media(records, media)
    chosen = _chosen(stage, tokens)
    if not resume:
        begin_anew(work)
    PartialState(cpu=where.get("device") == "cpu")  # from here on "cuda" is each process's own card
    student = begin(begin_with, chosen, lora=lora, **where)
    check_room(student, chosen)
    plan = Plan(records, media, file_digest(data), chosen, steps)
    going = StageRun(student, plan, work, report=report)
    going.go(save_seconds=save_seconds)
    if going.cards.is_main_process:
        save_release(student, out, work)


def save_release(student: Student, out: Path, work: Path) -> None:
    """Write a checkpoint in the released layout, or with LoRA the adapter and the other parts."""
    folder, files = student.files.folder, student.files
    adapter = work / "adapter" if student.lora else None
    if adapter:
        save_adapter(student.network.llama, adapter)
    tokenizer = next(p for name in ("tokenizer.model", "tokenizer.json") if (p := folder / name).is_file())
    options = folder / "tokenizer_config.json"
    words = (files.bert / "vocab.txt").read_text("utf-8").split("\n")
    save_checkpoint(
        student.network,
        out,
        tokenizer=tokenizer,
        bert_vocabulary=[word for word in words if word],
        frame_format=student.frame_format,
        legacy=read_json(options).get("legacy", True) if options.is_file() else True,
        adapter=adapter,
    )


def _chosen(stage: int, tokens: int | None) -> RealStage:
    if stage not in STAGES:
        raise TrainingError(f"There is no stage {stage}: 1 is modality alignment, 2 instruction, 3 long video tuning.")
    return replace(STAGES[stage], tokens=tokens) if tokens else STAGES[stage]
