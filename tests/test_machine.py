"""Memory and cores that a container or a service may use are counted, whatever the machine has."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import psutil
import pytest
import torch

from llamavid_demo import machine
from llamavid_demo.chat.cost import GIB, memory_gigabytes
from llamavid_demo.model.fitting import free_bytes

MB = 1 << 20
ALL_CORES = len(os.sched_getaffinity(0))


@pytest.fixture
def groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Control groups that are files of this test."""
    monkeypatch.setattr(machine, "GROUPS", tmp_path)
    monkeypatch.setattr(machine, "OWN", tmp_path / "own")
    return tmp_path


def write(folder: Path, files: Mapping[str, object]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(f"{text}\n")


def memory(limit: object, used: int, idle: int = 0) -> dict[str, object]:
    return {"memory.max": limit, "memory.current": used, "memory.stat": f"anon 5\ninactive_file {idle}"}


def test_a_containers_memory_counts(groups: Path) -> None:
    (groups / "own").write_text("0::/\n")
    write(groups, memory(300 * MB, 200 * MB, idle=50 * MB))
    assert machine.total_memory() == 300 * MB
    assert machine.available_memory() == 150 * MB  # what was read from files makes room
    assert free_bytes(torch.device("cpu")) == 150 * MB
    assert memory_gigabytes(torch.device("cpu")) == 300 * MB / GIB


def test_the_tightest_limit_around_a_service_counts(groups: Path) -> None:
    (groups / "own").write_text("0::/system.slice/film.service\n")
    write(groups / "system.slice" / "film.service", memory("max", 10 * MB))
    write(groups / "system.slice", memory(400 * MB, 390 * MB))
    assert (machine.total_memory(), machine.available_memory()) == (400 * MB, 10 * MB)
    write(groups / "system.slice" / "film.service", memory(100 * MB, 20 * MB))
    assert (machine.total_memory(), machine.available_memory()) == (100 * MB, 10 * MB)


def test_older_groups_are_known_from_inside_a_container(groups: Path) -> None:
    (groups / "own").write_text("9:cpu,cpuacct:/docker/1\n8:memory:/docker/1\n1:name=systemd:/docker/1\n")
    used = {"memory.limit_in_bytes": 300 * MB, "memory.usage_in_bytes": 310 * MB}
    write(groups / "memory", {**used, "memory.stat": f"inactive_file 1\ntotal_inactive_file {5 * MB}"})
    write(groups / "cpu", {"cpu.cfs_quota_us": 50000, "cpu.cfs_period_us": 100000})
    assert (machine.total_memory(), machine.available_memory(), machine.cores()) == (300 * MB, 0, 1)
    write(groups / "cpu", {"cpu.cfs_quota_us": -1})
    assert machine.cores() == ALL_CORES


@pytest.mark.parametrize(("quota", "cores"), [("150000 100000", 2), ("20000 100000", 1), ("max 100000", 64), ("", 64)])
def test_a_containers_cores_count(groups: Path, monkeypatch: pytest.MonkeyPatch, quota: str, cores: int) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: range(64))
    (groups / "own").write_text("0::/\n")
    write(groups, {"cpu.max": quota})
    assert machine.cores() == cores


@pytest.mark.parametrize("files", [{}, memory("max", 5), memory(1 << 62, 5), {"memory.max": 5}, {"memory.max": "?"}])
def test_without_a_limit_the_machine_counts(groups: Path, files: Mapping[str, object]) -> None:
    (groups / "own").write_text("0::/\n")
    write(groups, files)
    assert machine.total_memory() == psutil.virtual_memory().total
    assert machine.available_memory() > 0


def test_where_there_are_no_groups_the_machine_counts(groups: Path) -> None:
    assert (machine.total_memory(), machine.cores()) == (psutil.virtual_memory().total, ALL_CORES)


@pytest.mark.parametrize("chosen", [None, "2"])
def test_pytorch_takes_as_many_threads(chosen: str | None) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    script = (
        "import os; os.cpu_count = lambda: 64; os.sched_getaffinity = lambda process: range(1); "
        "import llamavid_demo, torch; "
    )
    told = subprocess.run(
        [sys.executable, "-c", script + "print(torch.get_num_threads())"],
        env=environment | ({"OMP_NUM_THREADS": chosen} if chosen else {}), capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    assert int(told) == int(chosen or 1)
