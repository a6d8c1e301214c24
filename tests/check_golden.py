"""Check a folder of golden data: `python tests/check_golden.py DIR` prints case, array and largest error."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))

from tests.golden_llama_vid import GoldenFolder


def main(folder: Path) -> int:
    """Print a line an array; the exit code is 1 when one is beyond its tolerance."""
    failed = 0
    worst: dict[str, float] = {}
    for check in GoldenFolder(folder).checks():
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
