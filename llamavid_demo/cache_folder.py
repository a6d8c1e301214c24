"""The cache folder: where it is, whether it can be written, how much it may hold."""

import errno
import logging
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SHARE = 0.5  # of what the disk would have free without the cache; the rest is left to others

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)  # why a file cannot be written on

log = logging.getLogger(__name__)


def cache_folder() -> Path:
    """The folder in the user's own cache directory, which outlives a restart of the machine."""
    from platformdirs import user_cache_path  # imported here: where it lacks, the doctor says so

    return user_cache_path("llamavid", appauthor=False)


def most_bytes(folder: Path, *, held: int, cap: int) -> int:
    """Bytes that a folder may hold that holds `held` now: at most `cap`, and a share of its disk."""
    try:
        free = free_bytes(folder)
    except OSError:
        return cap
    return min(cap, int(SHARE * (held + free)))


def free_bytes(folder: Path) -> int:
    """Bytes that are free on the disk where a folder is, or would be. Raises `OSError`."""
    return shutil.disk_usage(next(path for path in (folder, *folder.absolute().parents) if path.exists())).free


def why_not_writable(folder: Path) -> str:
    """Why nothing can be written in a folder, which is made where it is missing; "" if something can."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"\0" * 4096)
    except FileExistsError:
        return "a file has its place"
    except OSError as error:
        return error.strerror or str(error)
    return ""


@contextmanager
def writable(folder: Path) -> Iterator[Path]:
    """The folder itself; where nothing can be written there, a temporary one that goes with the block."""
    reason = why_not_writable(folder)
    if not reason:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="llamavid-") as instead:
        log.warning(
            "the cache folder %s cannot be written (%s): films are kept in %s until the program ends; "
            "free space there, or set LLAMAVID_CACHE_DIR to another folder",
            folder, reason, instead,
        )  # fmt: skip
        yield Path(instead)
