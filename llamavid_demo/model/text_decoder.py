"""Text decoder: what the guide question asks of a frame (LLaMA-VID, section 3.1, text-guided query)."""

import torch
from torch import nn
from transformers import InstructBlipQFormerConfig, InstructBlipQFormerModel

from llamavid_demo.model.config import TextDecoderConfig


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
        """Text queries (B, M, C) for visual rows (B, R, C) and questions (B, L); the mask is 1 where a word is.

        On the movie path `visual` is the N patches; on the short-video path it has the CLS row in front.
        """
        queries = self.queries.expand(visual.shape[0], -1, -1)  # (B, M, D)
        mask = torch.cat([question_mask.new_ones(queries.shape[:2]), question_mask], dim=1)  # (B, M+L)
        rows = self.qformer(
            input_ids=question_ids,
            attention_mask=mask,
            query_embeds=queries,
            encoder_hidden_states=self.visual_norm(visual),
        ).last_hidden_state  # (B, M+L, D)
        return self.projector(rows[:, : queries.shape[1]])
