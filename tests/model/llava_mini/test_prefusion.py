"""Pre-fusion in passes: visual rows alone, text on their keys and values, more text behind it."""

import pytest
import torch

from llamavid_demo.model.llava_mini.loaded import LoadedLlavaMini
from tests.model.llava_mini.conftest import load_tiny

WITHIN = 1e-5


def words(tiny: LoadedLlavaMini, count: int) -> torch.Tensor:
    ids = torch.randint(1, tiny.config.llama.vocab_size, (count,))
    return tiny.network.llama.get_input_embeddings()(ids)


def apart(ours: torch.Tensor, theirs: torch.Tensor) -> float:
    assert ours.shape == theirs.shape
    return float((ours - theirs).abs().max())


@pytest.fixture(autouse=True)
def _no_grad():
    with torch.no_grad():
        yield


@pytest.mark.parametrize("source", ["film", "picture"])
def test_split_pass_equals_joint_pass(tiny: LoadedLlavaMini, request: pytest.FixtureRequest, source: str) -> None:
    patches = request.getfixturevalue(source)
    network, text = tiny.network, words(tiny, 20)
    visual = network.visual_rows(patches)
    joint, joint_keys = network.prefusion(torch.cat([visual, text.expand(len(visual), -1, -1)], dim=1))
    seen = network.see(patches)
    rows, keys = network.prefusion(text.expand(len(visual), -1, -1), seen.keys)
    keys = [
        [torch.cat(both, dim=2) for both in zip(*pairs, strict=True)] for pairs in zip(seen.keys, keys, strict=True)
    ]
    assert apart(seen.compressed, joint[:, visual.shape[1] - 1 : visual.shape[1]]) < WITHIN
    assert apart(rows, joint[:, visual.shape[1] :]) < WITHIN
    for ours, theirs in zip(keys, joint_keys, strict=True):
        assert apart(ours[0], theirs[0]) < WITHIN and apart(ours[1], theirs[1]) < WITHIN


def test_kept_visual_keys_serve_text_after_text(tiny: LoadedLlavaMini, film: torch.Tensor) -> None:
    network = tiny.network
    kept = list(network.see_batches([film], frames_at_once=2))
    sizes = [frames.keys[0][0].shape for frames in kept]
    for count in (3, 9, 1):
        text = words(tiny, count)
        assert torch.equal(
            network.fuse(text, kept).text, network.fuse(text, network.see_batches([film], frames_at_once=2)).text
        )
    assert [frames.keys[0][0].shape for frames in kept] == sizes, "text must not stay behind in what was kept"


def test_longer_text_goes_on_from_its_beginning(tiny: LoadedLlavaMini, film: torch.Tensor) -> None:
    network, text = tiny.network, words(tiny, 30)
    whole = network.fuse(text, network.see_batches([film]))
    seen, pieces, rows = network.see(film), [], []
    for begin, end in ((0, 17), (17, 29), (29, 30)):
        read, keys = network.prefusion(text[begin:end].expand(len(film), -1, -1), seen.keys, *pieces)
        pieces.append(keys)
        rows.append(read.mean(dim=0))
    assert apart(torch.cat(rows), whole.text) < WITHIN


@pytest.mark.parametrize("frames_at_once", [1, 2, 4, 100])
def test_batches_of_frames_change_nothing(tiny: LoadedLlavaMini, film: torch.Tensor, frames_at_once: int) -> None:
    network, text = tiny.network, words(tiny, 12)
    one_by_one = [network.fuse(text, [network.see(frame)]) for frame in film.split(1)]
    fused = network.fuse(text, network.see_batches([film], frames_at_once=frames_at_once))
    assert apart(fused.text, torch.stack([frame.text for frame in one_by_one]).mean(dim=0)) < WITHIN
    assert apart(fused.compressed, torch.cat([frame.compressed for frame in one_by_one])) < WITHIN


def test_frames_are_let_go_once_their_batch_was_read(tiny: LoadedLlavaMini, film: torch.Tensor) -> None:
    network, asked = tiny.network, []

    def films():
        for frame in film.split(1):
            asked.append(len(asked))
            yield frame

    stream = network.see_batches(films())
    next(stream)
    assert asked == [0]
    network.fuse(words(tiny, 3), stream)
    assert len(asked) == len(film)


def test_only_wanted_rows_are_computed_and_are_the_same(tiny: LoadedLlavaMini, film: torch.Tensor) -> None:
    prefusion, visual = tiny.network.prefusion, tiny.network.visual_rows(film)
    every, every_keys = prefusion(visual)
    some, keys = prefusion(visual, wanted=3)
    assert apart(some, every[:, -3:]) < WITHIN
    for ours, theirs in zip(keys, every_keys, strict=True):
        assert apart(ours[0], theirs[0]) < WITHIN and apart(ours[1], theirs[1]) < WITHIN


def test_the_mean_is_taken_in_float32(film: torch.Tensor) -> None:
    half = load_tiny(dtype="bfloat16")
    text = words(half, 4)
    seen = list(half.network.see_batches([film] * 10, frames_at_once=3))
    rows = [half.network.prefusion(text.expand(len(s.compressed), -1, -1), s.keys)[0] for s in seen]
    mean = torch.cat(rows).double().mean(dim=0).to(torch.bfloat16)
    fused = half.network.fuse(text, seen).text
    assert fused.dtype == torch.bfloat16
    # a mean of 50 in bfloat16 itself would be off by far more than one rounding step
    assert ((fused - mean).abs() <= mean.abs() * 2**-7).all()
