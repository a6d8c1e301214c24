"""Weights of 4 bits on a CPU: a layer of a 7B by bitsandbytes, and by PyTorch's kernel for CPUs without bfloat16."""

import statistics
import time
from typing import Annotated, Any

import torch
import typer
from torch import nn

from bench.results import MB, RESULTS, Out, Row, publish
from llamavid_demo.model.int4_linear import Int4Linear
from llamavid_demo.model.quantization import prepare, quantized_weight
from llamavid_demo.model.release_sizes import SEVEN_B

COLUMNS = {
    "rows": "{rows}",
    "bitsandbytes": "{bitsandbytes_s:.4f} s",
    "PyTorch's kernel": "{kernel_s:.4f} s",
    "ratio": "{ratio:.3f}",
    "bitsandbytes ": "{bitsandbytes_mb:.0f} MB",
    "kernel": "{kernel_mb:.0f} MB",
    "rounding errors": "{bitsandbytes_error:.3f}, {kernel_error:.3f}",
}


def four_bits(
    rows: Annotated[list[int], typer.Argument(help="Rows multiplied at once.")] = (1, 4, 64, 256, 1024),  # type: ignore
    shrink: Annotated[int, typer.Option(help="Divide all widths, to try it.")] = 1,
    out: Out = RESULTS,
) -> None:
    """The linear layers of one layer of a 7B: seconds, bytes and rounding errors in 4 bits."""
    hidden, inner = (
        int(width or 0) // shrink for width in (SEVEN_B.llama.hidden_size, SEVEN_B.llama.intermediate_size)
    )
    shapes = [(hidden, hidden)] * 4 + [(hidden, inner)] * 2 + [(inner, hidden)]
    weights = [torch.randn(shape[::-1]) * 0.02 for shape in shapes]
    theirs, ours = in_bitsandbytes(weights), in_kernel(weights)
    kept: Row = {}
    for name, layers in (("bitsandbytes", theirs), ("kernel", ours)):
        kept[f"{name}_mb"] = sum(map(_nbytes, layers)) / MB  # some CPUs pack bitsandbytes' weights anew at a first use
        kept[f"{name}_error"] = rounding_error(layers, weights)
    found = [{**measure(theirs, ours, count), **kept} for count in rows]
    publish("four-bits", found, COLUMNS, lambda axes: _draw(axes, found), out=out)


def in_bitsandbytes(weights: list[torch.Tensor]) -> Any:
    """Layers of these weights (out, in) in NF4 with double quantization."""
    layers = _linear(weights)
    prepare(layers, "4bit", torch.float32)
    return _filled(layers, weights)


def in_kernel(weights: list[torch.Tensor]) -> Any:
    """Layers of these weights (out, in) as a CPU without products in bfloat16 holds them."""
    layers = _linear(weights)
    for layer in layers:
        layer.__class__ = Int4Linear
    return _filled(layers, weights)


def _linear(weights: list[torch.Tensor]) -> nn.Sequential:
    return nn.Sequential(*(nn.Linear(weight.shape[1], weight.shape[0], bias=False) for weight in weights))


def _filled(layers: Any, weights: list[torch.Tensor]) -> Any:
    for layer, weight in zip(layers, weights, strict=True):
        layer.weight = quantized_weight(layer, weight.clone(), torch.device("cpu"))
    return layers


@torch.inference_mode()
def rounding_error(layers: Any, weights: list[torch.Tensor]) -> float:
    """Size of the first layer's rounding errors, as a share of its weights'."""
    weight = weights[0]
    return float((layers[0](torch.eye(weight.shape[1])).T - weight).norm() / weight.norm())


@torch.inference_mode()
def measure(theirs: Any, ours: Any, rows: int) -> Row:
    """Seconds of all layers for so many rows each, the median of a few times."""
    found: Row = {"rows": rows}
    for name, layers in (("bitsandbytes", theirs), ("kernel", ours)):
        given = [torch.randn(rows, layer.in_features) for layer in layers]
        times = []
        for _ in range(6):
            began = time.perf_counter()
            for layer, row in zip(layers, given, strict=True):
                layer(row)
            times.append(time.perf_counter() - began)
        found[f"{name}_s"] = statistics.median(times[1:])  # the first one warms up
    return {**found, "ratio": found["kernel_s"] / found["bitsandbytes_s"]}


def _nbytes(layer: Any) -> int:
    """Bytes of a layer's weights and of what they are scaled by."""
    if isinstance(layer, Int4Linear):
        return int(layer.weight.nbytes + layer.scales.nbytes)
    state = layer.weight.quant_state
    return int(layer.weight.nbytes + state.absmax.nbytes + state.state2.absmax.nbytes)


def _draw(axes: Any, rows: list[Row]) -> None:
    for name, label in (("bitsandbytes", "bitsandbytes"), ("kernel", "PyTorch's kernel")):
        axes.plot([row["rows"] for row in rows], [row[f"{name}_s"] for row in rows], marker=".", label=label)
    axes.set(xscale="log", yscale="log", xlabel="rows", ylabel="seconds of a layer")
    axes.legend()
