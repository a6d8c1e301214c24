"""`pip install .` is enough: the wheel has the command, the page's files, models and films."""

import os
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

from llamavid_demo import __version__
from tests.documents import ROOT, files_in_git

Run = Callable[..., str]
PARTS, WITHOUT = ("llamavid_demo/", "assets/", "movies/"), "assets/screenshots"

ASK_THE_MODEL = """
from pathlib import Path
import llamavid_demo
from llamavid_demo import load_model
from llamavid_demo.cli.machine_checks import packages
from llamavid_demo.embedded import SMALL
from llamavid_demo.settings import Settings
from llamavid_demo.ui.serve import SCRIPTS, STYLES, served

package = Path(llamavid_demo.__file__).parent
assert package.parent.name == "site-packages", package
assert Settings(model=str(SMALL)).movies == package / "movies"
assert not Settings(model=str(SMALL)).releases.is_relative_to(package)
assert all(served(name) for name in (*STYLES, *SCRIPTS))
print(packages().state, type(load_model(SMALL, device="cpu")).__name__)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Run]:
    """Where the package is, and what runs a command of that environment; requirements are those of the tests'."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    build = [*pip, "wheel", "--no-deps", "--no-build-isolation", "--no-index", "--no-cache-dir", "-w", folder, ROOT]
    subprocess.run(build, check=True)
    venv.create(folder / "venv", with_pip=False)
    binaries = folder / "venv" / "bin"
    install = ["--python", binaries / "python", "install", "--no-deps", "--no-index", "--no-compile"]
    subprocess.run([*pip, *install, *folder.glob("*.whl")], check=True)
    packages = next((folder / "venv").glob("lib/*/site-packages"))
    (packages / "requirements.pth").write_text("\n".join(path for path in sys.path if path.endswith("site-packages")))
    outside = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "LLAMAVID_MODEL")}

    def run(program: str, *words: str) -> str:
        line = [binaries / program, *words]
        done = subprocess.run(line, cwd=folder, env=outside, capture_output=True, text=True, check=False)
        assert not done.returncode, done.stderr
        return done.stdout

    return packages / "llamavid_demo", run


def test_the_wheel_holds_all_files_that_the_program_needs(installed: tuple[Path, Run]) -> None:
    package, _ = installed
    files = (file for file in files_in_git() if file.startswith(PARTS) and not file.startswith(WITHOUT))
    wanted = {file.removeprefix("llamavid_demo/") for file in files if (ROOT / file).is_file()}
    there = {str(file.relative_to(package)) for file in package.rglob("*") if file.is_file()}
    assert there == wanted | {"requirements.txt"}


def test_its_metadata_are_the_requirements_files(installed: tuple[Path, Run]) -> None:
    package, _ = installed
    metadata = (package.parent / f"llamavid_demo-{__version__}.dist-info" / "METADATA").read_text("utf-8")
    stated = {line.removeprefix("Requires-Dist: ") for line in metadata.splitlines() if line.startswith("Requires-")}
    for file, extra in (("requirements.txt", ""), ("requirements-speech.txt", "; extra == 'speech'")):
        assert {f"{line}{extra}" for line in (ROOT / file).read_text().split()} <= stated


def test_the_command_runs_outside_of_the_repository(installed: tuple[Path, Run]) -> None:
    _, run = installed
    assert "Talk with a film." in run("llamavid", "--help")


def test_the_smallest_model_loads_outside_of_the_repository(installed: tuple[Path, Run]) -> None:
    _, run = installed
    assert run("python", "-c", ASK_THE_MODEL).split()[-1] == "LoadedLlamaVid"
