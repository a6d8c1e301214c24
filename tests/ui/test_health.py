"""`/healthz` and `/metrics`, of a server that lacks a cache folder and memory, and whose film goes."""

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from llamavid_demo.errors import GONE, ModelError
from llamavid_demo.settings import Settings
from llamavid_demo.ui.health import Health
from llamavid_demo.ui.metrics import Family, Sample, exposition, histogram
from llamavid_demo.ui.models import Models
from llamavid_demo.ui.uploads import Uploads
from tests.ui.conftest import Server, make_clip, start_small_films

FILM = "a_quiet_road.mp4"
MEMORY_GB = 0.004  # the weights take 0.0036, half a minute's section 0.0002, five minutes 0.0007
LINE = re.compile(r'[a-z_]+(\{[a-z]+="[^"]*"(,[a-z]+="[^"]*")*\})? -?[0-9][0-9.e+-]*')  # of Prometheus' text format


@pytest.fixture
def server(films: Path, checkpoint: Path, tmp_path: Path) -> Iterator[Server]:
    shutil.copytree(films, tmp_path / "movies")
    (tmp_path / "cache").write_text("a file in the folder's place")
    make_clip(tmp_path / "movies" / "long.mp4", seconds=300)
    yield from start_small_films(tmp_path / "movies", checkpoint, tmp_path, max_new_tokens=8, memory_gb=MEMORY_GB)


def ask(visitor: httpx.Client, film: str, section: int | str = 0) -> httpx.Response:
    question = {"role": "user", "content": "Where does the film begin?"}
    body = {"model": "checkpoint0", "film": film, "section": section, "messages": [question]}
    return visitor.post("/v1/chat/completions", json=body)


def figures(visitor: httpx.Client) -> dict[str, float]:
    """All values by name and labels."""
    answer = visitor.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    lines = [line for line in answer.text.splitlines() if not line.startswith("# ")]
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def test_a_server_says_how_it_is_and_lives_on_without_cache_film_and_memory(server: Server, tmp_path: Path) -> None:
    with httpx.Client(base_url=server.url, timeout=90) as visitor:
        assert ask(visitor, "harbour").status_code == 200
        answer = visitor.get("/healthz")
        health = answer.json()
        assert (answer.status_code, health["status"], health["model"]["state"]) == (200, "ok", "ready")
        assert (health["queue"], health["engine"]) == (0, {"alive": True, "trouble": None})
        assert 0 < health["memory"]["cpu"]["held"] < health["memory"]["cpu"]["allowed"]
        assert "session" not in answer.headers.get("set-cookie", "")
        (tmp_path / "movies" / FILM).unlink()
        gone = ask(visitor, "a-quiet-road")
        assert (gone.status_code, gone.json()["error"]["message"]) == (400, GONE)
        large = ask(visitor, "long", "all")
        assert large.status_code == 503 and large.json()["error"]["code"] == "out_of_memory"
        assert re.match(r"This section of 5:00 needs .* GiB .*: choose shorter", large.json()["error"]["message"])
        assert ask(visitor, "harbour").status_code == 200
        visitor.post("/gradio_api/upload", files={"files": ("clip.mp4", b"film")}).raise_for_status()
        found = figures(visitor)
        assert (found["llamavid_uploads_total"], found["llamavid_upload_bytes"]) == (1, 4)
        assert sum(count for name, count in found.items() if name.startswith("llamavid_turns_total{")) == 3
        assert found['llamavid_tokens_total{kind="written"}'] == 16
        assert found['llamavid_tokens_total{kind="reused"}'] > 0
        assert found['llamavid_first_token_seconds_bucket{le="+Inf"}'] == 2
        assert found["llamavid_cache_bytes"] > 0
        assert found['llamavid_memory_held_bytes{device="cpu"}'] > 0
    assert "cannot be written (a file has its place)" in server.log.read_text()


def test_health_is_503_while_the_model_is_not_there(tmp_path: Path) -> None:
    models = Models(Settings(model=str(tmp_path / "none"), models=tmp_path))
    health = Health(models.settings, models, Uploads(tmp_path))
    assert health.report()[0] == 503 and health.report()[1]["status"] == "unwanted"
    with pytest.raises(ModelError):
        models["none"].wait()
    status, report = health.report()
    assert (status, report["status"], report["memory"]) == (503, "failed", {})
    health.closing = True
    assert health.report()[1]["status"] == "closing"
    assert 'llamavid_model_ready{model="none"} 0\n' in health.metrics()


def test_labels_are_escaped_and_a_histogram_is_whole() -> None:
    odd = Family("a_total", "A.", "counter", (Sample(2, {"model": 'a"b\\c\nd'}),))
    assert exposition([odd, histogram("s", "S.", (0.5, 1), (1, 3, 4), 7.25)]).splitlines() == [
        "# HELP a_total A.", "# TYPE a_total counter", r'a_total{model="a\"b\\c\nd"} 2',
        "# HELP s S.", "# TYPE s histogram", 's_bucket{le="0.5"} 1', 's_bucket{le="1"} 3', 's_bucket{le="+Inf"} 4',
        "s_sum 7.25", "s_count 4",
    ]  # fmt: skip
