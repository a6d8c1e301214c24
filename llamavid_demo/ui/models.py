"""The models on offer: the one that the settings name, then the checkpoints in the folder of models."""

import threading
from typing import TYPE_CHECKING

from llamavid_demo.errors import ModelError
from llamavid_demo.settings import Settings
from llamavid_demo.ui.abilities import ability
from llamavid_demo.ui.loading import BackgroundModel, model_name

if TYPE_CHECKING:
    from llamavid_demo.chat.replicas import RayReplicas


def offered(settings: Settings) -> dict[str, Settings]:
    """Settings for each model by name, the chosen one first; of two that share a name the earlier is offered.

    The vision tower and the vocabulary that the settings name belong to the chosen one only.
    """
    on_offer = {model_name(settings): settings}
    for config in sorted(settings.models.glob("*/config.json")):
        own = {"model": str(config.parent), "vision_tower": None, "bert": None}
        on_offer.setdefault(config.parent.name, settings.model_copy(update=own))
    return on_offer


class Models:
    """Models by name. Each begins to load when somebody first wants it; all visits share it.

    What was loaded stays in memory until the program ends: the models on offer are few, and the embedded ones take
    some megabytes. Who wants to hold one only sets LLAMAVID_MODELS to a folder without checkpoints. With `replicas`
    they hold them.
    """

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self._offered = offered(settings)
        self.replicas = _replicas(settings, self._offered)
        self._wanted: dict[str, BackgroundModel] = {}
        self._lock = threading.Lock()

    @property
    def names(self) -> tuple[str, ...]:
        """What is on offer, the settings' own model first."""
        return tuple(self._offered)

    def choices(self) -> list[tuple[str, str]]:
        """Each name as people choose it, with a line on what the model can do, and as it is."""
        lines = {name: ability(settings) for name, settings in self._offered.items()}
        return [(f"{name} · {line}" if line else name, name) for name, line in lines.items()]

    def __getitem__(self, name: str) -> BackgroundModel:
        """A model, loaded or on its way. Raises `ModelError` for a name that is not on offer."""
        if name not in self._offered:
            raise ModelError(f"There is no model {name!r} here; there are {', '.join(self._offered)}.")
        with self._lock:
            if name not in self._wanted:
                self._wanted[name] = BackgroundModel(self._offered[name], self.replicas)
            return self._wanted[name]

    @property
    def wanted(self) -> dict[str, BackgroundModel]:
        """Those that somebody has wanted by now, by name."""
        with self._lock:
            return dict(self._wanted)

    def state(self, name: str) -> str:
        """How it stands with a model: ready, loading, failed; or unwanted as long as nobody has asked for it."""
        model = self.wanted.get(name)
        if model is None:
            return "unwanted"
        return "loading" if model.loading else "ready" if model.ready else "failed"

    def close(self) -> None:
        """End whatever is computed, in a sentence for those who wait for it; nothing is computed any more."""
        ready = [model.ready for model in self.wanted.values() if model.ready]
        if self.replicas:
            self.replicas.close()
        elif ready:
            from llamavid_demo.chat.scheduler import scheduler_of

            for model in ready:
                scheduler_of(model).close()


def _replicas(settings: Settings, offer: dict[str, Settings]) -> "RayReplicas | None":
    """The replicas that the settings ask for, not started yet."""
    if not settings.replicas:
        return None
    from llamavid_demo.chat.replicas import RayReplicas  # imported here: it needs torch, and the page is without it

    return RayReplicas(settings, offer)
