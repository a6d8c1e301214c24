"""Files that mean harm end in an answer or in one sentence, and touch nothing else."""

from pathlib import Path

from tests.hostile.case import Case
from tests.hostile.every import every
from tests.hostile.inspector import faults


def test_there_are_hundreds_of_them() -> None:
    assert sum(map(len, every().values())) >= 500


def test_hostile_files_harm_nothing(hostile_files: list[Case], tmp_path: Path) -> None:
    found = faults(hostile_files, tmp_path)
    assert not found, "\n".join(found)
