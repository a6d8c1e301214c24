"""Drawn stories of something lost: who lost it, who took it and why, who tells, how it ends; asked as viewers ask.

Films by chance have lines that nobody means. Here lines belong together, as in a film that somebody wrote.
"""

import json
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from llamavid_demo.film.cues import Cue
from llamavid_demo.film.sections import clock
from llamavid_demo.questions.words import TIME_PHRASES, place_phrase
from llamavid_demo.storybook.world import (
    ACTIONS,
    COLOURS,
    ITEMS,
    NAMES,
    PLACES,
    THINGS,
    TIMES,
    WEATHERS,
    Actor,
    Line,
    Script,
    Shot,
)
from llamavid_demo.training.english.cast import cast_talk
from llamavid_demo.training.english.drawn import SEEN, DrawnPictures, drawn_talk
from llamavid_demo.training.english.film import Film, Talk, Turn
from llamavid_demo.training.english.variation import MEN, WOMEN

_WRITTEN = json.loads(Path(__file__).with_name("quests.json").read_text("utf-8"))
LINES: dict[str, list[str]] = _WRITTEN["lines"] | {"reason": ["{reason_line}"]}
TOPICS: dict[str, dict[str, Any]] = _WRITTEN["topics"]
ENDINGS = ("returned", "given", "kept", "present", "shared")
STORIES = {1: 6, 2: 3, 3: 1, 4: 1}  # how many a film tells, and how often
MORE_ITEMS = (
    "ring", "violin", "watch", "compass", "lamp", "necklace", "medal", "drum", "sword", "mirror", "cup", "doll",
)  # fmt: skip
ASKED = {family: weight for family, weight in SEEN.items() if family != "summary"}  # what it is about is its story
ROLES = ("owner", "friend", "knower", "taker", "heir", "helper")


@dataclass
class Story:
    """One thing that was lost.

    `words` fill the phrases; `said` has the numbers of the lines, `shots` those of shots, by what they tell.
    """

    ending: str
    words: dict[str, str]
    said: dict[str, list[int]] = field(default_factory=dict)
    shots: dict[str, int] = field(default_factory=dict)
    facts: set[str] = field(default_factory=set)


class _Writing:
    """A script that is being written: shots with their lines, and what they tell of a story."""

    def __init__(self, rng: random.Random, cast: Sequence[Actor]) -> None:
        self.rng, self.cast = rng, cast
        self.shots: list[Shot] = []
        self.spoken = 0

    def shot(
        self, place: str, story: Story, said: Sequence[tuple[str, str]], *, name: str = "", narrated: str = ""
    ) -> None:
        """A shot in which roles say lines of a kind: (role, kind)."""
        rng, words = self.rng, story.words
        time, weather = rng.choice(TIMES), rng.choices(WEATHERS, (5, 2, 2, 2))[0]
        words |= {"time": time, "place": place}
        seconds = max(4.0, float(rng.randint(3, 5) * (len(said) + bool(narrated))))
        slot, lines = seconds / max(1, len(said) + bool(narrated)), []
        for number, (role, kind) in enumerate([("", "narrated")] * bool(narrated) + list(said)):
            text = narrated if kind == "narrated" else rng.choice(LINES[kind]).format_map(words)
            start = number * slot + rng.uniform(0.1, 0.25) * slot
            speaker = words[role] if role else ""
            lines.append(Line(round(start, 2), round(start + slot * rng.uniform(0.5, 0.7), 2), speaker, text))
            story.said.setdefault(kind, []).append(self.spoken)
            words[f"{kind}_said"] = text
            if kind == "lost":
                words["t_lost"] = clock(int(sum(shot.seconds for shot in self.shots) + start) + 1)
            self.spoken += 1
        if name:
            story.shots[name] = len(self.shots)
        actors = self._actors({words[role] for role, _ in said})
        self.shots.append(Shot(place, time, weather, actors, seconds, tuple(lines), rng.randrange(1 << 30)))
        words["when_last"] = TIME_PHRASES[time]

    def _actors(self, speakers: set[str]) -> tuple[Actor, ...]:
        shown = [actor for actor in self.cast if actor.name in speakers]
        shown = self.rng.sample(shown, min(len(shown), 3))
        others = [actor for actor in self.cast if actor.name is None]
        if len(shown) < 2 and others and self.rng.random() < 0.3:
            shown.append(self.rng.choice(others))
        return tuple(Actor(one.thing, one.colour, self.rng.choice(ACTIONS), one.name) for one in shown)


def quest_film(rng: random.Random) -> Film:
    """A film of one story, or of some, one after the other, and talks about it."""
    things = rng.sample(THINGS, 9)
    names = rng.sample(NAMES, 6) if rng.random() < 0.6 else rng.sample(sorted({*WOMEN, *MEN}), 6)
    colours = [rng.choice(COLOURS) for _ in things]
    cast = [Actor(t, c, "walking", n) for t, c, n in zip(things, colours, [*names, *[None] * 3], strict=True)]
    writing, count = _Writing(rng, cast), rng.choices(list(STORIES), list(STORIES.values()))[0]
    items = rng.sample((*ITEMS, *MORE_ITEMS), 2 * count)
    stories = [_told(writing, items[2 * n : 2 * n + 2], narrated=count > 1) for n in range(count)]
    script = Script("A story", tuple(writing.shots))
    seconds = math.ceil(script.duration)
    frames = tuple(script.index_at(float(second)) for second in range(seconds))
    talks = [_talk(script, rng.choice(stories), rng, alone=count == 1) for _ in range(rng.randint(5, 8))]
    talks += [cast_talk(script, rng.choice((1, 2)), rng), drawn_talk(script, ASKED, rng.choice((1, 2)), rng)]
    cues = [Cue(*cue) for cue in script.cues()]
    pictures = DrawnPictures(script, frames, rng.randrange(1 << 30))
    return Film(cues, 0, seconds, rng.sample(talks, len(talks)), pictures)


def _told(writing: _Writing, items: Sequence[str], *, narrated: bool) -> Story:
    """Write one story's shots."""
    rng = writing.rng
    named = [actor for actor in writing.cast if actor.name]
    story = Story(rng.choice(ENDINGS), _words(rng.sample(named, len(named)), items, rng))
    words, shot = story.words, writing.shot
    opening = rng.choice((f"{words['month']}. {rng.choice(('Snow', 'Rain'))} falls on the {words['home']}.", ""))
    greeting = rng.choice(([], [("owner", "hello")], [("owner", "hello"), ("friend", "hello_back")]))
    if rng.random() < 0.3:
        _errand(writing, story, narrated=opening if narrated else "")
        opening = ""
    loss = [("owner", "lost"), *rng.choice(([], [("owner", "who")], [("friend", "who")])), ("friend", "help")]
    shot(words["home"], story, [*greeting, *loss], name="home", narrated=opening if narrated else "")
    for _ in range(rng.choice((0, 1, 1, 2))):
        shot(words["way"], story, [(rng.choice(("owner", "friend")), "seen"), ("helper", "no")])
    telling = [[("knower", "has")], [("knower", "has"), ("knower", "where")], [("owner", "seen"), ("knower", "has")]]
    shot(words["know"], story, rng.choice(telling), name="know")
    if "errand" not in story.facts and rng.random() < 0.4:
        story.facts.add("found_other")
        shot(words["aside"], story, [("finder", "found_other")])
    if rng.random() < 0.4:
        shot(words["way"], story, [(rng.choice(("owner", "friend", "helper")), "way")])
    _found(writing, story)
    return story


def _errand(writing: _Writing, story: Story, *, narrated: str) -> None:
    """Before that, somebody is asked to bring something, and does."""
    words = story.words
    story.facts.add("errand")
    writing.shot(words["home"], story, [("friend", "errand")], narrated=narrated)
    words |= {"errand": words["aside"], "at_errand": words["at_aside"]}
    said = [("owner", "delivered")] + [("heir", "welcome")] * (writing.rng.random() < 0.7)
    writing.shot(words["aside"], story, said, name="errand")


def _found(writing: _Writing, story: Story) -> None:
    """They meet who took it, and it ends."""
    rng, words, shot = writing.rng, story.words, writing.shot
    meeting = [("taker", "mine")]
    if rng.random() < 0.6:
        meeting.append(("owner", "please"))
        story.facts.add("please")
    if rng.random() < 0.6:
        said, reason = rng.choice(_WRITTEN["reasons"])
        words |= {"reason": reason.format_map(words), "reason_line": said.format_map(words)}
        meeting += [("friend", "why")] * (rng.random() < 0.4) + [("taker", "reason")]
        story.facts.add("reason")
    if rng.random() < 0.25:
        words["rash"], words["calm"] = rng.sample((words["friend"], words["helper"]), 2)
        meeting += [("rash", "run"), ("calm", "wait")]
        story.facts.add("run")
    ends = {
        "returned": [("taker", "here")], "given": [("taker", "gave")], "kept": [("taker", "keep")],
        "present": [("taker", "here")], "shared": [("taker", "ours")],
    }  # fmt: skip
    story.facts.add(story.ending)
    shot(words["hide"], story, [*meeting, *ends[story.ending]], name="hide")
    if story.ending == "given":
        shot(words["aside"], story, [("heir", "heir")])
    last = [("owner", "sad" if story.ending == "kept" else "thanks")] if rng.random() < 0.7 else []
    if story.ending == "present":
        last = [("owner", "present"), ("heir", "received")]
    shot(words["last"], story, [*last, (rng.choice(("owner", "friend")), "end")], name="last")
    if "happy" in words.get("thanks_said", ""):
        story.facts.add("happy")


def _words(people: Sequence[Actor], items: Sequence[str], rng: random.Random) -> dict[str, str]:
    """What the phrases are filled with: who, what, where, and the pronouns."""
    words = {"item": items[0], "other": items[1], "month": rng.choice(("January", "March", "June", "October"))}
    for role, actor in zip(ROLES, people, strict=True):
        she = actor.name in WOMEN
        letter = {"knower": "k", "heir": "h"}.get(role, role[0])
        words |= {role: str(actor.name), f"{role}_thing": f"{actor.colour} {actor.thing}"}
        if role not in ("helper", "friend"):
            words |= {
                f"{letter}_he": "she" if she else "he", f"{letter}_He": "She" if she else "He",
                f"{letter}_him": "her" if she else "him", f"{letter}_his": "her" if she else "his",
            }  # fmt: skip
    words["finder"] = rng.choice((words["helper"], words["friend"]))
    places = rng.sample(PLACES, 6)
    for name, place in zip(("home", "way", "know", "aside", "hide", "last"), places, strict=True):
        words |= {name: place, f"at_{name}": place_phrase(place)}
    return words


def _talk(script: Script, story: Story, rng: random.Random, *, alone: bool) -> Talk:
    """Some turns about a story, which may follow up."""
    known = [name for name, topic in TOPICS.items() if _askable(topic, story, alone=alone)]
    talk: Talk = []
    before = ""
    for _ in range(rng.choice((1, 2, 2, 3))):
        further = [name for name in known if before in TOPICS[name].get("after", {})]
        if further and rng.random() < 0.6:
            name = rng.choice(further)
            talk.append(_turn(script, story, name, rng.choice(TOPICS[name]["after"][before]), rng))
        elif rng.random() < 0.15:
            talk.append(_unsaid(story, rng))
            name = ""
        else:
            name = rng.choice([*known, *(["about", "end"] * alone), "who took"])
            talk.append(_turn(script, story, name, rng.choice(TOPICS[name]["q"]), rng))
        before = name
    return talk


def _askable(topic: dict[str, Any], story: Story, *, alone: bool) -> bool:
    if topic.get("alone") and not alone:
        return False
    return topic.get("needs", "") in ("", *story.facts) and topic.get("lacks", "-") not in story.facts


def _turn(script: Script, story: Story, name: str, question: str, rng: random.Random) -> Turn:
    topic, words = TOPICS[name], story.words
    answers = topic["a"][story.ending] if isinstance(topic["a"], dict) else topic["a"]
    answer = rng.choice(answers).format_map(words)
    lines = sorted({line for kind in topic["lines"] for line in story.said.get(kind, ())})
    shot = story.shots.get(topic.get("shot", ""))
    frames = () if shot is None else tuple(s for s in range(int(script.duration)) if script.index_at(s) == shot)
    return Turn(question.format_map(words), answer[:1].upper() + answer[1:], tuple(lines[:6]), "drawn story", frames)


def _unsaid(story: Story, rng: random.Random) -> Turn:
    """A question that the film does not answer."""
    words = {**story.words, "any": story.words[rng.choice(("owner", "friend", "knower", "taker"))]}
    question, what = rng.choice(_WRITTEN["unsaid"])
    answer = rng.choice(_WRITTEN["refused"]).format(what=what.format_map(words))
    return Turn(question.format_map(words), answer, (), "drawn unsaid")
