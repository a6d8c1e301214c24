"""A section on its way into the LLaMA: laid out as a prompt, read into a prefix for each guide question."""

from collections.abc import Generator
from dataclasses import dataclass

from llamavid_demo.chat.cost import memory_gigabytes, section_plan
from llamavid_demo.chat.decoding import fill, read
from llamavid_demo.chat.disk_cache import DiskCache
from llamavid_demo.chat.encoded_section import EncodedSection, make_rows, tokens_key
from llamavid_demo.chat.ledger import Bytes, added
from llamavid_demo.chat.prefixes import Overview, PrefixCache, SharedPrefix
from llamavid_demo.chat.progress import Progress, tell
from llamavid_demo.chat.reading_times import reading_times
from llamavid_demo.chat.sizes import prefix_bytes, tail_bytes
from llamavid_demo.chat.task import Priority, Steps
from llamavid_demo.film import Cue, Movie, Section
from llamavid_demo.model.attention import TailReading
from llamavid_demo.model.loaded import NEUTRAL_GUIDE, NO_GUIDE, LoadedModel
from llamavid_demo.model.placement import held_form
from llamavid_demo.model.prefix import Prefix
from llamavid_demo.model.section_frames import SectionFrames
from llamavid_demo.model.tail import Tail
from llamavid_demo.options import Guide, Reads
from llamavid_demo.settings import Settings


@dataclass(frozen=True)
class View:
    """What may be seen of a section: a reader's first `visible` tokens, the text behind the last frame; its cues."""

    reader: "SectionReader"
    visible: int
    last_cues: str
    cues: tuple[tuple[Cue, ...], ...]


class SectionReader:
    """Reads an encoded section for guide questions; what another conversation has read of it is not read again.

    Frames that words still read may keep `room` bytes; second looks read `looks` frames. It `reads` frames and
    subtitles, or one of them: with "subtitles" frames keep their places and are not `seen`, and no guide changes
    anything.
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
        looks: int = 0,
        reads: Reads = "both",
    ) -> None:
        self.model, self.eight_bit, self.room, self.looks, self.reads = model, eight_bit, room, looks, reads
        self.encoded = encoded.without_cues() if reads == "frames" else encoded
        self.prompt = model.section_prompt(self.encoded.texts(model))
        self._cache, self.prefixes = cache, prefixes

    @property
    def seen(self) -> bool:
        """Whether it reads frames."""
        return self.reads != "subtitles"

    def reading(self, encoded: EncodedSection, reads: Reads) -> "SectionReader":
        """A reader like this one of another section, or of the same one otherwise."""
        return SectionReader(
            self.model, encoded, self._cache, self.prefixes,
            eight_bit=self.eight_bit, room=self.room, looks=self.looks, reads=reads,
        )  # fmt: skip

    def view(self, until: float | None) -> View:
        """What comes before a second of the film; a cue that ends later is not known yet.

        The prompt is chronological, so what follows is simply not attended to; unless a model's words read all frames
        at once: then a section that ends there is read.
        """
        if until is None:
            return View(self, len(self.prompt.ids), self.prompt.last_cues, self.encoded.cues)
        shorter = self.encoded.until(until)
        if not self.model.config.chronological:
            return self.reading(shorter, self.reads).view(None)
        visible = self.prompt.tokens_until(len(shorter.times) * self.model.config.tokens_per_frame)
        last_cues = self.model.section_prompt(shorter.texts(self.model)[-1:]).last_cues
        return View(self, visible, last_cues, shorter.cues)

    @property
    def nbytes(self) -> Bytes:
        """Bytes that a prefix takes with its overview, at most, and what is kept of its frames, device by device."""
        return added(self.section_bytes, tail_bytes(self.model, self.overview_tokens))

    @property
    def section_bytes(self) -> Bytes:
        """The same without the overview, as `SectionCost` says it."""
        tokens, frames = len(self.prompt.ids), len(self.encoded.times)
        return prefix_bytes(self.model, tokens, frames, eight_bit=self.eight_bit, room=self.room)

    @property
    def overview_tokens(self) -> int:
        """Words that conversations begin with, whatever is asked, at most."""
        return self.model.look_tokens(self.looks, 0)

    def take(self, guide: str) -> SharedPrefix | None:
        """The prefix for a guide question, to be given back to `prefixes`; None while there is no room for it."""
        key = {
            **tokens_key(self.model, self.encoded, guide), "device": str(self.model.device),
            "prompt": self.prompt.ids, "copy": id(self.model), "seen": self.seen,
        }  # fmt: skip
        layers = self.model.config.llama.num_hidden_layers
        return self.prefixes.take(
            key, layers=layers, tokens=len(self.prompt.ids), eight_bit=self.eight_bit, nbytes=self.nbytes
        )

    def read(self, shared: SharedPrefix, guide: str, *, whole: bool = True) -> Steps[SectionFrames]:
        """Bring back or read what is missing of a prefix that is in use; gives its frames.

        With its overview, for whom may know the `whole` section.

        Tasks that wait for the same prefix take the steps of one reading in turns.
        """
        frames = shared.frames or self._frames(guide)
        if frames.lasting:
            shared.frames = frames
        overview = whole and frames.lasting and bool(self.overview_tokens)
        while shared.reading or self._lacks(shared, overview=overview):
            yield Priority.READ
            if shared.reading is None:
                shared.reading, shared.told = self._read(shared, frames, guide, overview=overview), None
            try:
                progress = next(shared.reading, None)
            except BaseException:
                shared.reading = None  # whoever waits beside begins anew where this one failed
                raise
            if progress is None:
                shared.reading = None
            else:
                shared.told = progress
                yield progress
        return frames

    def _lacks(self, shared: SharedPrefix, *, overview: bool) -> bool:
        filled = shared.prefix.filled == len(self.prompt.ids) and not shared.prefix.offloaded
        return not filled or (overview and shared.overview is None)

    def _frames(self, guide: str) -> SectionFrames:
        if not self.seen:
            return self.model.unseen(self.prompt)
        return self.model.section(self.prompt, guide, self.encoded.batches(self.model.frames_at_once), room=self.room)

    def _read(
        self, shared: SharedPrefix, frames: SectionFrames, guide: str, *, overview: bool
    ) -> Generator[Progress, None, None]:
        if shared.prefix.offloaded:
            self.prefixes.restore(shared)
        if shared.prefix.filled < len(self.prompt.ids):
            if self.seen:
                rows = yield from make_rows(self.model, self.encoded, frames, guide, self._cache)
            else:
                rows = yield from tell("tokens", len(self.encoded.times), frames.rows())
            missing = len(self.prompt.ids) - shared.prefix.filled
            filling = fill(self.model, shared.prefix, frames.embed(self.prompt.ids, rows))
            yield from reading_times(self._cache.folder).timed(self.model, "prefill", missing, filling)
        if overview and shared.overview is None:
            shared.overview = yield from self._read_overview(shared.prefix, frames)

    def _read_overview(self, prefix: Prefix, frames: SectionFrames) -> Generator[Progress, None, Overview]:
        words, tail = frames.overview(frames=self.looks, times=self.encoded.times), Tail(prefix.layers)
        if words:
            told = len({word.look.frame for word in words if word.look})
            embeds = self.model.embed([word.id for word in words])
            for _ in read(self.model, TailReading(prefix, tail, prefix.filled), embeds):
                yield Progress("look", told * tail.length // len(words), told)
        return Overview(words, tail)


def held_in_eight_bits(model: LoadedModel, movie: Movie, section: Section, settings: Settings) -> bool:
    """Whether a section's keys and values are held in 8 bits: as the settings say, else where it would not fit."""
    if settings.kv_cache:
        return settings.kv_cache == "8bit"
    form = held_form(model.quantization, model.device)
    return section_plan(
        model.config, model.tokenizer, movie, section, quantization=form, dtype=model.dtype,
        gigabytes=memory_gigabytes(model.device), network=None if model.quantization else model.network,
        room=settings.frames_room,
    ).eight_bit  # fmt: skip


def guide_mode(model: LoadedModel, settings: Settings, chosen: Guide | None = None) -> str:
    """Which question context tokens are built from (`ModelConfig.guide`), if none is `chosen` for a question."""
    own = model.config.guide
    return own if own == NO_GUIDE else chosen or settings.guide or own


def guide_ahead(model: LoadedModel, settings: Settings, chosen: Guide | None = None) -> str | None:
    """The guide question that a section is read for before anybody asks; None: it has to wait for a question."""
    return {"ahead": NEUTRAL_GUIDE, NO_GUIDE: ""}.get(guide_mode(model, settings, chosen))
