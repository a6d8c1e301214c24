"""Which frames a question looks at again."""

import pytest
import torch

from llamavid_demo.model.llama_vid.second_look import find_frames, frames_at

WORDS = torch.eye(8)  # an embedding for each of eight words


def film(*shown: int) -> torch.Tensor:
    """Content tokens of frames that each show one thing, with a word that all of them share."""
    return WORDS[list(shown)] + WORDS[7]


def test_a_short_film_is_looked_at_whole() -> None:
    assert find_frames(film(0, 1, 2), WORDS[[0]], most=3) == [0, 1, 2]


def test_the_frames_that_show_what_is_asked_for_come_first() -> None:
    contents = film(*[0] * 5, *[1] * 5, *[2] * 5, *[1] * 5)
    chosen = find_frames(contents, WORDS[[1]], most=4)
    assert set(chosen) <= {*range(5, 10), *range(15, 20)}
    assert {frame // 10 for frame in chosen} == {0, 1}  # both shots take their turn


def test_a_word_that_fits_all_frames_finds_none() -> None:
    contents = film(*[0] * 5, *[1] * 5, *[2] * 5)
    assert set(find_frames(contents, WORDS[[7, 2]], most=3)) <= set(range(10, 15))


def test_frames_are_in_order_and_as_many_as_asked_for() -> None:
    contents = torch.randn(200, 16, generator=torch.Generator().manual_seed(0))
    for most in (0, 1, 32, 199):
        chosen = find_frames(contents, torch.randn(3, 16, generator=torch.Generator().manual_seed(1)), most=most)
        assert chosen == sorted(set(chosen)) and len(chosen) == most


@pytest.mark.parametrize(
    ("question", "frames"),
    [
        ("What do you see at 0:32?", [2]),
        ("What happens at 0:30 and 0:31?", [0, 1]),
        ("What is at 1:00:31?", []),
        ("Is it 0:30 pm?", []),
        ("Who speaks?", []),
    ],
)
def test_a_time_names_its_frames(question: str, frames: list[int]) -> None:
    assert frames_at(question, (30.0, 31.0, 32.0)) == frames
