"""Visitors come through every door to a real server; how long they wait is nobody's business here."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from bench.load import OUTCOMES, faults, load
from llamavid_demo.embedded import SMALL
from tests.ui.conftest import make_clip

SEED = 33  # with it each of four visitors takes another door


def test_whoever_comes_is_answered_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "movies").mkdir()
    make_clip(tmp_path / "movies" / "clip.mp4", seconds=3)
    with ThreadPoolExecutor(1) as pool:  # browser tests leave an event loop in this one
        pool.submit(
            load, 4, 0.001, model=SMALL, movies=tmp_path / "movies", pause=0.1, seed=SEED, out=tmp_path
        ).result()
    found = json.loads((tmp_path / "load.json").read_text(encoding="utf-8"))
    assert {row["door"] for row in found["rows"]} == {"/ask", "/v1", "own film", "page", "all"}
    for row in found["rows"]:
        assert row["questions"] == sum(row[outcome] for outcome in OUTCOMES) > 0
        assert row["error"] == row["busy"] == 0
        assert row["whole"] + row["stopped"] == 0 or row["p50_s"] > 0
    assert (found["troubles"], found["tracebacks"]) == ({}, 0)
    assert found["held"]["files_before"] == found["held"]["files_after"] == 0 < found["held"]["files_most"]
    assert found["held"]["first_mb"] > 0 and (tmp_path / "load.png").stat().st_size > 0


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, []),
        ({"error": 2}, ["2 questions ended in an error"]),
        ({"troubles": {"x": 2, "y": 1}}, ["3 troubles"]),
        ({"tracebacks": 1}, ["1 tracebacks"]),
        ({"ratio": None}, ["nobody had an answer"]),
        ({"ratio": 5.1}, ["p95 of the first words is 5.1 times p50, more than 5"]),
        ({"growth": 0.11}, ["memory grew by 11%, more than 10%"]),
        ({"files_after": 9}, ["2 files stayed"]),
    ],
)
def test_check_names_what_is_not_as_promised(changed: Mapping[str, Any], said: list[str]) -> None:
    good = {"error": 0, "ratio": 5.0, "growth": 0.1, "files_before": 7, "files_after": 7}
    found = {**good, "troubles": {}, "tracebacks": 0, **changed}
    assert faults(found, found, found["troubles"], found["tracebacks"]) == said
