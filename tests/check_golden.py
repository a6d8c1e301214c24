"""Check a folder of golden data: `python tests/check_golden.py DIR` prints case, array and largest error.

What a folder holds, LLaMA-VID's recordings or LLaVA-Mini's, is told by its files.
"""

import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.golden import Check
from tests.golden_llama_vid import GoldenFolder
from tests.golden_llava_mini import GoldenLlavaMini


def checks_of(folder: Path) -> Iterator[Check]:
    """Every recorded array beside ours. Raises `SystemExit` with a line for a folder of neither kind."""
    if (folder / "set.json").is_file():
        return GoldenFolder(folder).checks()
    if (folder / "cases").is_dir() and (folder / "ckpt").is_dir():
        return GoldenLlavaMini(folder).checks()
    raise SystemExit(f"{folder} holds no golden data: LLaMA-VID's has a set.json, LLaVA-Mini's has cases/ and ckpt/.")


def main(folder: Path) -> int:
    """Print a line an array; the exit code is 1 when one is beyond its tolerance."""
    failed = 0
    worst: dict[str, float] = {}
    for check in checks_of(folder):
        verdict = "ok" if check.passed else "FAIL"
        print(f"{check.case:28} {check.array:26} {check.error:9.2e}  (≤ {check.tolerance:g})  {verdict}")
        failed += not check.passed
        worst[check.case] = max(worst.get(check.case, 0.0), check.error)
    print("\nlargest error per case")
    for case, error in worst.items():
        print(f"{case:28} {error:9.2e}")
    print(f"{failed} arrays beyond their tolerance" if failed else "all arrays within their tolerance")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
