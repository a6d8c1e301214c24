"""Whether an answer leaned on what it is about: evidence against the shots that a question is known to be about."""

import torch

from llamavid_demo.model.moments import find_moments
from llamavid_demo.questions import Question
from llamavid_demo.storybook.world import Script

NOWHERE = ("absent", "outside", "count")  # families that no shot answers, or all together do


def shots_asked(question: Question) -> set[int]:
    """Numbers of the shots that a question is about; none where nothing that is seen answers it."""
    return {shot for part in question.parts for shot in part.shots if question.family not in NOWHERE}


def grounded(question: Question, script: Script, mass: torch.Tensor) -> bool | None:
    """Whether the top moment of attention mass (T, tokens a frame) lies in a shot asked about.

    The frames are those of the film's whole seconds. None where no shot is asked about.
    """
    shots = shots_asked(question)
    if not shots:
        return None
    moments = find_moments(mass)
    return bool(moments) and script.index_at(float(moments[0].peak)) in shots
