"""What a LLaVA-Mini begins with is a LLaMA-VID."""

from collections.abc import Callable

import torch

from llamavid_demo.training.llava_mini.beginning import begin_prefusion, fit_compressor
from llamavid_demo.training.llava_mini.distilling import begin_tower
from llamavid_demo.training.llava_mini.run import MiniTraining

Begin = Callable[..., MiniTraining]


def test_known_words_stay_and_added_ones_are_like_them(begin: Begin) -> None:
    training = begin()
    known, words = (network.llama.model.embed_tokens.weight for network in (training.base, training.network))
    assert torch.equal(words[: len(known)], known)
    assert torch.equal(words[training.form.tokenizer.eos], known[training.base_tokenizer.eos])
    assert len(training.network.llama.lm_head.weight) == len(words) == len(training.form.tokenizer)


def test_prefusion_begins_by_changing_nothing(begin: Begin) -> None:
    prefusion = begin().network.prefusion
    begin_prefusion(prefusion, torch.Generator().manual_seed(0))
    rows = torch.randn(2, 5, 64)
    assert torch.equal(prefusion(rows)[0], rows)


def test_the_compressor_begins_as_the_mean_over_patches(begin: Begin) -> None:
    compressor = begin().network.compressor
    width = compressor.query.shape[1]
    kinds = torch.randn(4, 64, width)  # a frame is mostly of few kinds of patches
    patches = kinds[torch.randint(4, (400,))] + 0.3 * torch.randn(400, 64, width)
    with torch.no_grad():
        explained = fit_compressor(compressor, patches)
        tokens, mean = compressor(patches), patches.mean(dim=1, keepdim=True)
    assert explained > 0.9
    error = (tokens - mean).square().mean() / mean.var()
    assert error < 2 * (1 - explained) + 0.01


def test_several_queries_begin_with_what_is_near_them(begin: Begin) -> None:
    compressor = begin(compressor_size=2).network.compressor
    with torch.no_grad():
        looks = compressor.scores(torch.randn(50, 64, compressor.query.shape[1])).mean(dim=0)  # (4, 64)
    quarters = looks.view(2, 2, 2, 4, 2, 4).sum(dim=(3, 5))  # of queries' rows and columns, those of the patches
    for row in range(2):
        for column in range(2):
            assert float(quarters[row, column, row, column]) > 0.5


def test_the_tower_begins_as_that_of_llama_vid_but_for_its_norm(begin: Begin) -> None:
    training = begin()
    clip, eva = training.network.vision, training.base.vision
    torch.nn.init.normal_(eva.tower.embeddings.patch_embedding.bias)
    pictures = torch.randn(2, 3, 112, 112)
    with torch.no_grad():
        begin_tower(clip, eva, pictures)
        clip.clip.register_module("pre_layrnorm", torch.nn.Identity())
        for block in clip.clip.encoder.layers:
            block.mlp.activation_fn = torch.nn.GELU()
        torch.testing.assert_close(clip(pictures), eva(pictures)[:, 1:], atol=1e-3, rtol=1e-3)
        last = clip.clip.encoder.layers[-1]
        rows = torch.randn(1, 65, 192)
        assert torch.equal(last(rows, None), rows)
