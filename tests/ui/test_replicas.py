"""The page with replicas behind it: models come from them, /healthz counts them, and Ray is asked for when it lacks."""

import importlib.util
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from llamavid_demo.__main__ import app
from llamavid_demo.chat import replicas, section_cost
from llamavid_demo.chat.replica_chat import ReplicaChat
from llamavid_demo.chat.replicas import RayReplicas
from llamavid_demo.embedded import SMALL
from llamavid_demo.errors import ReplicaError
from llamavid_demo.film import load_movie
from llamavid_demo.model.load import empty_network, load_chosen_model
from llamavid_demo.settings import Settings
from llamavid_demo.ui.health import Health
from llamavid_demo.ui.models import Models
from llamavid_demo.ui.uploads import Uploads

FILM = Path(__file__).parents[2] / "movies" / "the-lost-map"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(model=str(SMALL), models=tmp_path, cache_dir=tmp_path, replicas=2, login=SecretStr("me:secret"))


@pytest.fixture
def lacking(monkeypatch: pytest.MonkeyPatch) -> None:
    find: Callable[..., object] = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "ray" else find(name))


@pytest.mark.usefixtures("lacking")
def test_replicas_without_ray_are_refused_in_a_sentence() -> None:
    from typer.testing import CliRunner

    done = CliRunner().invoke(app, ["serve", "--replicas", "2"])
    assert isinstance(done.exception, ReplicaError)
    assert "pip install -r requirements-cluster.txt" in str(done.exception)


@pytest.mark.usefixtures("lacking")
def test_a_page_whose_replicas_do_not_start_says_why(settings: Settings, tmp_path: Path) -> None:
    models = Models(settings)
    name = models.names[0]
    with pytest.raises(ReplicaError, match="Ray Serve, which is not installed"):
        models[name].wait()
    status, report = Health(settings, models, Uploads(tmp_path)).report()
    assert status == 503 and report["status"] == "failed"
    assert report["replicas"] == {"running": 0, "wanted": 2}
    models.close()


def test_conversations_are_held_by_replicas(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = []

    def outline(self: RayReplicas, name: str) -> object:
        asked.append(name)
        model = load_chosen_model(settings)
        return replace(model.without_network(), network=empty_network(model.config))

    monkeypatch.setattr(RayReplicas, "start", lambda self: None)
    monkeypatch.setattr(RayReplicas, "outline", outline)
    monkeypatch.setattr(RayReplicas, "count", property(lambda self: (1, 2)))
    models = Models(settings)
    model = models[models.names[0]]
    model.wait()
    with pytest.raises(StopIteration) as made:
        next(model.chat(load_movie(FILM), 0, threading.Event(), history=[("Who?", "Mia.")]))
    assert isinstance(made.value.value, ReplicaChat) and made.value.value.turns[0].text == "Mia."
    assert asked == [SMALL.name]
    status, report = Health(settings, models, Uploads(tmp_path)).report()
    assert status == 200 and report["replicas"] == {"running": 1, "wanted": 2} and report["memory"] == {}
    here, film = load_chosen_model(settings), load_movie(FILM)
    costs = [section_cost(one, film, film.sections[0], settings) for one in (here, model.ready) if one]
    assert costs[0] == costs[1]
    monkeypatch.setattr(RayReplicas, "count", property(lambda self: (0, 2)))
    assert Health(settings, models, Uploads(tmp_path)).report()[0] == 503
    monkeypatch.setattr(RayReplicas, "count", property(lambda self: (1, 2)))
    assert "llamavid_replicas_running 1" in Health(settings, models, Uploads(tmp_path)).metrics()


def test_replicas_get_no_password_and_their_share_of_memory(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(replicas, "available_memory", lambda: int(20e9))
    sent = RayReplicas(settings, {})._sent(settings, 4, 0)
    assert sent.login is None and sent.memory_gb == pytest.approx(4.5)
    with_cards = RayReplicas(settings, {})._sent(settings.model_copy(update={"device": "cuda:3"}), 4, 4)
    assert with_cards.memory_gb is None and with_cards.device == "cuda"
    assert RayReplicas(settings, {})._sent(settings.model_copy(update={"memory_gb": 3}), 4, 0).memory_gb == 3
