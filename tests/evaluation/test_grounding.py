"""Evidence against the truth: which questions are about shots, and when an answer has leaned on one of them."""

import pytest
import torch

from llamavid_demo.evaluation.grounding import grounded, shots_asked
from llamavid_demo.questions import FAMILIES, Part, Question, ask
from llamavid_demo.storybook.world import Script, Shot
from tests.storybook.conftest import films

SCRIPT = Script("", tuple(Shot(place, "noon", "clear", (), 2.0) for place in ("beach", "forest", "cave")))
HEARD = {"about", "says", "speaks_first", "who", "said"}
NOT_SEEN = {*HEARD, "count", "absent", "outside"}


def mass(*weights: float) -> torch.Tensor:
    """All of it on the content tokens."""
    return torch.tensor([[0.0, weight] for weight in weights])


@pytest.mark.parametrize("family", sorted(set(FAMILIES) - {"existence", "follow_up"}))
def test_a_question_is_about_shots_when_a_picture_answers_it(family: str) -> None:
    asked = [(script, question) for script, rng in films(12) if (question := ask(family, script, rng))]
    assert asked
    for script, question in asked:
        assert bool(shots_asked(question)) == (family not in NOT_SEEN)
        assert shots_asked(question) <= set(range(len(script.shots)))


def test_evidence_counts_when_its_top_moment_lies_in_a_shot_asked_about() -> None:
    after = Question("after", "What comes after the beach?", (Part("After the beach comes"), Part("the forest.", (1,))))
    assert grounded(after, SCRIPT, mass(0.3, 0, 0, 0.5, 0, 0.1)) is True
    assert grounded(after, SCRIPT, mass(0.3, 0.3, 0, 0.5, 0, 0.1)) is False  # the moment, not the frame
    assert grounded(after, SCRIPT, mass(0, 0, 0, 0, 0, 0)) is False
    first = Question("speaks_first", "Who speaks first?", (Part("The first to speak is"), Part("Mia.", cues=(0,))))
    assert grounded(first, SCRIPT, mass(1, 0, 0, 0, 0, 0)) is None
