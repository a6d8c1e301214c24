"""A store that several machines share, by any URL that fsspec knows, such as S3: what one has read of films, all have.

What comes from it is tensors (safetensors) and JSON: nothing that could run.
"""

import logging
from pathlib import Path
from typing import Any

from llamavid_demo.film.stored import store

log = logging.getLogger(__name__)


class SharedStore:
    """Files by name under a URL. A store that fails is as one that has nothing: the work is done again.

    Raises `MovieError` for a URL that fsspec, or what is installed of its drivers, does not know.
    """

    def __init__(self, url: str) -> None:
        self._url = url
        self._system, self._root = store(url)

    def send(self, *files: Path) -> None:
        """Put files there; the last one goes last, and with it they count."""
        try:
            self._system.makedirs(self._root, exist_ok=True)
            for file in files:
                self._system.put_file(str(file), f"{self._root}/{file.name}")
        except Exception as error:  # each store has errors of its own
            log.warning("%s was not shared through %s: %s", files[-1].name, self._url, error)

    def fetch(self, folder: Path, *names: str) -> bool:
        """Bring files into a folder; whether all of them are there."""
        try:
            for name in reversed(names):  # without the last one, which holds most, nothing is there
                self._system.get_file(f"{self._root}/{name}", str(folder / name))
        except FileNotFoundError:
            return False
        except Exception as error:
            log.warning("%s could not be fetched from %s: %s", names[-1], self._url, error)
            return False
        return True


_known: dict[str, Any] = {}


def shared_store(url: str | None) -> SharedStore | None:
    """The store of a URL, the same for all who ask; None without one."""
    if url is not None and url not in _known:
        _known[url] = SharedStore(url)
    return _known[url] if url is not None else None
