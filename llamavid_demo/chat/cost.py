"""What talking with a section will cost, before anything is read."""

import torch

from llamavid_demo.film import Movie, Section
from llamavid_demo.model.config import LlamaVidConfig
from llamavid_demo.model.plan import Plan, plan_section
from llamavid_demo.model.tokenizer import LlamaTokenizer


def section_plan(
    config: LlamaVidConfig,
    tokenizer: LlamaTokenizer,
    movie: Movie,
    section: Section,
    *,
    quantization: str | None,
    dtype: torch.dtype,
) -> Plan:
    """Plan a section of a movie with the tokens that its own subtitles take."""
    subtitles = sum(len(tokenizer.encode(cue.text)) for cue in movie.cues(section))
    return plan_section(
        config, frames=len(section.seconds), subtitle_tokens=subtitles, quantization=quantization, dtype=dtype
    )
