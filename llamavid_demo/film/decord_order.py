"""What the parent asks of the decord worker; apart, so that the parent need not import decord."""

from dataclasses import dataclass

from pydantic import TypeAdapter

from llamavid_demo.film.frame_format import FrameFormat


@dataclass(frozen=True)
class Order:
    """Read the pictures on screen at `begin`, `begin + 1`, …, `count` of them; timestamps are in seconds.

    `first` is the timestamp of the first picture, from which decord counts; `key` that of the key frame to begin at,
    or None to begin with the first; `stored` and `display` sizes as in `VideoInfo`; `threads` for decoding. A picture
    counts as shown from `tolerance` seconds before its time. The worker may hold `memory` bytes.
    """

    path: str
    begin: float
    count: int
    first: float
    key: float | None
    stored: tuple[int, int]
    display: tuple[int, int]
    format: FrameFormat
    threads: int
    tolerance: float
    memory: int


_ADAPTER = TypeAdapter(Order)


def to_json(order: Order) -> str:
    """The order as text, for a command line."""
    return _ADAPTER.dump_json(order).decode()


def from_json(text: str) -> Order:
    """The order that `to_json` wrote."""
    return _ADAPTER.validate_json(text)
