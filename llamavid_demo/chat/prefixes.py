"""Prefixes that conversations share: one for each section, guide question and model, within a budget of bytes."""

import hashlib
import json
import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass, field

from llamavid_demo.model.kv_cache import Prefix

log = logging.getLogger(__name__)


@dataclass
class SharedPrefix:
    """A prefix and the lock that whoever fills it holds; a filling that was stopped goes on where it was."""

    prefix: Prefix
    filling: threading.Lock = field(default_factory=threading.Lock)


class PrefixCache:
    """Prefixes by key; beyond `max_bytes` the least recently used are let go.

    A conversation that still uses one that was let go keeps it until its next guide question.
    """

    def __init__(self, max_bytes: int) -> None:
        self.max_bytes = max_bytes
        self._lock = threading.Lock()
        self._entries: OrderedDict[str, SharedPrefix] = OrderedDict()

    def get(self, key: dict[str, object], *, layers: int, tokens: int) -> SharedPrefix:
        """The prefix of a key, empty when it is new."""
        name = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).hexdigest()
        with self._lock:
            entry = self._entries.get(name)
            if entry is None:
                entry = self._entries[name] = SharedPrefix(Prefix(layers, tokens))
            self._entries.move_to_end(name)
            return entry

    def shrink(self) -> None:
        """Keep to the budget; the newest stays whatever it takes."""
        with self._lock:
            while len(self._entries) > 1 and self.nbytes > self.max_bytes:
                _, entry = self._entries.popitem(last=False)
                log.info("a prefix of %d bytes leaves the memory", entry.prefix.nbytes)

    @property
    def nbytes(self) -> int:
        """Bytes of all prefixes that are kept."""
        return sum(entry.prefix.nbytes for entry in self._entries.values())

    def __len__(self) -> int:
        return len(self._entries)
