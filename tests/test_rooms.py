"""Data flows one way: film → model → chat → ui. A lower room never imports a higher one."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "llamavid_demo"
MAY_IMPORT = {
    "film": {"film"},
    "model": {"film", "model"},
    "chat": {"film", "model", "chat"},
    "ui": {"film", "model", "chat", "ui"},
    "storybook": {"film", "storybook"},
    "questions": {"film", "storybook", "questions"},
    "training": {"film", "model", "storybook", "questions", "training"},
    "evaluation": {"film", "model", "chat", "storybook", "questions", "evaluation"},
    "cli": {"film", "model", "chat", "questions", "evaluation", "training", "cli"},
}
FOR_ALL = {
    "direction_marks", "errors", "address", "cache_folder", "machine", "settings", "embedded", "options", "report",
}  # fmt: skip


def rooms_imported(path: Path) -> set[str]:
    """Second names of all `llamavid_demo.…` imports of a file, wherever they stand."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            names |= {f"{node.module}.{alias.name}" for alias in node.names}
    return {name.split(".")[1] for name in names if name.startswith("llamavid_demo.")}


def test_every_room_is_known() -> None:
    assert {path.parent.name for path in PACKAGE.glob("*/__init__.py")} == set(MAY_IMPORT)


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_no_room_imports_a_higher_one(room: str) -> None:
    for path in sorted((PACKAGE / room).rglob("*.py")):
        assert rooms_imported(path) - FOR_ALL <= MAY_IMPORT[room], path


@pytest.mark.parametrize("name", sorted(FOR_ALL))
def test_what_all_may_import_imports_no_room(name: str) -> None:
    assert rooms_imported(PACKAGE / f"{name}.py") <= FOR_ALL


@pytest.mark.parametrize(
    ("room", "heavy"),
    [("film", ["torch", "gradio", "transformers"]), ("chat", ["gradio"]), ("training", ["gradio", "decord", "typer"])],
)
def test_a_room_does_not_know_what_is_not_its_own(room: str, heavy: list[str]) -> None:
    code = f"import sys, llamavid_demo.{room}; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
