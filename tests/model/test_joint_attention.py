"""Attention in blocks: what one softmax over everything gives, in as much memory as is allowed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from llamavid_demo.model import joint_attention
from llamavid_demo.model.attention import TailReading
from llamavid_demo.model.joint_attention import SCORE_BYTES, Block, attend_jointly, attend_unwatched
from llamavid_demo.model.prefix import Prefix
from llamavid_demo.model.tail import Tail

HEADS, GROUP, TOKENS, SIZE = 2, 3, 11, 8


class Largest(TorchDispatchMode):
    """Remembers the bytes of the largest tensor that is made, views aside."""

    def __init__(self) -> None:
        super().__init__()
        self.nbytes = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        given = {one.untyped_storage().data_ptr() for one in args if isinstance(one, torch.Tensor)}
        if isinstance(made, torch.Tensor) and made.untyped_storage().data_ptr() not in given:
            self.nbytes = max(self.nbytes, made.nbytes)
        return made


@contextmanager
def room_for(keys: int, *, rows: int) -> Iterator[None]:
    """Scores of so many rows on so many keys at once, no more."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(joint_attention, "SCORES", SCORE_BYTES * HEADS * rows * keys)
        yield


@pytest.mark.parametrize("keys", [1, 7, 40, 1000])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_blocks_give_what_one_softmax_gives(keys: int, dtype: torch.dtype) -> None:
    rows = 2 * torch.randn(HEADS, GROUP * TOKENS, SIZE)
    film, words = ((torch.randn(HEADS, n, SIZE), torch.randn(HEADS, n, SIZE)) for n in (90, 20))
    more, kept = torch.randn(HEADS, GROUP * TOKENS, 4), slice(TOKENS - 1, None, TOKENS)
    hidden = torch.rand(TOKENS, 90) < 0.3
    hidden[2] = True  # sees nothing of any of these blocks
    hidden[5, 50:] = True
    mask = torch.cat([hidden, torch.zeros(TOKENS, 24, dtype=torch.bool)], dim=1).repeat(GROUP, 1)
    scores = torch.cat([rows @ film[0].mT, rows @ words[0].mT, more], dim=-1).masked_fill(mask, float("-inf"))
    weights = scores.softmax(dim=-1)
    wanted = weights[..., :90] @ film[1] + weights[..., 90:110] @ words[1]
    (film, words), rows, more = (
        ([one.to(dtype) for one in pair] for pair in (film, words)),
        rows.to(dtype),
        more.to(dtype),
    )
    with room_for(keys, rows=GROUP * TOKENS):
        attended = attend_jointly(rows, [Block(film, hidden=hidden), Block(words)], more=more, kept=kept)
    atol = 1e-5 if dtype == torch.float32 else 2e-2
    assert attended.found.dtype == dtype
    assert torch.allclose(attended.found.float(), wanted, atol=atol)
    assert torch.allclose(attended.more, weights[..., 110:], atol=atol)
    assert torch.allclose(attended.kept, weights[:, kept, :110], atol=atol)


def read(prefix: Prefix, words: int, tokens: int) -> tuple[torch.Tensor, int]:
    """What so many words read behind a prefix, and the bytes of the largest tensor that this takes."""
    draw = torch.Generator().manual_seed(5)
    query = torch.randn(1, HEADS * GROUP, words, SIZE, generator=draw)
    key, value = (torch.randn(1, HEADS, words, SIZE, generator=draw) for _ in range(2))
    tail = Tail(1)
    tail.room = words
    with Largest() as largest:
        out = TailReading(prefix, tail, tokens).attend(0, query, key, value, 0.5)
    return out, largest.nbytes


def made(tokens: int, *, eight_bit: bool = False, dtype: torch.dtype = torch.float32) -> Prefix:
    prefix, draw = Prefix(1, tokens, eight_bit=eight_bit), torch.Generator().manual_seed(4)
    prefix.write(0, *torch.randn(2, HEADS, tokens, SIZE, generator=draw).to(dtype))
    prefix.advance(tokens)
    return prefix


def test_many_words_behind_a_long_film_take_no_more_than_their_room() -> None:
    rows, blocks = torch.randn(HEADS, GROUP * TOKENS, SIZE), [made(6000).block(0, 6000), made(200).block(0, 200)]
    with Largest() as largest:
        whole = attend_jointly(rows, blocks).found
    with room_for(500, rows=GROUP * TOKENS), Largest() as smaller:
        blocked = attend_jointly(rows, blocks).found
        allowed = joint_attention.SCORES
    assert torch.allclose(blocked, whole, atol=1e-5)
    assert smaller.nbytes <= allowed < largest.nbytes


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
@pytest.mark.parametrize("eight_bit", [False, True])
def test_what_nobody_watches_is_found_without_weights(dtype: torch.dtype, *, eight_bit: bool) -> None:
    rows, words = (2 * torch.randn(HEADS, GROUP * TOKENS, SIZE)).to(dtype), 700
    hidden, later = torch.rand(TOKENS, 6000) < 0.3, torch.ones(TOKENS, words, dtype=torch.bool).triu(words - TOKENS + 1)
    hidden[2] = True  # sees nothing of the film
    blocks = [
        made(n, eight_bit=eight_bit, dtype=dtype).block(0, n, hidden=unseen)
        for n, unseen in ((6000, hidden), (words, later))
    ]
    with Largest() as largest:
        found = attend_unwatched(rows, blocks)
    wanted = attend_jointly(rows.float(), [Block((b.keys.float(), b.values.float()), hidden=b.hidden) for b in blocks])
    assert found.dtype == dtype
    assert torch.allclose(found.float(), wanted.found, atol=1e-5 if dtype == torch.float32 else 2e-2)
    assert largest.nbytes <= rows.shape[1] * 6000 * dtype.itemsize  # what is hidden, for one head; no scores


def test_a_prefix_in_8_bits_is_never_made_numbers_as_a_whole() -> None:
    prefix = made(6000, eight_bit=True)
    out, most = read(prefix, 1, 6000)
    assert most < HEADS * 6000 * SIZE * 4 / 2  # half of the keys as numbers
    keys, values = prefix.read(0, 6000)
    plain = Prefix(1, 6000)
    plain.write(0, keys, values)
    plain.advance(6000)
    assert torch.allclose(out, read(plain, 1, 6000)[0], atol=1e-5)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16])
def test_little_weight_on_each_of_many_tokens_in_8_bits_counts(dtype: torch.dtype) -> None:
    tokens = 40_000  # each gets 1/40,000: times a scale of 1/12,700 that would be no number in half precision
    prefix = Prefix(1, tokens, eight_bit=True)
    prefix.write(0, *(torch.full((HEADS, tokens, SIZE), number, dtype=dtype) for number in (1.0, 0.01)))
    prefix.advance(tokens)
    found = attend_jointly(torch.ones(HEADS, GROUP, SIZE, dtype=dtype), [prefix.block(0, tokens)]).found
    assert torch.allclose(found.float(), torch.tensor(0.01), rtol=2e-2)
