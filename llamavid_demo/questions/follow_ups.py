"""Follow-ups: questions that only the one before makes clear ("And what colour is it?")."""

import random
from dataclasses import replace

from llamavid_demo.questions import phrasings as say
from llamavid_demo.questions.heard import lines_of
from llamavid_demo.questions.question import Part, Question, asked, colours_of, shots_showing
from llamavid_demo.questions.seen import time_phrase_of, weather_phrase_of
from llamavid_demo.questions.words import ORDINALS, only_scene, place_phrase
from llamavid_demo.storybook.world import PLACES, Scene, Script

FOLLOW_UPS = (
    say.ITS_COLOUR, say.ITS_ACTION, say.ITS_PLACE, say.THEN_TIME, say.THEN_WEATHER, say.THEN_AFTER,
    say.WHO_SAYS_THAT, say.WHAT_IS_SAID,
)  # fmt: skip


def follow_up(earlier: Question, script: Script, rng: random.Random) -> Question | None:
    """A question that goes on from `earlier`; None when nothing unambiguous follows from it."""
    made = None
    if earlier.family in ("colour", "where", "action", "existence"):
        made = _of_thing(earlier, script, rng)
    elif earlier.family in ("place", "time", "weather", "contents"):
        made = _of_scene(earlier, script, rng)
    elif earlier.family in ("says", "said"):
        made = _of_words(earlier, rng)
    elif earlier.family == "about":
        made = _of_item(earlier, script, rng)
    return replace(made, earlier=earlier) if made else None


def _of_thing(earlier: Question, script: Script, rng: random.Random) -> Question | None:
    thing, shots = earlier.about, shots_showing(script, earlier.about)
    colours = colours_of(script).get(thing, set())
    actions = {actor.action for i in shots for actor in script.shots[i].actors if actor.thing == thing}
    places = {script.shots[i].place for i in shots}
    can: list[tuple[tuple[str, ...], str]] = []
    if earlier.family != "colour" and len(colours) == 1:
        can.append((say.ITS_COLOUR, f"{min(colours)}."))
    if earlier.family != "action" and len(actions) == 1:
        can.append((say.ITS_ACTION, f"{min(actions)}."))
    if earlier.family != "where" and len(places) == 1:
        can.append((say.ITS_PLACE, f"{place_phrase(min(places))}."))
    if not can:
        return None
    forms, value = rng.choice(can)
    return asked("follow_up", forms, rng, [Part(f"The {thing} is"), Part(value, shots)], its=thing)


def _of_scene(earlier: Question, script: Script, rng: random.Random) -> Question | None:
    scene = _scene_of(earlier, script)
    if scene is None:
        return None
    reference = scene.place if earlier.about in PLACES else earlier.about or _edge(earlier)
    can = []
    if earlier.family != "time" and (time := time_phrase_of(script, scene)):
        can.append((say.THEN_TIME, f"The {reference} scene is", time, scene.shots))
    if earlier.family != "weather" and (weather := weather_phrase_of(script, scene)):
        can.append((say.THEN_WEATHER, f"The {reference} scene is", weather, scene.shots))
    if scene.number + 1 < len(script.scenes) and earlier.family in ("place", "contents"):
        then = script.scenes[scene.number + 1]
        can.append((say.THEN_AFTER, f"After the {scene.place} comes", f"the {then.place}.", then.shots))
    if not can:
        return None
    forms, words, value, shots = rng.choice(can)
    return asked("follow_up", forms, rng, [Part(words), Part(value, shots)], reference=reference)


def _edge(earlier: Question) -> str:
    return "last" if " ends " in earlier.answer or " last " in earlier.answer else "first"


def _scene_of(earlier: Question, script: Script) -> Scene | None:
    if earlier.about in PLACES:
        return only_scene(script, earlier.about)
    if earlier.about in ORDINALS:
        return script.scenes[ORDINALS.index(earlier.about)]
    return script.scenes[-1 if _edge(earlier) == "last" else 0]


def _of_words(earlier: Question, rng: random.Random) -> Question | None:
    quotes = [part for part in earlier.parts if part.quoted]
    if len(quotes) != 1:
        return None
    name = earlier.answer.split(" says:")[0].split(" ")[-1]
    return asked("follow_up", say.WHO_SAYS_THAT, rng, [Part(f"{name} says that.")])


def _of_item(earlier: Question, script: Script, rng: random.Random) -> Question | None:
    lines = [(cue, line) for cue, line in lines_of(script) if line.item == earlier.about]
    if len(lines) != 1:
        return None
    cue, line = lines[0]
    parts = [Part(f"About the {line.item} {line.speaker} says:"), Part(line.text, cues=(cue,), quoted=True)]
    return asked("follow_up", say.WHAT_IS_SAID, rng, parts)
