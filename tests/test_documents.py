"""The documents say what is there: links lead somewhere, commands and settings exist, names are the code's own."""

import re
from importlib.util import find_spec
from pathlib import Path

import pytest
from typer.core import TyperCommand
from typer.main import get_command

from bench.__main__ import app as benches
from llamavid_demo.cli.space import front_matter, space_files
from llamavid_demo.settings import Settings
from tests import documents
from tests.documents import COMMANDS, DOCUMENTS, PACKAGE, ROOT
from tests.made_tables import MADE, with_tables

BENCHES: dict[str, TyperCommand] = get_command(benches).commands  # type: ignore[attr-defined]
HOW = ROOT / "docs" / "how-it-works.md"
GLOSSARY = ROOT / "docs" / "glossary.md"
MOST_LINES = 90

each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))


def test_the_readme_is_short() -> None:
    _, body = front_matter((ROOT / "README.md").read_text("utf-8"), model=None, hardware=None)
    assert len(body.strip().splitlines()) <= MOST_LINES


@each_document
def test_links_lead_to_files_in_git_and_to_headings(document: Path) -> None:
    for link in documents.links(document.read_text("utf-8")):
        place, _, anchor = link.partition("#")
        target = (document.parent / place).resolve() if place else document
        assert str(target.relative_to(ROOT)) in documents.files_in_git(), link
        if anchor:
            assert anchor in documents.anchors(target.read_text("utf-8")), link


def test_links_of_the_readme_lead_somewhere_on_a_space() -> None:
    there = space_files(ROOT, ROOT / "movies")
    for link in documents.links((ROOT / "README.md").read_text("utf-8")):
        place = link.partition("#")[0].rstrip("/")
        assert any(file == place or file.startswith(f"{place}/") for file in there), link


@each_document
def test_commands_are_understood(document: Path) -> None:
    for module, words in documents.module_calls(document.read_text("utf-8")):
        known = {"llamavid_demo": COMMANDS, "bench": BENCHES}.get(module)
        if known is None:
            assert find_spec(module), module
        elif words:
            known[words[0]].make_context(words[0], words[1:])  # raises what a person would be told
    for command, flags in documents.short_calls(document.read_text("utf-8")):
        assert set(flags) <= documents.flags(COMMANDS[command]), (command, flags)


@each_document
def test_flags_of_modules_are_theirs(document: Path) -> None:
    """Those with a command line of their own, such as a training's."""
    for module, words in documents.module_calls(document.read_text("utf-8")):
        file = ROOT / f"{module.replace('.', '/')}.py"
        for flag in (word for word in words if word.startswith("--") and file.is_file()):
            assert f'"{flag}"' in file.read_text("utf-8"), (module, flag)


@each_document
def test_settings_exist(document: Path) -> None:
    named = re.findall(r"LLAMAVID_([A-Z_]*[A-Z])", document.read_text("utf-8"))
    assert {name.lower() for name in named} <= set(Settings.model_fields)


@pytest.mark.parametrize("document", MADE, ids=lambda path: path.name)
def test_tables_are_made_from_the_code_and_the_benches(document: Path) -> None:
    assert document.read_text("utf-8") == with_tables(document), "run `python -m tests.made_tables`"


@each_document
def test_names_of_the_code_exist(document: Path) -> None:
    for file, name in documents.names(document.read_text("utf-8")):
        assert name in documents.defined(file), f"{file}: {name}"


@each_document
def test_files_that_are_named_exist(document: Path) -> None:
    begins = ("llamavid_demo/", "tests/", "bench/", "docs/", "assets/")
    for word in documents.words(document.read_text("utf-8")):
        if word.startswith(begins) or re.fullmatch(r"[\w-]+(/[\w-]+)+\.py", word):
            assert (ROOT / word).exists() or (PACKAGE / word).exists(), word


def test_figures_and_glossary_name_the_code() -> None:
    """What the tests above hold to the code is there to be held."""
    figures = re.findall(r"```mermaid\n(.*?)```", HOW.read_text("utf-8"), re.DOTALL)
    assert figures and all(len(documents.names(figure)) >= 10 for figure in figures)
    rows = [line for line in GLOSSARY.read_text("utf-8").splitlines() if line.startswith("| **")]
    assert rows and all(documents.names(row) for row in rows)
