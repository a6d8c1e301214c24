"""Films by chance: who plays in them, where, and what is said; the same generator gives the same film."""

import math
import random
from dataclasses import dataclass, replace
from itertools import count
from string import ascii_lowercase

from llamavid_demo.storybook.world import (
    ACTIONS,
    COLOURS,
    ITEM_LINES,
    ITEMS,
    NAMES,
    PLACES,
    PLAIN_LINES,
    STORY_WORDS,
    THINGS,
    TIMES,
    WEATHERS,
    Actor,
    Line,
    Script,
    Shot,
)

Range = tuple[int, int]  # both ends included
INSIDE = tuple(place for place in PLACES if place not in ("beach", "mountain", "farm"))  # what one can be in
_SMALL_WORDS = ("the", "a", "on", "in", "at", "to", "is", "of", "and", "it", "not")
_OTHER_WORDS = (*STORY_WORDS, *PLACES, *TIMES, *ACTIONS, *WEATHERS, *_SMALL_WORDS)


@dataclass(frozen=True)
class FilmKind:
    """What films are like: ranges of scenes, shots a scene, seconds a shot, lines a shot and actors a shot.

    A film ends with its last scene, or at `duration` seconds when that is given; it has at most `cues` lines.
    `changing` is how likely a further shot of a scene has another time of day and weather, `narrated` how likely a
    line is a narrator's, in whatever words, `sparing` how likely nobody speaks of the same item twice.
    """

    scenes: Range = (4, 12)
    shots: Range = (1, 2)
    seconds: Range = (4, 12)
    lines: Range = (0, 2)
    actors: Range = (1, 2)
    cues: int = 1000
    duration: Range | None = None
    changing: float = 0.0
    narrated: float = 0.0
    sparing: float = 0.0

    @property
    def longest(self) -> float:
        """The longest that a film may be, in seconds."""
        return self.duration[1] if self.duration else math.prod(most for _, most in self._lengths)

    @property
    def expected(self) -> float:
        """About how long a film is, in seconds."""
        return sum(self.duration) / 2 if self.duration else math.prod(sum(both) / 2 for both in self._lengths)

    @property
    def _lengths(self) -> tuple[Range, Range, Range]:
        return self.scenes, self.shots, self.seconds


@dataclass(frozen=True)
class Company:
    """Who may play in a film: how often each thing and place comes, who has a name, what is spoken of.

    `colours` are those that things keep through the film; a thing that is not in it changes its colour. `unsaid` is
    what is still to be said where each speaks of an item once, as (name, item).
    """

    things: dict[str, float]
    places: dict[str, float]
    colours: dict[str, str]
    names: dict[str, str]  # name by thing
    items: tuple[str, ...]
    chatty: float = 0.7  # share of lines about an item
    unsaid: set[tuple[str, str]] | None = None


def random_script(rng: random.Random, kind: FilmKind, *, title: str = "A film") -> Script:
    """A film by chance. Neighbouring scenes are never in the same place; some places and things come often."""
    company = random_company(rng)
    if kind.sparing and rng.random() < kind.sparing:
        company = _sparing(company, rng)
    most = rng.randint(*kind.duration) if kind.duration else math.inf
    scenes = count() if kind.duration else range(rng.randint(*kind.scenes))
    shots: list[Shot] = []
    length, cues, place = 0.0, 0, ""
    for _ in scenes:
        place = _draw({p: w for p, w in company.places.items() if p != place}, rng)
        time, weather = _sky(rng)
        for number in range(rng.randint(*kind.shots)):
            if number and kind.changing and rng.random() < kind.changing:
                time, weather = _sky(rng)
            seconds = min(float(rng.randint(*kind.seconds)), most - length)
            actors = _present(company, rng, rng.randint(*kind.actors))
            shot = Shot(place, time, weather, actors, seconds, seed=rng.randrange(1 << 30))
            wanted = min(rng.randint(*kind.lines), kind.cues - cues)
            lines = _dialogue(rng, shot, company, wanted, narrated=kind.narrated)
            shots.append(replace(shot, lines=lines))
            length, cues = length + seconds, cues + len(lines)
            if length >= most:
                return Script(title, tuple(shots))
    return Script(title, tuple(shots))


def _sky(rng: random.Random) -> tuple[str, str]:
    return rng.choice(TIMES), rng.choices(WEATHERS, (5, 2, 2, 2))[0]


def random_company(rng: random.Random) -> Company:
    """A cast by chance. In most films everybody keeps the same colour, as in a story; characters always do."""
    things = {thing: math.exp(rng.gauss(0, 1)) for thing in rng.sample(THINGS, rng.randint(5, len(THINGS)))}
    named = rng.sample(sorted(things), min(4, len(things)))
    kept = things if rng.random() < 0.7 else named
    return Company(
        things=things,
        places={place: math.exp(rng.gauss(0, 1)) for place in PLACES},
        colours={thing: rng.choice(COLOURS) for thing in kept},
        names=dict(zip(named, rng.sample(NAMES, len(named)), strict=True)),
        items=tuple(rng.sample(ITEMS, rng.randint(2, 6))),
    )


def _sparing(company: Company, rng: random.Random) -> Company:
    """The same cast, but each speaks once of some items, which they come to sooner or later in the film."""
    items = tuple(rng.sample(ITEMS, rng.randint(4, len(ITEMS))))
    share = rng.uniform(0.2, 0.7)
    unsaid = {(name, item) for name in company.names.values() for item in items if rng.random() < share}
    return replace(company, items=items, chatty=rng.uniform(0.1, 0.7), unsaid=unsaid)


def _draw(weights: dict[str, float], rng: random.Random) -> str:
    return rng.choices(list(weights), list(weights.values()))[0]


def _present(company: Company, rng: random.Random, wanted: int) -> tuple[Actor, ...]:
    """Actors of one shot, no thing twice."""
    weights, actors = dict(company.things), []
    for _ in range(wanted):
        thing = _draw(weights, rng)
        del weights[thing]
        colour = company.colours.get(thing) or rng.choice(COLOURS)
        actors.append(Actor(thing, colour, rng.choice(ACTIONS), company.names.get(thing)))
    return tuple(actors)


def _dialogue(rng: random.Random, shot: Shot, company: Company, lines: int, *, narrated: float) -> tuple[Line, ...]:
    """Up to `lines` lines spread over the shot; who is present speaks, else somebody off screen."""
    names = list(company.names.values())
    present = [actor.name for actor in shot.actors if actor.name]
    slot = shot.seconds / max(lines, 1)
    spoken = []
    for i in range(lines):
        speaker = rng.choice(present or names)
        other = rng.choice([name for name in names if name != speaker] or names)
        item = rng.choice(company.items) if rng.random() < company.chatty else None
        if company.unsaid is not None and (speaker, item) not in company.unsaid:
            item = None
        text = rng.choice(ITEM_LINES if item else PLAIN_LINES).format(
            item=item, place=rng.choice(PLACES), inside=rng.choice(INSIDE), name=other, time=shot.time
        )
        start = i * slot + rng.uniform(0.1, 0.25) * slot
        end = start + slot * rng.uniform(0.5, 0.7)
        if narrated and rng.random() < narrated:
            speaker, text, item = "", _narration(rng), None
        if company.unsaid is not None:
            company.unsaid.discard((speaker, item))
        spoken.append(Line(round(start, 2), round(end, 2), speaker, text, item))
    return tuple(spoken)


def _narration(rng: random.Random) -> str:
    """A sentence of words that nobody asks about, some of no language, as in films that we don't know."""
    words = [
        "".join(rng.choices(ascii_lowercase, k=rng.randint(2, 8))) if rng.random() < 0.2 else rng.choice(_OTHER_WORDS)
        for _ in range(rng.randint(2, 8))
    ]
    words[0] = words[0].capitalize() + rng.choice(("", "", ".", ","))
    return " ".join(words) + "."
