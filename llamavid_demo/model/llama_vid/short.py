"""The prompts of the releases for what is no movie: pictures and short clips, and text alone, in vicuna's format.

Frames stand at the beginning of the first question, as the original command line and its evaluation have it.
"""

import copy
from dataclasses import replace

from llamavid_demo.film import Movie
from llamavid_demo.model.llama_vid.config import VICUNA, PromptFormat
from llamavid_demo.model.llama_vid.loaded import LoadedLlamaVid
from llamavid_demo.model.loaded import LoadedModel

LONGEST_CLIP = 180.0  # seconds: the most that the original demo takes for a short video
SHORT = PromptFormat(opening=VICUNA, closing="\n")
NO_PICTURE = replace(SHORT, closing="")


def is_short(movie: Movie) -> bool:
    """Whether the original takes a film for a short clip: three minutes at most, of which nobody wrote down a word."""
    return movie.duration <= LONGEST_CLIP and not (movie.subtitles and movie.subtitles.cues)


def with_prompt(model: LoadedModel, texts: PromptFormat) -> LoadedModel:
    """The same weights with other fixed texts, where they are the releases'; a model with texts of its own as it is.

    Both share one network: only one of them may compute at a time.
    """
    if not isinstance(model, LoadedLlamaVid) or model.config.prompt != PromptFormat():
        return model
    network = copy.copy(model.network)
    network.config = replace(model.config, prompt=texts)
    return replace(model, network=network)
