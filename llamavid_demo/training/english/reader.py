"""The LLaMA at its lessons: one film with its talks forward, the loss on the answers and on where it looks for them."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import torch
from torch import nn
from transformers import AttentionInterface, LlamaForCausalLM
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

from llamavid_demo.model.config import middle_layers
from llamavid_demo.model.prompt import FRAME
from llamavid_demo.training.english.sequence import IGNORED, TalkSequence
from llamavid_demo.training.learning import autocast
from llamavid_demo.training.stages import StepResult

POINTING = 1.0  # weight of the loss on where to look
FIRST = 3.0  # weight of the first token of an answer
HEADS = 3  # of each pointing layer, one group
IN_BLOCKS = "in-blocks"
_BLOCKS = 4  # that a film is cut into


def pointing_layers(layers: int) -> list[int]:
    """Of so many, those whose first heads learn to look at the lines that an answer rests on."""
    return list(middle_layers(layers))[::2]


@dataclass
class Block:
    """Rows `start` to `end` of a sequence, the keys that they see, and a `bias` (rows, keys) that hides some."""

    start: int
    end: int
    keys: list[slice]
    bias: torch.Tensor


def blocks_of(sequence: TalkSequence, like: torch.Tensor) -> list[Block]:
    """The film in a few blocks, then each talk, which sees the film and itself; biases are `like` a tensor."""
    film, *ends = sequence.ends
    step = -(-film // _BLOCKS)
    cuts = [(start, min(start + step, film), [slice(0, min(start + step, film))]) for start in range(0, film, step)]
    cuts += [(a, b, [slice(0, film), slice(a, b)]) for a, b in pairwise((film, *ends))]
    blocks = []
    for start, end, keys in cuts:
        seen = torch.cat([sequence.seen[start:end, of] for of in keys], dim=1)
        bias = torch.zeros(seen.shape, dtype=like.dtype).masked_fill(~seen, float("-inf"))
        blocks.append(Block(start, end, keys, bias.to(like.device)))
    return blocks


def attention_in_blocks(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    scaling: float,
    blocks: Sequence[Block] = (),
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Attention with grouped heads, block by block: what a whole block doesn't see is left out.

    On a CPU the backward pass of SDPA in bfloat16 takes twice as long.
    """
    del module, attention_mask, kwargs
    rows = (query[0] * scaling).unflatten(0, (key.shape[1], -1))  # (kv heads, group, L, D)
    parts = []
    for block in blocks:
        keys, values = (torch.cat([part[0, :, of] for of in block.keys], dim=1) for part in (key, value))
        length = block.end - block.start
        scores = rows[:, :, block.start : block.end].flatten(1, 2) @ keys.mT
        weights = (scores.unflatten(1, (-1, length)) + block.bias).softmax(dim=-1, dtype=scores.dtype)
        parts.append((weights.flatten(1, 2) @ values).unflatten(1, (-1, length)))
    return torch.cat(parts, dim=2).flatten(0, 1).transpose(0, 1)[None].contiguous(), None


AttentionInterface.register(IN_BLOCKS, attention_in_blocks)


class TalkReader:
    """The LLaMA with its adapter. An answer is right when all that is learned of it is likeliest."""

    def __init__(self, llama: LlamaForCausalLM) -> None:
        self.llama = llama
        llama.set_attn_implementation(IN_BLOCKS)
        self.pointing = pointing_layers(llama.config.num_hidden_layers)

    def __call__(self, sequence: TalkSequence) -> StepResult:
        """Loss of a film with its talks, weighted mean over all tokens that are learned."""
        model, device = self.llama.model, self.llama.device
        with autocast(device):
            hidden = self._embed(sequence, device)
            places = sequence.places[None].to(device)
            rotary = model.rotary_emb(hidden, places)
            blocks, entering = blocks_of(sequence, hidden), dict[int, torch.Tensor]()
            for number, layer in enumerate(model.layers):
                if number in self.pointing:
                    entering[number] = hidden
                hidden = layer(hidden, position_embeddings=rotary, position_ids=places, blocks=blocks)
            learned = sequence.labels[1:] != IGNORED
            rows = model.norm(hidden[0, :-1][learned.to(device)])
            logits = self.llama.lm_head(rows).float()
            pointing, found = self._pointing(sequence, entering, rotary)
        wanted, owner = sequence.labels[1:][learned].to(device), sequence.owners[1:][learned]
        # An answer's first token decides whether it quotes, says yes or no, or that nobody tells.
        weights = torch.where(owner.diff(prepend=owner.new_tensor([-1])) != 0, FIRST, 1.0).to(device)
        losses = nn.functional.cross_entropy(logits, wanted, reduction="none")
        loss = (losses * weights).sum() / weights.sum()
        wrong = torch.zeros(len(sequence.kinds)).index_add(0, owner, (logits.argmax(-1) != wanted).float().cpu())
        right: dict[str, list[float]] = {"lines": found}
        for kind, mistakes in zip(sequence.kinds, wrong.tolist(), strict=True):
            right.setdefault(kind, []).append(float(mistakes == 0))
        return StepResult(loss + POINTING * pointing, right)

    def _embed(self, sequence: TalkSequence, device: torch.device) -> torch.Tensor:
        ids = sequence.ids.to(device)
        embedded = self.llama.model.embed_tokens(ids.masked_fill(ids == FRAME, 0))
        return embedded.masked_scatter((ids == FRAME)[:, None], sequence.tokens.to(device, embedded.dtype))[None]

    def _pointing(
        self, sequence: TalkSequence, entering: dict[int, torch.Tensor], rotary: tuple[torch.Tensor, torch.Tensor]
    ) -> tuple[torch.Tensor, list[float]]:
        """How little the pointing heads look at the lines, and for each pointer whether they look there mostly."""
        if not sequence.pointers:
            return sequence.tokens.new_zeros(()), []
        device = rotary[0].device
        at = torch.tensor([position for position, _ in sequence.pointers])
        targets = torch.zeros(len(at), len(sequence.ids), dtype=torch.bool)
        for row, (_, found) in enumerate(sequence.pointers):
            targets[row, found] = True
        hidden, targets, at = ~sequence.seen[at].to(device), targets.to(device), at.to(device)
        losses, shares = [], []
        for number, states in entering.items():
            layer: Any = self.llama.model.layers[number]
            attention, normed = layer.self_attn, layer.input_layernorm(states)
            query = attention.q_proj(normed[:, at]).unflatten(-1, (-1, attention.head_dim)).transpose(1, 2)
            key = attention.k_proj(normed).unflatten(-1, (-1, attention.head_dim)).transpose(1, 2)
            query = apply_rotary_pos_emb(query, query, *(part[:, at] for part in rotary))[0]
            key = apply_rotary_pos_emb(key, key, *rotary)[1]
            scores = (query[0, :HEADS] @ key[0, 0].mT).float() * attention.scaling  # (HEADS, P, L)
            share = (scores.masked_fill(hidden, float("-inf")).softmax(dim=-1) * targets).sum(dim=-1)  # (HEADS, P)
            losses.append(-(share + 1e-3).log().mean())
            shares.append(share.detach().mean(dim=0))
        looking: list[float] = (torch.stack(shares).mean(dim=0) > 0.5).float().tolist()
        return torch.stack(losses).mean(), looking
