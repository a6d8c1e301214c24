"""Memory of a process on Linux: what a network frees is kept, as it soon asks for as much again; the most ever held."""

import ctypes
import threading
from pathlib import Path

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


def give_back() -> None:
    """Give the system now what was freed and is kept; nothing where no glibc is."""
    try:
        ctypes.CDLL(None).malloc_trim(0)
    except (OSError, TypeError, AttributeError):  # Windows, macOS, musl
        return


def give_back_now_and_then(*, every: float = 20.0) -> None:
    """The same every so many seconds, as long as the program runs: it would stay as large as its largest crowd made it.

    So seldom it costs a reading next to nothing.
    """
    never = threading.Event()

    def work() -> None:
        while not never.wait(every):
            give_back()

    threading.Thread(target=work, daemon=True, name="giving-back").start()


def peak_bytes() -> int | None:
    """Most memory (bytes) that this process has held, files that it maps included; None where no system tells.

    From Linux itself: `getrusage` begins with what the parent held.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii")
    except OSError:
        return None
    held = next((line for line in status.splitlines() if line.startswith("VmHWM")), None)
    return 1024 * int(held.split()[1]) if held else None
