"""What the frames of a film that nobody shot may show: real-world classes by chance, and questions about them."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

import torch

from llamavid_demo.film.sections import clock
from llamavid_demo.model.llama_vid.look_lines import Shown
from llamavid_demo.model.real_world.kinds import ANIMALS, VEHICLES, group_of
from llamavid_demo.model.real_world.named_tokens import VAGUE, classes
from llamavid_demo.training.english.film import Film, Turn
from llamavid_demo.training.english.word_tokens import WordTokens


@dataclass(frozen=True)
class Sight:
    """A run of frames, from second `start` to `end` of the film, that show class number `what`; None: nothing known."""

    start: int
    end: int
    what: int | None


def sights(seconds: int, rng: random.Random, *, known: float) -> list[Sight]:
    """Shots of a film of so many seconds; a share of them is `known`. Some classes come back."""
    found: list[Sight] = []
    pool = [rng.randrange(1000) for _ in range(rng.randint(1, 8))]
    at = 0
    while at < seconds:
        end = min(seconds, at + rng.choice((3, 4, 5, 6, 8, 10, 15)))
        found.append(Sight(at, end, rng.choice(pool) if rng.random() < known else None))
        at = end
    return found


def probabilities(shown: Sequence[Sight], seconds: int, rng: random.Random) -> torch.Tensor:
    """Class probabilities (T, 1000) as a network would give them: sure, unsure, of near classes, of nothing."""
    rows = torch.zeros(seconds, 1000)
    for sight in shown:
        if sight.what is None:
            for frame in range(sight.start, sight.end):
                if rng.random() < 0.5:
                    rows[frame, rng.randrange(1000)] = rng.uniform(0.05, 0.24)
            continue
        sure = rng.uniform(0.4, 0.97)
        kind = classes()[sight.what].kind
        near = [i for i, named in enumerate(classes()) if named.kind == kind and i != sight.what] or [0]
        others = [rng.choice(near) if rng.random() < 0.7 else rng.randrange(1000) for _ in range(2)]
        for frame in range(sight.start, sight.end):
            share = min(0.99, max(0.3, sure + rng.gauss(0, 0.08)))
            rows[frame, sight.what] = share
            for other in others:
                rows[frame, other] += (1 - share) * rng.uniform(0.1, 0.6)
    return rows


@dataclass(frozen=True)
class NamedPictures:
    """Frames with their class probabilities (T, 1000)."""

    seen: torch.Tensor

    def contents(self, words: WordTokens) -> torch.Tensor:
        """Content tokens (T, H)."""
        return words.named.contents(self.seen)

    def contexts(self, words: WordTokens, question: str, frames: Sequence[int]) -> torch.Tensor:
        """Context tokens (F, H) of some frames."""
        return words.named.contexts(self.seen[list(frames)], question)

    def shown(self, words: WordTokens, frames: Sequence[int]) -> list[Shown]:
        """What some frames show, in words."""
        return words.named.in_words(self.seen[list(frames)])


def a(name: str) -> str:
    """With its article."""
    return (
        name
        if name.endswith("s") and not name.endswith("ss")
        else f"{'an' if name[0].lower() in 'aeiou' else 'a'} {name}"
    )


def named(what: int | None, rng: random.Random) -> str:
    """A class as an answer says it, often with its kind."""
    name, kind = classes()[what or 0]
    if not kind or kind in name or rng.random() < 0.4 or kind == "thing":
        return a(name)
    return f"{a(name)}, {a(kind)}" if rng.random() < 0.5 else f"{a(name)}, a kind of {kind}"


def listed(things: Sequence[str]) -> str:
    """`a dog, a car and a cup`."""
    return things[0] if len(things) == 1 else f"{', '.join(things[:-1])} and {things[-1]}"


def sight_turns(film: Film, shown: Sequence[Sight], count: int, rng: random.Random) -> list[Turn]:
    """So many questions about the pictures, answered by what they show."""
    makers = (_at_time, _at_time, _what_kind, _is_there, _is_there, _when, _all, _which, _place, _colour)
    return [turn for turn in (rng.choice(makers)(film, shown, rng) for _ in range(count)) if turn]


def _known(shown: Sequence[Sight]) -> list[Sight]:
    return [sight for sight in shown if sight.what is not None]


def _say(question: str, answer: str, *shown: Sight) -> Turn:
    frames = tuple(frame for sight in shown for frame in range(sight.start, sight.end))
    return Turn(question, answer, kind="seen", frames=frames)


def _at_time(film: Film, shown: Sequence[Sight], rng: random.Random) -> Turn | None:
    sight = rng.choice(shown)
    when = clock(film.start + rng.randrange(sight.start, sight.end))
    forms = (
        "What do you see at {t}?", "what is on screen at {t}", "What is shown at {t}?", "What can be seen at {t}?",
        "what's at {t}?", "Describe the picture at {t}.", "at {t} what do we see",
        "What does the picture show at {t}?", "What happens at {t}?",
    )  # fmt: skip
    if sight.what is None:
        answer = rng.choice(
            ("I can't make out what the picture shows at {t}.", "At {t} I don't recognise anything in the picture.")
        )
        return _say(rng.choice(forms[:-1]).format(t=when), answer.format(t=when), sight)
    answer = rng.choice(("At {t} I see {x}.", "I see {x} at {t}.", "The picture at {t} shows {x}.", "{X}."))
    what = named(sight.what, rng)
    return _say(rng.choice(forms).format(t=when), answer.format(t=when, x=what, X=what[0].upper() + what[1:]), sight)


def _group(sight: Sight) -> str:
    name, kind = classes()[sight.what or 0]
    return group_of(kind) or name


def _what_kind(film: Film, shown: Sequence[Sight], rng: random.Random) -> Turn | None:
    group = rng.choice(("animal", "animal", "vehicle", "building", "food", "musical instrument"))
    there = list(dict.fromkeys(sight.what for sight in _known(shown) if _group(sight) == group))
    many = group if group == "food" else f"{group}s"
    forms = (
        "What {m} are there?", "Which {m} do you see?", "what {m} can be seen in the film", "What {m} appear in it?",
        "Are there any {m}?",
        "Do you see any {m}?", "which {m} are shown?",
    )  # fmt: skip
    question = rng.choice(forms).format(m=many)
    yes = "Yes: " if question.startswith(("Are", "Do")) else ""
    if not there:
        return _say(question, f"{'No, ' if yes else ''}I don't see any {many} in the pictures.")
    things = listed([named(what, rng).split(",")[0] for what in there[:4]])
    answer = f"{yes}I see {things}." if rng.random() < 0.6 or yes else f"There is {things}."
    return _say(question, answer, *(sight for sight in shown if sight.what in there[:4]))


def _is_there(film: Film, shown: Sequence[Sight], rng: random.Random) -> Turn | None:
    known = _known(shown)
    there = rng.random() < 0.5 and bool(known)
    sight: Sight | None = None
    if there:
        sight = rng.choice(known)
        name, kind = classes()[sight.what or 0]
        asked = kind if kind not in VAGUE and rng.random() < 0.6 else name
        when = clock(film.start + sight.start)
        exact = "" if asked == name else f": {a(name)}"
        answers = (f"Yes, there is {a(asked)} at {when}{exact}.", f"Yes, I see {a(asked)} at {when}{exact}.")
    else:
        name, kind = rng.choice(classes())
        asked = kind if kind not in VAGUE and rng.random() < 0.6 else name
        seen = {word for sight in known for word in (*classes()[sight.what or 0], _group(sight))}
        if asked in seen or any(asked in word or word in asked for word in seen if word):
            return None
        answers = (f"No, I don't see {a(asked)} in the pictures.", f"No, there is no {asked} to be seen.")
    forms = (
        "Is there {x}?", "is there {x} in the film?", "Do you see {x}?", "Can you see {x} anywhere?",
        "Does {x} appear?", "do we see {x}",
        "Is {x} shown in the video?", "any {y} in it?",
    )  # fmt: skip
    question = rng.choice(forms).format(x=a(asked), y=asked)
    return _say(question, rng.choice(answers), *([sight] if sight else ()))


def _when(film: Film, shown: Sequence[Sight], rng: random.Random) -> Turn | None:
    known = _known(shown)
    once = [sight for sight in known if sum(other.what == sight.what for other in known) == 1]
    if not once:
        return None
    sight = rng.choice(once)
    name, when = classes()[sight.what or 0].name, clock(film.start + sight.start)
    forms = (
        "When do we see the {x}?",
        "when does the {x} appear",
        "At what time is the {x} shown?",
        "Where in the film is the {x}?",
    )
    return _say(rng.choice(forms).format(x=name), rng.choice((f"At {when}.", f"The {name} is seen at {when}.")), sight)


def _all(film: Film, shown: Sequence[Sight], rng: random.Random) -> Turn | None:
    things = list(dict.fromkeys(sight.what for sight in _known(shown)))
    forms = (
        "What do the pictures show?",
        "What can you see in the film?",
        "describe what you see",
        "What do you see?",
        "What is in the video?",
    )
    if not things:
        return _say(
            rng.choice(forms),
            rng.choice(("I don't recognise anything in the pictures.", "Nothing that I can make out.")),
        )
    some = listed([named(what, rng).split(",")[0] for what in things[:5]])
    return _say(rng.choice(forms), rng.choice((f"I see {some}.", f"The pictures show {some}.")))


def _which(film: Film, shown: Sequence[Sight], rng: random.Random) -> Turn | None:
    known = [
        s
        for s in _known(shown)
        if classes()[s.what or 0].kind in ANIMALS | VEHICLES and classes()[s.what or 0].kind != "animal"
    ]
    if not known:
        return None
    sight = rng.choice(known)
    name, kind = classes()[sight.what or 0]
    if any(classes()[s.what or 0].kind == kind and s.what != sight.what for s in known) or kind in name:
        return None
    return _say(
        rng.choice((f"What kind of {kind} is it?", f"which {kind} is that", f"What sort of {kind} do we see?")),
        f"It looks like {a(name)}.",
        sight,
    )


def _place(film: Film, shown: Sequence[Sight], rng: random.Random) -> Turn | None:
    places = [sight for sight in _known(shown) if classes()[sight.what or 0].kind in ("sea", "mountain", "building")]
    forms = (
        "Where does the film take place?",
        "what place is this",
        "Where was it filmed?",
        "Which place do we see?",
        "where are we",
    )
    if places:
        return _say(rng.choice(forms), f"The pictures show {named(rng.choice(places).what or 0, rng).split(',')[0]}.")
    return _say(
        rng.choice(forms),
        rng.choice(("I can't tell the place from the pictures.", "The pictures don't tell me the place.")),
    )


def _colour(film: Film, shown: Sequence[Sight], rng: random.Random) -> Turn | None:
    known = _known(shown)
    if not known or rng.random() < 0.5:
        return None
    name = classes()[rng.choice(known).what or 0].name
    answers = (f"I see {a(name)}, but I can't make out its colour.", f"I can't tell the colour of the {name}.")
    return _say(rng.choice((f"What colour is the {name}?", f"what color is the {name}")), rng.choice(answers))
