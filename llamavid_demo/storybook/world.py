"""The storybook world: its words, and scripts that say what happens when.

Pure data. Films are drawn from a script (`render`), and questions with their true answers are derived from it,
so nothing here knows of pictures, tensors or files.
"""

import json
from dataclasses import asdict, dataclass, field
from functools import cached_property
from itertools import accumulate, groupby
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
    "I have lost the {item}.", "Have you seen the {item}?", "The {item} is mine.", "Let us find the {item}.",
    "Please give me the {item}.", "Look, here is the {item}!", "I will hide the {item}.", "Who took the {item}?",
    "The {item} is in the {inside}.", "I found the {item} near the {place}.", "Bring the {item} to the {place}.",
    "I gave the {item} to {name}.", "{name} has the {item}.", "Take the {item} and run!",
    "The {item} is old and beautiful.", "I dream of the {item}.", "I like the {item}.", "Who has the {item}?",
    "{name} has lost the {item}.", "I will give the {item} to {name}.", "The {item} is yours, {name}.",
    "I will find the {item}.",
)  # fmt: skip
PLAIN_LINES = (
    "Good {time}, {name}!", "What a lovely {time}.", "Let us go to the {place}.", "I like the {place}.",
    "Wait for me, {name}!", "I am tired.", "I am so happy!", "Do not be afraid.", "Come with me, {name}.",
    "Can you hear that?", "Thank you, {name}.", "We are friends.", "Where are we?", "See you soon!",
    "Hello, {name}!", "Where is {name}?", "{name} is in the {inside}.", "I am not afraid.", "Good {time}, friends!",
    "{name} is tired.", "Do not be afraid, {name}.", "The {place} is beautiful.", "{name} is my friend.",
)  # fmt: skip
# Words of the bundled films that no line by chance has.
STORY_WORDS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December", "sun", "sea", "warm", "hot", "cold", "falls", "lies", "hides", "walks", "stands", "wakes", "up",
    "again", "over", "before", "from", "us", "ours", "but", "why", "did", "with", "hear", "year", "letters", "so",
)  # fmt: skip


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
class Scene:
    """A run of neighbouring shots in one place: its number from 0 and the numbers of its shots."""

    number: int
    place: str
    shots: tuple[int, ...]


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

    @cached_property
    def scenes(self) -> tuple[Scene, ...]:
        """The scenes in order."""
        runs = groupby(range(len(self.shots)), key=lambda i: self.shots[i].place)
        return tuple(Scene(n, place, tuple(shots)) for n, (place, shots) in enumerate(runs))

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
