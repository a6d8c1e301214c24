"""Who is who in a drawn film: names are only heard, things only seen, and a question asks for the other one."""

import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from llamavid_demo.film.sections import clock
from llamavid_demo.questions.words import TIME_PHRASES, WEATHER_WORDS, preposition, with_article
from llamavid_demo.storybook.world import NAMES, THINGS, Line, Script, Shot
from llamavid_demo.training.english.film import Talk, Turn

WHO_IS = (
    "who is {name}", "Who is {name}?", "who's {name}?", "What is {name}?", "Who or what is {name}?",
    "tell me about {name}",
    "{name} is who?", "what does {name} look like?", "which one is {name}?", "What kind of character is {name}?",
    "Describe {name}.", "is {name} an animal or what", "who on the screen is {name}?",
)  # fmt: skip
IS_WHO = (
    "{name} is the {thing}.", "{name} is {a}.", "It's the {thing}.", "The {thing} is {name}.",
    "{name} is the {thing} that we see at {when}.",
)  # fmt: skip
ITS_NAME = (
    "what is the {thing} called?", "what's the name of the {thing}?", "whats the {thing}s name", "who is the {thing}?",
    "does the {thing} have a name?", "How is the {thing} called?", "name of the {thing}?", "who's the {thing}",
    "What do they call the {thing}?",
)  # fmt: skip
NAME_IS = (
    "The {thing} is called {name}.", "The {thing} is {name}.", "{name}.", "Its name is {name}.", "That is {name}.",
    "The {thing}'s name is {name}.",
)  # fmt: skip
NAMELESS = (
    "The film doesn't say what the {thing} is called.", "The {thing} has no name that I heard.",
    "I didn't hear a name for the {thing}.", "Nobody says the {thing}'s name.",
)  # fmt: skip
STRANGERS = (
    "Nobody in this film is called {name}.", "I don't know of any {name} in this film.",
    "There is no {name} in this film.",
)  # fmt: skip
THERE = ("is there {a}?", "do you see {a}", "is there {a} in the film?", "any {thing} in it?")
YES = ("Yes, {a}.", "Yes, there is {a}.", "Yes, I see {a}.")
FOLLOWED = (
    "whats its name",
    "what's its name?",
    "and what is it called?",
    "does it have a name?",
    "who is it?",
    "its name?",
)
IS_A = (
    "is {name} {a}?", "Is {name} the {other}?", "{name} is {a}, right?", "is {name} {a} or what",
    "so {name} is the {other}?",
)  # fmt: skip
SAYS = (
    "does the {thing} say anything?", "what does the {thing} say?", "does the {thing} speak",
    "What does the {thing} tell them?",
    "Can the {thing} talk?", "does the {thing} talk at all",
)  # fmt: skip
SAYS_WHAT = (
    '{yes}{name} says: "{line}"',
    '{yes}the {thing} says: "{line}"',
    '{yes}the {thing}, {name}, says: "{line}"',
)
SAYS_NOTHING = ("No, the {thing} doesn't say anything.", "The {thing} says nothing.", "No, the {thing} stays silent.")
THERE_SAID = (
    "what does {name} say {where}?", "What does {name} tell {other} {where}?", "what did {name} say {where}",
    "{where}, what does {name} say?", "what is {name} saying to {other} {where}?",
)  # fmt: skip
AT = (
    "what happens at {t}?", "What happens at {t}", "what is going on at {t}?", "what's happening at {t}",
    "Describe the scene at {t}.", "who is on screen at {t}?", "What do we see at {t}?", "at {t} what happens",
)  # fmt: skip


SHOWN = ("At {t} we see {seen}{rest}.", "At {t} there is {seen}{rest}.", "{seen}{rest}.")


@dataclass(frozen=True)
class Role:
    """A thing with a name: `lines` are the numbers of what it says, `frames` the seconds in which it does."""

    name: str
    thing: str  # with its colour, if that stays
    lines: tuple[int, ...]
    frames: tuple[int, ...]

    @property
    def kind(self) -> str:
        """The thing without its colour."""
        return self.thing.split()[-1]


def roles(script: Script) -> list[Role]:
    """Those whose name a viewer can tell: when they speak their thing is on screen more often than any other."""
    found = []
    for name in dict.fromkeys(line.speaker for shot in script.shots for line in shot.lines if line.speaker):
        spoken = [shot for shot in script.shots for line in shot.lines if line.speaker == name]
        seen = Counter(actor.thing for shot in spoken for actor in shot.actors)
        (thing, most), (_, other), *_ = (*seen.most_common(2), ("", 0), ("", 0))
        truth = next((a.thing for shot in script.shots for a in shot.actors if a.name == name), None)
        frames = _frames(script, name, thing)
        if thing and thing == truth and most > other and frames:
            found.append(Role(name, _coloured(script, thing), _lines(script, name), frames))
    return found


def cast_talk(script: Script, turns: int, rng: random.Random) -> Talk:
    """So many questions about who is who, and about moments; fewer where the film tells less."""
    known = roles(script)
    makers = [_at, *([_who_is, _who_is, _its_name, _its_name, _is_a, _says, _says_there] if known else [_nameless])]
    talk: Talk = []
    for _ in range(turns):
        talk += rng.choice(makers)(script, known, rng)
    return talk


def _lines(script: Script, name: str) -> tuple[int, ...]:
    spoken = [line for shot in script.shots for line in shot.lines]
    return tuple(number for number, line in enumerate(spoken) if line.speaker == name)


def _frames(script: Script, name: str, thing: str) -> tuple[int, ...]:
    def speaks(shot: Shot) -> bool:
        return any(line.speaker == name for line in shot.lines) and any(a.thing == thing for a in shot.actors)

    return tuple(s for s in range(int(script.duration)) if speaks(script.shots[script.index_at(s)]))


def _coloured(script: Script, thing: str) -> str:
    colours = {actor.colour for shot in script.shots for actor in shot.actors if actor.thing == thing}
    return f"{colours.pop()} {thing}" if len(colours) == 1 else thing


def _turn(question: str, answer: str, role: Role | None = None) -> Turn:
    answer = answer[:1].upper() + answer[1:]
    return Turn(question, answer, role.lines[:3] if role else (), "drawn cast", role.frames if role else ())


def _who_is(script: Script, known: Sequence[Role], rng: random.Random) -> Talk:
    said = " ".join(line.subtitle for _, line in _spoken(script))
    strangers = [name for name in NAMES if name not in said]
    if strangers and rng.random() < 0.2:
        name = rng.choice(strangers)
        return [_turn(rng.choice(WHO_IS).format(name=name), rng.choice(STRANGERS).format(name=name))]
    role = rng.choice(known)
    slots = {"name": role.name, "thing": role.thing, "a": with_article(role.thing), "when": clock(role.frames[0])}
    return [_turn(rng.choice(WHO_IS).format(**slots), rng.choice(IS_WHO).format(**slots), role)]


def _its_name(script: Script, known: Sequence[Role], rng: random.Random) -> Talk:
    role = rng.choice(known)
    thing = rng.choice((role.thing, role.kind))
    answer = rng.choice(NAME_IS).format(name=role.name, thing=thing)
    if rng.random() < 0.35:
        there = rng.choice(THERE).format(a=with_article(role.kind), thing=role.kind)
        yes = rng.choice(YES).format(a=with_article(role.thing))
        return [_turn(there, yes, role), _turn(rng.choice(FOLLOWED), answer, role)]
    if rng.random() < 0.25:
        return _nameless(script, known, rng)
    return [_turn(rng.choice(ITS_NAME).format(thing=thing), answer, role)]


def _nameless(script: Script, known: Sequence[Role], rng: random.Random) -> Talk:
    del known
    things = sorted({actor.thing for shot in script.shots for actor in shot.actors if not actor.name})
    if not things:
        return []
    questions, answers = (SAYS, SAYS_NOTHING) if rng.random() < 0.4 else (ITS_NAME, NAMELESS)
    thing = rng.choice(things)
    return [_turn(rng.choice(questions).format(thing=thing), rng.choice(answers).format(thing=thing))]


def _is_a(script: Script, known: Sequence[Role], rng: random.Random) -> Talk:
    del script
    role = rng.choice(known)
    other = role.kind if rng.random() < 0.5 else rng.choice([thing for thing in THINGS if thing != role.kind])
    question = rng.choice(IS_A).format(name=role.name, other=other, a=with_article(other))
    return [_turn(question, f"{'Yes' if other == role.kind else 'No'}, {role.name} is the {role.thing}.", role)]


def _says(script: Script, known: Sequence[Role], rng: random.Random) -> Talk:
    role = rng.choice(known)
    number = rng.choice(role.lines)
    question = rng.choice(SAYS).format(thing=role.kind)
    yes = "yes, " if question.lower().startswith(("does", "can")) else ""
    said = _spoken(script)[number][1].text
    answer = rng.choice(SAYS_WHAT).format(yes=yes, name=role.name, thing=role.thing, line=said)
    return [replace(_turn(question, answer, role), lines=(number,))]


def _says_there(script: Script, known: Sequence[Role], rng: random.Random) -> Talk:
    """What somebody says at a place that the film shows once."""
    del known
    places = Counter(shot.place for shot in script.shots)
    numbered = list(enumerate(_spoken(script)))
    shots = [(n, shot) for n, shot in enumerate(script.shots) if places[shot.place] == 1]
    there = [(n, shot, line.speaker) for n, shot in shots for line in shot.lines if line.speaker]
    if not there:
        return []
    n, shot, name = rng.choice(there)
    said = next(line for line in shot.lines if line.speaker == name)
    other = next((other for other in NAMES if other != name and other in said.text), "them")
    where = f"{preposition(shot.place)} the {shot.place}"
    lines = tuple(number for number, (_, line) in numbered if line is said)
    frames = tuple(s for s in range(int(script.duration)) if script.index_at(s) == n)
    question = rng.choice(THERE_SAID).format(name=name, other=other, where=where)
    return [Turn(question, f'{name} says: "{said.text}"', lines, "drawn cast", frames)]


def _at(script: Script, known: Sequence[Role], rng: random.Random) -> Talk:
    del known
    second = rng.randrange(max(1, int(script.duration)))
    number = script.index_at(second)
    shot = script.shots[number]
    who = [with_article(f"{actor.colour} {actor.thing}") for actor in shot.actors] or ["nobody"]
    seen = who[0] if len(who) == 1 else f"{', '.join(who[:-1])} and {who[-1]}"
    doing = f" {shot.actors[0].action}" if len(shot.actors) == 1 else ""
    weather = WEATHER_WORDS.get(shot.weather, shot.weather)
    where = f"{preposition(shot.place)} the {shot.place}"
    sky = rng.choice(("", f", and it is {weather}", f" {TIME_PHRASES[shot.time]}"))
    answer = rng.choice(SHOWN).format(t=clock(second), seen=seen, rest=f"{doing} {where}{sky}")
    heard = [
        (i, line) for i, (start, line) in enumerate(_spoken(script))
        if start + line.start - 1 <= second <= start + line.end + 1 and line.speaker
    ]  # fmt: skip
    lines: tuple[int, ...] = ()
    if heard:
        answer += f' {heard[0][1].speaker} says: "{heard[0][1].text}"'
        lines = (heard[0][0],)
    frames = tuple(s for s in range(int(script.duration)) if script.index_at(s) == number)
    answer = answer[:1].upper() + answer[1:]
    return [Turn(rng.choice(AT).format(t=clock(second)), answer, lines, "drawn at", frames)]


def _spoken(script: Script) -> list[tuple[float, Line]]:
    """Every line with the second in which its shot begins, in order."""
    return [(start, line) for start, shot in zip(script.starts, script.shots, strict=True) for line in shot.lines]
