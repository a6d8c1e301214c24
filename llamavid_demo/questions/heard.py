"""Questions that the subtitles answer: who speaks, of what, where, in which words."""

import random

from llamavid_demo.questions import phrasings as say
from llamavid_demo.questions.question import Part, Question, asked
from llamavid_demo.questions.seen import lone_scene
from llamavid_demo.questions.words import listed, preposition
from llamavid_demo.storybook.world import Line, Scene, Script

MOST_NAMES = 3  # that an answer lists
MOST_LINES = 2  # that an answer quotes

Spoken = tuple[int, Line]  # number of the cue, line


def lines_of(script: Script, scene: Scene | None = None) -> list[Spoken]:
    """Every line of the film, or of one scene, that somebody speaks."""
    numbered, cue = [], 0
    for shot_number, shot in enumerate(script.shots):
        for line in shot.lines:
            if line.speaker and (scene is None or shot_number in scene.shots):
                numbered.append((cue, line))
            cue += 1
    return numbered


def about(script: Script, rng: random.Random) -> Question | None:
    """Who speaks of an item, when one person does."""
    speakers: dict[str, dict[str, list[int]]] = {}
    for cue, line in lines_of(script):
        if line.item:
            speakers.setdefault(line.item, {}).setdefault(line.speaker, []).append(cue)
    lone = [(item, *said.popitem()) for item, said in speakers.items() if len(said) == 1]
    if not lone:
        return None
    item, name, cues = rng.choice(lone)
    parts = [Part(f"The one who speaks of the {item} is"), Part(f"{name}.", cues=tuple(cues))]
    return asked("about", say.ABOUT, rng, parts, item=item)


def says(script: Script, rng: random.Random) -> Question | None:
    """What somebody says about an item, when that is one line."""
    said: dict[tuple[str, str], list[Spoken]] = {}
    for cue, line in lines_of(script):
        if line.item:
            said.setdefault((line.speaker, line.item), []).append((cue, line))
    once = [(who, found[0]) for who, found in said.items() if len(found) == 1]
    if not once:
        return None
    (name, item), (cue, line) = rng.choice(once)
    parts = [Part(f"About the {item} {name} says:"), Part(line.text, cues=(cue,), quoted=True)]
    return asked("says", say.SAYS, rng, parts, name=name, item=item)


def speaks_first(script: Script, rng: random.Random) -> Question | None:
    """Who speaks first."""
    lines = lines_of(script)
    if not lines:
        return None
    cue, line = lines[0]
    parts = [Part("The first to speak is"), Part(f"{line.speaker}.", cues=(cue,))]
    return asked("speaks_first", say.SPEAKS_FIRST, rng, parts)


def who(script: Script, rng: random.Random) -> Question | None:
    """Whom we meet in a place that is seen once: those who speak there, in their order."""
    scene = lone_scene(script, rng)
    if not scene:
        return None
    firsts: dict[str, int] = {}
    for cue, line in lines_of(script, scene):
        firsts.setdefault(line.speaker, cue)
    if len(firsts) > MOST_NAMES:
        return None
    at = preposition(scene.place)
    parts = [Part(f"{at.capitalize()} the {scene.place} we meet")]
    if firsts:
        names = listed(list(firsts)).split(" ")  # words, as `and` stands between them
        parts += [Part(word, cues=tuple(c for n, c in firsts.items() if n == word)) for word in names]
        parts[-1] = Part(parts[-1].text + ".", cues=parts[-1].cues)
    else:
        parts.append(Part("nobody."))
    return asked("who", say.WHO, rng, parts, at=at, place=scene.place)


def said(script: Script, rng: random.Random) -> Question | None:
    """What is said in a place that is seen once."""
    scene = lone_scene(script, rng)
    if not scene:
        return None
    lines = lines_of(script, scene)
    if len(lines) > MOST_LINES:
        return None
    at = preposition(scene.place)
    parts = [Part(f"{at.capitalize()} the {scene.place}")]
    for cue, line in lines:
        parts += [Part(f"{line.speaker} says:", cues=(cue,)), Part(line.text, cues=(cue,), quoted=True)]
    if not lines:
        parts = [Part(f"{parts[0].text} nobody speaks.")]
    return asked("said", say.SAID, rng, parts, at=at, place=scene.place)
