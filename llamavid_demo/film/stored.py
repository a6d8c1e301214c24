"""Films in a store that fsspec knows, such as S3: fetched once into a folder, for decoders open plain files only."""

import logging
import tempfile
from pathlib import Path, PurePosixPath
from typing import Any

from llamavid_demo.errors import MovieError

log = logging.getLogger(__name__)


def store(url: str) -> tuple[Any, str]:
    """The file system of a URL, and the path in it. Raises `MovieError` where fsspec or its driver does not know it."""
    import fsspec

    try:
        system, root = fsspec.core.url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise MovieError(f"{url} cannot be opened: {str(error).rstrip('.')}.") from None
    return system, root.rstrip("/")


def fetch_films(url: str, folder: Path) -> None:
    """Bring a folder of films, and of folders of films, to a `folder` here; files of the same size are here already.

    Raises `MovieError` when the store cannot be read.
    """
    system, root = store(url)
    try:
        found = system.find(root, maxdepth=2, detail=True)
        for path, about in found.items():
            name = PurePosixPath(path.removeprefix(root).lstrip("/"))
            if not any(part.startswith(".") for part in name.parts):
                _fetch(system, path, about["size"], folder / name)
    except Exception as error:  # each store has errors of its own
        log.exception("films could not be fetched")
        raise MovieError(f"The films in {url} could not be fetched ({type(error).__name__}): {error}") from None


def fetch_film(url: str, folder: Path, path: Path) -> None:
    """Bring one file of such a folder, unless it is here; a path that is none of its own is left alone.

    Raises `MovieError` when the store cannot be read.
    """
    if path.exists() or not path.is_relative_to(folder) or ".." in path.parts:
        return
    system, root = store(url)
    there = f"{root}/{path.relative_to(folder).as_posix()}"
    try:
        _fetch(system, there, system.size(there), path)
    except FileNotFoundError:
        return  # whoever opens it says that it has gone
    except Exception as error:
        log.exception("a film could not be fetched")
        raise MovieError(f"The film could not be fetched ({type(error).__name__}): {error}") from None


def _fetch(system: Any, there: str, size: int, path: Path) -> None:
    """Bring a file; it is here as a whole or not at all."""
    if path.exists() and path.stat().st_size == size:
        return
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".fetched-", dir=path.parent) as aside:
        system.get_file(there, str(Path(aside) / "film"))
        (Path(aside) / "film").replace(path)
