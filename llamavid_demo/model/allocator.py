"""How the C library hands out memory on Linux: what a network frees is kept, as it soon asks for as much again."""

import ctypes

_TRIM_THRESHOLD, _MMAP_THRESHOLD, _ARENA_MAX = -1, -3, -8  # mallopt(3)


def keep_freed_memory() -> None:
    """Stop glibc from giving tensors' memory back to the system at once, and from splitting it among threads.

    Without this each layer's intermediate results are cleared pages anew, in every thread apart: reading a section on
    a CPU takes a fifth longer, and more memory. Other C libraries are left as they are.
    """
    try:
        mallopt = ctypes.CDLL(None).mallopt
    except (OSError, TypeError, AttributeError):  # Windows, macOS, musl
        return
    for name, value in ((_ARENA_MAX, 1), (_MMAP_THRESHOLD, 32 << 20), (_TRIM_THRESHOLD, 256 << 20)):
        mallopt(name, value)
