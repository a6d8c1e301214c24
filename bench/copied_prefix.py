"""A peer: Hugging Face's prefix reuse. A section's keys and values in a DynamicCache, copied for each conversation."""

import time
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

import torch
from transformers import DynamicCache

from bench.stateless import Stateless, Turns
from llamavid_demo.model.llama_vid.prompt import conversation_text
from llamavid_demo.model.own_thread import in_own_thread


@dataclass(frozen=True)
class CopiedPrefix:
    """The section of a `Stateless`, read once for a guide question; `generate` goes on from a copy of its cache.

    As in transformers' guide to caching: a cache that `generate` has used holds the conversation, so each one needs a
    copy of its own, and each question brings the words of all turns.
    """

    peer: Stateless
    cache: DynamicCache

    @classmethod
    @in_own_thread
    @torch.inference_mode()
    def of(cls, peer: Stateless, guide: str) -> "CopiedPrefix":
        """Read the section in one pass."""
        cache, llama = DynamicCache(), peer.model.network.llama
        llama.model(inputs_embeds=peer.section_embeds(guide), past_key_values=cache, use_cache=True)
        return cls(peer, cache)

    @in_own_thread
    def first_token_s(self, turns: Turns) -> float:
        """Seconds until the first token of an answer to the last of the turns, the copy included."""
        began = time.perf_counter()
        self.ids(turns, 1)
        return time.perf_counter() - began

    @torch.inference_mode()
    def ids(self, turns: Turns, new: int) -> list[int]:
        """So many greedy ids of an answer to the last of the turns."""
        model, prompt, llama = self.peer.model, self.peer.prompt, self._llama
        words = model.tokenizer.encode(conversation_text(model.tokenizer, model.config.prompt, prompt.last_cues, turns))
        ids = torch.tensor([[0] * len(prompt.ids) + words], device=model.device)  # what was read is only counted
        written = llama.generate(
            ids, attention_mask=torch.ones_like(ids), past_key_values=deepcopy(self.cache), max_new_tokens=new,
            min_new_tokens=new, do_sample=False, use_cache=True, pad_token_id=0,
        )  # fmt: skip
        return list(written[0, ids.shape[1] :].tolist())

    @property
    def _llama(self) -> Any:
        return self.peer.model.network.llama
