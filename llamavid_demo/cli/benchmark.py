"""What `eval --benchmark` does: ask a public benchmark's questions, write its scorer's file, print the scores."""

import hashlib
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from llamavid_demo.cli.common import console, loaded_model, messages
from llamavid_demo.cli.progress_bars import progress_bars
from llamavid_demo.errors import BenchmarkError, DemoError
from llamavid_demo.options import Options
from llamavid_demo.settings import Settings


def print_benchmark(
    file: Path,
    settings: Settings,
    options: Options,
    *,
    videos: Path | None,
    answers: Path | None,
    subtitles: Path | None,
    out: Path | None,
    as_json: bool,
) -> None:
    """Ask what is not answered yet, and print how often it is right. Raises `BenchmarkError`."""
    from llamavid_demo.chat import Progress
    from llamavid_demo.evaluation.answer_log import AnswerLog, write_whole
    from llamavid_demo.evaluation.benchmark import answers as answered
    from llamavid_demo.evaluation.benchmark import benchmark_scores, find_clips
    from llamavid_demo.evaluation.layouts import predictions, read_benchmark
    from llamavid_demo.model.llama_vid.short import as_short

    if videos is None:
        raise BenchmarkError("A benchmark needs --videos, the folder of its clips.")
    layout, questions = read_benchmark(file, answers)
    clips = find_clips(videos, questions)
    model = loaded_model(settings)
    model = as_short(model) if layout.short else model
    out = out or Path("runs") / "benchmark" / f"{file.stem}-{model.name}"
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    kept = AnswerLog(out / "answers.jsonl", {"questions": digest, "model": model.name, "options": asdict(options)})
    there = [question for question in questions if question.clip in clips]
    left = [question for question in there if question.id not in kept.said]
    failed: list[str] = []
    with progress_bars(messages) as progress:
        asked = answered(model, clips, left, settings, options, subtitles=subtitles)
        for done, (question, said) in enumerate(asked, start=len(there) - len(left) + 1):
            if isinstance(said, DemoError):
                failed.append(f"{question.clip}, question {question.id}: {said}")
            else:
                kept.add(question.id, said)
            progress(Progress("answers", done, len(there)))
    write_whole(out / layout.predictions, predictions(layout, questions, kept.said))
    absent = len({question.clip for question in questions} - clips.keys())
    found = {
        "layout": layout.name, "model": model.name, **benchmark_scores(questions, kept.said), "clips_missing": absent,
        "failed": failed, "predictions": str(out / layout.predictions),
    }  # fmt: skip
    write_whole(out / "scores.json", json.dumps(found, indent=2, ensure_ascii=False))
    if as_json:
        console.print_json(data=found)
    else:
        for line in _lines(found):
            console.print(line, highlight=False, markup=False, soft_wrap=True)


def _lines(found: dict[str, Any]) -> list[str]:
    """The scores in words."""
    lines = [f"{found['layout']}: {found['answered']} of {found['questions']} questions are answered."]
    if found["clips_missing"]:
        lines.append(f"{found['clips_missing']} clips are not there; their questions are left out.")
    lines += found["failed"]
    lines += [f"{group}: {_scores(row)}" for group, row in found["groups"].items()]
    lines += [f"all: {_scores(found)}", f"Predictions are in {found['predictions']}."]
    return lines


def _scores(row: dict[str, Any]) -> str:
    said = []
    for name, title in (("accuracy", "options right"), ("exact_match", "exact match")):
        if share := row.get(name):
            low, high = share["interval"]
            said.append(f"{title} {share['accuracy']:.1%} of {share['n']} ({low:.0%} to {high:.0%})")
    if row.get("without_choice"):
        said.append(f"{row['without_choice']} answers name no option")
    if "token_f1" in row:
        said.append(f"token F1 {100 * row['token_f1']:.1f}")
    return ", ".join(said) or "no true answers are known"
