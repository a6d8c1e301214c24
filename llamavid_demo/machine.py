"""What this program may use of the machine: memory and cores, in a container or a service with limits less than all."""

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

GROUPS = Path("/sys/fs/cgroup")  # Linux only; elsewhere there are no limits
OWN = Path("/proc/self/cgroup")


def total_memory() -> int:
    """Bytes that all of the program may take."""
    import psutil  # imported here: where it lacks, the doctor says so

    return min([int(psutil.virtual_memory().total), *(limit for limit, _ in _memory_limits())])


def available_memory() -> int:
    """Bytes that are free, or become free when they are asked for."""
    import psutil

    return min([int(psutil.virtual_memory().available), *(max(0, limit - used) for limit, used in _memory_limits())])


def cores() -> int:
    """Cores that the program may keep busy, at least 1."""
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, min([there, *map(math.ceil, _core_limits())]))


def _memory_limits() -> Iterator[tuple[int, int]]:
    """Limit and use, in bytes, of each group around this process that has a limit; what files fill makes room."""
    for folder in _groups(""):
        with suppress(OSError, ValueError):  # no such file, or "max"
            limit, used = (int((folder / f"memory.{name}").read_text()) for name in ("max", "current"))
            yield limit, used - _idle(folder, "inactive_file")
    for folder in _groups("memory"):
        with suppress(OSError, ValueError):
            limit, used = (int((folder / f"memory.{name}_in_bytes").read_text()) for name in ("limit", "usage"))
            yield limit, used - _idle(folder, "total_inactive_file")


def _idle(folder: Path, name: str) -> int:
    """Bytes of files that a group's memory holds and could give back."""
    lines = (line.split() for line in (folder / "memory.stat").read_text().splitlines())
    return sum(int(value) for key, value in lines if key == name)


def _core_limits() -> Iterator[float]:
    """Cores of each group around this process that has a limit."""
    for folder in _groups(""):
        with suppress(OSError, ValueError):
            quota, period = map(int, (folder / "cpu.max").read_text().split())
            yield quota / period
    for folder in _groups("cpu"):
        with suppress(OSError, ValueError):
            quota, period = (int((folder / f"cpu.cfs_{name}_us").read_text()) for name in ("quota", "period"))
            if quota > 0:
                yield quota / period


def _groups(controller: str) -> Iterator[Path]:
    """Folders of this process's control group and of those around it, for "" or an old kind of group's controller.

    In a container the outermost is the container's own, whatever the path says.
    """
    with suppress(OSError):
        for line in OWN.read_text().splitlines():
            _, controllers, path = line.split(":", 2)
            if controller in controllers.split(","):
                base = GROUPS / controller
                folder = base / path.lstrip("/")
                yield from (place for place in (folder, *folder.parents) if place.is_relative_to(base))
