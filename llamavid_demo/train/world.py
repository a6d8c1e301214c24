"""The storybook world: its words, and scripts that say what happens when.

Pure data. Films are drawn from a script (`render`), and questions with their true answers are derived from it,
so nothing here knows of pictures, tensors or files.
"""

import json
import random
from dataclasses import asdict, dataclass, field
from itertools import accumulate
from typing import Any

PLACES = (
    "beach", "forest", "village", "castle", "desert", "mountain",
    "harbour", "garden", "city", "farm", "cave", "lake",
)  # fmt: skip
TIMES = ("morning", "noon", "evening", "night")
WEATHERS = ("clear", "rain", "snow", "fog")
THINGS = (
    "cat", "dog", "horse", "rabbit", "bird", "owl", "fish", "robot",
    "boat", "car", "balloon", "kite", "umbrella", "lantern", "ball", "hat",
)  # fmt: skip
COLOURS = ("red", "orange", "yellow", "green", "blue", "purple", "white", "black")
ACTIONS = ("jumping", "spinning", "sleeping", "walking", "dancing", "flying")
NAMES = ("Mia", "Leo", "Nora", "Finn", "Ada", "Tom", "Lily", "Max", "Rosa", "Otto", "Ella", "Hugo")
ITEMS = (
    "map", "key", "crown", "letter", "coin", "book",
    "bell", "feather", "shell", "apple", "cake", "flute",
)  # fmt: skip

ITEM_LINES = (
    "I have lost the {item}.",
    "Have you seen the {item}?",
    "The {item} is mine.",
    "Let us find the {item}.",
    "Please give me the {item}.",
    "Look, here is the {item}!",
    "I will hide the {item}.",
    "Who took the {item}?",
    "The {item} is in the {place}.",
    "I found the {item} near the {place}.",
    "Bring the {item} to the {place}.",
    "I gave the {item} to {name}.",
    "{name} has the {item}.",
    "Take the {item} and run!",
    "The {item} is old and beautiful.",
    "I dream of the {item}.",
)
PLAIN_LINES = (
    "Good {time}, {name}!",
    "What a lovely {time}.",
    "Let us go to the {place}.",
    "I like the {place}.",
    "Wait for me, {name}!",
    "I am tired.",
    "I am so happy!",
    "Do not be afraid.",
    "Come with me, {name}.",
    "Can you hear that?",
    "Thank you, {name}.",
    "We are friends.",
    "Where are we?",
    "See you soon!",
)


@dataclass(frozen=True)
class Actor:
    """Somebody or something in a shot: what it is, its colour, what it does, and its name if it has one."""

    thing: str
    colour: str
    action: str
    name: str | None = None


@dataclass(frozen=True)
class Line:
    """A line of dialogue, in seconds from the start of its shot. No speaker: a narrator's plain line."""

    start: float
    end: float
    speaker: str
    text: str
    item: str | None = None

    @property
    def subtitle(self) -> str:
        """The line as it stands in the subtitles."""
        return f"{self.speaker}: {self.text}" if self.speaker else self.text


@dataclass(frozen=True)
class Shot:
    """One scene: where, when, in what weather, who; the seed fixes the layout of the picture."""

    place: str
    time: str
    weather: str
    actors: tuple[Actor, ...]
    seconds: float
    lines: tuple[Line, ...] = ()
    seed: int = 0


@dataclass(frozen=True)
class Script:
    """A film: its shots one after the other, without gaps."""

    title: str
    shots: tuple[Shot, ...]
    starts: tuple[float, ...] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        ends = accumulate(shot.seconds for shot in self.shots)
        object.__setattr__(self, "starts", (0.0, *ends)[: len(self.shots)])

    @property
    def duration(self) -> float:
        """Seconds of the whole film."""
        return sum(shot.seconds for shot in self.shots)

    def index_at(self, t: float) -> int:
        """Number of the shot on screen at film second `t`; a cut belongs to the shot that begins."""
        if not self.shots:
            raise ValueError("This script has no shots.")
        return max((i for i, start in enumerate(self.starts) if start <= t + 1e-6), default=0)

    def cues(self) -> list[tuple[float, float, str]]:
        """Every line as (start, end, subtitle) in film seconds, in order."""
        return [
            (start + line.start, start + line.end, line.subtitle)
            for start, shot in zip(self.starts, self.shots, strict=True)
            for line in shot.lines
        ]

    def to_json(self) -> str:
        """The script as readable JSON; empty fields are left out."""
        shots = [_without_empty(asdict(shot)) for shot in self.shots]
        return json.dumps({"title": self.title, "shots": shots}, ensure_ascii=False, indent=1)

    @classmethod
    def from_json(cls, text: str) -> "Script":
        """Reads what `to_json` wrote. Raises ValueError for a word that is not of this world."""
        raw = json.loads(text)
        return cls(raw["title"], tuple(_shot(shot) for shot in raw["shots"]))


def _without_empty(value: Any) -> Any:
    """Drops None, empty texts and empty lists from nested dictionaries."""
    if isinstance(value, dict):
        return {k: _without_empty(v) for k, v in value.items() if v not in (None, "", (), [])}
    if isinstance(value, list | tuple):
        return [_without_empty(v) for v in value]
    return value


def _shot(raw: dict[str, Any]) -> Shot:
    actors = tuple(Actor(**actor) for actor in raw.get("actors", ()))
    lines = tuple(Line(**{"speaker": "", **line}) for line in raw.get("lines", ()))
    shot = Shot(**{**raw, "actors": actors, "lines": lines})
    for value, known in (
        (shot.place, PLACES), (shot.time, TIMES), (shot.weather, WEATHERS),
        *((actor.thing, THINGS) for actor in actors),
        *((actor.colour, COLOURS) for actor in actors),
        *((actor.action, ACTIONS) for actor in actors),
    ):  # fmt: skip
        if value not in known:
            raise ValueError(f"{value!r} is not of this world; use one of {', '.join(known)}.")
    return shot


def random_script(
    rng: random.Random,
    *,
    shots: int,
    seconds: tuple[float, float] = (4.0, 12.0),
    actors: tuple[int, int] = (1, 2),
    lines: tuple[int, int] = (0, 2),
    cast: int = 4,
    title: str = "A film",
) -> Script:
    """A film by chance, with a cast that comes back.

    `seconds`, `actors` and `lines` are inclusive ranges a shot (whole seconds; at most 3 actors). `cast` named
    characters keep their thing and colour through the film and speak; about half of the actors are nameless
    things. Places repeat only once all have been used, neighbours never share one. Every thing and colour is
    as likely as any other.
    """
    things = rng.sample(THINGS, len(THINGS))
    names = rng.sample(NAMES, cast)
    players = [(things.pop(), rng.choice(COLOURS), name) for name in names]
    film: list[Shot] = []
    places: list[str] = []
    for _ in range(shots):
        if not places:
            last = film[-1].place if film else None
            places = rng.sample(PLACES, len(PLACES))
            if places[-1] == last:
                places.reverse()
        length = float(rng.randint(round(seconds[0]), round(seconds[1])))
        present = _present(rng, players, things, count=rng.randint(*actors))
        shot = Shot(
            place=places.pop(),
            time=rng.choice(TIMES),
            weather=rng.choices(WEATHERS, (5, 2, 2, 2))[0],
            actors=present,
            seconds=length,
            seed=rng.randrange(1 << 30),
        )
        spoken = _dialogue(rng, shot, names, count=rng.randint(*lines))
        film.append(Shot(**{**shot.__dict__, "lines": spoken}))
    return Script(title, tuple(film))


def _present(
    rng: random.Random, players: list[tuple[str, str, str]], extras: list[str], *, count: int
) -> tuple[Actor, ...]:
    """Actors of one shot: no thing twice, characters and nameless things mixed."""
    pool: list[tuple[str, str, str | None]] = []
    named = list(rng.sample(players, len(players)))
    others = list(rng.sample(extras, len(extras)))
    for _ in range(count):
        if named and rng.random() < 0.5:
            pool.append(named.pop())
        else:
            pool.append((others.pop(), rng.choice(COLOURS), None))
    return tuple(Actor(thing, colour, rng.choice(ACTIONS), name) for thing, colour, name in pool)


def _dialogue(rng: random.Random, shot: Shot, names: list[str], *, count: int) -> tuple[Line, ...]:
    """Up to `count` lines spread over the shot; who is present speaks first, else somebody off screen."""
    present = [actor.name for actor in shot.actors if actor.name]
    count = min(count, int(shot.seconds // 2))
    slot = shot.seconds / max(count, 1)
    spoken = []
    for i in range(count):
        speaker = rng.choice(present or names)
        other = rng.choice([name for name in names if name != speaker] or names)
        item = rng.choice(ITEMS) if rng.random() < 0.7 else None
        text = rng.choice(ITEM_LINES if item else PLAIN_LINES).format(
            item=item, place=rng.choice(PLACES), name=other, time=shot.time
        )
        start = i * slot + rng.uniform(0.1, 0.25) * slot
        end = start + slot * rng.uniform(0.5, 0.7)
        spoken.append(Line(round(start, 2), round(end, 2), speaker, text, item))
    return tuple(spoken)
