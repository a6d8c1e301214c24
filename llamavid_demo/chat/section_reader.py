"""A section on its way into the LLaMA: laid out as a prompt, read into a prefix for each guide question."""

from collections.abc import Generator
from contextlib import AbstractContextManager
from dataclasses import dataclass

from llamavid_demo.chat.cost import memory_gigabytes, section_plan
from llamavid_demo.chat.decoding import fill
from llamavid_demo.chat.disk_cache import DiskCache
from llamavid_demo.chat.encoded_section import EncodedSection, make_rows, tokens_key
from llamavid_demo.chat.prefixes import PrefixCache, SharedPrefix
from llamavid_demo.chat.progress import Progress
from llamavid_demo.film import Movie, Section
from llamavid_demo.model.loaded import LoadedModel, SectionFrames
from llamavid_demo.settings import Settings


@dataclass(frozen=True)
class View:
    """What may be seen of a section: a reader's first `visible` tokens, and the text behind the last frame."""

    reader: "SectionReader"
    visible: int
    last_cues: str


class SectionReader:
    """Reads an encoded section for guide questions; what another conversation has read of it is not read again.

    Frames that words still read may keep `room` bytes.
    """

    def __init__(
        self,
        model: LoadedModel,
        encoded: EncodedSection,
        cache: DiskCache,
        prefixes: PrefixCache,
        *,
        eight_bit: bool,
        room: int = 0,
    ) -> None:
        self.model, self.encoded, self.eight_bit, self.room = model, encoded, eight_bit, room
        self.prompt = model.section_prompt(encoded.texts)
        self._cache, self._prefixes = cache, prefixes

    def view(self, until: float | None) -> View:
        """What comes before a second of the film; a cue that ends later is not known yet.

        The prompt is chronological, so what follows is simply not attended to; unless a model's words read all frames
        at once: then a section that ends there is read.
        """
        if until is None:
            return View(self, len(self.prompt.ids), self.prompt.last_cues)
        shorter = self.encoded.until(until)
        if not self.model.config.chronological:
            eight_bit, room = self.eight_bit, self.room
            reader = SectionReader(self.model, shorter, self._cache, self._prefixes, eight_bit=eight_bit, room=room)
            return reader.view(None)
        visible = self.prompt.tokens_until(len(shorter.times) * self.model.config.tokens_per_frame)
        return View(self, visible, self.model.section_prompt(shorter.texts[-1:]).last_cues)

    def using(self, guide: str) -> AbstractContextManager[SharedPrefix]:
        """The prefix for a guide question, held while it is used."""
        key = {
            **tokens_key(self.model, self.encoded, guide), "quantization": self.model.quantization,
            "device": str(self.model.device), "prompt": self.prompt.ids,
        }  # fmt: skip
        layers = self.model.config.llama.num_hidden_layers
        return self._prefixes.using(key, layers=layers, tokens=len(self.prompt.ids), eight_bit=self.eight_bit)

    def read(self, shared: SharedPrefix, guide: str) -> Generator[Progress, None, SectionFrames]:
        """Bring back or read what is missing of a prefix that is in use, chunk by chunk; gives its frames."""
        prefix, ids = shared.prefix, self.prompt.ids
        while not shared.filling.acquire(blocking=False):  # another conversation fills it, step by step as we wait
            yield Progress("prefill", prefix.filled, len(ids))
        try:
            batches = self.encoded.batches(self.model.frames_at_once)
            frames = shared.frames or self.model.section(self.prompt, guide, batches, room=self.room)
            if frames.lasting:
                shared.frames = frames
            if prefix.offloaded:
                prefix.restore()
            if prefix.filled < len(ids):
                rows = yield from make_rows(self.model, self.encoded, frames, guide, self._cache)
                yield from fill(self.model, prefix, frames.embed(ids, rows))
            return frames
        finally:
            shared.filling.release()


def held_in_eight_bits(model: LoadedModel, movie: Movie, section: Section, settings: Settings) -> bool:
    """Whether a section's keys and values are held in 8 bits: as the settings say, else where it would not fit."""
    if settings.kv_cache:
        return settings.kv_cache == "8bit"
    return section_plan(
        model.config, model.tokenizer, movie, section, quantization=model.quantization, dtype=model.dtype,
        gigabytes=memory_gigabytes(model.device), network=None if model.quantization else model.network,
        room=settings.frames_room,
    ).eight_bit  # fmt: skip
