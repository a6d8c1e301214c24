"""A prefix that everybody reads, tails of their own: whatever the chunks and cuts, logits equal those of one pass."""

from copy import deepcopy

import pytest
import torch
from torch import nn
from torch.nn.attention.bias import CausalBias, CausalVariant
from transformers import LlamaConfig, LlamaForCausalLM

from llamavid_demo.model.attention import READING, BatchReading, LastLayerWritten, PrefixReading, Reading, TailReading
from llamavid_demo.model.attention_watch import AttentionWatch
from llamavid_demo.model.prefix import Prefix
from llamavid_demo.model.tail import Tail, TailBatch

PREFIX = 300


@pytest.fixture(scope="module", params=[4, 2], ids=["every head its keys", "two heads share keys"])
def llama(request: pytest.FixtureRequest) -> LlamaForCausalLM:
    torch.manual_seed(1)
    config = LlamaConfig(
        vocab_size=90, hidden_size=32, intermediate_size=64, num_hidden_layers=3, num_attention_heads=4,
        num_key_value_heads=request.param, attn_implementation=READING,
    )  # fmt: skip
    return LlamaForCausalLM(config).eval()


@pytest.fixture(scope="module")
def ids() -> torch.Tensor:
    return torch.randint(3, 90, (1, 700), generator=torch.Generator().manual_seed(2))


@torch.no_grad()
def step(llama: LlamaForCausalLM, ids: torch.Tensor, reading: Reading, start: int) -> torch.Tensor:
    places = torch.arange(start, start + ids.shape[1])[None]
    return llama(ids, position_ids=places, use_cache=False, reading=reading).logits


def filled(llama: LlamaForCausalLM, ids: torch.Tensor, *chunks: int, eight_bit: bool = False) -> Prefix:
    prefix = Prefix(3, sum(chunks), eight_bit=eight_bit)
    for tokens in chunks:
        with pytest.raises(LastLayerWritten):
            step(llama, ids[:, prefix.filled : prefix.filled + tokens], PrefixReading(prefix), prefix.filled)
        prefix.advance(tokens)
    return prefix


def said(llama: LlamaForCausalLM, reading: TailReading, ids: torch.Tensor) -> torch.Tensor:
    logits = step(llama, ids, reading, reading.visible + reading.tail.length)
    reading.tail.advance(ids.shape[1])
    return logits


@torch.no_grad()
def test_chunks_and_cuts_change_nothing(llama: LlamaForCausalLM, ids: torch.Tensor) -> None:
    whole = llama(ids, use_cache=False).logits
    reading = TailReading(filled(llama, ids, 200, 99, 1), Tail(3), PREFIX)
    for start, end in ((300, 301), (301, 640)):
        logits = said(llama, reading, ids[:, start:end])
        assert torch.allclose(logits, whole[:, start:end], atol=1e-5)
    reading.tail.cut(200)
    assert torch.allclose(said(llama, reading, ids[:, 500:]), whole[:, 500:], atol=1e-5)


@torch.no_grad()
def test_what_comes_later_in_the_prefix_can_stay_unseen(llama: LlamaForCausalLM, ids: torch.Tensor) -> None:
    prefix = filled(llama, ids, PREFIX)
    cropped = torch.cat([ids[:, :120], ids[:, 300:340]], dim=1)
    logits = said(llama, TailReading(prefix, Tail(3), 120), ids[:, 300:340])
    assert torch.allclose(logits, llama(cropped, use_cache=False).logits[:, 120:], atol=1e-5)


@torch.no_grad()
def test_conversations_share_a_prefix_and_do_not_touch_it(llama: LlamaForCausalLM, ids: torch.Tensor) -> None:
    prefix = filled(llama, ids, PREFIX)
    before, place = prefix.read(0, PREFIX)[0].clone(), prefix.read(0, PREFIX)[0].data_ptr()
    first, second = (TailReading(prefix, Tail(3), PREFIX) for _ in range(2))
    said(llama, first, ids[:, 400:450])
    other = said(llama, second, ids[:, 300:360])
    assert torch.allclose(other, llama(ids[:, :360], use_cache=False).logits[:, 300:], atol=1e-5)
    assert torch.equal(prefix.read(0, PREFIX)[0], before)
    assert prefix.read(0, PREFIX)[0].data_ptr() == place


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16])
@torch.no_grad()
def test_half_precision_is_close(llama: LlamaForCausalLM, ids: torch.Tensor, dtype: torch.dtype) -> None:
    whole = llama(ids[:, :340], use_cache=False).logits[:, PREFIX:]
    half = LlamaForCausalLM(llama.config).to(dtype)
    half.load_state_dict(llama.state_dict())
    logits = said(half, TailReading(filled(half, ids, 150, 150), Tail(3), PREFIX), ids[:, PREFIX:340])
    assert torch.allclose(logits.float(), whole, atol=0.03)


@torch.no_grad()
def test_a_token_more_moves_no_buffer(llama: LlamaForCausalLM, ids: torch.Tensor) -> None:
    reading = TailReading(filled(llama, ids, PREFIX), Tail(3), PREFIX)
    said(llama, reading, ids[:, :100])
    before = reading.tail.nbytes
    said(llama, reading, ids[:, :1])
    assert (reading.tail.nbytes, reading.tail.length) == (before, 101)


def test_a_prefix_takes_what_its_tokens_take(llama: LlamaForCausalLM, ids: torch.Tensor) -> None:
    heads, size = llama.config.num_key_value_heads, 8
    assert filled(llama, ids, PREFIX).nbytes == 2 * 3 * heads * PREFIX * size * 4


@torch.no_grad()
def test_in_8_bits_a_prefix_is_smaller_and_close(llama: LlamaForCausalLM, ids: torch.Tensor) -> None:
    prefix = filled(llama, ids, 200, 100, eight_bit=True)
    assert prefix.nbytes == 2 * 3 * llama.config.num_key_value_heads * PREFIX * (8 + 4)
    whole = llama(ids[:, :340], use_cache=False).logits[:, PREFIX:]
    logits = said(llama, TailReading(prefix, Tail(3), PREFIX), ids[:, PREFIX:340])
    assert torch.allclose(logits, whole, atol=0.01)
    assert not torch.equal(logits, whole)


def test_numbers_in_8_bits_are_off_by_half_a_step_at_most() -> None:
    keys, values = torch.randn(2, 3, 5, 64) * torch.tensor([1e-3, 1.0, 100.0])[:, None, None]
    keys[0, 0] = 0
    prefix = Prefix(1, 5, eight_bit=True)
    kept = prefix.write(0, keys, values)
    for exact, held in zip((keys, values), kept, strict=True):
        step = exact.abs().amax(dim=-1, keepdim=True) / 127
        assert ((held - exact).abs() <= step / 2 + 1e-6).all()


def test_what_was_not_read_cannot_be_asked(llama: LlamaForCausalLM, ids: torch.Tensor) -> None:
    with pytest.raises(ValueError, match="Only 300 tokens"):
        filled(llama, ids, PREFIX).read(0, PREFIX + 1)


@torch.no_grad()
def test_the_watch_sees_the_attention_on_the_prefix(llama: LlamaForCausalLM, ids: torch.Tensor) -> None:
    watch = AttentionWatch(PREFIX, frozenset({1}))
    reading = TailReading(filled(llama, ids, PREFIX), Tail(3), PREFIX, watch)
    said(llama, reading, ids[:, PREFIX:350])
    eager = LlamaForCausalLM(deepcopy(llama.config))
    eager.load_state_dict(llama.state_dict())
    eager.set_attn_implementation("eager")
    attention = eager(ids[:, :350], output_attentions=True).attentions[1]  # (1, heads, L, L)
    assert torch.allclose(watch.mass, attention[0, :, -1, :PREFIX].mean(dim=0), atol=1e-5)


@torch.no_grad()
def test_conversations_answer_together_as_they_would_alone(llama: LlamaForCausalLM, ids: torch.Tensor) -> None:
    """Five conversations before two prefixes, joining and leaving: each one's logits are those of its own one pass."""
    prefixes = [filled(llama, ids, PREFIX), filled(llama, ids[:, 50:], 120)]
    films = [ids[:, :PREFIX], ids[:, 50:170], ids[:, :PREFIX], ids[:, :200], ids[:, 50:170]]
    seen = ((0, PREFIX), (1, 120), (0, PREFIX), (0, 200), (1, 120))
    rows = [TailReading(prefixes[i], Tail(3), visible) for i, visible in seen]
    words = [ids[:, start : start + 40] for start in (300, 350, 400, 450, 500)]
    for row, own in zip(rows, words, strict=True):
        said(llama, row, own[:, :5])
    wanted = [llama(torch.cat(pair, dim=1), use_cache=False).logits[0] for pair in zip(films, words, strict=True)]
    batch, joined = TailBatch(3), list[int]()
    for at in range(12):
        if at < 5:
            batch.join(rows[at].tail)
            joined.append(at)
        if at in (7, 9):
            batch.leave(1)
            joined[1] = joined[-1]
            joined.pop()
        tokens = torch.cat([words[who][:, batch.lengths[row] :][:, :1] for row, who in enumerate(joined)])
        reading = BatchReading(batch, [rows[who] for who in joined])
        places = torch.tensor(reading.next_places)
        logits = llama(tokens, position_ids=places, use_cache=False, reading=reading).logits[:, 0]
        for row, who in enumerate(joined):
            at_token = rows[who].visible + batch.lengths[row]
            assert torch.allclose(logits[row], wanted[who][at_token], atol=1e-5)
        batch.advance()
    left = next(who for who in range(5) if who not in joined)
    went_on = rows[left].tail.length
    logits = said(llama, rows[left], words[left][:, went_on:])
    assert torch.allclose(logits[0], wanted[left][rows[left].visible + went_on :], atol=1e-5)


@torch.no_grad()
def test_each_of_a_batch_has_its_own_watch(llama: LlamaForCausalLM, ids: torch.Tensor) -> None:
    prefix, batch = filled(llama, ids, PREFIX), TailBatch(3)
    watches = [AttentionWatch(PREFIX, frozenset({1})) for _ in range(2)]
    rows = [TailReading(prefix, Tail(3), PREFIX) for _ in watches]
    for row, watch, start in zip(rows, watches, (300, 400), strict=True):
        said(llama, row, ids[:, start : start + 10])
        row.watch = watch
        batch.join(row.tail)
    reading = BatchReading(batch, rows)
    llama(ids[0, [310, 410], None], position_ids=torch.full((2, 1), 310), use_cache=False, reading=reading)
    for start, watch in zip((300, 400), watches, strict=True):
        alone, tail = AttentionWatch(PREFIX, frozenset({1})), Tail(3)
        said(llama, TailReading(prefix, tail, PREFIX), ids[:, start : start + 10])
        said(llama, TailReading(prefix, tail, PREFIX, alone), ids[:, start + 10 : start + 11])
        assert torch.allclose(watch.mass, alone.mass, atol=1e-6)


@torch.no_grad()
def test_second_looks_stand_at_their_frames(llama: LlamaForCausalLM, ids: torch.Tensor) -> None:
    """Looks and words in chunks, then a batch's step, against one pass with the same positions and mask."""
    places = [40, 130, 200, *range(PREFIX, 310), 90, 130, *range(310, 330)]
    positions = torch.tensor([*range(PREFIX), *places])
    before = positions < positions[:, None]
    seen = (before & torch.ones_like(before).tril()) | torch.eye(len(positions), dtype=torch.bool)
    stale = torch.isin(torch.arange(len(positions)), torch.tensor([30, 40, 130, 131]))
    seen &= ~((positions >= PREFIX)[:, None] & stale)
    hidden = stale[:PREFIX]
    mask = torch.zeros(seen.shape).masked_fill(~seen, float("-inf"))[None, None]
    read = ids[:, : len(positions)]
    whole = llama(read, position_ids=positions[None], attention_mask=mask, use_cache=False).logits[0]
    tail, at = Tail(3), PREFIX
    reading = TailReading(filled(llama, ids, PREFIX), tail, PREFIX, places=places, stale=hidden)
    for tokens in (2, 9, 12, 11):
        now = positions[at : at + tokens]
        assert list(reading.next_places(tokens)) == now.tolist()
        chunk = read[:, at : at + tokens]
        logits = llama(chunk, position_ids=now[None], use_cache=False, reading=reading).logits[0]
        assert torch.allclose(logits, whole[at : at + tokens], atol=1e-5)
        tail.advance(tokens)
        at += tokens
    batch = TailBatch(3)
    batch.join(tail)
    watch = reading.watch = AttentionWatch(PREFIX, frozenset({1}), words=3)
    step = BatchReading(batch, [reading])
    place = step.next_places[0][0]
    logits = llama(read[:, at : at + 1], position_ids=torch.tensor([[place]]), use_cache=False, reading=step).logits
    assert place == positions[at] and torch.allclose(logits[0], whole[at : at + 1], atol=1e-5)
    assert 0 < float(watch.words_mass.sum()) < 1


@torch.no_grad()
def test_layers_of_a_batch_may_be_on_several_devices() -> None:
    """The first layer on one device, the second on another: as two cards would, each has its own index tensors.

    The one is PyTorch's meta device, which has shapes alone and refuses tensors of other devices as a card does.
    """
    meta = torch.device("meta")

    def second_layer(first: torch.device) -> torch.Tensor:
        draw, batch, prefix = torch.Generator().manual_seed(3), TailBatch(2), Prefix(2, 20)
        rows = [TailReading(prefix, Tail(2), 20) for _ in range(2)]

        def made(*shape: int) -> list[torch.Tensor]:
            return [torch.randn(shape, generator=draw).to(device) for device in (first, "cpu") for _ in range(2)]

        for written, tokens in ((prefix, 20), (rows[0].tail, 3), (rows[1].tail, 5)):
            keys, values, *others = made(2, tokens, 8)
            written.write(0, keys, values)
            written.write(1, *others)
            written.advance(tokens)
        for row in rows:
            batch.join(row.tail)
        reading = BatchReading(batch, rows)
        keys, values, *others = made(2, 2, 1, 8)
        reading.attend(0, torch.randn(2, 4, 1, 8, generator=draw).to(first), keys, values, 0.5)
        return reading.attend(1, torch.randn(2, 4, 1, 8, generator=draw), *others, 0.5)

    assert torch.equal(second_layer(meta), second_layer(torch.device("cpu")))


def test_on_a_card_a_later_chunk_is_told_to_be_causal_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """No fused kernel of a card takes a mask of numbers when heads share keys; the words mean the same."""
    masks, attention = list[object](), nn.functional.scaled_dot_product_attention

    def seen(*args: torch.Tensor, **options: object) -> torch.Tensor:
        masks.append(options.get("attn_mask"))
        if args[0].is_meta:  # where it knows no shared keys
            return torch.empty_like(args[0])
        return attention(*args, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(nn.functional, "scaled_dot_product_attention", seen)
    query, key = torch.randn(1, 4, 30, 8), torch.randn(1, 2, 30, 8)
    for device in ("cpu", "meta"):  # the latter stands for any that is no CPU
        prefix = Prefix(2, 60)
        for _ in range(2):
            PrefixReading(prefix).attend(0, query.to(device), key.to(device), key.to(device), 0.5)
            prefix.advance(30)
    assert isinstance(masks[1], torch.Tensor) and not isinstance(masks[1], CausalBias)
    monkeypatch.undo()
    words = masks[3]
    assert isinstance(words, CausalBias) and words.variant == CausalVariant.LOWER_RIGHT
    keys = torch.cat([key, key], dim=2)
    told, shown = (attention(query, keys, keys, attn_mask=mask, enable_gqa=True) for mask in (words, masks[1]))
    assert torch.allclose(told, shown, atol=1e-6)


def test_the_first_token_may_count_as_much_as_all_that_follow() -> None:
    every, begun = (AttentionWatch(2, frozenset({1, 3}), words=1, beginning_counts=counts) for counts in (False, True))
    for watch in (every, begun):
        for layer in (1, 3):
            watch.add(layer, torch.tensor([[0.5, 0.25]]), torch.tensor([[0.25]]))
        assert watch.mass.tolist() == [1.0, 0.5] and watch.deepest()[1].tolist() == [0.25]
        for _ in range(4):
            watch.add(3, torch.tensor([[0.0, 1.0]]), torch.tensor([[0.0]]))
    assert every.mass.tolist() == [1.0, 4.5] and every.words_mass.tolist() == [0.5]
    assert begun.mass.tolist() == [1.0, 1.5] and begun.words_mass.tolist() == [0.5]
