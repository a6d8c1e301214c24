"""Training data in LLaVA's public layout: a JSON list of conversations, each about an image, a video or nothing.

The data are somebody else's: every name must lead to a plain file in the given folder, and nothing is unpickled.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from llamavid_demo.errors import TrainingError
from llamavid_demo.film.pictures import PICTURE_SUFFIXES
from llamavid_demo.film.plain_files import VIDEO_SUFFIXES

IMAGE = "<image>"
LAYOUT = '[{"id", "image" or "video", "conversations": [{"from": "human" or "gpt", "value"}, …]}, …]'
FEATURES = ".pkl"  # pickled features of films, in the public list for stage 3
ROLES = ("human", "gpt")


@dataclass(frozen=True)
class Record:
    """A conversation: `turns` of question and answer; `name` is for people. It has an image, a video or neither."""

    name: str
    turns: tuple[tuple[str, str], ...]
    image: str | None = None
    video: str | None = None

    @property
    def media(self) -> str | None:
        """The image or video, as the data name it."""
        return self.image or self.video


def read_records(file: Path) -> list[Record]:
    """The conversations of a JSON file. Raises `TrainingError` that names what is of another form, and where."""
    try:
        rows = json.loads(file.read_text("utf-8"))
    except OSError as error:
        raise TrainingError(f"{file} cannot be read ({error.strerror}): give the JSON of the training data.") from error
    except (ValueError, RecursionError) as error:
        raise TrainingError(f"{file} is no JSON ({type(error).__name__}): give a list as {LAYOUT}.") from error
    if not isinstance(rows, list) or not rows:
        raise TrainingError(f"{file} holds no list of conversations: give one as {LAYOUT}.")
    return [_record(row, f"{file.name}, entry {number}") for number, row in enumerate(rows, 1)]


def find_media(records: Sequence[Record], folder: Path) -> None:
    """See that all images and videos are there. Raises `TrainingError` for the first one that is not."""
    for record in records:
        if record.media is not None:
            media_file(record, folder)


def media_file(record: Record, folder: Path) -> Path:
    """A record's image or video, a plain file in `folder`; a film stands for the pickled features of its name.

    Raises `TrainingError`.
    """
    path, name = folder / str(record.media), f"{record.media!r} of {record.name}"
    if path.suffix == FEATURES:
        path = next((film for s in VIDEO_SUFFIXES if (film := path.with_suffix(s)).is_file()), path)
        if path.suffix == FEATURES:
            raise TrainingError(f"{name} is a pickle, which is never opened: put the film beside it, such as .mp4.")
    try:
        inside = path.resolve().is_relative_to(folder.resolve())
        plain = path.is_file()
    except (OSError, ValueError, RuntimeError):  # a name that no file can have
        inside, plain = True, False
    if not inside:
        raise TrainingError(f"{name} leads outside {folder}: only files in the folder --media are read.")
    if not plain:
        raise TrainingError(f"{name} is no file in {folder}: get it, or name its folder with --media.")
    known = PICTURE_SUFFIXES if record.image else VIDEO_SUFFIXES
    if path.suffix.lower() not in known:
        raise TrainingError(f"{name} is of no known kind: {', '.join(sorted(known))} are read.")
    return path


def _record(row: Any, where: str) -> Record:
    if not isinstance(row, dict) or not isinstance(said := row.get("conversations"), list):
        raise TrainingError(f"{where} has no conversations: give a list as {LAYOUT}.")
    media = {kind: row.get(kind) for kind in ("image", "video")}
    if any(name is not None and (not isinstance(name, str) or not name) for name in media.values()):
        raise TrainingError(f"{where} has an image or video that is no name of a file: give a list as {LAYOUT}.")
    if all(media.values()):
        raise TrainingError(f"{where} has an image and a video: give one of them.")
    turns = _turns(said, where)
    shown = any(IMAGE in question for question, _ in turns)
    if shown != any(media.values()):
        lacks = f"names no image or video for its {IMAGE}" if shown else f"has no {IMAGE} where its file is to be read"
        raise TrainingError(f"{where} {lacks}: give a list as {LAYOUT}.")
    return Record(where, turns, **media)


def _turns(said: list[Any], where: str) -> tuple[tuple[str, str], ...]:
    """Questions with their answers; what an assistant says before the first question is left out, as originally."""
    lines = [(line.get("from"), line.get("value")) if isinstance(line, dict) else (None, None) for line in said]
    lines = lines[1:] if lines and lines[0][0] == "gpt" else lines
    for number, (role, value) in enumerate(lines):
        if role != ROLES[number % 2] or not isinstance(value, str):
            raise TrainingError(f"{where}: human and gpt must take turns, each with a text: give a list as {LAYOUT}.")
    if not lines or len(lines) % 2:
        raise TrainingError(f"{where} ends without an answer of gpt: give a list as {LAYOUT}.")
    values = [str(value) for _, value in lines]
    return tuple(zip(values[::2], values[1::2], strict=True))
