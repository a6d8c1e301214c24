"""The 7B on one card, in 4 bits, with random weights: what films of hours cost there, beside Hugging Face's `generate`.

Nothing is downloaded. `--cpu` runs the same code on a model of middling size.
"""

import gc
import math
import re
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import torch
import typer
from rich.console import Console

from bench.asking import FIRST, SECOND, two_turns
from bench.random_model import MIDSIZE, random_model
from bench.results import RESULTS, Out, Row, publish
from bench.stateless import Stateless
from bench.stored_film import stored_film
from bench.together import seconds
from llamavid_demo.chat import MovieChat, section_plan
from llamavid_demo.chat.prefixes import PrefixCache
from llamavid_demo.errors import TooLongError
from llamavid_demo.film import Movie
from llamavid_demo.model.allocator import peak_bytes
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.model.plan import GIB
from llamavid_demo.model.prefix import Prefix
from llamavid_demo.model.release_sizes import SEVEN_B
from llamavid_demo.settings import Settings

CUE_EVERY = 5  # frames: 156 subtitle tokens a minute, of which `plan` assumes 150
CUDA = 0.7  # GiB of a card that CUDA itself takes
COLUMNS = {
    "film": "{minutes:g} min",
    "tokens": "{tokens}",
    "keys and values": "{kv_cache}",
    "planned": "{planned_gib:.1f} GiB",
    "": "{who}",
    "at most": "{peak_gib:.1f} GiB",
    "frame tokens": "{frame_tokens_s:.1f} s",
    "prefill": "{prefill_s:.1f} s",
    "turn 1": "{turn_1_s:.1f} s",
    "turn 2": "{turn_2_s:.3f} s",
    "tokens/s by viewers": "{viewers_said:s}",
}
FIGURES = ("frame_tokens_s", "prefill_s", "turn_1_s", "turn_2_s", "tokens_per_s", "viewers_said", "failed")


def gpu(
    minutes: Annotated[list[float] | None, typer.Argument(help="Lengths of films; 30 60 180, or 2.5 5 10.")] = None,
    cpu: Annotated[bool, typer.Option("--cpu", help="A model of middling size, on the processor.")] = False,
    gb: Annotated[float, typer.Option(help="Size of the card to keep to, in GB (2**30 bytes).")] = 24,
    quantization: Annotated[str, typer.Option(help="4bit, 8bit or none.")] = "4bit",
    viewers: Annotated[list[int], typer.Option(help="How many are answered at once.")] = (1, 8, 32),  # type: ignore
    tokens: Annotated[int, typer.Option(help="Length of their answers.")] = 64,
    out: Out = RESULTS,
) -> None:
    """The 7B on a card, beside Hugging Face's generate; with --cpu the same on a middling model."""
    if not cpu and not torch.cuda.is_available():
        why = "There is no card here that PyTorch could use. The same on the processor, with a model of middling size"
        Console().print(f"{why} and shorter films: python -m bench gpu --cpu", soft_wrap=True)
        raise typer.Exit(2)
    usable = None if cpu else _cap(gb)
    model = random_model(MIDSIZE if cpu else SEVEN_B, device="cpu" if cpu else "cuda", quantization=quantization)
    measure(model, 0.5, viewers=viewers[:1], tokens=2, usable=usable)  # warms up
    Console().print("Attention of a section ran in:", ", ".join(attention_kernels(model)), soft_wrap=True)
    rows: list[Row] = []
    for length in minutes or ((2.5, 5, 10) if cpu else (30, 60, 180)):
        rows += measure(model, length, viewers=viewers, tokens=tokens, usable=usable)
        Console().print(rows[-2:])  # so that nothing is lost if a longer film takes too long
    publish(
        "gpu-cpu" if cpu else "gpu", rows, COLUMNS, lambda axes: _draw(axes, rows), out=out,
        quantization=quantization, usable_gib=usable, answer_tokens=tokens,
    )  # fmt: skip
    for row in rows:
        if row["failed"]:
            Console().print(_failure(row, usable), markup=False, highlight=False, soft_wrap=True)


def attention_kernels(model: LoadedModel) -> list[str]:
    """PyTorch's names of the attention that ran for a section's first chunk and for the one behind it."""
    prefix, hidden = Prefix(len(model.llama.model.layers), 512), model.config.llama.hidden_size
    with torch.inference_mode(), torch.profiler.profile() as seen:
        for _ in range(2):
            model.fill(prefix, torch.randn(1, 256, hidden, device=model.device, dtype=model.dtype))
    fused = re.compile(r"aten::_(scaled_dot_product_\w*attention\w*|(flash|efficient|cudnn)_attention\w*)")
    return sorted(event.key for event in seen.key_averages() if fused.fullmatch(event.key))


def measure(
    model: LoadedModel, minutes: float, *, viewers: Sequence[int], tokens: int, usable: float | None
) -> list[Row]:
    """Figures of a film of so many minutes, ours and generate's; None where it did not fit into `usable` GiB."""
    with tempfile.TemporaryDirectory() as folder:
        movie, settings = stored_film(model, round(60 * minutes), Path(folder), cue_every=CUE_EVERY)
        plan = section_plan(
            model.config, model.tokenizer, movie, movie.sections[0], quantization=model.quantization,
            dtype=model.dtype, gigabytes=usable or math.inf,
        )  # fmt: skip
        held: Literal["8bit", "full"] = "8bit" if plan.eight_bit else "full"
        settings = settings.model_copy(update={"kv_cache": held})  # left open, it goes by the whole card
        about = {"minutes": minutes, "tokens": plan.tokens, "planned_gib": plan.total_bytes / GIB}
        mine: Row = {**about, "who": "ours", "kv_cache": held, **dict.fromkeys(FIGURES)}
        other: Row = {**about, "who": "generate", "kv_cache": "full", **dict.fromkeys(FIGURES), "planned_gib": None}
        _attempt(mine, model, lambda: ours(mine, model, movie, settings, viewers=viewers, tokens=tokens))
        _attempt(other, model, lambda: theirs(other, Stateless.of(model, movie, settings), tokens=tokens))
    return [mine, other]


def ours(
    row: Row, model: LoadedModel, movie: Movie, settings: Settings, *, viewers: Sequence[int], tokens: int
) -> None:
    """Put both turns of one conversation and the tokens a second of several into a row."""
    prefixes = PrefixCache(1 << 38)
    seen = two_turns(model, movie, settings, prefixes)
    row |= {key: getattr(seen, key) for key in ("frame_tokens_s", "prefill_s", "turn_1_s", "turn_2_s")}
    chats = [MovieChat(model, movie, settings=settings, prefixes=prefixes) for _ in range(max(viewers))]
    rates: dict[int, float] = {}
    for count in viewers:
        rates[count] = count * tokens / seconds(chats[:count], together=True, tokens=tokens)
        row |= {"tokens_per_s": rates, "viewers_said": ", ".join(f"{of}: {rate:.0f}" for of, rate in rates.items())}


def theirs(row: Row, stateless: Stateless, *, tokens: int) -> None:
    """Put what Hugging Face's `generate` takes for the same into a row; it answers one viewer after the other."""
    row["turn_1_s"] = stateless.first_token_s([(FIRST, None)])
    row["turn_2_s"] = stateless.first_token_s([(FIRST, "It is red. " * 4), (SECOND, None)])
    row["tokens_per_s"] = {1: stateless.tokens_per_s(FIRST, tokens)}
    row["viewers_said"] = f"1: {row['tokens_per_s'][1]:.0f}"


def _attempt(row: Row, model: LoadedModel, work: Callable[[], None]) -> None:
    """Do some work that might not fit; into its row go the most GiB held in it (on a processor: up to now), and why
    it failed if it did.
    """
    gc.collect()
    on_card = model.device.type == "cuda"
    if on_card:
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    try:
        work()
    except (torch.OutOfMemoryError, TooLongError) as error:
        row["failed"] = str(error).splitlines()[0]
    row["peak_gib"] = (torch.cuda.max_memory_allocated() if on_card else peak_bytes()) / GIB


def _cap(gigabytes: float) -> float:
    """Keep PyTorch to what a card of that size leaves it, on a larger one too; that in GiB."""
    total = torch.cuda.get_device_properties(0).total_memory / GIB
    usable = min(gigabytes, total) - CUDA
    torch.cuda.memory.set_per_process_memory_fraction(usable / total)
    return usable


def _failure(row: Row, usable: float | None) -> str:
    of = f" of {usable:.1f}" if usable else ""
    planned = f"{row['planned_gib']:.1f} GiB planned, " if row["planned_gib"] else ""
    return (
        f"{row['minutes']:g} min do not fit ({row['who']}): {row['tokens']} tokens, {planned}"
        f"{row['peak_gib']:.1f}{of} GiB held. {row['failed']}"
    )


def _draw(axes: Any, rows: list[Row]) -> None:
    for who, colour in (("generate", "C1"), ("ours", "C0")):
        for turn, line in ((1, "--"), (2, "-")):
            fit = [(row["minutes"], took) for row in rows if row["who"] == who and (took := row[f"turn_{turn}_s"])]
            if fit:
                axes.loglog(*zip(*fit, strict=True), colour + line, marker=".", label=f"turn {turn}, {who}")
    axes.set(xlabel="minutes of film", ylabel="seconds to the first token")
    if axes.lines:
        axes.legend()
