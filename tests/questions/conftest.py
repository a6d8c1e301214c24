"""A little film whose every answer is known by heart."""

from llamavid_demo.questions import Question, ask
from llamavid_demo.storybook.world import Actor, Line, Script, Shot
from tests.storybook.conftest import chance

CAT = Actor("cat", "red", "jumping", "Mia")
HAT = Actor("hat", "black", "sleeping", "Hugo")

# The cat does two things, the lantern has two colours, the beach comes twice, two people speak of the map.
FILM = Script(
    "Who has the map?",
    (
        Shot(
            "beach", "morning", "clear", (CAT, Actor("owl", "white", "sleeping")), 4.0,
            (Line(0.2, 0.8, "", "June."), Line(1.0, 2.0, "Mia", "I have lost the map.", "map")),
        ),
        Shot("beach", "morning", "clear", (Actor("cat", "red", "walking", "Mia"),), 3.0),
        Shot(
            "cave", "night", "fog", (HAT, Actor("lantern", "yellow", "spinning")), 4.0,
            (
                Line(0.5, 1.5, "Hugo", "The map is mine.", "map"),
                Line(2.0, 3.0, "Mia", "Please give me the key.", "key"),
            ),
        ),
        Shot(
            "beach", "noon", "rain", (CAT, Actor("lantern", "green", "spinning")), 3.0,
            (Line(0.5, 2.0, "Mia", "I gave the map to Hugo.", "map"),),
        ),
        Shot("mountain", "evening", "snow", (HAT,), 3.0),
    ),
)  # fmt: skip


def asked(family: str, script: Script, times: int = 300) -> list[Question]:
    """What is asked of one family when one asks often."""
    made = [ask(family, script, chance(seed)) for seed in range(times)]
    return [question for question in made if question]


def answers(family: str, script: Script = FILM) -> set[str]:
    return {question.answer for question in asked(family, script)}
