"""`--every-file` gives all hostile files to the product; without it a few stand for them."""

import pytest

from tests.hostile.every import every, few


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--every-file", action="store_true", help="all hostile files and kills, not a few")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "hostile_files" in metafunc.fixturenames:
        kinds = every() if metafunc.config.getoption("--every-file", default=False) else {"a few": few()}
        metafunc.parametrize("hostile_files", kinds.values(), ids=kinds)
