"""Ideal frame tokens: what perfect eyes would hand to the LLaMA, made of its own word embeddings."""

import torch

from llamavid_demo.model.llama_vid.config import LookWords
from llamavid_demo.model.llama_vid.look_lines import LookReader
from llamavid_demo.model.llama_vid.tokenizer import BpeTokenizer
from llamavid_demo.model.real_world.named_tokens import NamedTokens, embed_words
from llamavid_demo.questions.words import WEATHER_WORDS
from llamavid_demo.storybook.world import ACTIONS, COLOURS, PLACES, THINGS, TIMES, WEATHERS
from llamavid_demo.training.ideal import NO

LOOK_WORDS = LookWords(  # in the order of `ideal.WORDS`
    scene=(PLACES, TIMES, tuple(WEATHER_WORDS.get(word, word) for word in WEATHERS)),
    things=THINGS,
    traits=(COLOURS, ACTIONS),
    question="What is the {} doing?",
    others=(NO,),
)


class WordTokens:
    """Embeddings of the words that frame tokens are made of, with the `table` (V, H) of a LLaMA.

    `named` are the real world's classes, `drawn` (words, H) the drawn world's `WORDS`.
    """

    def __init__(self, tokenizer: BpeTokenizer, table: torch.Tensor) -> None:
        self.width = table.shape[1]
        self.named = NamedTokens(tokenizer, table)
        self.drawn = embed_words(tokenizer, table, LOOK_WORDS.all)
        self.look_reader = LookReader(LOOK_WORDS, tokenizer, table)

    def nothing(self, frames: int) -> torch.Tensor:
        """Tokens (F, H) of frames that show nothing known."""
        return torch.zeros(frames, self.width)
