"""The lock file, the licences and the SBOM agree with the requirements, with each other and with what is installed."""

import json
import re
import tomllib
from pathlib import Path

import pytest
import yaml

from llamavid_demo import __version__
from llamavid_demo.embedded import INSTALL
from tests.documents import ROOT, files_in_git
from tests.supply.licences import ACCEPTED, COPYLEFT, LICENCES, installed_packages, licence_of
from tests.supply.lock import LINE, LISTED, LOCK, base_package, plain, read_lock
from tests.supply.sbom import SBOM, component


def test_the_lock_has_a_hash_for_everything_and_names_no_registry() -> None:
    lines = [line for line in LOCK.read_text("utf-8").splitlines() if not line.startswith("#")]
    assert lines and all(LINE.match(line) for line in lines)
    names = [pin.name for pin in read_lock()]
    assert names == sorted(set(names))


@pytest.mark.parametrize("listed", LISTED, ids=lambda path: path.name)
def test_the_lock_has_what_the_requirements_say(listed: Path) -> None:
    locked = {f"{pin.name}=={pin.version}" for pin in read_lock()}
    stated = (line.partition("==") for line in listed.read_text().split())
    assert {f"{plain(name)}=={version}" for name, _, version in stated} <= locked


def test_the_language_model_is_the_same_everywhere() -> None:
    assert f"{base_package()} --hash=" in LOCK.read_text("utf-8")
    assert INSTALL.endswith(base_package())


def test_no_installed_package_has_a_licence_that_nobody_has_looked_at() -> None:
    for name, package in installed_packages().items():
        licence = licence_of(package)
        assert licence, f"{name} states no licence: read it, and add it to READ_ELSEWHERE"
        assert name in ACCEPTED or not COPYLEFT.search(licence), f"{name}: {licence}"


@pytest.mark.parametrize("licence", ["GPL-3.0-only", "LGPLv3+", "GNU Affero General Public License v3", "AGPL-3.0"])
def test_copyleft_is_known_when_it_is_seen(licence: str) -> None:
    assert COPYLEFT.search(licence)
    assert not COPYLEFT.search("MIT AND Apache-2.0 OR BSD-3-Clause; ISC License (ISCL); PSF-2.0; Zlib")


def test_documents_list_what_is_locked() -> None:
    rows = re.findall(r"^\| (\S+) \| (\S+) \| (.+) \|$", LICENCES.read_text("utf-8"), re.MULTILINE)[2:]
    assert [row[:2] for row in rows] == [pin[:2] for pin in read_lock()], "run `python -m tests.supply.licences`"
    sbom = json.loads(SBOM.read_text("utf-8"))
    made = [component(pin, row[2]) for pin, row in zip(read_lock(), rows, strict=True)]
    assert sbom["components"] == made, "run `python -m tests.supply.sbom`"
    assert sbom["metadata"]["component"]["version"] == __version__


def test_listed_licences_are_those_of_the_metadata() -> None:
    """Of packages in their locked versions; a newer one that pip has chosen meanwhile may say something else."""
    text, installed = LICENCES.read_text("utf-8"), installed_packages()
    for pin in read_lock():
        package = installed.get(pin.name)
        if package and package.version.partition("+")[0] == pin.version:
            assert f"| {pin.name} | {pin.version} | {licence_of(package)} |\n" in text


def test_files_that_pip_reads_name_no_index() -> None:
    read = {ROOT / name for name in files_in_git() if re.match(r"requirements|pyproject|run\.sh|\.pre-commit", name)}
    assert len(read) >= 6
    for file in read:
        assert not re.search(r"index-url|find-links|trusted-host", file.read_text("utf-8")), file.name


def test_what_builds_the_wheel_is_what_the_tests_build_it_with() -> None:
    requires = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["build-system"]["requires"]
    assert set(requires) <= set((ROOT / "requirements-dev.txt").read_text().split("\n"))


def test_hooks_run_what_the_check_runs() -> None:
    [local] = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))["repos"]
    check = (ROOT / "run.sh").read_text("utf-8").partition("  check)")[2].partition(";;")[0]
    run = re.compile(r"\.venv/bin/\w+(?: (?:format|check))?")
    hooks = {run.findall(hook["entry"])[0] for hook in local["hooks"]}
    assert hooks == set(run.findall(check)) and len(hooks) == 3
