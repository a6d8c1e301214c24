"""How PyTorch's threads wait, as its OpenMP library tells itself."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize("chosen, waits", [({}, "PASSIVE"), ({"OMP_WAIT_POLICY": "active"}, "ACTIVE")])
def test_threads_do_not_spin_unless_somebody_wants_it(chosen: dict[str, str], waits: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    told = subprocess.run(
        [sys.executable, "-c", "import llamavid_demo, torch"],
        env=environment | chosen | {"OMP_DISPLAY_ENV": "true"}, capture_output=True, text=True, check=True,
    ).stderr  # fmt: skip
    assert f"OMP_WAIT_POLICY = '{waits}'" in told
