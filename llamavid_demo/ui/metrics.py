"""Figures in the text format that Prometheus reads."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

TYPE = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True)
class Sample:
    """One value of a family, with its labels; `suffix` is what a histogram adds to the family's name."""

    value: float
    labels: Mapping[str, str]
    suffix: str = ""


@dataclass(frozen=True)
class Family:
    """Values of one kind: what they are called, what they say, and whether they only ever grow."""

    name: str
    about: str
    kind: Literal["counter", "gauge", "histogram"]
    samples: tuple[Sample, ...]


def one(name: str, about: str, kind: Literal["counter", "gauge"], value: float) -> Family:
    """A family of a single value without labels."""
    return Family(name, about, kind, (Sample(value, {}),))


def by_label(
    name: str, about: str, kind: Literal["counter", "gauge"], label: str, values: Mapping[str, float]
) -> Family:
    """A family of a value for each value of a label."""
    return Family(name, about, kind, tuple(Sample(value, {label: key}) for key, value in values.items()))


def histogram(name: str, about: str, bounds: Iterable[float], counts: Iterable[int], total: float) -> Family:
    """How many lie within each of the `bounds`, and last how many there are; `total` is their sum."""
    within = [*counts]
    samples = [
        Sample(count, {"le": bound}, "_bucket")
        for bound, count in zip((*(f"{bound:g}" for bound in bounds), "+Inf"), within, strict=True)
    ]
    return Family(name, about, "histogram", (*samples, Sample(total, {}, "_sum"), Sample(within[-1], {}, "_count")))


def exposition(families: Iterable[Family]) -> str:
    """The text of all families."""
    lines = []
    for family in families:
        lines += [f"# HELP {family.name} {family.about}", f"# TYPE {family.name} {family.kind}"]
        lines += [f"{family.name}{one.suffix}{_labels(one.labels)} {_number(one.value)}" for one in family.samples]
    return "\n".join(lines) + "\n"


def _labels(labels: Mapping[str, str]) -> str:
    return "{" + ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items()) + "}" if labels else ""


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() else repr(float(value))
