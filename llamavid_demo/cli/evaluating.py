"""The commands that say how often a model is right, and what kinds of frame tokens cost."""

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from llamavid_demo.cli.benchmark import print_benchmark
from llamavid_demo.cli.common import AsJson, Model, Quantization, chosen_settings, console, loaded_model, messages
from llamavid_demo.cli.progress_bars import progress_bars
from llamavid_demo.errors import QuestionError
from llamavid_demo.options import Options
from llamavid_demo.settings import Settings


def evaluate(
    films: Annotated[int, typer.Option(help="Films to render, from seeds that were never trained on.")] = 40,
    seed: Annotated[int, typer.Option(help="Seed of the first film.")] = 0,
    minutes: Annotated[float | None, typer.Option(help="Length of each film; 1 to 3 minutes when unset.")] = None,
    mode: Annotated[str, typer.Option(help="What the LLaMA gets: full, or one of the ablations.")] = "full",
    ablations: Annotated[bool, typer.Option(help="Ask in every mode: what each kind of token is worth.")] = False,
    second_turns: Annotated[bool, typer.Option(help="Ask second questions, in both ways to go on.")] = False,
    ordinary: Annotated[
        bool, typer.Option(help="Ask in ordinary words; an answer is right by its facts, not word by word.")
    ] = False,
    scenes: Annotated[
        int | None, typer.Option(help="Ask about so many written scenes instead, of those never trained on; 0: all.")
    ] = None,
    together: Annotated[int, typer.Option(min=1, help="Make a film of so many of those scenes each.")] = 1,
    newcomers: Annotated[bool, typer.Option(help="Ask about the bundled films instead, as newcomers do.")] = False,
    photographs: Annotated[
        Path | None, typer.Option(help="Ask about clips of a folder's photographs instead, five in each.")
    ] = None,
    benchmark: Annotated[
        Path | None,
        typer.Option(
            help="Ask a public benchmark's questions instead: a JSON or JSON lines file of MSVD-QA, MSRVTT-QA, "
            "ActivityNet-QA, Video-MME, EgoSchema or TVQA, or rows with video, question and answer or options."
        ),
    ] = None,
    videos: Annotated[Path | None, typer.Option(help="Folder of the benchmark's clips.")] = None,
    answers: Annotated[Path | None, typer.Option(help="File of its true answers, if they are kept apart.")] = None,
    subtitles: Annotated[Path | None, typer.Option(help="Folder of its subtitles, by the clips' names.")] = None,
    reads: Annotated[str, typer.Option(help="What it may use of a clip: both, frames or subtitles.")] = "both",
    style: Annotated[str, typer.Option(help="Answers to open questions: any, short or long.")] = "any",
    out: Annotated[
        Path | None, typer.Option(help="Folder for its predictions; killed, the same command goes on from there.")
    ] = None,
    model: Model = None,
    quantization: Quantization = None,
    as_json: AsJson = False,
) -> None:
    """Ask a model about freshly rendered toy films, written scenes or a benchmark; print how often it is right."""
    from llamavid_demo.chat import Progress
    from llamavid_demo.cli.score_table import evidence_lines, score_table
    from llamavid_demo.evaluation import evaluate as evaluation

    settings = chosen_settings(model=model, quantization=quantization)
    if benchmark:
        options = Options.read({"reads": reads, "style": style})
        return print_benchmark(
            benchmark, settings, options, videos=videos, answers=answers, subtitles=subtitles, out=out, as_json=as_json
        )
    loaded = loaded_model(settings)
    if scenes is not None:
        return _print_scenes(loaded, scenes, together, as_json=as_json)
    if newcomers:
        return _print_newcomers(loaded, settings, as_json=as_json)
    if photographs:
        return _print_photographs(loaded, photographs, films, as_json=as_json)
    kind = evaluation.films_of(minutes)
    known = evaluation.modes_of(loaded)
    modes = known if ablations else (mode,)
    if unknown := set(modes) - set(known):
        raise QuestionError(f"{unknown.pop()!r} is no mode of this model: use {', '.join(known)}.")
    with progress_bars(messages) as progress:

        def report(done: int, total: int) -> None:
            progress(Progress("films", done, total))

        if second_turns:
            results = evaluation.evaluate_second_turns(loaded, films, seed, kind=kind, report=report)
        else:
            said: dict[str, list[evaluation.Answered]] = {mode: [] for mode in modes}
            guide = "every" if ablations else None
            results = evaluation.evaluate_modes(
                loaded, films, seed, kind=kind, answers=said, guide=guide, ordinary=ordinary, report=report
            )
    if as_json:
        console.print_json(data=results if len(results) > 1 else next(iter(results.values())))
    else:
        console.print(score_table(results))
        for line in evidence_lines(results):
            console.print(line, highlight=False)


def _print_scenes(model: Any, most: int, together: int, *, as_json: bool) -> None:
    from llamavid_demo.chat import Progress
    from llamavid_demo.cli.score_table import scene_table
    from llamavid_demo.evaluation.scenes import evaluate_scenes
    from llamavid_demo.questions.written import held_out, one_film, written_scenes

    kept = [scene for scene in written_scenes() if held_out(scene.name)][: most or None]
    if together > 1:
        kept = [one_film(kept[first : first + together]) for first in range(0, len(kept), together)]
    with progress_bars(messages) as progress:
        results = evaluate_scenes(model, kept, report=lambda done, total: progress(Progress("films", done, total)))
    console.print_json(data=results) if as_json else console.print(scene_table(results))


def _print_newcomers(model: Any, settings: Settings, *, as_json: bool) -> None:
    from llamavid_demo.evaluation.newcomers import answer_newcomers

    said = answer_newcomers(model, settings)
    right = [question.right(text) for question, text in said]
    if as_json:
        rows = [
            {"film": q.film, "question": q.text, "answer": text, "right": hit}
            for (q, text), hit in zip(said, right, strict=True)
        ]
        return console.print_json(data={"accuracy": sum(right) / len(right), "questions": rows})
    for (question, text), hit in zip(said, right, strict=True):
        console.print(
            f"{'right' if hit else 'wrong'}  {question.film}: {question.text} → {text}", highlight=False, soft_wrap=True
        )
    console.print(f"{sum(right)} of {len(right)} are right.")


def _print_photographs(model: Any, folder: Path, clips: int, *, as_json: bool) -> None:
    from llamavid_demo.chat import Progress
    from llamavid_demo.evaluation.photographs import PhotographAnswer, evaluate_photographs

    said: list[PhotographAnswer] = []
    with progress_bars(messages) as progress:
        results = evaluate_photographs(
            model, folder, clips, report=lambda done, total: progress(Progress("films", done, total)), keep=said
        )
    if as_json:
        return console.print_json(data=results)
    for answer in said:
        names = ", ".join(one.name for one in answer.named)
        mark = "right" if answer.right else "wrong"
        line = f"{mark}  {answer.question} → {answer.said}{f' ({names})' if names else ''}"
        console.print(line, highlight=False, soft_wrap=True)
    for kind, row in results["kinds"].items():
        console.print(f"{kind}: {row['accuracy']:.1%} of {row['n']} are right.", highlight=False)


def compare(
    films: Annotated[int, typer.Option(help="Films to render, from seeds that were never trained on.")] = 40,
    seed: Annotated[int, typer.Option(help="Seed of the first film.")] = 21,
    minutes: Annotated[float | None, typer.Option(help="Length of each film; 1 to 3 minutes when unset.")] = None,
    models: Annotated[
        list[Path] | None, typer.Option("--models", help="Checkpoint folder; several times. Both embedded when unset.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder for comparison.json and comparison.png.")] = Path("runs/compare"),
    as_json: AsJson = False,
) -> None:
    """Compare kinds of frame tokens on the same toy films: what they cost, and how often answers are right."""
    from llamavid_demo.chat import Progress
    from llamavid_demo.cli.comparison import comparison_table, plot_comparison
    from llamavid_demo.evaluation import compare as comparison
    from llamavid_demo.evaluation import evaluate as evaluation

    with progress_bars(messages) as progress:
        rows = comparison.compare(
            models or comparison.EMBEDDED,
            films,
            seed,
            kind=evaluation.films_of(minutes),
            report=lambda done, total: progress(Progress("films", done, total)),
        )
    found = [row.as_dict() for row in rows]
    plot_comparison(found, out / "comparison.png")
    (out / "comparison.json").write_text(json.dumps(found, indent=2), encoding="utf-8")
    if as_json:
        console.print_json(data=found)
    else:
        console.print(comparison_table(found))
