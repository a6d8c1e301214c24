"""Tensors of files into a network that has shapes but no weights yet: checked key by key, then read one by one.

Knows no network in particular; what it fills has its LLaMA under the name `llama`, and other parts beside it.
"""

import hashlib
import logging
import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

import torch
from accelerate import dispatch_model, init_empty_weights
from torch import nn

from llamavid_demo.errors import ModelError
from llamavid_demo.model.attention import READING
from llamavid_demo.model.packed_linear import pack_linear
from llamavid_demo.model.placement import Placement, device_map

Tensors = Iterable[tuple[str, torch.Tensor]]
N = TypeVar("N", bound=nn.Module)
Quantize = Callable[[nn.Module, torch.Tensor, torch.device | str | int], nn.Parameter | None]

# While accelerate lays a network out, the parameters of every module in the process go to the meta device.
_registering = threading.RLock()


def lay_out(build: Callable[[], N]) -> N:
    """A network with its parameters on the meta device: shapes, no memory. Its buffers are real."""
    with _registering, init_empty_weights(include_buffers=False):
        return build()


def check_weights(network: nn.Module, tensors: Tensors, problem: str) -> None:
    """Hold names and shapes of all tensors, under our names, to the network's parameters.

    Raises `ModelError` that begins with `problem` and names what is missing, left over or of another shape.
    """
    expected = {key: tuple(p.shape) for key, p in network.named_parameters()}
    found = {key: tuple(t.shape) for key, t in tensors}
    if problems := check_keys(expected, found):
        raise ModelError(f"{problem} " + ". ".join(problems) + ".")


def check_keys(expected: Mapping[str, tuple[int, ...]], found: Mapping[str, tuple[int, ...]]) -> list[str]:
    """Sentences on what is missing, left over or of another shape; empty when all is well."""
    problems = []
    for title, keys in (
        ("missing", expected.keys() - found.keys()),
        ("not known", found.keys() - expected.keys()),
    ):
        if keys:
            problems.append(f"{len(keys)} tensors are {title}: {_some(sorted(keys))}")
    wrong = [key for key in sorted(expected.keys() & found.keys()) if expected[key] != found[key]]
    if wrong:
        shapes = _some(wrong, lambda key: f"{key} is {list(found[key])}, not {list(expected[key])}")
        problems.append(f"{len(wrong)} tensors have another shape: {shapes}")
    return problems


def fill(network: nn.Module, tensors: Tensors, placement: Placement, quantize: Quantize | None = None) -> None:
    """Read tensor by tensor, each to its device and type, so that memory holds the model once."""
    llama = network.get_submodule("llama")
    beside = sum(part.numel() for name, part in network.named_parameters() if not name.startswith("llama."))
    placed = device_map(llama, placement, beside=beside * placement.dtype.itemsize)
    for key, value in tensors:
        parent, _, name = key.rpartition(".")
        layer = network.get_submodule(parent)
        where = _device_of(key, placed, placement)
        parameter = quantize(layer, value.to(placement.dtype), where) if quantize and name == "weight" else None
        if parameter is None:
            parameter = nn.Parameter(value.to(where, placement.dtype), requires_grad=False)
        with _registering:
            setattr(layer, name, parameter)
    for name, buffer in network.named_buffers():
        parent, _, leaf = name.rpartition(".")
        setattr(network.get_submodule(parent), leaf, buffer.to(_device_of(name, placed, placement)))
    if placement.spread:
        dispatch_model(llama, placed, force_hooks=True)


def bring_in(
    network: Any,
    tensors: Tensors,
    placement: Placement,
    decoders: Sequence[nn.Module],
    *,
    products: torch.dtype = torch.float32,
) -> None:
    """Fill a network and make it ready to read: its `decoders` quantized if so placed, else packed for a CPU.

    `products` is the type that packed layers multiply in, where the CPU can.
    """
    quantize: Quantize | None = None
    if placement.quantization:
        # On a CPU it tells at every layer of every token that it rounds inputs.
        logging.getLogger("bitsandbytes").setLevel(logging.ERROR)
        from llamavid_demo.model.quantization import prepare, quantized_weight  # bitsandbytes imports slowly

        with _registering:
            for part in decoders:
                prepare(part, placement.quantization, placement.dtype, device=placement.device)
        quantize = quantized_weight
    fill(network, tensors, placement, quantize)
    network.eval().requires_grad_(False)
    if not placement.spread:  # accelerate's hooks call the layers as they were
        with _registering:
            for part in decoders:
                pack_linear(part, products)
    network.llama.set_attn_implementation(READING)


def fingerprint(paths: Iterable[Path]) -> str:
    """A short name for the files' content: sizes, and a megabyte from both ends of each."""
    digest = hashlib.sha256()
    for path in paths:
        size = path.stat().st_size
        digest.update(str(size).encode())
        with path.open("rb") as file:
            digest.update(file.read(1 << 20))
            file.seek(max(0, size - (1 << 20)))
            digest.update(file.read())
    return digest.hexdigest()[:16]


def _device_of(key: str, placed: dict[str, Any], placement: Placement) -> torch.device | str | int:
    if not key.startswith("llama."):
        return placement.device
    part = key.removeprefix("llama.")
    while part not in placed and part:
        part = part.rpartition(".")[0]
    return placed.get(part, placement.device)


def _some(keys: list[str], show: Callable[[str], str] = str, *, most: int = 8) -> str:
    more = f" and {len(keys) - most} more" if len(keys) > most else ""
    return ", ".join(show(key) for key in keys[:most]) + more
