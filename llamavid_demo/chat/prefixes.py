"""Prefixes that conversations share: one for each section, guide question and model, within a budget of bytes."""

import hashlib
import json
import logging
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from llamavid_demo.model.kv_cache import Prefix
from llamavid_demo.model.loaded import SectionFrames

log = logging.getLogger(__name__)


@dataclass(eq=False)
class SharedPrefix:
    """A prefix with the frames that it was read from.

    Beside them how many answers use it right now, and the lock that whoever fills or brings it back holds.
    """

    prefix: Prefix
    frames: SectionFrames | None = None
    users: int = 0
    filling: threading.Lock = field(default_factory=threading.Lock)

    @property
    def nbytes(self) -> int:
        """Bytes of the prefix, and of what its frames keep for words to come."""
        return self.prefix.nbytes + (self.frames.nbytes if self.frames else 0)


class PrefixCache:
    """Prefixes by key. Beyond `max_bytes` the least recently used that no answer uses are stowed in the CPU's memory.

    There they take up to `spare_bytes`, then they are let go; so are those that compute on the CPU in any case.
    """

    def __init__(self, max_bytes: int, *, spare_bytes: int = 0) -> None:
        self.max_bytes, self.spare_bytes = max_bytes, spare_bytes
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, SharedPrefix] = OrderedDict()

    @contextmanager
    def using(self, key: dict[str, object], *, layers: int, tokens: int, eight_bit: bool) -> Iterator[SharedPrefix]:
        """The prefix of a key, empty when it is new; it stays where it is while it is used."""
        name = hashlib.sha256(json.dumps([key, eight_bit], sort_keys=True).encode()).hexdigest()
        with self._lock:
            entry = self._entries.get(name)
            if entry is None:
                entry = self._entries[name] = SharedPrefix(Prefix(layers, tokens, eight_bit=eight_bit))
            self._entries.move_to_end(name)
            entry.users += 1
        try:
            yield entry
        finally:
            with self._lock:
                entry.users -= 1
                self._shrink()

    def _shrink(self) -> None:
        """Keep to the budgets; the newest stays whatever it takes."""
        for name, entry in list(self._entries.items())[:-1]:  # the least recently used first
            if self.nbytes <= self.max_bytes:
                break
            if entry.users or entry.prefix.offloaded:
                continue
            if entry.prefix.on_cpu or not self.spare_bytes:
                del self._entries[name]
            else:
                entry.prefix.offload()
                entry.frames = None
            log.info("a prefix of %d bytes leaves its place", entry.prefix.nbytes)
        for name, entry in list(self._entries.items()):
            if entry.prefix.offloaded and not entry.users and self.offloaded_nbytes > self.spare_bytes:
                del self._entries[name]

    @property
    def nbytes(self) -> int:
        """Bytes of all prefixes where their layers compute."""
        return sum(entry.nbytes for entry in self._entries.values() if not entry.prefix.offloaded)

    @property
    def offloaded_nbytes(self) -> int:
        """Bytes of all prefixes that were stowed."""
        return sum(entry.prefix.nbytes for entry in self._entries.values() if entry.prefix.offloaded)

    def __len__(self) -> int:
        return len(self._entries)
