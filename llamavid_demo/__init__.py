"""Talk with a film: LLaMA-VID with two tokens a frame and a cached conversation.

`load_movie`, `load_model`, `MovieChat` and `Options` are all that a script needs; each is imported when it is first
used.
"""

import os
from importlib import import_module
from typing import Any

from llamavid_demo.machine import cores

__version__ = "0.1.0"

# PyTorch's threads wait for each other many times a token. As long as they would by themselves, they spin on cores that
# a browser or another visitor needs, and each other: answers then come several times slower.
os.environ.setdefault("GOMP_SPINCOUNT", "10000")  # some ten microseconds; read when PyTorch is loaded
# PyTorch takes as many threads as the machine has cores, whatever a container may use of them.
if (allowed := cores()) < (os.cpu_count() or 1):
    os.environ.setdefault("OMP_NUM_THREADS", str(allowed))

_HOMES = {
    "load_movie": "llamavid_demo.film",
    "load_model": "llamavid_demo.model.load",
    "MovieChat": "llamavid_demo.chat",
    "Options": "llamavid_demo.options",
}
__all__ = ["MovieChat", "Options", "load_model", "load_movie"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
