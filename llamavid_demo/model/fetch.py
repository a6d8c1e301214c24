"""A release's files into its folder: what is missing or damaged there, checked before it counts as there.

Bytes come through `film/download.py`: huggingface_hub (2.4) throws away what it had of a file when its process ends,
and these files have ten gigabytes.
"""

import sys
from collections.abc import Callable, Generator, Sequence
from pathlib import Path

from filelock import FileLock, Timeout

from llamavid_demo.errors import DownloadError
from llamavid_demo.film.download import Transfer, check_room, download, note_beside
from llamavid_demo.model.release_files import ReleaseFile

PART = ".part"  # ends the name of a file of which a beginning has come


def missing_files(
    files: Sequence[ReleaseFile], folder: Path, progress: Callable[[Transfer], object] = lambda _: None
) -> list[ReleaseFile]:
    """Those that are not in `folder`, or not as the server states. Every byte that is there is read."""
    total, done, missing = sum(file.size for file in files), 0, []
    for file in files:
        path = folder / file.place
        if not path.is_file() or file.wrong(path):
            missing.append(file)
        done += file.size
        progress(Transfer("check", done, total))
    return missing


def fetch(files: Sequence[ReleaseFile], folder: Path, *, name: str) -> Generator[Transfer, None, None]:
    """Fetch `files` into `folder`; killed, or cut off, it goes on where it was when called again.

    Raises `DownloadError` before anything is fetched when the disk has no room or another program does the same, and
    when a file cannot be had or is other than the server states; such a file is not kept.
    """
    try:
        for place in {(folder / file.place).parent for file in files}:
            place.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise DownloadError(f"{folder} cannot be made ({error.strerror}): name another folder, --releases.") from error
    if not files:
        return
    try:
        with FileLock(folder.parent / f".{name}.lock", blocking=False):
            yield from _fetch(files, folder, name)
    except Timeout:
        raise DownloadError(f"Another program is getting {name}: wait for it, and run this again.") from None


def _fetch(files: Sequence[ReleaseFile], folder: Path, name: str) -> Generator[Transfer, None, None]:
    total, done = sum(file.size for file in files), 0
    check_room(folder, total - sum(_came(folder, file) for file in files), name=name)
    for file in files:
        path = folder / file.place
        part = path.with_name(path.name + PART)
        path.unlink(missing_ok=True)  # a damaged one
        for step in download(file.url, part, most_bytes=sys.maxsize, headers=file.headers):
            yield Transfer("download", done + step.done, total)
        wrong = file.wrong(part)
        note_beside(part).unlink(missing_ok=True)
        if wrong:
            part.unlink()
            raise DownloadError(f"{file.url} is not what it should be ({wrong}) and was not kept: try again.")
        part.replace(path)
        done += file.size


def _came(folder: Path, file: ReleaseFile) -> int:
    part = folder / (file.place + PART)
    return part.stat().st_size if part.is_file() else 0
