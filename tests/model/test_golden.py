"""Parity with the original LLaMA-VID, intermediate by intermediate, on the golden micro set."""

import json
from pathlib import Path

import pytest

from tests.conftest import GOLDEN
from tests.golden_llama_vid import GoldenCase, GoldenFolder

CASES = sorted(p.stem for p in GOLDEN.glob("*.npz") if p.with_suffix(".json").exists())


@pytest.fixture(scope="module", params=["eva_vit_g.pth", "eva_vit_g_extra.pth"])
def folder(request: pytest.FixtureRequest) -> GoldenFolder:
    return GoldenFolder(GOLDEN, tower=request.param)


@pytest.mark.parametrize("case", CASES)
def test_every_recorded_array_is_reproduced(folder: GoldenFolder, case: str) -> None:
    failed = [check for check in GoldenCase(folder, case).checks() if not check.passed]
    assert not failed, failed


def test_tokenization_is_exact(folder: GoldenFolder) -> None:
    assert not [check for check in folder.check_tokenization() if not check.passed]


def test_norm_epsilons(folder: GoldenFolder) -> None:
    assert not [check for check in folder.check_norms() if not check.passed]


def test_every_case_of_the_folder_is_run(golden_folder: Path) -> None:
    recorded = {p.stem for p in golden_folder.glob("?_*.json")}
    assert recorded == set(CASES)
    assert json.loads((golden_folder / "set.json").read_text())["set"] == "micro"
