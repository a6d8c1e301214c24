"""Which tests take long. Their files run first, so that no worker is left with a long one at the end."""

from collections.abc import Iterable

PAGES = {"browser", "checkpoint"}  # fixtures of tests that open the real page

SECONDS = {  # of a core, at least: starting pytest and importing PyTorch not counted
    "tests/chat/test_bundled_films.py": 62,
    "tests/training/test_compiled.py": 60,
    "tests/training/llava_mini/test_embedded.py": 52,
    "tests/evaluation/test_embedded_model.py": 38,
    "tests/bench/test_bench.py": 32,
    "tests/ui/test_visitors.py": 30,
    "tests/chat/test_suggestions.py": 25,
    "tests/chat/test_ledger.py": 24,
    "tests/bench/test_load.py": 23,
    "tests/test_command_line.py": 19,
    "tests/training/test_run.py": 15,
    "tests/hostile/test_hostile_files.py": 15,
    "tests/chat/test_kills.py": 14,
    "tests/training/real/test_run.py": 13,
    "tests/training/english/test_run.py": 10,
    "tests/evaluation/test_compare.py": 9,
    "tests/film/test_odd_films.py": 8,
    "tests/training/llava_mini/test_run.py": 7,
    "tests/training/test_variants.py": 6,
}
A_PAGE = 5  # seconds that a test takes which opens one, about


def is_slow(file: str) -> bool:
    """Whether a test file (a path from the root) is among those that take long."""
    return file in SECONDS


def opens_page(fixtures: Iterable[str]) -> bool:
    """Whether a test that uses these fixtures opens the real page."""
    return not PAGES.isdisjoint(fixtures)


def seconds(file: str, pages: int) -> int:
    """About how long a file takes in which so many tests open a page; 0 for those that are quick."""
    return SECONDS.get(file, A_PAGE * pages)
