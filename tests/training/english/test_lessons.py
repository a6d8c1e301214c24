"""Lessons: held-out scenes never come up, pictures are told by what they show, drawn films in ordinary words."""

import random

import torch

from llamavid_demo.model.real_world.named_tokens import classes
from llamavid_demo.questions.written import held_out, written_scenes
from llamavid_demo.training.english.film import Film
from llamavid_demo.training.english.lessons import Lessons
from llamavid_demo.training.english.pictures import Sight, probabilities, sight_turns, sights
from llamavid_demo.training.english.scenes import scene_film

SCENES = written_scenes()


def test_one_scene_in_eight_is_never_learned() -> None:
    lessons = Lessons()
    kept = {scene.name for scene in SCENES if held_out(scene.name)}
    assert 0.09 < len(kept) / len(SCENES) < 0.16
    assert not kept & {scene.name for scene in lessons.scenes}


def test_a_film_is_drawn_from_its_generator() -> None:
    first, second = (Lessons()(random.Random(5)) for _ in range(2))
    assert first.talks == second.talks and first.cues == second.cues


def test_every_film_has_talks_about_cues_that_it_has() -> None:
    lessons = Lessons()
    for seed in range(60):
        film = lessons(random.Random(seed))
        assert film.talks and all(film.talks)
        for turn in (turn for talk in film.talks for turn in talk):
            assert turn.question.strip() and turn.answer.strip()
            assert all(line < len(film.cues) for line in turn.lines)
            assert all(frame < film.seconds for frame in turn.frames)


def test_short_answers_are_asked_for() -> None:
    scene = next(scene for scene in SCENES if sum(bool(q.short) for q in scene.questions) > 5)
    turns = [turn for seed in range(20) for talk in scene_film(scene, random.Random(seed)).talks for turn in talk]
    shorts = {question.short for question in scene.questions if question.short}
    asked = [turn for turn in turns if turn.answer in shorts]
    assert asked and all("(" in turn.question or turn.question.endswith(".") for turn in asked)


def test_pictures_are_told_by_what_they_show() -> None:
    beagle = next(i for i, named in enumerate(classes()) if named.name == "beagle")
    film, shown = Film([], 60, 10, []), [Sight(0, 6, beagle), Sight(6, 10, None)]
    said = [turn for seed in range(300) for turn in sight_turns(film, shown, 3, random.Random(seed))]
    assert any("beagle" in turn.answer for turn in said)
    assert not any("beach" in turn.answer or "castle" in turn.answer for turn in said if "beagle" not in turn.answer and
                   turn.answer.startswith("Yes"))  # fmt: skip
    for turn in said:
        assert all(0 <= frame < 10 for frame in turn.frames)
        if "at 1:0" in turn.question.lower() and "see" in turn.question:
            assert "beagle" in turn.answer or "make out" in turn.answer or "recognise" in turn.answer


def test_probabilities_are_of_what_is_shown() -> None:
    rng = random.Random(0)
    shown = sights(40, rng, known=0.7)
    rows = probabilities(shown, 40, rng)
    assert rows.shape == (40, 1000) and float(rows.max()) <= 1 and float(rows.sum(1).max()) < 2.2
    for sight in shown:
        if sight.what is not None:
            assert (rows[sight.start : sight.end].argmax(1) == sight.what).float().mean() > 0.5
    assert torch.equal(rows, rows.clamp(min=0))


def test_a_line_that_answers_is_quoted() -> None:
    scene = next(scene for scene in SCENES if scene.name == "adventure-01")
    lessons = Lessons()
    lessons.scenes, said = [scene], set[tuple[str, str]]()
    lessons.dialogues = None
    for seed in range(60):
        said |= {(turn.kind, turn.answer) for talk in lessons(random.Random(seed)).talks for turn in talk}
    assert any(kind == "why" and 'showed us the dynamite and a map."' in answer for kind, answer in said)
    assert any(kind == "no" and answer.startswith("No, ") for kind, answer in said)
