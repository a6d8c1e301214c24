"""`kill -9` while a film is read and a question answered: the cache opens, only what was in flight is read again."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from llamavid_demo.settings import ROOT
from tests.chat.killed_readings import PART

KILLS, ALL_KILLS, SEED, FRAMES = 6, 50, 0, 12
Found = dict[str, Any]


@pytest.fixture(scope="module")
def kills(pytestconfig: pytest.Config) -> int:
    """How many; all of them with the hostile files (`./run.sh hard`)."""
    return ALL_KILLS if pytestconfig.getoption("--every-file", default=False) else KILLS


@pytest.fixture(scope="module")
def found(kills: int) -> list[Found]:
    """What an undisturbed reading gives, then kills at moments that are drawn."""
    command = [sys.executable, "-m", "tests.chat.killed_readings", str(kills), str(SEED)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    told = subprocess.run(command, env=environment, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return [json.loads(line) for line in told.stdout.splitlines()]


def test_whatever_the_moment_the_answer_is_the_same_and_nothing_is_read_twice_but_what_was_in_flight(
    found: list[Found], kills: int
) -> None:
    whole, *killings = found
    assert (whole["ended"], whole["frames"], len(killings)) == (0, FRAMES, kills)
    for kill in killings:
        killed, again = kill["killed"], kill["again"]
        assert (killed["ended"], again["ended"], again["text"]) == (-9, 0, whole["text"]), kill
        assert again["frames"] == FRAMES - PART * kill["kept"].count("patches"), kill
        assert killed["frames"] + again["frames"] <= FRAMES + PART, kill
    assert {kill["kept"].count("patches") for kill in killings} == {0, 1, 2, 3}  # kills came at all stages
    assert any("tokens" in kill["kept"] for kill in killings)


def test_no_process_and_no_half_written_file_outlives_a_kill(found: list[Found], kills: int) -> None:
    assert [kill["killed"]["left"] for kill in found[1:]] == [0] * kills
    assert [name for kill in found[1:] for name in kill["files"]] == []
