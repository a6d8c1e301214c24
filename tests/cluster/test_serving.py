"""The page with `serve --replicas 2`: it answers through them about films in a store, and leaves nothing behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
ENDING = 8.0  # seconds in which a server with its replicas ends; 5 that are promised, and the start of this test's look


def ray_folders() -> set[Path]:
    return set(Path("/tmp").glob("ray-*"))  # noqa: S108 - Ray's are there


def get(url: str, sent: dict | None = None) -> dict:
    data = json.dumps(sent).encode() if sent else None
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=300) as answer:  # noqa: S310
        return json.load(answer)


def test_the_page_answers_through_replicas_and_ends_with_them(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    before = ray_folders()
    command = [sys.executable, "-m", "llamavid_demo", "serve", "--replicas", "2", "--port", str(port)]
    chosen = {
        "cache_dir": tmp_path / "cache", "movies_url": f"file://{ROOT}/movies", "shared_cache": f"file://{tmp_path}/shared",
        "read_ahead": "false",
    }  # fmt: skip
    environment = {**os.environ, **{f"LLAMAVID_{name.upper()}": str(value) for name, value in chosen.items()}}
    server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE)
    try:
        assert server.stdout and any(b"Running on local URL" in line for line in server.stdout)
        asked = {
            "model": "llama-vid-tiny",
            "messages": [{"role": "user", "content": "Where does the film begin?"}],
            "film": "the-lost-map",
        }
        answer = get(f"http://127.0.0.1:{port}/v1/chat/completions", asked)
        assert answer["choices"][0]["message"]["content"] == "The film begins at the beach."
        health = get(f"http://127.0.0.1:{port}/healthz")
        assert health["status"] == "ok" and health["replicas"] == {"running": 2, "wanted": 2}
        assert (tmp_path / "cache" / "films" / "the-lost-map" / "movie.mp4").exists()
        assert list((tmp_path / "shared").glob("patches-*.safetensors"))
        started = psutil.Process(server.pid).children(recursive=True)
        assert len(started) > 4
        server.send_signal(signal.SIGTERM)
        assert server.wait(timeout=ENDING) == 0
        assert ray_folders() <= before
        assert not [one for one in started if one.is_running() and one.status() != psutil.STATUS_ZOMBIE]
    finally:
        server.kill()
