"""Conversations about pictures: they are encoded at once and take the place of a section's frames."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import torch

from llamavid_demo.chat.disk_cache import file_fingerprint
from llamavid_demo.chat.encoded_section import EncodedSection, check_length
from llamavid_demo.chat.movie_chat import MovieChat
from llamavid_demo.chat.scheduler import scheduler_of
from llamavid_demo.film.pictures import as_movie, read_picture
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.settings import Settings


def picture_chat(model: LoadedModel, paths: Sequence[Path], settings: Settings) -> MovieChat:
    """Talk about pictures, in their order. Raises `PictureError`, and `TooLongError` for more than a model reads."""
    check_length(model, len(paths) * model.config.tokens_per_frame)
    compute = scheduler_of(model).compute
    patches = [compute(partial(model.picture_patches, read_picture(path))) for path in paths]
    key: dict[str, object] = {"pictures": [file_fingerprint(path) for path in paths], "vision": model.weights}
    movie = as_movie(paths)
    times = movie.whole.seconds
    encoded = EncodedSection(movie.title, times, (torch.cat(patches),), ((),) * len(times), key)
    return MovieChat(model, movie, settings=settings, encoded=encoded)
