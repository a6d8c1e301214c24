"""The command `train`: the embedded models from drawn films, and a LLaMA-VID of real size from somebody's data."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from llamavid_demo.cli.common import Quantization, chosen_settings, console
from llamavid_demo.errors import TrainingError

if TYPE_CHECKING:
    from llamavid_demo.training.stages import Progress


def train(
    system: Annotated[Literal["llama-vid", "llava-mini"], typer.Option(help="Which model to train.")] = "llama-vid",
    out: Annotated[Path | None, typer.Option(help="Folder for the checkpoint; runs/SYSTEM-tiny when unset.")] = None,
    work: Annotated[
        Path | None, typer.Option(help="Folder for the state of an unfinished run; one in runs/ when unset.")
    ] = None,
    base: Annotated[
        Path | None,
        typer.Option(
            help="LLaMA-VID to begin with: for LLaVA-Mini and --compress the embedded one when unset; else nothing, "
            "or one that is only to learn second looks; with --data a release, its name or a Hub id."
        ),
    ] = None,
    compress: Annotated[
        str, typer.Option(help="LLaMA-VID's content tokens: mean, or a variant tuned from --base: grid:2, or none.")
    ] = "mean",
    compressor: Annotated[
        int, typer.Option(min=1, max=8, help="LLaVA-Mini's compressor size: so many squared are the tokens of a frame.")
    ] = 1,
    data: Annotated[
        Path | None, typer.Option(help="JSON of conversations in LLaVA's layout, to train --base on.")
    ] = None,
    media: Annotated[
        Path | None, typer.Option(help="Folder of its images and videos; that of --data when unset.")
    ] = None,
    stage: Annotated[
        int, typer.Option(min=1, max=3, help="With --data: 1 alignment, 2 instruction tuning, 3 long videos.")
    ] = 2,
    lora: Annotated[
        bool,
        typer.Option("--lora", help="With --data: hold the LLaMA frozen, on a card in 4 bits, and learn LoRA on it."),
    ] = False,
    steps: Annotated[
        int | None, typer.Option(min=1, help="With --data: steps; once through the data when unset.")
    ] = None,
    tokens: Annotated[
        int | None, typer.Option(min=16, help="With --data: cut longer conversations; the stage's own when unset.")
    ] = None,
    quantization: Quantization = None,
    resume: Annotated[bool, typer.Option(help="Go on where a killed run stopped.")] = True,
) -> None:
    """Train an embedded model from nothing, or a LLaMA-VID on data of your own; killed at any moment, it goes on."""
    if data is None:
        if lora:
            raise TrainingError("--lora is for a training on data of your own: name their JSON with --data.")
        _embedded(system, out, work, base, compress, compressor, resume=resume)
        return
    if system == "llava-mini":
        raise TrainingError("LLaVA-Mini is trained on drawn films alone: with --data give a LLaMA-VID as --base.")
    if base is None:
        raise TrainingError("--data needs --base, the LLaMA-VID that learns, such as a release.")
    from llamavid_demo.training.real.run import run

    settings = chosen_settings(model=str(base), quantization=quantization)
    out = out or Path(f"runs/llama-vid-stage-{stage}")
    work = work or Path(f"runs/stage-{stage}")
    run(
        data, settings.model, out, stage=stage, work=work, lora=lora, media=media, steps=steps, tokens=tokens,
        resume=resume, report=_report, quantization=settings.quantization, device=settings.device,
        vision_tower=settings.vision_tower, bert=settings.bert, base=settings.base,
    )  # fmt: skip
    console.print(f"The checkpoint is in {out}; its training can be forgotten: {work}.")


def _embedded(
    system: str, out: Path | None, work: Path | None, base: Path | None, compress: str, compressor: int, *, resume: bool
) -> None:
    """Train one of the models that are inside."""
    from llamavid_demo.training import run as llama_vid
    from llamavid_demo.training import variants
    from llamavid_demo.training.llava_mini import run as llava_mini
    from llamavid_demo.training.llava_mini.recipe import embedded

    out = out or Path(f"runs/{system}-tiny")
    if system == "llava-mini":
        work = work or (llava_mini.WORK if compressor == 1 else Path(f"{llava_mini.WORK}-{compressor**2}"))
        recipe = partial(embedded, compressor_size=compressor)
        llava_mini.run(out, base=base or llava_mini.BASE, work=work, recipe=recipe, resume=resume, report=_report)
    elif compress != "mean":
        work, kind = work or variants.WORK, None if compress == "none" else compress
        variants.tune(out, kind, base=base or variants.BASE, work=work, resume=resume, report=_report)
    else:
        work = work or (llama_vid.WORK if base is None else Path("runs/looking"))
        llama_vid.run(out, work=work, resume=resume, report=_report, base=base)
    console.print(f"The checkpoint is in {out}, the learning curves in {work / 'curves.png'}.")


def _report(at: "Progress") -> None:
    scores = "".join(f"; {name} {score:.0%}" for name, score in sorted(at.scores.items()))
    console.print(f"{at.stage}, step {at.step} of {at.steps}, {at.seconds:.0f} s: loss {at.loss:.3f}{scores}")
