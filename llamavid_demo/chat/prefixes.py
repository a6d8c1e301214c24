"""Prefixes that conversations share: one for each section, guide question and model, in the ledger's memory."""

import hashlib
import json
import logging
from collections import OrderedDict
from collections.abc import Generator
from dataclasses import dataclass, field
from functools import partial

import torch

from llamavid_demo.chat.ledger import Bytes, Ledger
from llamavid_demo.chat.progress import Progress
from llamavid_demo.model.prefix import Prefix
from llamavid_demo.model.prompt import Word
from llamavid_demo.model.section_frames import SectionFrames
from llamavid_demo.model.tail import Tail

log = logging.getLogger(__name__)
CPU = torch.device("cpu")


@dataclass(frozen=True)
class Overview:
    """Words that every conversation about a section begins with, and their keys and values behind its prefix."""

    words: list[Word]
    tail: Tail


@dataclass(eq=False)
class SharedPrefix:
    """A prefix with the frames that it was read from, and how many tasks use it right now.

    `reading` reads it and its `overview`, chunk by chunk; whoever waits for them takes the next step. What it
    `told` last is how far that has come.
    """

    name: str
    prefix: Prefix
    frames: SectionFrames | None = None
    overview: Overview | None = None
    users: int = 0
    reading: Generator[Progress, None, None] | None = field(default=None, repr=False)
    told: Progress | None = None

    @property
    def nbytes(self) -> int:
        """Bytes of the prefix, of its overview, and of what its frames keep for words to come."""
        overview = self.overview.tail.nbytes if self.overview else 0
        return self.prefix.nbytes + overview + (self.frames.nbytes if self.frames else 0)


class PrefixCache:
    """Prefixes by key, admitted by a ledger before they are read.

    Those that nobody uses rest there; they leave when others need room, or, the least recently used first, when all
    together take more than `max_bytes`. From a card they are offloaded to the CPU's memory, up to `spare_bytes`.
    """

    def __init__(self, max_bytes: int, *, spare_bytes: int = 0, ledger: Ledger | None = None) -> None:
        self.max_bytes, self.spare_bytes = max_bytes, spare_bytes
        self.ledger = ledger or Ledger()
        self._entries: OrderedDict[str, SharedPrefix] = OrderedDict()

    def take(
        self, key: dict[str, object], *, layers: int, tokens: int, eight_bit: bool, nbytes: Bytes
    ) -> SharedPrefix | None:
        """The prefix of a key, empty when it is new, to be given back; None while there is no room for its `nbytes`."""
        name = hashlib.sha256(json.dumps([key, eight_bit], sort_keys=True).encode()).hexdigest()
        with self.ledger.lock:
            entry = self._entries.get(name)
            entry = entry or SharedPrefix(name, Prefix(layers, tokens, eight_bit=eight_bit))
            entry.users += 1
            self.ledger.use(_offloaded(entry))
            if name not in self._entries or entry.prefix.offloaded:
                self._shrink(sum(nbytes.values()))
                if not self.ledger.admit(name, nbytes):
                    entry.users -= 1
                    self._rest_offloaded(entry)
                    return None
            self._entries[name] = entry
            self._entries.move_to_end(name)
            self.ledger.use(name)
            return entry

    def give_back(self, entry: SharedPrefix) -> None:
        """A task uses a prefix no longer."""
        with self.ledger.lock:
            entry.users -= 1
            if not entry.users:
                self.ledger.rest(entry.name, partial(self._leave, entry))

    def restore(self, entry: SharedPrefix) -> None:
        """Bring an offloaded prefix, which is in use, back to where its layers compute."""
        with self.ledger.lock:
            entry.prefix.restore()
            self.ledger.release(_offloaded(entry))

    def _shrink(self, more: int) -> None:
        """Keep to `max_bytes` with so many more, as far as those that rest allow it."""
        for entry in list(self._entries.values()):
            if self.nbytes + more <= self.max_bytes:
                return
            if not entry.prefix.offloaded:
                self.ledger.make_leave(entry.name)

    def _leave(self, entry: SharedPrefix) -> None:
        """Offload a prefix, or let it go."""
        log.info("a prefix of %d bytes leaves its place", entry.prefix.nbytes)
        entry.frames = entry.overview = entry.reading = None
        if entry.prefix.on_cpu or entry.prefix.nbytes > self.spare_bytes:
            del self._entries[entry.name]
            return
        for old in list(self._entries.values()):
            full = self.offloaded_nbytes + entry.prefix.nbytes > self.spare_bytes
            if full and old.prefix.offloaded and not old.users:
                self._forget(old)
        if self.ledger.admit(_offloaded(entry), {CPU: entry.prefix.nbytes}):
            entry.prefix.offload()
            self._rest_offloaded(entry)
        else:
            del self._entries[entry.name]

    def _rest_offloaded(self, entry: SharedPrefix) -> None:
        self.ledger.rest(_offloaded(entry), partial(self._forget, entry))

    def _forget(self, entry: SharedPrefix) -> None:
        self._entries.pop(entry.name, None)
        self.ledger.release(_offloaded(entry))

    @property
    def nbytes(self) -> int:
        """Bytes of all prefixes on the compute devices."""
        return sum(entry.nbytes for entry in self._entries.values() if not entry.prefix.offloaded)

    @property
    def offloaded_nbytes(self) -> int:
        """Bytes of all prefixes that were offloaded, those that come back at the moment left out."""
        return sum(one.prefix.nbytes for one in self._entries.values() if one.prefix.offloaded and not one.users)

    def __len__(self) -> int:
        return len(self._entries)


def _offloaded(entry: SharedPrefix) -> tuple[str, str]:
    return entry.name, "offloaded"
