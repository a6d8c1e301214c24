"""A short film with subtitles, and conversations about it with the golden micro model."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from llamavid_demo.chat import MovieChat
from llamavid_demo.chat.prefixes import PrefixCache
from llamavid_demo.film import Movie, load_movie
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.settings import Settings

FIRST, SECOND = "What color is the car?", "Where does the story begin?"
NewChat = Callable[..., MovieChat]

CUES = """1
00:00:01,000 --> 00:00:03,000
Look at the water.

2
00:00:05,000 --> 00:00:14,000
Where is the captain?
"""


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Movie:
    return load_movie(make_film(tmp_path_factory.mktemp("films")))


def make_film(folder: Path) -> Path:
    """Twelve seconds of ffmpeg's test picture, with subtitles."""
    source = ["-f", "lavfi", "-i", "testsrc=size=128x72:rate=10:duration=12"]
    subprocess.run(["ffmpeg", "-v", "error", *source, "-pix_fmt", "yuv420p", folder / "clip.mp4"], check=True)
    (folder / "clip.srt").write_text(CUES)
    return folder / "clip.mp4"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(cache_dir=tmp_path / "cache", max_new_tokens=8)


@pytest.fixture
def new_chat(micro: LoadedModel, film: Movie, settings: Settings) -> Callable[..., MovieChat]:
    prefixes = PrefixCache(10**9)

    def make(**options: object) -> MovieChat:
        given = {"movie": film, "settings": settings, "prefixes": prefixes, **options}
        return MovieChat(micro, **given)  # type: ignore[arg-type]

    return make


class TokenCounter:
    """Counts the tokens that pass through a model's LLaMA, and the frames through its vision tower."""

    def __init__(self, model: LoadedModel) -> None:
        self.tokens = self.frames = 0
        network = model.network
        self.hooks = [
            network.llama.model.register_forward_pre_hook(self._count_tokens, with_kwargs=True),
            network.vision.register_forward_pre_hook(self._count_frames),
        ]

    def _count_tokens(self, _module: object, _args: tuple, kwargs: dict) -> None:
        self.tokens += kwargs["inputs_embeds"].shape[:2].numel()

    def _count_frames(self, _module: object, args: tuple) -> None:
        self.frames += len(args[0])


@pytest.fixture
def counter(micro: LoadedModel):
    counter = TokenCounter(micro)
    yield counter
    for hook in counter.hooks:
        hook.remove()
