"""The baseline: the same model without a memory, as in the original demo. Each question reads the film anew."""

import time
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers.generation.streamers import BaseStreamer

from llamavid_demo.chat import encode_section, open_cache
from llamavid_demo.chat.encoded_section import EncodedSection
from llamavid_demo.chat.progress import finish
from llamavid_demo.film import Movie
from llamavid_demo.model.llama_vid.loaded import LoadedLlamaVid
from llamavid_demo.model.llama_vid.prompt import conversation_text
from llamavid_demo.model.own_thread import in_own_thread
from llamavid_demo.model.prompt import SectionPrompt
from llamavid_demo.settings import Settings

Turns = list[tuple[str, str | None]]


@dataclass(frozen=True)
class Stateless:
    """Frame tokens, prompt and answer made from patches each time, by Hugging Face's `generate` and DynamicCache."""

    model: LoadedLlamaVid
    section: EncodedSection
    prompt: SectionPrompt

    @classmethod
    def of(cls, model: LoadedLlamaVid, movie: Movie, settings: Settings) -> "Stateless":
        """About the first section of a movie whose patches are stored."""
        section = finish(encode_section(model, movie, movie.sections[0], open_cache(settings)))
        return cls(model, section, model.section_prompt(section.texts(model)))

    @in_own_thread
    def first_token_s(self, turns: Turns) -> float:
        """Seconds until the first token of an answer to the last of the turns."""
        began = time.perf_counter()
        self.ids(turns, 1)
        return time.perf_counter() - began

    @in_own_thread
    def tokens_per_s(self, question: str, tokens: int) -> float:
        """Tokens a second of an answer of so many, what its first one takes left out."""
        steps = Steps()
        self._generate(self._embeds([(question, None)]), tokens, steps)
        return (tokens - 1) / (steps.times[-1] - steps.times[-tokens])

    @torch.inference_mode()
    def section_embeds(self, guide: str) -> torch.Tensor:
        """Embeddings (1, P, H) of the section, its frame tokens made for a guide question."""
        batches = self.section.batches(self.model.frames_at_once)
        tokens = torch.cat([self.model.frame_tokens(batch, guide) for batch in batches])
        return self.model.embed(self.prompt.ids, tokens)

    def ids(self, turns: Turns, new: int) -> list[int]:
        """So many greedy ids of an answer to the last of the turns."""
        return self._generate(self._embeds(turns), new)

    def _embeds(self, turns: Turns) -> torch.Tensor:
        """Embeddings (1, L, H) of the section and the turns."""
        text = conversation_text(self.model.tokenizer, self.model.config.prompt, self.prompt.last_cues, turns)
        words = self.model.embed(self.model.tokenizer.encode(text))
        return torch.cat([self.section_embeds(turns[0][0]), words], dim=1)

    @torch.inference_mode()
    def _generate(self, embeds: torch.Tensor, new: int, steps: "Steps | None" = None) -> list[int]:
        llama: Any = self.model.network.llama
        written = llama.generate(
            inputs_embeds=embeds, attention_mask=torch.ones(embeds.shape[:2], dtype=torch.long, device=embeds.device),
            max_new_tokens=new, min_new_tokens=new, do_sample=False, use_cache=True, pad_token_id=0, streamer=steps,
        )  # fmt: skip
        return list(written[0].tolist())  # waits until a card is done


@dataclass
class Steps(BaseStreamer):
    """When each token was there: what `generate` tells its streamers."""

    times: list[float] = field(default_factory=list)

    def put(self, value: torch.Tensor) -> None:
        """Called by `generate` with the prompt, then with each token."""
        self.times.append(time.perf_counter())

    def end(self) -> None:
        """Called by `generate` after the last one."""
