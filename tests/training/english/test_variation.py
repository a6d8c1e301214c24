"""The same scene told otherwise stays consistent: names, times, and what is typed."""

import random

from llamavid_demo.film.cues import Cue
from llamavid_demo.training.english.film import Film, Turn
from llamavid_demo.training.english.variation import MEN, WOMEN, other_names, retold, shifted, subtitled, typed


def film() -> Film:
    cues = [Cue(2, 4, "NADIA: Peter, the train is at 7:30."), Cue(65, 67, "Peter: Then run, Nadia!")]
    turns = [
        Turn("when does peter tell her to run?", "At 1:05.", (1,)),
        Turn("When is nadia's train?", "At 7:30, says Nadia.", (0,)),
        Turn("What happens at 1:05?", "Peter tells Nadia to run.", (1,)),
    ]
    return Film(cues, 0, 70, [turns])


def test_names_change_everywhere_alike() -> None:
    for seed in range(20):
        told = other_names(film(), random.Random(seed))
        name = told.cues[0].text.split(":")[0]
        woman, man = name.title(), told.cues[1].text.split(":")[0]
        assert woman in WOMEN and man in MEN and "Nadia" not in str(told) and "Peter" not in str(told)
        assert told.talks[0][0].question == f"when does {man.lower()} tell her to run?"
        assert told.talks[0][2].answer == f"{man} tells {woman} to run."


def test_times_on_screen_move_with_the_film_and_spoken_ones_stay() -> None:
    told = shifted(film(), 600)
    assert told.start == 600 and told.cues[1].start == 665
    assert [turn.answer for turn in told.talks[0]][:2] == ["At 11:05.", "At 7:30, says Nadia."]
    assert told.talks[0][2].question == "What happens at 11:05?"


def test_speakers_are_written_in_other_habits() -> None:
    seen = {subtitled(film().cues, random.Random(seed))[0].text.split(",")[0] for seed in range(40)}
    assert seen == {"NADIA: Peter", "Nadia: Peter", "[Nadia] Peter"}


def test_typing_keeps_the_words_near() -> None:
    for seed in range(200):
        made = typed("Why does Nadia run?", random.Random(seed))
        assert abs(len(made) - len("Why does Nadia run?")) <= 2 and made.lower()[:3] == "why"


def test_retelling_is_drawn_from_its_generator() -> None:
    assert retold(film(), random.Random(3)) == retold(film(), random.Random(3))
