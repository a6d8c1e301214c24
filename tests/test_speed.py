"""Tests are chosen by how long they take: `-m fast` and `-m slow`."""

import pytest

from tests.speed import SECONDS

QUICK, SLOW = "tests/test_options.py", "tests/test_command_line.py"


@pytest.mark.parametrize(("mark", "chosen"), [("fast", QUICK), ("slow", SLOW)])
def test_a_mark_chooses_its_tests_and_no_others(
    mark: str, chosen: str, pytestconfig: pytest.Config, capsys: pytest.CaptureFixture[str]
) -> None:
    files = [str(pytestconfig.rootpath / name) for name in (QUICK, SLOW)]
    assert pytest.main(["--collect-only", "-qq", "-p", "no:cacheprovider", "-m", mark, *files]) == pytest.ExitCode.OK
    said = capsys.readouterr().out
    assert chosen in said and not any(other in said for other in {QUICK, SLOW} - {chosen})


def test_slow_files_are_there(pytestconfig: pytest.Config) -> None:
    assert [name for name in SECONDS if not (pytestconfig.rootpath / name).is_file()] == []
