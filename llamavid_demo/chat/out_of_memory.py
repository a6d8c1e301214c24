"""What to do when a device has no memory left although the ledger had admitted what was computed."""

import gc
import logging

import torch

from llamavid_demo.errors import MemoryLimitError

_SAID = ("out of memory", "can't allocate memory", "alloc_failed")

log = logging.getLogger(__name__)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an error says that a device's memory ran out."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error).lower() for words in _SAID)


def free_memory() -> None:
    """Give back what nobody holds any more."""
    gc.collect()
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def in_words(error: BaseException) -> MemoryLimitError:
    """The same for a person; the log has the original."""
    log.warning("out of memory: %s", error)
    return MemoryLimitError(
        "The memory ran out while this was computed: choose shorter sections "
        "(LLAMAVID_SECTION_MINUTES), or let fewer be answered at once (LLAMAVID_ANSWERS_AT_ONCE)."
    )
