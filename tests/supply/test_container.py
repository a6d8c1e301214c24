"""The Dockerfile, as far as it can be tried without a daemon: hadolint, and what it copies, who it runs as."""

import re
import subprocess
import sys
from pathlib import Path

from tests.documents import ROOT, files_in_git
from tests.supply.lock import read_lock

DOCKERFILE = (ROOT / "Dockerfile").read_text("utf-8")
LETS_IN = {line[1:] for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}


def test_hadolint_has_nothing_to_say() -> None:
    hadolint = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([hadolint, "--no-color", ROOT / "Dockerfile"], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr, done.returncode) == ("", "", 0)


def test_what_it_copies_is_in_git_and_let_in() -> None:
    copied = {name for line in re.findall(r"^COPY (.+) \S+$", DOCKERFILE, re.MULTILINE) for name in line.split()}
    assert {"app.py", "llamavid_demo", "assets", "movies", "requirements.lock"} <= copied
    assert copied <= files_in_git() & LETS_IN


def test_it_runs_as_somebody_without_rights_and_says_how_it_is() -> None:
    assert re.findall(r"^USER (\d+)$", DOCKERFILE, re.MULTILINE) == ["1000"]
    assert "/healthz" in DOCKERFILE.partition("HEALTHCHECK")[2]


def test_the_line_that_cuda_replaces_is_in_the_lock() -> None:
    assert "grep -v '^torch=='" in DOCKERFILE
    assert "torch" in {pin.name for pin in read_lock()}
