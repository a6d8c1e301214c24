"""Real replicas on Ray Serve take a minute to start: `./run.sh hard` starts them, the other tests do without."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from llamavid_demo.chat.replica_chat import ReplicaChat
from llamavid_demo.chat.replicas import RayReplicas
from llamavid_demo.film import Movie, load_movie
from llamavid_demo.model.load import load_chosen_model
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.settings import Settings
from tests.chat.conftest import make_film

NAME = "noise"  # random weights: its answers are noise, and as long as they may be


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if config.getoption("--every-file", default=False):
        return
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.skip(reason="real replicas: ./run.sh hard"))


@pytest.fixture(scope="session")
def settings(wider_checkpoint: Path, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("cache")
    return Settings(
        model=str(wider_checkpoint), cache_dir=folder, replicas=2, max_new_tokens=300, device="cpu", memory_gb=1
    )


@pytest.fixture(scope="session")
def film(tmp_path_factory: pytest.TempPathFactory) -> Movie:
    return load_movie(make_film(tmp_path_factory.mktemp("films")))


@pytest.fixture(scope="session")
def replicas(settings: Settings) -> Iterator[RayReplicas]:
    replicas = RayReplicas(settings, {NAME: settings})
    replicas.start()
    yield replicas
    replicas.close()


@pytest.fixture(scope="session")
def outline(replicas: RayReplicas) -> LoadedModel:
    return replicas.outline(NAME)


@pytest.fixture(scope="session")
def loaded(settings: Settings) -> LoadedModel:
    return load_chosen_model(settings)


@pytest.fixture
def chat(replicas: RayReplicas, outline: LoadedModel, film: Movie, settings: Settings) -> ReplicaChat:
    return ReplicaChat(outline, film, name=NAME, replicas=replicas, settings=settings)
