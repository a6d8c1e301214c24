"""Which shots of a film its words read while it is learned from, and how much each counts.

Words read every frame of a film at work. At lessons a few shots stand for all: what matters to a question is how long
the things that it names are on screen.
"""

import random
from collections.abc import Sequence

from llamavid_demo.questions import Question
from llamavid_demo.storybook.world import Script
from llamavid_demo.training.ideal import asked_thing


def read_shots(
    script: Script, shots: Sequence[int], asked: Sequence[Question], *, most: int, rng: random.Random
) -> dict[int, float]:
    """At most `most` shots, by chance, with their shares of a film whose frames show `shots`; shares sum to one.

    Of each thing that is named and seen one shot is among them, were they more than `most`. A shot that is not counts
    for the one that shows most nearly the same of what is named.
    """
    named = {thing for question in asked if (thing := asked_thing(question.text))}
    seen = {shot: named & {actor.thing for actor in script.shots[shot].actors} for shot in sorted(set(shots))}
    chosen: list[int] = []
    for thing in sorted(named):
        where = [shot for shot, things in seen.items() if thing in things]
        if where and not set(where) & set(chosen):
            chosen.append(rng.choice(where))
    others = [shot for shot in seen if shot not in chosen]
    chosen += rng.sample(others, min(len(others), max(0, most - len(chosen))))
    shares = dict.fromkeys(chosen, 0.0)
    for shot in shots:
        nearest = shot if shot in shares else min(chosen, key=lambda other: len(seen[other] ^ seen[shot]))
        shares[nearest] += 1 / len(shots)
    return shares
