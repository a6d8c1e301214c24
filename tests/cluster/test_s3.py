"""Films and patches in S3, which moto stands in for: a film is fetched and encoded once, for all machines."""

from collections.abc import Iterator
from pathlib import Path

import fsspec
import pytest

from llamavid_demo.chat import MovieChat
from llamavid_demo.chat.prefixes import PrefixCache
from llamavid_demo.film import load_movie
from llamavid_demo.film.stored import fetch_films
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.settings import Settings
from tests.chat.conftest import FIRST, TokenCounter, make_film


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    server = pytest.importorskip("moto.server").ThreadedMotoServer("127.0.0.1", 0)
    server.start()
    host, port = server.get_host_and_port()
    for name, value in {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
    fsspec.filesystem("s3").mkdir("cinema")
    yield "s3://cinema"
    server.stop()


def test_films_and_patches_go_through_s3(bucket: str, micro: LoadedModel, tmp_path: Path) -> None:
    counter = TokenCounter(micro)
    clip = make_film(tmp_path)
    store = fsspec.filesystem("s3")
    for file in (clip, clip.with_suffix(".srt")):
        store.put_file(str(file), f"cinema/films/harbour/{file.name}")
    said = []
    for name in ("one", "other"):
        settings = Settings(cache_dir=tmp_path / name, max_new_tokens=4, shared_cache=f"{bucket}/patches")
        fetch_films(f"{bucket}/films", settings.fetched_films)
        film = load_movie(settings.fetched_films / "harbour")
        chat = MovieChat(micro, film, settings=settings, prefixes=PrefixCache(10**9))
        said.append((chat.ask(FIRST).finish().text, counter.frames))
    assert said[0] == said[1] and counter.frames == 12
    for hook in counter.hooks:
        hook.remove()
    assert len(store.find("cinema/patches")) == 4  # patches and frame tokens, each with what it is about
