"""`--every-file` gives all hostile files to the product; without it a few stand for them."""

import pytest
from hypothesis import settings

from tests.hostile.every import every, few

# The same draws on every machine, and no time limits: a busy machine is no fault.
settings.register_profile("few", derandomize=True, deadline=None, database=None, max_examples=12)
settings.register_profile("many", settings.get_profile("few"), max_examples=5000)


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("many" if config.getoption("--every-file", default=False) else "few")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--every-file", action="store_true", help="all hostile files and kills, not a few")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "hostile_files" in metafunc.fixturenames:
        kinds = every() if metafunc.config.getoption("--every-file", default=False) else {"a few": few()}
        metafunc.parametrize("hostile_files", kinds.values(), ids=kinds)
