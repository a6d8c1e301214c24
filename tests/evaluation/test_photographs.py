"""Questions about photographs: what counts as right, and what is asked of pictures that the eyes are unsure of."""

import random
from pathlib import Path

import pytest

from llamavid_demo.errors import MovieError
from llamavid_demo.evaluation.photographs import PhotographAnswer, photographs, questions_about
from llamavid_demo.model.real_world.named_tokens import Named

BEAGLE, HEN, CUP = Named("beagle", "dog"), Named("hen", "bird"), Named("cup", "kitchen thing")


@pytest.mark.parametrize(
    ("said", "right"),
    [
        ("I see a beagle at 0:02.", True),
        ("Two dogs.", True),
        ("At 0:02 I see a hen.", False),
        ("I can't make it out.", False),
    ],
)
def test_class_or_kind_is_right(said: str, right: bool) -> None:
    assert PhotographAnswer("at a time", "", said, [BEAGLE]).right is right


@pytest.mark.parametrize("kind", ["", "thing"])
def test_kind_that_says_little_is_no_answer(kind: str) -> None:
    assert not PhotographAnswer("at a time", "", "I see a lamp, a kind of thing.", [Named("wallet", kind)]).right


def test_all_animals_have_to_be_named() -> None:
    assert PhotographAnswer("animals", "", "I see a dog and a hen.", [BEAGLE, HEN]).right
    assert not PhotographAnswer("animals", "", "I see a dog.", [BEAGLE, HEN]).right


@pytest.mark.parametrize(("said", "yes"), [("Yes, there is a dog.", True), ("No, I don't see a car.", False)])
def test_is_there_is_answered_by_its_first_word(said: str, yes: bool) -> None:
    assert PhotographAnswer("is there", "", said, yes=yes).right
    assert not PhotographAnswer("is there", "", said, yes=not yes).right


def test_questions_are_about_what_the_eyes_are_sure_of() -> None:
    asked = questions_about([BEAGLE, CUP, HEN], random.Random(1))
    assert [one.question for one in asked[:4]] == [
        "What do you see at 0:02?", "What do you see at 0:06?", "What do you see at 0:10?", "What animals are there?",
    ]  # fmt: skip
    assert asked[3].named == [BEAGLE, HEN]
    assert [one.yes for one in asked[4:]] == [True, False]
    unsure = questions_about([None, CUP], random.Random(1))
    assert [one.question for one in unsure] == ["What do you see at 0:06?"]


def test_folder_without_pictures_is_named(tmp_path: Path) -> None:
    with pytest.raises(MovieError, match="holds no pictures"):
        photographs(tmp_path)
