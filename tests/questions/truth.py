"""The true answer to a question, found out anew from its words and the script; knows nothing of how questions are made.

Only the phrasings are shared: a question is understood by finding the one that it is written in.
"""

import re
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

from llamavid_demo.questions import phrasings
from llamavid_demo.storybook.world import ITEMS, NAMES, PLACES, THINGS, Line, Script, Shot

NTH = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth", "eleventh",
       "twelfth", "last")  # fmt: skip
NUMBERS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
AT = dict.fromkeys(PLACES, "in") | dict.fromkeys(("beach", "castle", "harbour", "farm", "lake"), "at")
AT["mountain"] = "on"
TIME = {"morning": "in the morning", "noon": "at noon", "evening": "in the evening", "night": "at night"}
WEATHER = {"clear": "clear", "rain": "rainy", "snow": "snowy", "fog": "foggy"}
SLOTS = {
    "place": PLACES, "thing": THINGS, "item": ITEMS, "name": NAMES, "nth": NTH, "number": NUMBERS,
    "at": ("at", "in", "on"), "a": ("a", "an"), "word": (r"\w+",),
}  # fmt: skip
GROUPS = {name: forms for name, forms in vars(phrasings).items() if name.isupper() and not name.startswith("_")}


class AmbiguousError(Exception):
    """There is not one true answer."""


@dataclass(frozen=True)
class Meaning:
    """A question understood: the group of phrasings it is of, the one it is in, and what stands in its slots."""

    group: str
    form: str
    slots: tuple[tuple[str, str], ...]

    def __getitem__(self, slot: str) -> str:
        return dict(self.slots).get(slot, "")


def understood(text: str) -> Meaning:
    """What a question means, however it is typed. Raises AmbiguousError when that is not one thing."""
    found = [
        Meaning(group, form, tuple((slot, _written(slot, word)) for slot, word in match.groupdict().items()))
        for group, form, pattern in _patterns()
        if (match := pattern.fullmatch(text.rstrip("?.")))
    ]
    if len(found) != 1:
        raise AmbiguousError(f"{text!r} means {found}")
    return found[0]


def truth(script: Script, meant: Meaning, earlier: Meaning | None = None) -> str:
    """The true answer, word by word; a follow-up needs the question before it."""
    if earlier:
        return _follow_up(script, meant, earlier)
    if meant["at"] and meant["at"] != AT[meant["place"]]:
        raise AmbiguousError(f"One is not {meant['at']} the {meant['place']}.")
    if meant["a"] and f"{meant['a']} {meant['thing']}" != _a(meant["thing"]):
        raise AmbiguousError(f"{meant['a']} {meant['thing']} is no English")
    if meant["thing"] and meant.group != "EXISTENCE" and not _showing(script, meant["thing"]):
        return _unseen(meant["thing"])
    if meant["place"] and meant["place"] not in {shot.place for shot in script.shots}:
        return _unseen(meant["place"])
    if meant["nth"] and meant["nth"] != "last" and NTH.index(meant["nth"]) >= len(runs(script)):
        return f"There is no {meant['nth']} scene."
    return _seen(script, meant) if meant.group in _SEEN else _heard(script, meant)


def runs(script: Script) -> list[list[Shot]]:
    """Neighbouring shots in one place."""
    found: list[list[Shot]] = []
    for shot in script.shots:
        if found and found[-1][0].place == shot.place:
            found[-1].append(shot)
        else:
            found.append([shot])
    return found


_SEEN = (
    "PLACE_FIRST", "PLACE_LAST", "PLACE_NTH", "TIME_NTH", "TIME_FIRST", "TIME_LAST", "TIME_PLACE", "WEATHER_NTH",
    "WEATHER_PLACE", "COLOUR", "EXISTENCE", "WHERE", "ACTION", "CONTENTS", "AFTER_PLACE", "AFTER_THING", "COUNT",
    "SUMMARY",
)  # fmt: skip


def _seen(script: Script, meant: Meaning) -> str:
    film, thing = runs(script), meant["thing"]
    actors = [actor for shot in script.shots for actor in shot.actors if actor.thing == thing]
    match meant.group:
        case "PLACE_FIRST":
            return f"The film begins {_there(film[0][0].place)}."
        case "PLACE_LAST":
            return f"The film ends {_there(film[-1][0].place)}."
        case "PLACE_NTH":
            return f"The {meant['nth']} scene is {_there(_scene(film, meant)[0].place)}."
        case "TIME_NTH" | "TIME_FIRST" | "TIME_LAST" | "TIME_PLACE":
            return f"The {_called(meant)} scene is {TIME[_one(shot.time for shot in _scene(film, meant))]}."
        case "WEATHER_NTH" | "WEATHER_PLACE":
            return f"The {_called(meant)} scene is {WEATHER[_one(shot.weather for shot in _scene(film, meant))]}."
        case "COLOUR":
            return f"The {thing} is {_one(actor.colour for actor in actors)}."
        case "ACTION":
            return f"The {thing} is {_one(actor.action for actor in actors)}."
        case "WHERE":
            return f"The {thing} is {_there(_one(shot.place for shot in _showing(script, thing)))}."
        case "EXISTENCE":
            return f"Yes, there is {_a(thing)}." if actors else f"No, there is no {thing}."
        case "CONTENTS":
            there = {actor.thing for shot in _scene(film, meant) for actor in shot.actors}
            things = _list([_a(thing) for thing in THINGS if thing in there])
            return f"{_there(meant['place']).capitalize()} there is {things}."
        case "AFTER_PLACE" | "AFTER_THING":
            return f"After the {meant['place'] or thing} comes the {_next(film, _scene(film, meant))[0].place}."
        case "COUNT":
            if len(film) == 1:
                return "There is one scene."
            return f"There are {NUMBERS[len(film) - 1] if len(film) <= 12 else 'more than twelve'} scenes."
    begin, end = script.shots[0], script.shots[-1]
    return (
        f"The film begins {_there(begin.place)} {TIME[begin.time]}, goes on {_there(film[1][0].place)} "
        f"and ends {_there(end.place)} {TIME[end.time]}."
    )


def _heard(script: Script, meant: Meaning) -> str:
    lines = [(shot, line) for shot in script.shots for line in shot.lines if line.speaker]
    of_item = [line for _, line in lines if meant["item"] in re.findall(r"[a-z]+", line.text.lower())]
    match meant.group:
        case "ABOUT":
            who = {line.speaker for line in of_item}
            if not who:
                return f"Nobody speaks of the {meant['item']}."
            return f"The one who speaks of the {meant['item']} is {_one(who)}."
        case "SAYS":
            told = [line for line in of_item if line.speaker == meant["name"]]
            if not told:
                return f"{meant['name']} does not speak of the {meant['item']}."
            return f"About the {meant['item']} {_quoted(told, 1)}"
        case "SPEAKS_FIRST":
            return f"The first to speak is {lines[0][1].speaker}."
        case "OUTSIDE":
            return "I only know what this film shows."
    _scene(runs(script), meant)  # the place is seen once
    there = [line for shot, line in lines if shot.place == meant["place"]]
    place = _there(meant["place"]).capitalize()
    if meant.group == "WHO":
        return f"{place} we meet {_list(list(dict.fromkeys(line.speaker for line in there))) or 'nobody'}."
    return f"{place} {_quoted(there, 2)}" if there else f"{place} nobody speaks."


def _follow_up(script: Script, meant: Meaning, earlier: Meaning) -> str:
    if meant.group in ("ITS_COLOUR", "ITS_ACTION", "ITS_PLACE"):
        group = {"ITS_COLOUR": "COLOUR", "ITS_ACTION": "ACTION", "ITS_PLACE": "WHERE"}[meant.group]
        if group == earlier.group or not earlier["thing"] or not _showing(script, earlier["thing"]):
            raise AmbiguousError(f"{earlier.form} does not lead to {meant.form}")
        return truth(script, Meaning(group, "", earlier.slots))
    if meant.group in ("THEN_TIME", "THEN_WEATHER", "THEN_AFTER"):
        film = runs(script)
        scene = _scene(film, earlier)
        if meant.group == "THEN_AFTER":
            return f"After the {scene[0].place} comes the {_next(film, scene)[0].place}."
        if meant.group == "THEN_TIME":
            return f"The {_called(earlier)} scene is {TIME[_one(shot.time for shot in scene)]}."
        return f"The {_called(earlier)} scene is {WEATHER[_one(shot.weather for shot in scene)]}."
    if meant.group == "WHO_SAYS_THAT":
        speakers = re.findall(r"(\w+) says:", truth(script, earlier))
        return f"{_one(speakers, times=1)} says that."
    assert meant.group == "WHAT_IS_SAID"
    of_item = [line for shot in script.shots for line in shot.lines if earlier["item"] in line.text and line.speaker]
    return f"About the {earlier['item']} {_quoted(of_item, 1)}"


def _scene(film: list[list[Shot]], meant: Meaning) -> list[Shot]:
    if meant["place"]:
        there = [scene for scene in film if scene[0].place == meant["place"]]
    elif meant["thing"]:
        there = [scene for scene in film if any(a.thing == meant["thing"] for shot in scene for a in shot.actors)]
    else:
        there = [film[-1] if _called(meant) == "last" else film[NTH.index(_called(meant))]]
    if len(there) != 1:
        raise AmbiguousError(f"{meant.form} is of {len(there)} scenes")
    return there[0]


def _called(meant: Meaning) -> str:
    """`first`, `last`, `third` or the place."""
    if meant["nth"] or meant["place"]:
        return meant["nth"] or meant["place"]
    return {"FIRST": "first", "LAST": "last"}[meant.group.split("_")[-1]]


def _next(film: list[list[Shot]], scene: list[Shot]) -> list[Shot]:
    after = [then for before, then in pairwise(film) if before is scene]
    if not after:
        raise AmbiguousError("nothing comes after the last scene")
    return after[0]


def _one(values: object, *, times: int | None = None) -> str:
    found = list(values)  # type: ignore[call-overload]
    if len(set(found)) != 1 or times not in (None, len(found)):
        raise AmbiguousError(f"{found} is not one thing")
    return found[0]


def _quoted(lines: list[Line], most: int) -> str:
    if len(lines) > most:
        raise AmbiguousError(f"{len(lines)} lines are too many")
    return " ".join(f"{line.speaker} says: {line.text}" for line in lines)


def _showing(script: Script, thing: str) -> list[Shot]:
    return [shot for shot in script.shots if any(actor.thing == thing for actor in shot.actors)]


def _unseen(word: str) -> str:
    return f"I don't see {_a(word)} in this film."


def _there(place: str) -> str:
    return f"{AT[place]} the {place}"


def _a(word: str) -> str:
    return f"an {word}" if word in ("owl", "umbrella") else f"a {word}"


def _list(names: list[str]) -> str:
    if len(names) > 3:
        raise AmbiguousError(f"{names} are too many")
    return " and ".join(names)


def _written(slot: str, word: str) -> str:
    """A word as the world writes it."""
    return next((known for known in SLOTS[slot] if known.lower() == word.lower()), word)


@cache
def _patterns() -> list[tuple[str, str, re.Pattern[str]]]:
    found = []
    for group, forms in GROUPS.items():
        for form in forms:
            pieces = re.split(r"\{(\w+)\}", form.rstrip("?."))
            pieces = [f"(?P<{p}>{'|'.join(SLOTS[p])})" if i % 2 else re.escape(p) for i, p in enumerate(pieces)]
            found.append((group, form, re.compile("".join(pieces), re.IGNORECASE)))
    return found
