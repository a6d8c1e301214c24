"""How PyTorch's threads wait, as its OpenMP library tells itself."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize("chosen, spins", [({}, "10000"), ({"GOMP_SPINCOUNT": "9"}, "9")])
def test_threads_spin_but_shortly(chosen: dict[str, str], spins: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "GOMP_SPINCOUNT"}
    told = subprocess.run(
        [sys.executable, "-c", "import llamavid_demo, torch"],
        env=environment | chosen | {"OMP_DISPLAY_ENV": "verbose"}, capture_output=True, text=True, check=True,
    ).stderr  # fmt: skip
    assert f"GOMP_SPINCOUNT = '{spins}'" in told
