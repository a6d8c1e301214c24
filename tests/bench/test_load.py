"""Visitors come through every door to a real server; how long they wait is nobody's business here."""

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.load import OUTCOMES, load
from tests.ui.conftest import make_clip

SEED = 33  # with it each of four visitors takes another door


def test_whoever_comes_is_answered_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "movies").mkdir()
    make_clip(tmp_path / "movies" / "clip.mp4", seconds=3)
    with ThreadPoolExecutor(1) as pool:  # browser tests leave an event loop in this one
        pool.submit(load, 4, 0.001, movies=tmp_path / "movies", pause=0.1, seed=SEED, out=tmp_path).result()
    found = json.loads((tmp_path / "load.json").read_text(encoding="utf-8"))
    assert {row["door"] for row in found["rows"]} == {"/ask", "/v1", "own film", "page", "all"}
    for row in found["rows"]:
        assert row["questions"] == sum(row[outcome] for outcome in OUTCOMES) > 0
        assert row["error"] == row["busy"] == 0
        assert row["whole"] + row["stopped"] == 0 or row["p50_s"] > 0
    assert (found["troubles"], found["tracebacks"]) == ({}, 0)
    assert found["held"]["files_before"] == found["held"]["files_after"] == 0 < found["held"]["files_most"]
    assert found["held"]["first_mb"] > 0 and (tmp_path / "load.png").stat().st_size > 0
