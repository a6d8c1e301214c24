"""A section on its way into the LLaMA: laid out as a prompt, read into a prefix for each guide question."""

from bisect import bisect_left
from collections.abc import Generator
from contextlib import AbstractContextManager

from llamavid_demo.chat.cost import memory_gigabytes, section_plan
from llamavid_demo.chat.decoding import fill
from llamavid_demo.chat.disk_cache import DiskCache
from llamavid_demo.chat.encoded_section import EncodedSection, joined, make_frame_tokens, tokens_key
from llamavid_demo.chat.prefixes import PrefixCache, SharedPrefix
from llamavid_demo.chat.progress import Progress
from llamavid_demo.film import Movie, Section
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.model.prompt import plain
from llamavid_demo.settings import Settings


class SectionReader:
    """Reads an encoded section for guide questions; what another conversation has read of it is not read again."""

    def __init__(
        self, model: LoadedModel, encoded: EncodedSection, cache: DiskCache, prefixes: PrefixCache, *, eight_bit: bool
    ) -> None:
        self.model, self.encoded, self.eight_bit = model, encoded, eight_bit
        self.prompt = model.section_prompt(encoded.texts)
        self._cache, self._prefixes = cache, prefixes

    def visible(self, until: float | None) -> tuple[int, str]:
        """What comes before a second of the film: tokens of the prompt, and the text behind the last frame seen.

        A cue that ends later is not known yet. The prompt is chronological, so what follows is simply not attended to.
        """
        if until is None:
            return len(self.prompt.ids), self.prompt.last_cues
        frames = bisect_left(self.encoded.times, until)
        cues = [cue for cue in self.encoded.cues[frames - 1] if cue.end <= until]
        return self.prompt.tokens_until(frames * self.model.config.tokens_per_frame), plain(joined(cues))

    def using(self, guide: str) -> AbstractContextManager[SharedPrefix]:
        """The prefix for a guide question, held while it is used."""
        key = {
            **tokens_key(self.model, self.encoded, guide), "quantization": self.model.quantization,
            "device": str(self.model.device), "prompt": self.prompt.ids,
        }  # fmt: skip
        layers = self.model.config.llama.num_hidden_layers
        return self._prefixes.using(key, layers=layers, tokens=len(self.prompt.ids), eight_bit=self.eight_bit)

    def read(self, shared: SharedPrefix, guide: str) -> Generator[Progress, None, None]:
        """Bring back or read what is missing of a prefix that is in use, chunk by chunk."""
        prefix, ids = shared.prefix, self.prompt.ids
        while not shared.filling.acquire(blocking=False):  # another conversation fills it, step by step as we wait
            yield Progress("prefill", prefix.filled, len(ids))
        try:
            if prefix.stowed:
                prefix.fetch()
            if prefix.filled < len(ids):
                tokens = yield from make_frame_tokens(self.model, self.encoded, guide, self._cache)
                yield from fill(self.model, prefix, ids, tokens)
        finally:
            shared.filling.release()


def held_in_eight_bits(model: LoadedModel, movie: Movie, section: Section, settings: Settings) -> bool:
    """Whether a section's keys and values are held in 8 bits: as the settings say, else where it would not fit."""
    if settings.kv_cache:
        return settings.kv_cache == "8bit"
    return section_plan(
        model.config, model.tokenizer, movie, section, quantization=model.quantization, dtype=model.dtype,
        gigabytes=memory_gigabytes(model.device), network=None if model.quantization else model.network,
    ).eight_bit  # fmt: skip
