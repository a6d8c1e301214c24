"""How many cards an audience needs: visitors who talk with films, simulated, and replicas that hold sections for them.

Nothing is computed. What a card does comes from data sheets and from the sizes of the released 7B; see `Card`.
"""

import heapq
import random
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from statistics import mean, quantiles
from typing import Annotated, Any

import typer

from bench.results import RESULTS, Out, Row, publish

COLUMNS = {
    "cards": "{cards}",
    "sections held": "{held}",
    "hits, sticky": "{hits:.0%}",
    "hits, by chance": "{hits_by_chance:.0%}",
    "first word": "{first_word_s:.1f} s",
    "95 %": "{first_word_95_s:.1f} s",
    "95 %, by chance": "{first_word_95_by_chance_s:.1f} s",
    "busy": "{busy:.0%}",
}


@dataclass(frozen=True)
class Card:
    """A card of 24 GB with LLaMA-VID's 7B in 4 bits and sections of half an hour: 8,228 tokens, 4.3 GB (`plan`).

    NVIDIA's data sheet of the A10 says 125 TFLOP/s and 600 GB/s; `share` of both is assumed to be reached.
    """

    share: float = 0.4
    held: int = 3  # sections: 13 GB of what weights and tower leave
    beside: int = 3  # in the CPU's memory, LLAMAVID_OFFLOAD_GB
    slots: int = 8  # LLAMAVID_ANSWERS_AT_ONCE
    answer_tokens: int = 64

    @property
    def read_s(self) -> float:
        """Seconds of a section that is read: 1.3 GB of patches at 1 GB/s, the text decoder, the LLaMA's arithmetic."""
        decoder = 1800 * 20e9  # 20 GFLOP a frame: 12 layers, 32 queries and the question over 256 patches
        return 1.3 + (decoder + 2 * 6.7e9 * 8228) / (125e12 * self.share)

    @property
    def restore_s(self) -> float:
        """Seconds in which a section comes back from the CPU's memory, at 20 GB/s."""
        return 4.3 / 20

    @property
    def words_s(self) -> float:
        """Seconds that a question's words and its second look take: what they took here beside a film (`turns`)."""
        return 0.12

    @property
    def answer_s(self) -> float:
        """Seconds of an answer beside others: each step reads the weights and about one section."""
        return self.answer_tokens * (3.9 + 4.3) / (600 * self.share)


@dataclass
class Replica:
    """When a replica's reader is free, when its answers end, and which sections it holds, the latest one last."""

    card: Card
    number: int
    free: float = 0.0
    busy: float = 0.0
    ends: list[float] = field(default_factory=list)
    sections: OrderedDict[int, None] = field(default_factory=OrderedDict)

    def full(self, now: float) -> bool:
        """Whether it takes no more questions now; Ray Serve tries the next one then."""
        while self.ends and self.ends[0] <= now:
            heapq.heappop(self.ends)
        return len(self.ends) >= self.card.slots

    def ask(self, now: float, section: int) -> tuple[bool, float, float]:
        """Take a question: whether its section was held, when its first word comes, when its answer ends."""
        if self.full(now):
            now = heapq.heappop(self.ends)
        place = list(reversed(self.sections)).index(section) if section in self.sections else None
        took = self.card.words_s
        if place is None:
            took += self.card.read_s
        elif place >= self.card.held:
            took += self.card.restore_s
        self.sections[section] = None
        self.sections.move_to_end(section)
        while len(self.sections) > self.card.held + self.card.beside:
            self.sections.popitem(last=False)
        self.free = max(self.free, now) + took
        self.busy += took
        end = self.free + self.card.answer_s
        heapq.heappush(self.ends, end)
        return place is not None, self.free, end


def questions(visitors: int, films: int, chance: random.Random, *, skew: float, think_s: float) -> Iterator[Any]:
    """An endless visit for each visitor: pairs of seconds to think and a section, four to a film.

    Of films the n-th is chosen 1/n^skew times as often as the first. After eight questions, on average, a visitor goes
    on to the next section, or after the last one to another film.
    """
    weights = [1 / rank**skew for rank in range(1, films + 1)]

    def visit() -> Iterator[tuple[float, int]]:
        while True:
            film = chance.choices(range(films), weights)[0]
            part = chance.choice([0, 0, 1, 2, 3])
            while part < 4:
                yield chance.expovariate(1 / think_s), 4 * film + part
                part += chance.random() < 1 / 8

    return (visit() for _ in range(visitors))


def simulate(
    cards: int, *, visitors: int = 1000, films: int = 200, hours: float = 2, sticky: bool = True, seed: int = 0,
    card: Card = Card(), skew: float = 0.8, think_s: float = 90,
) -> Row:  # fmt: skip
    """Let visitors ask for so many hours; figures of all but the first quarter, in which nothing is held yet."""
    chance = random.Random(seed)
    replicas = [Replica(card, number) for number in range(cards)]
    visits = list(questions(visitors, films, chance, skew=skew, think_s=think_s))
    asking = [(*next(visit), number) for number, visit in enumerate(visits)]
    heapq.heapify(asking)
    last, hits, waits = hours * 3600, list[bool](), list[float]()
    ranks: dict[int, list[Replica]] = {}
    while asking[0][0] < last:
        now, section, number = heapq.heappop(asking)
        if section not in ranks:
            ranks[section] = sorted(replicas, key=lambda one: _hash(section, one.number))[:3]
        ranked = ranks[section] if sticky else chance.sample(replicas, min(3, cards))
        chosen = next((one for one in ranked if not one.full(now)), ranked[0])
        hit, first, end = chosen.ask(now, section)
        if now > last / 4:
            hits.append(hit)
            waits.append(first - now)
        think, section = next(visits[number])
        heapq.heappush(asking, (end + think, section, number))
    busy = sum(one.busy for one in replicas) / (cards * max(last, *(one.free for one in replicas)))
    return {
        "hits": mean(hits),
        "first_word_s": mean(waits),
        "first_word_95_s": quantiles(waits, n=20)[-1],
        "busy": busy,
    }


def audience(
    cards: Annotated[list[int], typer.Argument(help="How many, one row each.")] = [8, 16, 24, 32, 40, 48, 64],  # noqa: B006
    visitors: Annotated[int, typer.Option(help="People who talk with films at the same time.")] = 1000,
    films: Annotated[int, typer.Option(help="Films of two hours, four sections each.")] = 200,
    out: Out = RESULTS,
) -> None:
    """Cards that an audience needs: how often a section is held where it is asked about, and how long people wait."""
    rows, card = list[Row](), Card()
    for count in cards:
        found = simulate(count, visitors=visitors, films=films)
        other = simulate(count, visitors=visitors, films=films, sticky=False)
        rows.append({
            "cards": count, "held": count * (card.held + card.beside), **found, "hits_by_chance": other["hits"],
            "first_word_95_by_chance_s": other["first_word_95_s"],
        })  # fmt: skip
    assumed = {"read_s": card.read_s, "restore_s": card.restore_s, "words_s": card.words_s, "answer_s": card.answer_s}
    publish("audience", rows, COLUMNS, lambda axes: _draw(axes, rows), out=out, assumed=assumed)


def _hash(section: int, replica: int) -> bytes:
    return blake2b(f"{section} {replica}".encode(), digest_size=8).digest()


def _draw(axes: Any, rows: list[Row]) -> None:
    cards = [row["cards"] for row in rows]
    axes.plot(cards, [100 * row["hits"] for row in rows], "C0", marker=".", label="sticky")
    axes.plot(cards, [100 * row["hits_by_chance"] for row in rows], "C1", marker=".", label="by chance")
    axes.set(xlabel="cards", ylabel="questions whose section is held, %", ylim=(0, 100))
    axes.legend()
