"""Our page imports Gradio without its type stubs, which cost two seconds of each start."""

import inspect
import subprocess
import sys

import pytest

from llamavid_demo.ui.type_stubs import no_type_stubs

LOOK = """
import inspect, sys
opened = []
sys.addaudithook(lambda event, given: event == "open" and str(given[0]).endswith(".pyi") and opened.append(given[0]))
import llamavid_demo.ui, gradio
assert "gradio.components.textbox" in sys.modules and inspect.getfile.__module__ == "inspect"
sys.exit(f"opened {opened}" if opened else 0)
"""


def test_none_is_read_or_written() -> None:
    done = subprocess.run([sys.executable, "-c", LOOK], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_all_others_still_find_files() -> None:
    before = inspect.getfile
    with no_type_stubs():
        assert inspect.getfile(test_none_is_read_or_written) == __file__
    assert inspect.getfile is before


def test_who_replaced_it_meanwhile_keeps_that(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inspect, "getfile", inspect.getfile)

    def theirs(_of: object) -> str:
        return "theirs"

    with no_type_stubs():
        monkeypatch.setattr(inspect, "getfile", theirs)
    assert inspect.getfile is theirs
