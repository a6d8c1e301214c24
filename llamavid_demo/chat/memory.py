"""The memory that all conversations of the program share: one ledger, and the sections that were read."""

import logging
from functools import cache
from weakref import finalize

import psutil
import torch

from llamavid_demo.chat.ledger import Bytes, Ledger, added
from llamavid_demo.chat.prefixes import PrefixCache
from llamavid_demo.chat.sizes import weight_bytes
from llamavid_demo.model.fitting import encoding_bytes, free_bytes
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.settings import Settings

log = logging.getLogger(__name__)
SHARE = 0.95  # of what is free: other programs and the allocator take some


def shared_prefixes(settings: Settings, model: LoadedModel) -> PrefixCache:
    """The program's prefixes, in whose ledger this model's weights are counted."""
    prefixes = _prefixes(settings.prefix_gb, settings.offload_gb, settings.memory_gb)
    ledger = prefixes.ledger
    with ledger.lock:
        for device in count_model(ledger, model):
            if device not in ledger.limits:
                limit = int(settings.memory_gb * 1e9) if settings.memory_gb else _free_bytes(device)
                ledger.limits[device] = limit
                why = "asked for" if settings.memory_gb else "free now"
                log.info("%s may take %.1f GB: %s", device, limit / 1e9, why)
    return prefixes


def count_model(ledger: Ledger, model: LoadedModel) -> Bytes:
    """Count a model's weights, and what encoding frames takes, once: they are there whatever is asked.

    Gives what was counted now, nothing for a model that the ledger knows.
    """
    model = model.origin
    account = "model", id(model)
    if ledger.use(account):
        return {}
    counted = added(weight_bytes(model), {model.device: encoding_bytes(model.config, model.dtype.itemsize)})
    ledger.fix(account, counted)
    finalize(model, ledger.close, account)
    return counted


@cache
def _prefixes(gigabytes: float, spare: float, memory: float | None) -> PrefixCache:
    del memory  # another limit, another ledger
    return PrefixCache(int(gigabytes * 1e9), spare_bytes=int(spare * 1e9))


def _free_bytes(device: torch.device) -> int:
    """Bytes that this program may take of a device, with what it has already."""
    if device.type == "cuda":
        return int(free_bytes(device) * SHARE) + torch.cuda.memory_reserved(device)
    return int(free_bytes(device) * SHARE + psutil.Process().memory_info().rss)
