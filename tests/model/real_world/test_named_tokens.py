"""Tokens of named things lie near the embeddings of their names, and a question finds what it names."""

import numpy as np
import pytest
import torch
from torch import nn

from llamavid_demo.model.real_world.eyes import RealWorldEyes, rows_for
from llamavid_demo.model.real_world.named_tokens import NORM, NamedTokens, classes, stems
from llamavid_demo.model.real_world.network import load_efficientnet
from llamavid_demo.model.real_world.packages import weights_file

BEAGLE = next(i for i, named in enumerate(classes()) if named.name == "beagle")
CAB = next(i for i, named in enumerate(classes()) if named.name == "taxi")


class Words:
    """A tokenizer of whole words, each met for the first time gets the next number."""

    def __init__(self) -> None:
        self.known: dict[str, int] = {}

    def encode(self, text: str) -> list[int]:
        return [self.known.setdefault(word, len(self.known)) for word in text.split()]


@pytest.fixture(scope="module")
def tokens() -> NamedTokens:
    return NamedTokens(Words(), torch.randn(3000, 64, generator=torch.Generator().manual_seed(0)))


def seen(**shares: float) -> torch.Tensor:
    rows = torch.zeros(1, 1000)
    rows[0, BEAGLE], rows[0, CAB] = shares.get("beagle", 0.0), shares.get("cab", 0.0)
    return rows


def test_there_are_a_thousand_classes_with_their_kinds() -> None:
    assert len(classes()) == 1000 and classes()[BEAGLE].kind == "dog" and classes()[CAB].kind == "car"


def test_a_content_token_is_the_name_of_what_is_seen(tokens: NamedTokens) -> None:
    near = tokens.contents(seen(beagle=0.8, cab=0.1)) @ tokens.names.T
    assert int(near.argmax()) == BEAGLE


def test_what_is_seen_is_told_in_words_where_it_is_sure(tokens: NamedTokens) -> None:
    (dog, called), (both, _), (unsure, _) = tokens.in_words(
        torch.cat([seen(beagle=0.8), seen(beagle=0.5, cab=0.4), seen(beagle=0.1)])
    )
    assert dog == "beagle (dog)" and {"beagle", "dog", "animal"} <= called
    assert both == "beagle (dog); taxi (car)" and unsure == ""


@pytest.mark.parametrize(
    ("question", "share", "of", "what"),
    [
        ("", 0.8, "kinds", BEAGLE),
        ("Are there any cars?", 0.4, "names", CAB),
        ("what animals are there", 0.8, "names", BEAGLE),
        ("Is there a piano?", 0.8, "kinds", BEAGLE),
        ("What is on screen at 0:05?", 0.8, "names", BEAGLE),
    ],
)
def test_a_context_token_is_of_the_kind_until_somebody_asks(
    tokens: NamedTokens, question: str, share: float, of: str, what: int
) -> None:
    shown = tokens.contexts(seen(**{"cab" if what == CAB else "beagle": share}), question)
    shared = tokens.contexts(seen(beagle=1.0), "")[0] - tokens.kinds[BEAGLE]  # what all words have in common
    torch.testing.assert_close(shown[0], share * (getattr(tokens, of)[what] + shared))
    assert shared.norm() > 0 and not tokens.contents(seen(beagle=0.8))[0].dot(shared) > 0.2 * shared.norm() * NORM


def test_faint_guesses_do_not_count(tokens: NamedTokens) -> None:
    assert not tokens.contents(torch.full((2, 1000), 0.001)).any()


def test_plurals_and_small_words() -> None:
    assert stems("Are there any Dogs in the film?") == {"dog"}


def test_drawn_frames_are_not_looked_at_and_still_ones_once(tokens: NamedTokens) -> None:
    looked: list[int] = []

    class Network(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.weight = nn.Parameter(torch.zeros(1))

        def forward(self, pictures: torch.Tensor) -> torch.Tensor:
            looked.append(len(pictures))
            return torch.zeros(len(pictures), 1000)

    frames = np.zeros((6, 64, 64, 3), np.uint8)
    frames[3:] = 200
    eyes = RealWorldEyes(192, Network(), tokens)
    rows = eyes.rows(frames, torch.tensor([True, False, False, False, False, True]))
    assert sum(looked) == 2 and rows.shape == (6, rows_for(192), 192)
    assert rows[1].any() and not rows[0].any() and not rows[5].any()


def test_without_its_network_real_frames_show_nothing(tokens: NamedTokens) -> None:
    rows = RealWorldEyes(192, None, tokens).rows(np.zeros((2, 8, 8, 3), np.uint8), torch.tensor([False, False]))
    assert not rows.any()


def test_the_installed_network_gives_a_thousand_probabilities(tokens: NamedTokens) -> None:
    path = weights_file()
    assert path is not None, "run.sh installs it"
    eyes = RealWorldEyes(192, load_efficientnet(path, torch.device("cpu")), tokens)
    grey = np.random.default_rng(0).integers(0, 255, (1, 120, 160, 3)).astype(np.uint8)
    assert float(eyes.rows(grey, torch.tensor([False])).sum()) == pytest.approx(1, abs=1e-3)
