"""The KV cache written in place: whatever the chunks and cuts, logits equal those without a cache."""

import torch

from llamavid_demo.model.kv_cache import KVCache
from llamavid_demo.model.loaded import LoadedModel


@torch.no_grad()
def test_chunks_and_cuts_change_nothing(micro: LoadedModel) -> None:
    llama = micro.network.llama
    ids = torch.randint(3, 600, (1, 700), generator=torch.Generator().manual_seed(2))
    whole = llama(ids, use_cache=False).logits
    cache = KVCache(2)
    for start, end in ((0, 300), (300, 301), (301, 640)):
        llama(ids[:, start:end], past_key_values=cache)
    cache.cut(500)
    assert cache.get_seq_length() == 500
    rest = llama(ids[:, 500:], past_key_values=cache).logits
    assert torch.allclose(rest, whole[:, 500:], atol=1e-4)


@torch.no_grad()
def test_a_token_more_moves_no_buffer(micro: LoadedModel) -> None:
    cache = KVCache(2)
    micro.network.llama(torch.arange(3, 103)[None], past_key_values=cache)
    before = cache.layers[0].keys.data_ptr()
    micro.network.llama(torch.tensor([[5]]), past_key_values=cache)
    assert cache.layers[0].keys.data_ptr() == before
    assert cache.get_seq_length() == 101


@torch.no_grad()
def test_everything_can_be_forgotten(micro: LoadedModel) -> None:
    cache = KVCache(2)
    ids = torch.arange(3, 103)[None]
    first = micro.network.llama(ids, past_key_values=cache).logits
    cache.cut(0)
    assert torch.equal(micro.network.llama(ids, past_key_values=cache).logits, first)
