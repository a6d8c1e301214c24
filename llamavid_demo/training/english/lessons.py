"""Films to learn from, by chance: written scenes, dialogues with marked answers, small talk, and pictures."""

import json
import random
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from llamavid_demo.film.cues import Cue
from llamavid_demo.questions.written import SmallTalk, WrittenScene, small_talk, written_scenes
from llamavid_demo.training.english.film import Film, Turn, joined, talks_of
from llamavid_demo.training.english.pictures import probabilities, sight_turns, sights
from llamavid_demo.training.english.variation import retold

BRIEFLY = ("Answer in a few words.", "Answer briefly.", "Short answer please.", "In a few words.", "(short answer)")
TAIL = 3  # seconds of film behind the last cue


def held_out(name: str) -> bool:
    """Whether a scene or dialogue of this name is kept for measuring: one in eight."""
    return zlib.crc32(name.encode()) % 8 == 0


def scene_film(scene: WrittenScene, rng: random.Random) -> Film:
    """A written scene; questions that have a short answer are now and then asked for it."""
    turns, after = [], []
    for question in scene.questions:
        text, answer = question.text, question.answer
        if question.short and rng.random() < 0.25:
            text, answer = f"{text} {rng.choice(BRIEFLY)}", question.short
        turns.append(Turn(text, answer, question.lines, question.kind))
        after.append(question.after)
    cues = [replace(cue, text=plain(cue.text)) for cue in scene.cues]
    return Film(cues, 0, int(cues[-1].end) + TAIL, talks_of(turns, after, rng))


def plain(text: str) -> str:
    """A cue's text without tags, as the subtitle parsers give it."""
    for tag in ("<i>", "</i>", "<b>", "</b>"):
        text = text.replace(tag, "")
    return text


class Dialogues:
    """FriendsQA: dialogues with questions whose answers are marked in the lines (Yang and Choi 2019; Apache-2.0)."""

    def __init__(self, path: Path, *, keep: Callable[[str], bool]) -> None:
        data = json.loads(path.read_text("utf-8"))["data"]
        self.kept = [one for one in data if keep(one["title"])]

    def film(self, rng: random.Random) -> Film:
        """One of them."""
        return self.as_film(rng.choice(self.kept), rng)

    def as_film(self, dialogue: dict, rng: random.Random) -> Film:
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
            if rng.random() < 0.7:
                question = f"{question} {rng.choice(BRIEFLY)}"
            else:
                answer = answer[:1].upper() + answer[1:] + ("" if answer.endswith((".", "!", "?")) else ".")
            turns.append(Turn(question, answer, (line,), "span"))
        return Film(cues, 0, int(cues[-1].end) + TAIL, talks_of(turns, [None] * len(turns), rng))


def written(text: str) -> str:
    """Text without the blanks that a treebank's tokenizer puts in."""
    for apart, together in (
        (" n't", "n't"), (" 's", "'s"), (" 'm", "'m"), (" 're", "'re"), (" 've", "'ve"), (" 'll", "'ll"), (" 'd", "'d"),
        (" .", "."), (" ,", ","), (" ?", "?"), (" !", "!"), (" ;", ";"), (" :", ":"), ("gon na", "gonna"), ("wan na", "wanna"),
        ("got ta", "gotta"), ("( ", "("), (" )", ")"), ("`` ", '"'), (" ''", '"'), (" - ", "-"),
    ):  # fmt: skip
        text = text.replace(apart, together)
    return " ".join(text.split())


class Lessons:
    """Films by chance from everything there is, held-out scenes left out. `dialogues` are optional."""

    def __init__(self, dialogues: Dialogues | None = None, *, longest: int = 330) -> None:
        self.scenes = [scene for scene in written_scenes() if not held_out(scene.name)]
        self.talk: Sequence[SmallTalk] = small_talk()
        self.dialogues, self.longest = dialogues, longest

    def __call__(self, rng: random.Random) -> Film:
        """One film."""
        film = self._one(rng)
        if film.seconds < self.longest / 3 and rng.random() < 0.25:
            second = self._one(rng)
            if film.seconds + second.seconds < self.longest:
                film = joined(film, second, rng.choice((0, 2, 5, 20)))
        film = retold(film, rng)
        shown = sights(film.seconds, rng, known=rng.choice((0.0, 0.0, 0.5, 0.9)))
        film.seen = probabilities(shown, film.seconds, rng)
        talks = [self._mixed(talk, rng) for talk in film.talks]
        if any(sight.what is not None for sight in shown):
            talks += [sight_turns(film, shown, rng.choice((1, 2, 3)), rng) for _ in range(2)]
        elif rng.random() < 0.3:
            talks.append(sight_turns(film, shown, 1, rng))
        return replace(film, talks=[talk for talk in talks if talk])

    def _one(self, rng: random.Random) -> Film:
        kind = rng.random()
        if self.dialogues and kind < 0.2:
            return self.dialogues.film(rng)
        return scene_film(rng.choice(self.scenes), rng)

    def _mixed(self, talk: list[Turn], rng: random.Random) -> list[Turn]:
        """A talk with something that is not about the film before it, now and then."""
        if rng.random() < 0.12:
            said = rng.choice(self.talk)
            return [Turn(said.text, said.answer, kind="small talk"), *talk]
        return talk


def blank(film: Film) -> Film:
    """A film whose pictures show nothing."""
    return replace(film, seen=torch.zeros(film.seconds, 1000))
