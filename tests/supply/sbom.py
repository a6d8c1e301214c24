"""`sbom.cdx.json`: the packages of the lock file as CycloneDX, for tools that look for known weaknesses.

`python -m tests.supply.sbom` writes it anew. It has no date and no serial number: the same packages give the same file.
"""

import json
from typing import Any

from llamavid_demo import __version__
from tests.documents import ROOT
from tests.supply.licences import installed_packages, licence_of
from tests.supply.lock import Pin, read_lock

SBOM = ROOT / "sbom.cdx.json"


def component(pin: Pin, licence: str) -> dict[str, Any]:
    """A package as CycloneDX has it."""
    address = f"pkg:pypi/{pin.name}@{pin.version}"
    return {
        "type": "library", "bom-ref": address, "name": pin.name, "version": pin.version,
        "hashes": [{"alg": "SHA-256", "content": pin.digest}],
        "licenses": [{"license": {"name": licence}}],
        "purl": address,
    }  # fmt: skip


def make_sbom() -> dict[str, Any]:
    """The whole file."""
    installed = installed_packages()
    ours = {"type": "application", "bom-ref": "llamavid-demo", "name": "llamavid-demo", "version": __version__,
            "licenses": [{"license": {"id": "Apache-2.0"}}]}  # fmt: skip
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {"component": ours},
        "components": [component(pin, licence_of(installed[pin.name])) for pin in read_lock()],
    }


if __name__ == "__main__":
    SBOM.write_text(json.dumps(make_sbom(), indent=1) + "\n", "utf-8")
