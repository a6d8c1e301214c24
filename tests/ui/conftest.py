"""The real page in a process of its own, with two small films and an untrained model, and a headless Chromium."""

import contextlib
import multiprocessing
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from transformers import LlamaConfig

from llamavid_demo.film.frame_format import FrameFormat
from llamavid_demo.model.llama_vid.network import LlamaVid
from llamavid_demo.model.llama_vid.save import save_checkpoint
from llamavid_demo.model.loaded import LoadedModel
from tests.ui.page_process import run_page
from tests.ui.states import SPOKEN, Play

ROOT = Path(__file__).parents[2]
GOLDEN = ROOT / "tests" / "golden" / "llama_vid"
POSITIONS = 32768
LONG_ANSWER = 16_000  # tokens, half a minute; an untrained model hardly ever ends by itself
PATIENCE = 90_000  # milliseconds; the machine may be busy with other things
PROCESSES = multiprocessing.get_context("forkserver")
PROCESSES.set_forkserver_preload(["tests.ui.page_process"])
CHROMIUM = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    # The lists under the address bar are pages of Chromium's own, loaded with each window: a second of a core.
    "--disable-features=WebUIOmniboxPopup,WebUIOmniboxAimPopup,Translate,PaintHolding,MediaRouter",
]  # fmt: skip

CUES = """1
00:00:01,000 --> 00:00:04,000
Mara: Have you seen the map?

2
00:00:05,000 --> 00:00:09,000
Finn: It lies under the <i>red</i> boat.

3
00:00:35,000 --> 00:00:39,000
Mara: The tide has taken it.
"""
TOML = """
title = "The Harbour"
year = 2026
licence = "CC BY 4.0"
synopsis = "Mara looks for a map."
questions = ["Where does the film begin?", "What colour is the boat?"]
sections = [{ synopsis = "The map is gone." }, { synopsis = "The tide turns." }]
"""


def make_clip(path: Path, *, seconds: int, codec: str = "libx264", source: str = "testsrc2") -> Path:
    """A clip of ffmpeg's test picture, 320×180 at 5 frames a second."""
    picture = f"{source}=size=320x180:rate=5:duration={seconds}"
    options = ["-c:v", codec, "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "10"]
    subprocess.run(["ffmpeg", "-v", "error", "-f", "lavfi", "-i", picture, *options, path], check=True)
    return path


@pytest.fixture(scope="session")
def films(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A film in two sections of half a minute, with all that belongs to it, and a bare clip."""
    folder = tmp_path_factory.mktemp("movies")
    harbour = folder / "harbour"
    harbour.mkdir()
    make_clip(harbour / "movie.mp4", seconds=60)
    (harbour / "movie.srt").write_text(CUES)
    (harbour / "movie.toml").write_text(TOML)
    picture = "color=c=teal:size=200x300:duration=1:rate=1"
    command = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", picture, "-frames:v", "1", harbour / "poster.jpg"]
    subprocess.run(command, check=True)
    make_clip(folder / "a_quiet_road.mp4", seconds=12, source="testsrc")
    return folder


@pytest.fixture(scope="session")
def checkpoint(micro: LoadedModel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The golden micro model with room for long conversations: its answers are noise, and long."""
    folder = tmp_path_factory.mktemp("checkpoint")
    llama = LlamaConfig.from_dict(micro.config.llama.to_dict())
    llama.max_position_embeddings = POSITIONS
    network = LlamaVid(replace(micro.config, llama=llama, max_tokens=POSITIONS))
    network.load_state_dict(micro.network.state_dict())
    save_checkpoint(
        network,
        folder,
        tokenizer=GOLDEN / "checkpoint" / "tokenizer.model",
        bert_vocabulary=(GOLDEN / "bert" / "vocab.txt").read_text().splitlines(),
        frame_format=FrameFormat(micro.config.vision.image, micro.config.vision.image, "stretch"),
    )
    return folder


@dataclass(frozen=True)
class Server:
    """A running page: where it is, the folder that it may write to, its process and its log."""

    url: str
    cache: Path
    process: BaseProcess
    log: Path


def start_page(cache: Path, log: Path, *, more: dict[str, str] | None = None, **settings: object) -> Iterator[Server]:
    """Run `app.py` on a free port until the generator is closed, with `more` variables than its settings.

    It reads no films that nobody has opened, unless that is chosen.
    """
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    chosen = {"port": port, "cache_dir": cache, "idle_minutes": 0, **settings}
    environment = {f"LLAMAVID_{name.upper()}": str(value) for name, value in chosen.items()} | (more or {})
    printed, output = PROCESSES.Pipe(duplex=False)
    process = PROCESSES.Process(target=run_page, args=(environment, output, log))
    process.start()
    output.close()
    try:
        with open(printed.fileno(), closefd=False) as lines:
            if not any("Running on local URL" in line for line in lines):
                raise RuntimeError(f"the page did not start:\n{log.read_text()}")
        yield Server(f"http://127.0.0.1:{chosen['port']}", cache, process, log)
    finally:
        process.terminate()
        process.join(timeout=20)
        assert process.exitcode is not None
        printed.close()
    assert "Traceback" not in log.read_text(), log.read_text()


def start_small_films(films: Path, checkpoint: Path, folder: Path, **settings: object) -> Iterator[Server]:
    """Run the page with the small films, in sections of half a minute, and the untrained model."""
    chosen = {"models": folder / "none", "section_minutes": 0.5, "max_new_tokens": LONG_ANSWER, **settings}
    yield from start_page(folder / "cache", folder / "log.txt", movies=films, model=checkpoint, **chosen)


@pytest.fixture(scope="session")
def server(films: Path, checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder = tmp_path_factory.mktemp("server")
    yield from start_small_films(films, checkpoint, folder)


@pytest.fixture(scope="session")
def stage(films: Path, checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Server, Play]]:
    """A page that has all states, and what a walk through them uses: two models, and one question at a time."""
    folder = tmp_path_factory.mktemp("stage")
    (folder / "models").mkdir()
    shutil.copytree(ROOT / "assets" / "llama-vid-tiny", folder / "models" / "tiny")
    (folder / "clip.srt").write_text(SPOKEN)
    (folder / "broken.mp4").write_bytes(b"this is no film")
    play = Play(
        film="harbour", long_film="harbour",
        questions=("Where does the film begin?", "Where is the map?"),
        clip=make_clip(folder / "my clip.mp4", seconds=8), subtitles=folder / "clip.srt", broken=folder / "broken.mp4",
        other_model="tiny",
    )  # fmt: skip
    chosen = {"models": folder / "models", "read_ahead": "off", "answers_at_once": 1}
    chosen["max_new_tokens"] = 30_000  # nearly all that it can read: it is looked at while it is written
    for server in start_small_films(films, checkpoint, folder, **chosen):
        yield server, play


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE)
    path = shutil.which("chromium") or "/usr/bin/chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=CHROMIUM)
        yield browser
        browser.close()


@pytest.fixture
def page(server: Server, browser: Browser) -> Iterator[Page]:
    with visit(server, browser) as page:
        yield page


@contextlib.contextmanager
def visit(
    server: Server,
    browser: Browser,
    *,
    width: int = 1280,
    height: int = 800,
    locale: str = "en-US",
    script: str = "",
) -> Iterator[Page]:
    """The page, opened and with its model; it may neither call anybody else nor run into errors.

    `script` runs before the page's own.
    """
    context = browser.new_context(
        viewport={"width": width, "height": height},
        reduced_motion="reduce",
        locale=locale,
    )
    context.add_init_script(script)
    page = context.new_page()
    troubles: list[str] = []
    page.on("request", lambda request: None if is_local(request.url) else troubles.append(request.url))
    page.on("pageerror", lambda error: troubles.append(str(error)))
    page.on("dialog", lambda dialog: (troubles.append(dialog.message), dialog.dismiss()))
    page.goto(server.url)
    expect(page.locator("#model .ready")).to_be_visible(timeout=60_000)
    expect(page.locator("#player video")).to_be_visible()
    yield page
    context.close()
    assert not troubles


def is_local(url: str) -> bool:
    """Whether a request stays on this machine."""
    return url.startswith(("http://127.0.0.1:", "data:", "blob:"))
