"""Films to learn from, by chance: written scenes, dialogues with marked answers, small talk, and pictures."""

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from llamavid_demo.film.cues import Cue
from llamavid_demo.questions.written import TAIL, SmallTalk, held_out, small_talk, written_scenes
from llamavid_demo.training.english.drawn import SEEN, Seeing, drawn_film, drawn_show, drawn_talk
from llamavid_demo.training.english.film import Film, Talk, Turn, joined, talks_of, with_quotes
from llamavid_demo.training.english.pictures import NamedPictures, probabilities, sight_turns, sights
from llamavid_demo.training.english.quest import quest_film
from llamavid_demo.training.english.scenes import BRIEFLY, scene_film
from llamavid_demo.training.english.variation import retold, shifted, typed

# Shares of drawn films, of scenes over drawn pictures, and of named pictures alone. Short films teach the most a token.
DRAWN, OVER_DRAWN, PICTURED = 0.22, 0.1, 0.06
QUESTS = 0.5  # share of drawn films that tell a story
SHORT = 0.7  # share of the others that are some seconds long
DIALOGUES = 0.15  # share of marked dialogues among the rest


class Dialogues:
    """FriendsQA: dialogues with questions whose answers are marked in the lines (Yang and Choi 2019; Apache-2.0)."""

    def __init__(self, path: Path, *, keep: Callable[[str], bool]) -> None:
        data = json.loads(path.read_text("utf-8"))["data"]
        self.kept = [one for one in data if keep(one["title"])]

    def film(self, rng: random.Random) -> Film:
        """One of them."""
        return self.as_film(rng.choice(self.kept), rng)

    def as_film(self, dialogue: dict[str, Any], rng: random.Random) -> Film:
        """A dialogue with times by chance."""
        paragraph = dialogue["paragraphs"][0]
        cues, at = [], rng.uniform(0.5, 6)
        full = rng.random() < 0.5
        for line in paragraph["utterances:"]:
            who = " and ".join(name if full else name.split()[0] for name in line["speakers"])
            text = written(line["utterance"])
            end = at + min(7.0, 1 + 0.06 * len(text))
            cues.append(Cue(round(at, 2), round(end, 2), f"{who}: {text}"))
            at = end + rng.choice((0.1, 0.2, 0.5, 1.0, 2.0))
        turns = []
        for asked in paragraph["qas"]:
            found = rng.choice(asked["answers"])
            answer, line = written(found["answer_text"]), found["utterance_id"]
            question = written(asked["question"]).rstrip(" ?") + "?"
            brief = rng.random() < 0.6
            question = f"{question} {rng.choice(BRIEFLY)}" if brief else question
            turns.append(Turn(question, answer, (line,), "span", quoted=None if brief else line))
        return Film(cues, 0, int(cues[-1].end) + TAIL, talks_of(turns, [None] * len(turns), rng))


def written(text: str) -> str:
    """Text without the blanks that a treebank's tokenizer puts in."""
    for apart, together in (
        (" n't", "n't"), (" 's", "'s"), (" 'm", "'m"), (" 're", "'re"), (" 've", "'ve"), (" 'll", "'ll"), (" 'd", "'d"),
        (" .", "."), (" ,", ","), (" ?", "?"), (" !", "!"), (" ;", ";"), (" :", ":"), ("gon na", "gonna"),
        ("wan na", "wanna"), ("got ta", "gotta"),
        ("( ", "("), (" )", ")"), ("`` ", '"'), (" ''", '"'), (" - ", "-"),
    ):  # fmt: skip
        text = text.replace(apart, together)
    return " ".join(text.split())


class Lessons:
    """Films by chance from everything there is, held-out scenes left out. `dialogues` are optional.

    Drawn films are seen by `eyes`; without them by ideal ones.
    """

    def __init__(self, dialogues: Dialogues | None = None, eyes: Seeing | None = None, *, longest: int = 330) -> None:
        self.scenes = [scene for scene in written_scenes() if not held_out(scene.name)]
        self.talk: Sequence[SmallTalk] = small_talk()
        self.dialogues, self.eyes, self.longest = dialogues, eyes, longest

    def __call__(self, rng: random.Random) -> Film:
        """One film: drawn, or of a written scene or dialogue with pictures of named things, drawn ones, or none."""
        kind = rng.random()
        if kind < DRAWN:
            film = self._drawn(rng)
        elif kind > 1 - PICTURED:
            film = _named_pictures(rng)
        else:
            film = retold(self._spoken(rng), rng)
            drawn = kind < DRAWN + OVER_DRAWN
            film = _over_drawn_pictures(film, self.eyes, rng) if drawn else _over_named_pictures(film, rng)
        return with_quotes(replace(film, talks=[self._mixed(talk, rng) for talk in film.talks if talk]))

    def _drawn(self, rng: random.Random) -> Film:
        film = quest_film(rng) if rng.random() < QUESTS else drawn_film(rng, self.eyes, short=rng.random() < SHORT)
        if rng.random() < 0.4:
            film = shifted(film, rng.randrange(1, 1800), drawn=True)
        talks = [[replace(turn, question=typed(turn.question, rng)) for turn in talk] for talk in film.talks]
        return replace(film, talks=talks)

    def _spoken(self, rng: random.Random) -> Film:
        """A scene or dialogue, or two of them one after the other."""
        film = self._one(rng)
        if film.seconds < self.longest / 3 and rng.random() < 0.25:
            second = self._one(rng)
            if film.seconds + second.seconds < self.longest:
                film = joined(film, second, rng.choice((0, 2, 5, 20)))
        return film

    def _one(self, rng: random.Random) -> Film:
        if self.dialogues and rng.random() < DIALOGUES:
            return self.dialogues.film(rng)
        return scene_film(rng.choice(self.scenes), rng)

    def _mixed(self, talk: Talk, rng: random.Random) -> Talk:
        """A talk with something that is not about the film before or behind it, now and then."""
        if rng.random() < 0.12:
            said = rng.choice(self.talk)
            turn = Turn(said.text, said.answer, kind="small talk")
            return [turn, *talk] if rng.random() < 0.5 else [*talk, turn]
        return talk


def _over_drawn_pictures(film: Film, eyes: Seeing | None, rng: random.Random) -> Film:
    """A film as if its words were spoken over drawn pictures, and asked about both."""
    shown: Any  # with either kind of frames
    script, shown = drawn_show(rng, eyes)
    frames = shown.frames
    if len(frames) > film.seconds:
        return film
    # The last picture stays to the end, as in a film that goes on.
    frames = (*frames, *[frames[-1]] * (film.seconds - len(frames)))
    seen = {family: weight for family, weight in SEEN.items() if family != "outside"}
    talks = [drawn_talk(script, seen, rng.choice((1, 2, 3)), rng) for _ in range(2)]
    return replace(film, pictures=replace(shown, frames=frames), talks=_shuffled([*film.talks, *talks], rng))


def _over_named_pictures(film: Film, rng: random.Random) -> Film:
    """A film with pictures of named things, or of nothing known."""
    known = rng.choice((0.0, 0.0, 0.5, 0.9))
    shown = sights(film.seconds, rng, known=known)
    talks = film.talks
    if known or rng.random() < 0.3:
        talks = [*talks, *(sight_turns(film, shown, rng.choice((1, 2, 3)), rng) for _ in range(2 if known else 1))]
    pictures = NamedPictures(probabilities(shown, film.seconds, rng))
    return replace(film, pictures=pictures, talks=_shuffled(talks, rng))


def _named_pictures(rng: random.Random) -> Film:
    """A film of some seconds without a word."""
    seconds = rng.randint(2, 24)
    shown = sights(seconds, rng, known=rng.choice((0.3, 0.8, 0.9, 1.0)))
    film = Film([], rng.choice((0, 0, rng.randrange(1800))), seconds, [], None)
    talks = [sight_turns(film, shown, rng.choice((1, 2, 3)), rng) for _ in range(rng.randint(4, 7))]
    return replace(film, talks=talks, pictures=NamedPictures(probabilities(shown, seconds, rng)))


def _shuffled(talks: Sequence[Talk], rng: random.Random) -> list[Talk]:
    """Talks in an order by chance: the last ones are left out where a film grows too long."""
    return rng.sample(list(talks), len(talks))
