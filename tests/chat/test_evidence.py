"""Evidence: adjacent frames are one moment, the heaviest first, with the cue that was heard there."""

import torch

from llamavid_demo.chat.evidence import find_evidence
from llamavid_demo.film import Cue


def test_adjacent_frames_are_one_moment() -> None:
    mass = torch.tensor([[0.0, 0.0], [0.2, 0.1], [0.3, 0.2], [0.0, 0.0], [0.1, 0.15]])
    moments = find_evidence(mass, [10, 11, 12, 13, 14], [Cue(11.5, 12.5, "here"), Cue(40, 41, "far")])
    assert [moment.seconds for moment in moments] == [12, 14]
    assert moments[0].weight > moments[1].weight
    assert moments[0].cue == Cue(11.5, 12.5, "here")


def test_what_was_hardly_looked_at_is_no_evidence() -> None:
    mass = torch.tensor([[0.6], [0.0], [0.15], [0.0], [0.25]])
    assert [moment.seconds for moment in find_evidence(mass, range(5), [])] == [0, 4]


def test_a_cue_too_far_away_is_no_evidence() -> None:
    moments = find_evidence(torch.tensor([[1.0]]), [0], [Cue(30, 31, "far")])
    assert moments[0].cue is None


def test_no_attention_no_evidence() -> None:
    assert find_evidence(torch.zeros(3, 2), [0, 1, 2], []) == []
