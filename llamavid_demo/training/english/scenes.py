"""Written scenes to learn from: what lines tell is quoted; what lines tell that were taken out is told no longer."""

import random
from dataclasses import replace

from llamavid_demo.questions.written import WrittenQuestion, WrittenScene
from llamavid_demo.training.english.film import SUMMARY, TIME, Film, Turn, talks_of

BRIEFLY = ("Answer in a few words.", "Answer briefly.", "Short answer please.", "In a few words.", "(short answer)")
QUOTED = {"who", "what", "why", "how", "where", "when", "how many", "quote", "follow-up", "false premise"}  # kinds
UNTOLD = "The film doesn't say."
CUT = 0.3  # share of scenes of which lines are taken out
MOST_CUT = 4  # lines
FEWEST = 6  # lines that are left
MENTIONED = 0.1  # share of quoted lines whose time is asked for, too
MENTIONS = (
    "when is {x} mentioned?", "When does somebody mention {x}?", "when do they talk about {x}",
    "at what time is {x} said?", 'When do we hear "{x}"?', 'when is "{x}" said', "at which point does {x} come up?",
    "When is {x} first mentioned?",
)  # fmt: skip


def scene_film(scene: WrittenScene, rng: random.Random) -> Film:
    """A written scene; questions that have a short answer are now and then asked for it, else lines are quoted."""
    if rng.random() < CUT:
        scene = without_lines(scene, rng)
    turns, times = [], []
    for question in scene.questions:
        turn = _turn(scene, question)
        if question.short and rng.random() < 0.2:
            turn = replace(turn, question=f"{turn.question} {rng.choice(BRIEFLY)}", answer=question.short, quoted=None)
        elif question.short and rng.random() < MENTIONED:
            times += _mentioned(scene, question.short, rng)
        turns.append(turn)
    after = [*(question.after for question in scene.questions), *[None] * len(times)]
    return Film(list(scene.cues), 0, scene.seconds, talks_of([*turns, *times], after, rng))


def telling_line(scene: WrittenScene, question: WrittenQuestion) -> int | None:
    """Number of the first cue that answers a question by itself; None where more is to be said than a quote."""
    if question.kind not in QUOTED:
        return None
    return next((line for line in question.lines if question.right(scene.cues[line].text)), None)


def without_lines(scene: WrittenScene, rng: random.Random) -> WrittenScene:
    """The scene without the lines that tell the answer to one of its questions, which nothing answers any more.

    What else rests on those lines is left out. A scene where all that is told is told too often stays as it is.
    """
    told = [question for question in scene.questions if telling_line(scene, question) is not None]
    for asked in rng.sample(told, len(told)):
        gone = {*asked.lines} | {at for at, cue in enumerate(scene.cues) if asked.right(cue.text)}
        if asked.after is None and len(gone) <= MOST_CUT and len(scene.cues) - len(gone) >= FEWEST:
            return _without(scene, asked, gone)
    return scene


def _without(scene: WrittenScene, asked: WrittenQuestion, gone: set[int]) -> WrittenScene:
    places = {at: place for place, at in enumerate(at for at in range(len(scene.cues)) if at not in gone)}
    numbers: dict[int, int] = {}
    questions: list[WrittenQuestion] = []
    for number, question in enumerate(scene.questions):
        if question is asked:
            question = replace(asked, answer=UNTOLD, kind="unanswerable", lines=(), short="")
        elif gone & {*question.lines} or not (question.after is None or question.after in numbers):
            continue
        after = None if question.after is None else numbers[question.after]
        numbers[number] = len(questions)
        questions.append(replace(question, lines=tuple(places[line] for line in question.lines), after=after))
    return replace(scene, cues=tuple(scene.cues[at] for at in places), questions=tuple(questions))


def _turn(scene: WrittenScene, question: WrittenQuestion) -> Turn:
    answer = UNTOLD if question.kind == "unanswerable" else question.answer
    quoted = question.lines[0] if question.kind in (SUMMARY, TIME) else telling_line(scene, question)
    return Turn(question.text, answer, question.lines, question.kind, quoted=quoted)


def _mentioned(scene: WrittenScene, words: str, rng: random.Random) -> list[Turn]:
    """A question for the time at which some words are said first."""
    found = next((at for at, cue in enumerate(scene.cues) if words.lower() in cue.text.lower()), None)
    if found is None:
        return []
    asked = words[:1].lower() + words[1:].rstrip(".,!?")
    return [Turn(rng.choice(MENTIONS).format(x=asked), "", (found,), TIME, quoted=found)]
