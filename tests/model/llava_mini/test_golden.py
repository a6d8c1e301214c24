"""Parity with the original LLaVA-Mini, intermediate by intermediate, on the golden tiny set."""

import json

import pytest

from tests.golden_llava_mini import GoldenLlavaMini
from tests.model.llava_mini.conftest import FOLDER

CASES = GoldenLlavaMini(FOLDER).cases()


@pytest.mark.parametrize("case", CASES)
def test_every_recorded_array_is_reproduced(golden: GoldenLlavaMini, case: str) -> None:
    failed = [check for check in golden.check_case(case) if not check.passed]
    assert not failed, failed


def test_frames_are_sampled_as_the_original_does(golden: GoldenLlavaMini) -> None:
    assert not [check for check in golden.check_sampling() if not check.passed]


def test_every_case_of_the_summary_is_run() -> None:
    summary = json.loads((FOLDER / "cases" / "summary.json").read_text())
    assert set(summary["summary"]) | {"g_train_batch"} == set(CASES)
