"""A stage from its first step to its last: resumable to the very same weights, on one card or on several.

Each step draws its conversations and its chance from (seed, step) alone. With several cards (`accelerate launch`) each
takes its share of a step's conversations, and gradients are added up.
"""

import hashlib
import math
import random
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path

import torch
from accelerate import Accelerator

from llamavid_demo.training.real.data import Record
from llamavid_demo.training.real.learning import lesson_losses
from llamavid_demo.training.real.lessons import Lesson, LessonWriter
from llamavid_demo.training.real.media import Media, visual_rows
from llamavid_demo.training.real.stages import LORA_RATE, RealStage
from llamavid_demo.training.real.state import FILE, load_state, save_state
from llamavid_demo.training.real.student import Student
from llamavid_demo.training.stages import Progress, Report

SAVE_SECONDS = 600.0


@dataclass(frozen=True)
class Plan:
    """What is learned from: `records`, whose files are in `media`, from a JSON with this `digest`.

    `steps` is as many as one time through the data takes when None.
    """

    records: Sequence[Record]
    media: Path
    digest: str
    stage: RealStage
    steps: int | None = None
    seed: int = 0

    @property
    def all_steps(self) -> int:
        """Steps in all."""
        return self.steps or math.ceil(len(self.records) / self.stage.batch)

    def batch(self, step: int) -> list[tuple[int, Record]]:
        """Conversations of a step with their numbers: each comes once before any comes again, in an order by chance."""
        found = []
        for at in range(step * self.stage.batch, (step + 1) * self.stage.batch):
            turn, place = divmod(at, len(self.records))
            number = _order(self.seed, turn, len(self.records))[place]
            found.append((at, self.records[number]))
        return found

    def rate(self, step: int) -> float:
        """What part of the learning rate a step gets: up from nothing, then down along a cosine."""
        warm = math.ceil(self.stage.warm_up * self.all_steps)
        if step < warm:
            return (step + 1) / warm
        return 0.5 * (1 + math.cos(math.pi * (step - warm) / max(1, self.all_steps - warm)))


class StageRun:
    """A stage for a network, with its state in the folder `work`."""

    def __init__(self, student: Student, plan: Plan, work: Path, *, report: Report | None = None) -> None:
        work.mkdir(parents=True, exist_ok=True)
        self.student, self.plan, self.work, self.report = student, plan, work, report
        self.cards = Accelerator(cpu=student.placement.device.type == "cpu")
        network = student.network
        self.writer = LessonWriter(student.tokenizer, network.config.prompt, network.config.tokens_per_frame)
        stage = plan.stage
        rates = {True: LORA_RATE, False: stage.rate}
        self.optimiser = torch.optim.AdamW(
            [
                {"params": [p for name, p in student.learning.items() if (".lora_" in name) is lora], "rate": rate}
                for lora, rate in rates.items()
            ],
            lr=stage.rate, weight_decay=0.0,
        )  # fmt: skip

    @property
    def about(self) -> dict[str, object]:
        """What a state must be of to go on from it; on how many cards is no matter."""
        stage = {key: value for key, value in asdict(self.plan.stage).items() if key != "at_once"}
        student = self.student
        form = [student.name, student.lora, student.placement.quantization, str(student.placement.dtype)]
        return {"data": self.plan.digest, "seed": self.plan.seed, "steps": self.plan.all_steps, "of": form, **stage}

    def go(self, *, save_seconds: float = SAVE_SECONDS) -> None:
        """Learn until the last step; a state that is there already is gone on from."""
        learning, main = self.student.learning, self.cards.is_main_process
        step = load_state(self.work, learning, self.optimiser, self.about)
        began = saved = time.monotonic()
        while step < self.plan.all_steps:
            loss = self._step(step)
            step += 1
            done = step == self.plan.all_steps
            if self.report and main:
                stage = f"stage {self.plan.stage.number}"
                self.report(Progress(stage, step, self.plan.all_steps, loss, {}, time.monotonic() - began))
            if main and (done or time.monotonic() - saved >= save_seconds):
                save_state(self.work, learning, self.optimiser, step, self.about)
                saved = time.monotonic()
        self.cards.wait_for_everyone()

    def _step(self, step: int) -> float:
        """Learn from a batch; its mean loss."""
        stage, parameters = self.plan.stage, list(self.student.learning.values())
        own = self.plan.batch(step)[self.cards.process_index :: self.cards.num_processes]
        total = torch.zeros((), device=self.student.placement.device)
        for start in range(0, len(own), stage.at_once):
            losses = self._losses(own[start : start + stage.at_once]) / stage.batch
            if losses.requires_grad:
                losses.sum().backward()
            total += losses.detach().sum()
        for parameter in parameters:
            if parameter.grad is None:  # nothing came by it, here or on any card
                parameter.grad = torch.zeros_like(parameter)
            if self.cards.num_processes > 1:
                parameter.grad = self.cards.reduce(parameter.grad, "sum")
        torch.nn.utils.clip_grad_norm_(parameters, stage.clip)
        for group in self.optimiser.param_groups:
            group["lr"] = group["rate"] * self.plan.rate(step)
        self.optimiser.step()
        self.optimiser.zero_grad()
        return float(self.cards.reduce(total, "sum") if self.cards.num_processes > 1 else total)

    def _losses(self, records: Sequence[tuple[int, Record]]) -> torch.Tensor:
        """Losses (B,) of some conversations; chance, as of LoRA's dropout, is by their numbers."""
        lessons, rows = [], []
        for number, record in records:
            chance = random.Random(f"{self.plan.seed}/{number}")  # noqa: S311 - chance, not secrecy
            lesson, seen = self._lesson(record, chance)
            lessons.append(lesson)
            rows.append(seen)
        torch.manual_seed(self.plan.seed * 1_000_003 + records[0][0])
        return lesson_losses(self.student, lessons, rows)

    def _lesson(self, record: Record, chance: random.Random) -> tuple[Lesson, torch.Tensor | None]:
        """What is read of a conversation, and what the tower sees of its frames."""
        stage, student = self.plan.stage, self.student
        texts, writer = student.network.config.prompt, self.writer
        shown = Media(record, self.plan.media, most=stage.tokens // writer.each)
        film = stage.number == 3 and shown.movie is not None
        if film:
            lesson = writer.movie(record, shown.cues(texts))
        elif stage.number == 1:
            lesson = writer.caption(record, shown.frames)
        else:
            lesson = writer.conversation(record, shown.frames, chance)
        lesson = lesson.cut(stage.tokens)
        if not record.media:
            return lesson, None
        pixels = shown.pixels(student.frame_format, student.mean, padded=stage.number > 1)
        rows = visual_rows(student, pixels)
        return lesson, rows[:, 1:] if film else rows  # films are read without CLS, as they are stored


def begin_anew(work: Path) -> None:
    """Forget the state of an earlier run."""
    (work / FILE).unlink(missing_ok=True)


def file_digest(path: Path) -> str:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@lru_cache(maxsize=1)
def _order(seed: int, turn: int, count: int) -> list[int]:
    """The order of so many conversations in a turn through the data."""
    return random.Random(f"{seed}/{turn}").sample(range(count), count)  # noqa: S311 - chance, not secrecy
