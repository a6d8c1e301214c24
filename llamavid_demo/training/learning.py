"""The LLaMA at its lessons: forward over a batch, and what it is taught by.

The answers themselves; at its middle the notes; and where to look: heads of two upper layers are drawn to
where the next word is found, one below to the beginnings of scenes, which is how it counts them. Without notes
and pointers it guesses for hours before it begins to look things up.
"""

import shutil
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import nn
from transformers import AttentionInterface, LlamaForCausalLM
from transformers.models.llama.modeling_llama import apply_rotary_pos_emb

from llamavid_demo.questions import Question
from llamavid_demo.training.notes import NOTE, NoteHeads
from llamavid_demo.training.sequences import IGNORED, SequenceBatch
from llamavid_demo.training.stages import StepResult

POINTING = 0.3  # weight of the loss on where to look
NOTING = 0.5  # weight of the loss on the notes
POINTING_HEADS = 3  # scenes and places, things, subtitles
COUNTING = 0.5  # weight of the loss on what it counts scenes by
START = 8  # beginnings that the very start counts for: n of n + START tells many scenes apart better than n of n + 1
CALM = 0.01  # weight that keeps the counting head's scores small: bfloat16 tells large ones apart too coarsely
TRAINING_ATTENTION = "training"
LONGEST_COMPILED = 1024  # tokens; for rare lengths compiling takes longer than it saves
_BLOCKS = 4  # that queries are cut into on a CPU


def product_type(device: torch.device) -> torch.dtype:
    """bfloat16 where a device multiplies in it; other CPUs would take 24 times as long as in float32."""
    has_it = device.type != "cpu" or torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported()
    return torch.bfloat16 if has_it else torch.float32


def autocast(device: torch.device) -> torch.autocast:
    """Matrix products in bfloat16, where the device has them."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=product_type(device) == torch.bfloat16)


def pointing_layers(layers: int) -> range:
    """Of so many, those whose heads learn to look at where the next word is found: two above the middle."""
    middle = (layers + 1) // 2
    return range(middle, min(middle + 2, layers))


def training_attention(
    module: nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    *,
    scaling: float,
    **kwargs: Any,
) -> tuple[torch.Tensor, None]:
    """Causal attention, or to what a mask (B, 1, Q, K) shows; on a CPU in bfloat16, where SDPA's backward is slow.

    Queries are those of the whole sequences, or of as many last rows as there are.
    """
    del module, kwargs
    before = key.shape[2] - query.shape[2]
    if attention_mask is not None:
        bias = torch.zeros_like(attention_mask, dtype=query.dtype).masked_fill(~attention_mask, float("-inf"))
        scores = query * scaling @ key.mT + bias
        return (scores.softmax(dim=-1, dtype=scores.dtype) @ value).transpose(1, 2).contiguous(), None
    if query.is_cuda and before:
        mask = torch.ones(query.shape[2], key.shape[2], dtype=torch.bool, device=query.device).tril(before)
        out = nn.functional.scaled_dot_product_attention(query, key, value, attn_mask=mask, scale=scaling)
        return out.transpose(1, 2).contiguous(), None
    if query.is_cuda:
        out = nn.functional.scaled_dot_product_attention(query, key, value, is_causal=True, scale=scaling)
        return out.transpose(1, 2).contiguous(), None
    shape = query.shape[:2]
    length, rows = query.shape[2], query.shape[0] * query.shape[1]
    query, key, value = query.flatten(0, 1) * scaling, key.flatten(0, 1), value.flatten(0, 1)
    block = -(-length // _BLOCKS)
    parts = []
    for start in range(0, length, block):  # later keys are hidden from a whole block: leave them out
        end = min(start + block, length)
        seen = before + end
        hidden = torch.full((end - start, seen), float("-inf"), dtype=query.dtype).triu(1 + before + start)
        scores = torch.baddbmm(hidden.expand(rows, -1, -1), query[:, start:end], key[:, :seen].mT)
        parts.append(scores.softmax(dim=-1, dtype=scores.dtype) @ value[:, :seen])
    out = torch.cat(parts, dim=1).unflatten(0, shape)
    return out.transpose(1, 2).contiguous(), None


AttentionInterface.register(TRAINING_ATTENTION, training_attention)


def _compiled(layers: Sequence[nn.Module]) -> list[Callable[..., torch.Tensor]]:
    """The layers as calls of one compiled function, so that a new length is compiled once and not for each layer."""

    def call(weights: dict[str, torch.Tensor], hidden: torch.Tensor, **rest: Any) -> torch.Tensor:
        return torch.func.functional_call(layers[0], weights, (hidden,), rest)

    compiled = torch.compile(call, dynamic=False)
    return [partial(compiled, dict(layer.named_parameters())) for layer in layers]


class Reader:
    """The LLaMA with its note heads; layers are compiled where a compiler is at hand, up to so many tokens."""

    def __init__(self, llama: LlamaForCausalLM, notes: NoteHeads, *, longest_compiled: int = LONGEST_COMPILED) -> None:
        self.llama, self.notes, self.longest_compiled = llama, notes, longest_compiled
        llama.set_attn_implementation(TRAINING_ATTENTION)
        layers = list(llama.model.layers)
        self.layers: Sequence[Callable[..., torch.Tensor]] = layers
        self.compiled = self.layers
        if llama.device.type == "cuda" or shutil.which("c++"):
            torch._dynamo.config.recompile_limit = 64
            self.compiled = _compiled(layers)
        self.middle = (len(layers) + 1) // 2
        self.pointing = pointing_layers(len(layers))

    def __call__(self, batch: SequenceBatch, tokens: torch.Tensor, questions: Sequence[Question]) -> StepResult:
        """Loss of a batch with the frame tokens (F, H) of all films; see `read`."""
        return self.read(batch, batch.embeddings(self.llama.model.embed_tokens, tokens), questions)

    def read(self, batch: SequenceBatch, hidden: torch.Tensor, questions: Sequence[Question]) -> StepResult:
        """Loss of a batch from its embeddings (B, L, H); an answer is right when its every token is the likeliest.

        `questions` are those of all films in their order.
        """
        device = hidden.device
        labels, owners = batch.labels[:, 1:], batch.owners[:, 1:]
        learned = labels != IGNORED
        wanted, owner = labels[learned].to(device), owners[learned]
        model = self.llama.model
        with autocast(device):
            places, seen = batch.places.to(device), batch.seen(device)
            rotary = model.rotary_emb(hidden, places)
            entering = []
            for layer in self.compiled if hidden.shape[1] <= self.longest_compiled else self.layers:
                entering.append(hidden)
                hidden = layer(hidden, attention_mask=seen, position_ids=places, position_embeddings=rotary)
            rows = model.norm(hidden[:, :-1][learned.to(device)])
            logits = self.llama.lm_head(rows).float()
            pointing = self._pointing_loss(batch, entering, rotary)
            counting = self._counting_loss(batch, entering, rotary)
        noting, noted = self.notes.loss(entering[self.middle], batch.notes)
        loss = nn.functional.cross_entropy(logits, wanted)
        loss = loss + POINTING * pointing + COUNTING * counting + NOTING * noting
        right = {f"{NOTE}{kind}": [share] * 10 for kind, share in noted.items()}
        wrong = torch.zeros(len(questions)).index_add(0, owner, (logits.argmax(-1) != wanted).float().cpu())
        asked = torch.zeros(len(questions), dtype=torch.bool)
        asked[owner] = True
        for question, mistakes, learn in zip(questions, wrong.tolist(), asked.tolist(), strict=True):
            if learn:
                right.setdefault(question.family, []).append(float(mistakes == 0))
        return StepResult(loss, right)

    def _pointing_loss(
        self, batch: SequenceBatch, entering: Sequence[torch.Tensor], rotary: tuple[torch.Tensor, torch.Tensor]
    ) -> torch.Tensor:
        """How little heads of two upper layers look at where the next word is found; 0 when nothing is pointed at."""
        if not len(batch.rows):
            return entering[0].new_zeros(())
        device = entering[0].device
        targets, positions = batch.targets.to(device), batch.positions.to(device)
        hidden = torch.arange(targets.shape[1], device=device)[None] > positions[:, None]
        if (seen := batch.seen(device)) is not None:
            hidden = ~seen[batch.rows.to(device), 0, positions]
        losses = []
        for number in self.pointing:
            query, key = self._queries_and_keys(number, entering, rotary)
            heads = min(POINTING_HEADS, query.shape[1])
            chosen = (batch.rows * heads + batch.heads % heads).to(device) * query.shape[2] + positions
            scores = query[:, :heads] @ key[:, :heads].mT  # (B, heads, L, L), of which few rows are asked for
            # index_select, as the gradient of plain indexing adds up in an order that changes from run to run
            asked = scores.flatten(0, 2).index_select(0, chosen).float()  # (P, L)
            weights = asked.masked_fill(hidden, float("-inf")).softmax(dim=-1)
            losses.append(-((weights * targets).sum(dim=1) + 1e-4).log().mean())
        return torch.stack(losses).mean()

    def _counting_loss(
        self, batch: SequenceBatch, entering: Sequence[torch.Tensor], rotary: tuple[torch.Tensor, torch.Tensor]
    ) -> torch.Tensor:
        """How far, at every frame, a head below the middle is from equal attention to each scene's first frame so far.

        The very start gets as much as `START` of them: its share of the attention then tells how many there are.
        """
        begins = batch.notes["begins"].to(entering[0].device)
        frames = begins >= 0
        if not frames.any():
            return entering[0].new_zeros(())
        query, key = (heads[:, 0].float() for heads in self._queries_and_keys(self.middle - 1, entering, rotary))
        places = torch.arange(begins.shape[1], device=begins.device)
        later = places > places[:, None]
        scores = (query @ key.mT).masked_fill(later, float("-inf"))  # (B, L, L)
        norm = scores.logsumexp(dim=-1)
        counts = (begins == 1).float() + START * (places == 0)  # (B, L)
        counts = (counts[:, None] * ~later)[frames]
        many = counts.sum(dim=-1)
        wanted = counts / many[:, None]
        seen = scores[frames].masked_fill(wanted == 0, 0)
        apart = (wanted.xlogy(wanted) - wanted * seen).sum(dim=-1) + norm[frames]  # Kullback-Leibler, in nats
        # Of many scenes one more is a smaller part: the more there are, the more exact it has to be.
        return ((many.square() * apart.clamp(min=0)).log1p() + CALM * norm[frames].square()).mean()

    def _queries_and_keys(
        self, number: int, entering: Sequence[torch.Tensor], rotary: tuple[torch.Tensor, torch.Tensor]
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Queries, scaled, and keys (B, heads, L, D) of a layer."""
        layer = self.llama.model.layers[number]
        attention = layer.self_attn
        normed = layer.input_layernorm(entering[number])
        query, key = (
            project(normed).unflatten(-1, (-1, attention.head_dim)).transpose(1, 2)
            for project in (attention.q_proj, attention.k_proj)
        )
        query, key = apply_rotary_pos_emb(query, key, *rotary)
        return query * attention.scaling, key
