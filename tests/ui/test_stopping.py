"""SIGTERM while somebody is answered, somebody's film is read and somebody has brought a file."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import httpx
import psutil
import pytest

from llamavid_demo.chat.scheduler import CLOSING
from llamavid_demo.errors import AddressError
from llamavid_demo.settings import ROOT, Settings
from llamavid_demo.ui import serve
from tests.ui.conftest import Server, make_clip, start_small_films


@pytest.fixture
def server(films: Path, checkpoint: Path, tmp_path: Path) -> Iterator[Server]:
    movies = shutil.copytree(films, tmp_path / "movies")
    make_clip(movies / "long.mp4", seconds=600)
    yield from start_small_films(movies, checkpoint, tmp_path, section_minutes=30)


def stream(visitor: httpx.Client, film: str, stack: ExitStack) -> Iterator[str]:
    """Lines of an answer as they come."""
    question = {"role": "user", "content": "Where does the film begin?"}
    body = {"model": f"checkpoint0/{film}", "messages": [question], "stream": True}
    answer = stack.enter_context(visitor.stream("POST", "/v1/chat/completions", json=body))
    assert answer.status_code == 200
    return answer.iter_lines()


def last_error(lines: Iterator[str]) -> str:
    """What the last event of a stream says is wrong."""
    *_, event, done = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
    assert done == "[DONE]"
    message: str = json.loads(event)["error"]["message"]
    return message


def test_sigterm_ends_everything_in_a_sentence_and_in_time(server: Server) -> None:
    with httpx.Client(base_url=server.url, timeout=60) as visitor, ExitStack() as stack:
        visitor.post("/gradio_api/upload", files={"files": ("clip.mp4", b"film")}).raise_for_status()
        assert [path.name for path in (server.cache / "uploads").rglob("clip.mp4")]
        answered = stream(visitor, "harbour", stack)
        assert any('"content": "' in line and '"content": ""' not in line for line in answered)  # the first word
        read = stream(visitor, "long", stack)
        program = psutil.Process(server.process.pid)
        while not program.children(recursive=True):
            assert next(read) is not None
        children = program.children(recursive=True)
        os.kill(program.pid, signal.SIGTERM)
        assert last_error(answered) == CLOSING
        assert last_error(read) == CLOSING
        server.process.join(timeout=20)
        assert server.process.exitcode == 0  # later than in five seconds it ends with another status
    assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
    assert list((server.cache / "uploads").iterdir()) == []
    turns = [json.loads(line) for line in server.log.read_text().splitlines() if line.startswith("{")]
    assert [turn["outcome"] for turn in turns] == ["closed"]


def test_an_address_that_is_taken_is_said_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(AddressError, match=rf"127.0.0.1:{port} \(Address already in use\): stop what runs there"):
            serve(Settings(port=port))


def test_a_signal_that_another_thread_was_handed_ends_it_too() -> None:
    program = """
import signal, sys, threading, traceback
from llamavid_demo.ui.stopping import until_signalled, wait_for_signal

def send(main=threading.main_thread().ident):
    names = []
    while names[:3] != ["wait", "wait", "wait_for_signal"] or "gotit" not in frame.f_locals:
        frame = sys._current_frames()[main]
        names = [one.f_code.co_name for one, _ in traceback.walk_stack(frame)]
    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)
    threading.Event().wait()

with until_signalled():
    threading.Thread(target=send, daemon=True).start()
    wait_for_signal()
"""
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, timeout=60, check=False).returncode == 0
