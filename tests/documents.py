"""What the documents say that can be checked: links, commands, and names of the code."""

import ast
import re
import shlex
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from typer.core import TyperCommand
from typer.main import get_command

from llamavid_demo.__main__ import app

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "llamavid_demo"
DOCUMENTS = sorted([ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("assets/*/README.md")])
COMMANDS: dict[str, TyperCommand] = get_command(app).commands  # type: ignore[attr-defined]

_FENCE = re.compile(r"^```.*?^```\n?", re.DOTALL | re.MULTILINE)
_SHELL = re.compile(r"^```bash\n(.*?)^```", re.DOTALL | re.MULTILINE)
_CODE = re.compile(r"`([^`]+)`")
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_NAME = re.compile(r"((?:\w+/)*\w+\.py)(?:<br/>|: )([A-Za-z_][\w.]*)")
_MODULE = re.compile(r"\bpython -m (\S+)(.*)")


def prose(text: str) -> str:
    """A document without its blocks of code."""
    return _FENCE.sub("", text)


def links(text: str) -> list[str]:
    """Where a document links to inside the project: `path`, `path#anchor` or `#anchor`."""
    found = _LINK.findall(_CODE.sub("", prose(text)))
    return [link for link in found if not link.startswith(("http://", "https://"))]


def anchors(text: str) -> set[str]:
    """Anchors of a document's headings, as GitHub makes them."""
    plain = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in _HEADING.findall(prose(text)))
    return {heading.strip().replace(" ", "-") for heading in plain}


@cache
def files_in_git() -> frozenset[str]:
    """Files and folders that git knows, by their paths from the root."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    files = [Path(name) for name in listed.split("\0") if name]
    return frozenset(str(path) for file in files for path in (file, *file.parents))


def code(text: str) -> list[str]:
    """What stands in backquotes in a document's prose."""
    return [" ".join(inside.split()) for inside in _CODE.findall(prose(text))]


def lines_of_code(text: str) -> list[str]:
    """Lines of a document's shell blocks, continued ones as one, and what stands in backquotes."""
    return [line for block in _SHELL.findall(text) for line in block.replace("\\\n", " ").splitlines()] + code(text)


def words(text: str) -> list[str]:
    """Words of a document's code, without the marks around them."""
    return [word.strip("`,;:()[]") for line in lines_of_code(text) for word in line.split()]


def module_calls(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each `python -m MODULE …` of a document as (module, words), from shell blocks and from prose."""
    for line in lines_of_code(text):
        if call := _MODULE.search(line):
            yield call[1], shlex.split(call[2].replace("[", "").replace("]", ""), comments=True)


def short_calls(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each command that a document names by itself, as `eval --scenes 20`, as (command, its flags)."""
    for line in map(str.split, code(text)):
        if line[0] in COMMANDS:
            yield line[0], [word for word in line[1:] if word.startswith("--")]


def flags(command: TyperCommand) -> set[str]:
    """All flags of a command."""
    return {flag for parameter in command.params for flag in (*parameter.opts, *parameter.secondary_opts)}


def names(text: str) -> list[tuple[str, str]]:
    """Names of the code, as `chat/ledger.py: Ledger.admit` or in a figure, as (file in the package, dotted name)."""
    return _NAME.findall(text)


@cache
def defined(file: str) -> frozenset[str]:
    """Names that a file of the package defines: functions, constants, classes and what these have."""
    return frozenset(_defined(ast.parse((PACKAGE / file).read_text("utf-8"))))


def _defined(node: ast.Module | ast.ClassDef) -> Iterator[str]:
    for child in node.body:
        if isinstance(child, ast.ClassDef):
            yield child.name
            yield from (f"{child.name}.{name}" for name in _defined(child))
        elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield child.name
        elif isinstance(child, ast.AnnAssign | ast.Assign):
            targets = child.targets if isinstance(child, ast.Assign) else [child.target]
            yield from (name.id for target in targets for name in ast.walk(target) if isinstance(name, ast.Name))
