"""What pre-fusion computes at its lessons is what it computes at work."""

from collections.abc import Callable
from contextlib import nullcontext

import pytest
import torch

from llamavid_demo.training.encoded_shots import EncodedShots
from llamavid_demo.training.learning import training_attention
from llamavid_demo.training.llava_mini import answering
from llamavid_demo.training.llava_mini.answering import Answering
from llamavid_demo.training.llava_mini.fusing import looks, read_rows, rotary_of
from llamavid_demo.training.llava_mini.run import MiniTraining
from tests.storybook.conftest import chance
from tests.training.llava_mini.conftest import LESSON

Begin = Callable[..., MiniTraining]


@pytest.fixture(autouse=True)
def _exact(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answering, "autocast", lambda device: nullcontext())


def still(encoded: EncodedShots) -> EncodedShots:
    """Shots in which nothing moves: each of their frames is the first."""
    return EncodedShots(encoded.shots, encoded.patches[:, :1].expand_as(encoded.patches), encoded.whose)


@pytest.mark.parametrize("size", [1, 2])
def test_words_and_frames_are_those_that_inference_fuses(begin: Begin, size: int) -> None:
    training = begin(compressor_size=size)
    torch.nn.init.normal_(training.network.compressor.attn.in_proj_weight, std=0.1)
    step = Answering(training.network, training.reader, training.form, still(training.encoded_shots), [LESSON])
    rng = chance(3)
    films = [step.film(LESSON, rng) for _ in range(3)]
    tokens, words = step.fuse(films, rng)
    first = 0
    for film, fused in zip(films, words, strict=True):
        shown = [film.frames[2 * shot] for shot in film.sequence.shots]
        patches = torch.stack([step.encoded.patches[shot, frame] for shot, frame in shown])[:, None]
        text = training.network.llama.get_input_embeddings()(film.sequence.fused_ids)
        wanted = training.network.fuse(text, training.network.see_batches([patches]))
        torch.testing.assert_close(fused, wanted.text, atol=2e-4, rtol=1e-4)
        own = tokens[[first + 2 * shot for shot in film.sequence.shots]]
        torch.testing.assert_close(own, wanted.compressed, atol=2e-4, rtol=1e-4)
        assert not torch.allclose(fused, text, atol=0.1)
        first += len(film.frames)


@pytest.mark.parametrize("wanted", [1, 4, 9])
def test_the_last_rows_are_those_of_all(begin: Begin, wanted: int) -> None:
    prefusion = begin().network.prefusion
    rows = torch.randn(2, 9, 64)
    whole, _ = prefusion(rows)
    torch.testing.assert_close(read_rows(prefusion, rows, wanted=wanted), whole[:, -wanted:], atol=1e-4, rtol=1e-4)


def test_a_row_looks_at_what_goes_before_it(begin: Begin) -> None:
    prefusion = begin().network.prefusion
    rows = torch.randn(2, 6, 64)
    weights = looks(prefusion.layers[0], rows, rotary_of(prefusion, rows), [(0, 2), (1, 5)])
    assert weights.shape == (2, 1, 6)
    torch.testing.assert_close(weights.sum(dim=-1), torch.ones(2, 1))
    assert (weights[0, :, 3:] == 0).all()
    assert (weights[1] > 0).all()


@pytest.mark.parametrize(("queries", "keys"), [(1, 5), (6, 70), (70, 71)])
def test_attention_of_the_last_rows_is_that_of_whole_sequences(queries: int, keys: int) -> None:
    query, key, value = torch.randn(3, 2, 3, keys, 8)
    whole, _ = training_attention(torch.nn.Identity(), query, key, value, None, scaling=0.3)
    last, _ = training_attention(torch.nn.Identity(), query[:, :, -queries:], key, value, None, scaling=0.3)
    torch.testing.assert_close(last, whole[:, -queries:])
