"""Ideal frame tokens: what perfect eyes would hand to the LLaMA, made of its own word embeddings."""

import torch

from llamavid_demo.model.llama_vid.tokenizer import BpeTokenizer
from llamavid_demo.model.real_world.named_tokens import NamedTokens, embed_words
from llamavid_demo.questions.words import WEATHER_WORDS
from llamavid_demo.training.ideal import WORDS


class WordTokens:
    """Embeddings of the words that frame tokens are made of, with the `table` (V, H) of a LLaMA.

    `named` are the real world's classes, `drawn` (words, H) the drawn world's `WORDS`.
    """

    def __init__(self, tokenizer: BpeTokenizer, table: torch.Tensor) -> None:
        self.width = table.shape[1]
        self.named = NamedTokens(tokenizer, table)
        self.drawn = embed_words(tokenizer, table, [WEATHER_WORDS.get(word, word) for word in WORDS])

    def nothing(self, frames: int) -> torch.Tensor:
        """Tokens (F, H) of frames that show nothing known."""
        return torch.zeros(frames, self.width)
