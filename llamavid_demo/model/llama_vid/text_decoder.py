"""Text decoder: what the guide question asks of a frame (LLaMA-VID, section 3.1, text-guided query)."""

from typing import Any

import torch
from torch import nn
from transformers import InstructBlipQFormerConfig, InstructBlipQFormerModel
from transformers.masking_utils import create_bidirectional_mask

from llamavid_demo.model.llama_vid.config import TextDecoderConfig


class TextDecoder(nn.Module):
    """A Q-Former: learned queries read the question by self-attention and the frame by cross-attention."""

    def __init__(self, config: TextDecoderConfig, visual_width: int) -> None:
        super().__init__()
        self.queries = nn.Parameter(torch.zeros(1, config.queries, config.hidden))
        self.visual_norm = nn.LayerNorm(visual_width, eps=1e-5)
        self.qformer = InstructBlipQFormerModel(
            InstructBlipQFormerConfig(
                vocab_size=config.vocabulary,
                hidden_size=config.hidden,
                num_hidden_layers=config.layers,
                num_attention_heads=config.heads,
                intermediate_size=config.intermediate,
                max_position_embeddings=config.positions,
                encoder_hidden_size=visual_width,
                cross_attention_frequency=2,
                layer_norm_eps=1e-12,
                hidden_act="gelu",
                hidden_dropout_prob=0.0,
                attention_probs_dropout_prob=0.0,
            )
        )
        self.projector = nn.Linear(config.hidden, visual_width)

    def forward(self, visual: torch.Tensor, question_ids: torch.Tensor, question_mask: torch.Tensor) -> torch.Tensor:
        """Text queries (B, M, C) for visual rows (B, R, C) and one question or B (1|B, L); mask: 1 where a word is.

        On the movie path `visual` is the N patches; on the short-video path it has the CLS row in front.
        """
        visual, queries = self.visual_norm(visual), self.queries.expand(len(question_ids), -1, -1)
        mask = torch.cat([question_mask.new_ones(queries.shape[:2]), question_mask], dim=1)  # (1|B, M+L)
        rows = self.qformer.embeddings(input_ids=question_ids, query_embeds=queries)  # (1|B, M+L, D)
        seen: Any = create_bidirectional_mask(config=self.qformer.config, inputs_embeds=rows, attention_mask=mask)
        *layers, last = self.qformer.encoder.layer
        for layer in layers:
            rows = self._layer(layer, rows, visual, seen)
        return self.projector(self._layer(last, rows, visual, seen, words=False))

    def _layer(
        self,
        layer: Any,
        rows: torch.Tensor,
        visual: torch.Tensor,
        mask: torch.Tensor | None,
        *,
        words: bool = True,
    ) -> torch.Tensor:
        """One layer of the Q-Former on queries and words (1|B, M+L, D) → (B, M+L, D), or without `words` (B, M, D).

        What no frame has touched yet, most of the first layer, is reckoned once for all frames, and the words' part of
        the last layer, which nobody reads, not at all.
        """
        count = self.queries.shape[1]
        attended = rows if words else rows[:, :count]
        if mask is not None and not words:
            mask = mask[:, :, :count]
        attended = layer.attention(attended, encoder_hidden_states=rows, encoder_attention_mask=mask)
        queries = attended[:, :count]
        if layer.has_cross_attention:
            queries = queries.expand(len(visual), -1, -1)
            queries = layer.crossattention(queries, encoder_hidden_states=visual)
        queries = layer.feed_forward_chunk_query(queries)
        if not words:
            return queries
        return torch.cat([queries, layer.feed_forward_chunk(attended[:, count:]).expand(len(queries), -1, -1)], dim=1)
