"""Who is who in a drawn film is only asked where a viewer can tell, and answered by the script."""

import random

from llamavid_demo.storybook.world import Actor, Line, Script, Shot
from llamavid_demo.training.english.cast import cast_talk, roles


def test_a_name_belongs_to_the_thing_on_screen_while_it_speaks() -> None:
    cat, dog = Actor("cat", "red", "sleeping", "Mia"), Actor("dog", "blue", "walking", "Leo")
    alone = Shot("lake", "noon", "clear", (cat,), 5.0, (Line(1.0, 3.0, "Mia", "I am tired."),))
    together = Shot("lake", "noon", "clear", (cat, dog), 5.0, (Line(1.0, 3.0, "Leo", "Hello, Mia!"),))
    (mia,) = roles(Script("A film", (alone, together)))
    assert (mia.name, mia.thing, mia.lines, mia.frames) == ("Mia", "red cat", (0,), (0, 1, 2, 3, 4))


def test_answers_name_what_the_script_has() -> None:
    shot = Shot("lake", "noon", "clear", (Actor("owl", "white", "flying", "Otto"),), 4.0, (Line(1, 2, "Otto", "Hi."),))
    script = Script("A film", (shot,))
    asked = [turn for seed in range(40) for turn in cast_talk(script, 3, random.Random(seed))]
    assert {turn.kind for turn in asked} == {"drawn cast", "drawn at"}
    for turn in asked:
        assert turn.frames or "Otto" not in turn.answer
        assert not {"cat", "red"} & set(turn.answer.lower().split()), turn
