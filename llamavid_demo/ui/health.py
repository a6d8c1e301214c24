"""How the server is: `/healthz` for whoever restarts it or sends it visitors, `/metrics` for Prometheus.

Figures of the whole program, none of a visitor. They come from the schedulers, their ledger and the tally of turns.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import psutil
from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from llamavid_demo.settings import Settings
from llamavid_demo.ui.metrics import TYPE, Family, Sample, by_label, exposition, histogram, one
from llamavid_demo.ui.models import Models
from llamavid_demo.ui.uploads import Uploads

if TYPE_CHECKING:
    from llamavid_demo.chat.ledger import Ledger

AT_ONCE = 2  # of these requests; visitors' threads are not needed for them


@dataclass(frozen=True)
class Engine:
    """All schedulers together: whether each of them works, what one last failed of, questions waiting and answered."""

    alive: bool = True
    trouble: str | None = None
    waiting: int = 0
    answering: int = 0


class Health:
    """The server's state and figures. Nothing here loads a model or waits for one."""

    def __init__(self, settings: Settings, models: Models, uploads: Uploads) -> None:
        self._settings, self._models, self._uploads = settings, models, uploads
        self.closing = False

    def report(self) -> tuple[int, dict[str, Any]]:
        """The HTTP status and the body: 200 when a question would be answered now, else 503; bytes of memory."""
        engine, model = self._engine(), self._models.state(self._models.names[0])
        replicas = self._replicas()
        if model == "ready" and replicas and not replicas["replicas"]["running"]:
            model = "gone"
        status = model if engine.alive else "broken"
        status = "closing" if self.closing else {"ready": "ok"}.get(status, status)
        return 200 if status == "ok" else 503, {
            "status": status,
            "model": {"name": self._models.names[0], "state": model},
            "engine": {"alive": engine.alive, "trouble": engine.trouble},
            **replicas,
            "queue": engine.waiting,
            "answering": engine.answering,
            "memory": {
                device: {"held": held, "allowed": allowed} for device, (held, allowed) in self._memory().items()
            },
        }

    def metrics(self) -> str:
        """All figures in Prometheus' text format."""
        return exposition(self._families())

    def _families(self) -> Iterator[Family]:
        engine, memory = self._engine(), self._memory()
        states = {name: self._models.state(name) for name in self._models.wanted}
        yield by_label(
            "llamavid_model_ready", "Whether a model is there: 1, or 0 while it loads or when it failed.", "gauge",
            "model", {name: state == "ready" for name, state in states.items()},
        )  # fmt: skip
        yield one("llamavid_engine_alive", "Whether whatever computes answers works.", "gauge", engine.alive)
        yield one("llamavid_queue_length", "Questions that wait for their turn.", "gauge", engine.waiting)
        yield one("llamavid_answers_running", "Questions that are being answered.", "gauge", engine.answering)
        for state, count in self._replicas().get("replicas", {}).items():
            yield one(f"llamavid_replicas_{state}", f"Replicas that are {state}.", "gauge", count)
        if "ready" in states.values():
            yield from _turns()
            yield from self._cache()
        held = {device: held for device, (held, _) in memory.items()}
        allowed = {device: allowed for device, (_, allowed) in memory.items()}
        yield by_label("llamavid_memory_held_bytes", "Memory admitted on a device.", "gauge", "device", held)
        yield by_label("llamavid_memory_allowed_bytes", "Most that may be admitted.", "gauge", "device", allowed)
        resident = psutil.Process().memory_info().rss
        yield one("llamavid_resident_bytes", "Memory of the server's own process.", "gauge", resident)
        yield one("llamavid_uploads_total", "Files that visitors brought.", "counter", self._uploads.count)
        yield one("llamavid_upload_bytes", "Bytes of visitors' files that are here.", "gauge", self._uploads.nbytes)

    def _replicas(self) -> dict[str, Any]:
        """How many replicas are running of those that should be; nothing where there are none."""
        if self._models.replicas is None:
            return {}
        running, wanted = self._models.replicas.count
        return {"replicas": {"running": running, "wanted": wanted}}

    @property
    def _ready(self) -> list[Any]:
        """The models in this process."""
        if self._models.replicas:
            return []
        return [model.ready for model in self._models.wanted.values() if model.ready]

    def _engine(self) -> Engine:
        if self._models.replicas:
            return Engine(answering=self._models.replicas.answering)
        if not self._ready:
            return Engine()
        from llamavid_demo.chat.scheduler import scheduler_of

        schedulers = [scheduler_of(model) for model in self._ready]
        troubles = [scheduler.trouble for scheduler in schedulers if scheduler.trouble]
        return Engine(
            alive=all(scheduler.alive for scheduler in schedulers),
            trouble=troubles[-1] if troubles else None,
            waiting=sum(scheduler.load.waiting for scheduler in schedulers),
            answering=sum(scheduler.load.answering for scheduler in schedulers),
        )

    def _memory(self) -> dict[str, tuple[int, int]]:
        """Bytes that are held and allowed, by device; of devices with a limit."""
        if not self._ready:
            return {}
        from llamavid_demo.chat.memory import shared_prefixes

        ledger: Ledger = shared_prefixes(self._settings, self._ready[0]).ledger
        return {str(device): (ledger.used(device), limit) for device, limit in [*ledger.limits.items()]}

    def _cache(self) -> Iterator[Family]:
        from llamavid_demo.chat import open_cache

        cache = open_cache(self._settings)
        yield one("llamavid_cache_bytes", "Bytes of what was read of films, on disk.", "gauge", cache.nbytes)
        yield one("llamavid_cache_limit_bytes", "Most that these may be now.", "gauge", cache.limit)


def _turns() -> Iterator[Family]:
    from llamavid_demo.chat.tally import BOUNDS, TALLY

    counted = TALLY.counted()
    ended = tuple(
        Sample(count, {"model": model, "outcome": outcome}) for (model, outcome), count in counted.turns.items()
    )
    yield Family("llamavid_turns_total", "Questions by model and by how their answer ended.", "counter", ended)
    yield by_label(
        "llamavid_tokens_total", "Tokens of turns: read anew, found read already, written.", "counter", "kind",
        counted.tokens,
    )  # fmt: skip
    yield histogram(
        "llamavid_first_token_seconds", "Seconds from a question to the first token of its answer.", BOUNDS,
        counted.first_token, counted.first_token_seconds,
    )  # fmt: skip


def health_routes(health: Health) -> list[Route]:
    """`/healthz` and `/metrics`."""
    threads = CapacityLimiter(AT_ONCE)

    async def healthz(_: Request) -> Response:
        status, report = await run_sync(health.report, limiter=threads)
        return JSONResponse(report, status, headers={"Cache-Control": "no-store"})

    async def metrics(_: Request) -> Response:
        return Response(await run_sync(health.metrics, limiter=threads), headers={"Content-Type": TYPE})

    get = partial(Route, methods=["GET"])
    return [get("/healthz", healthz), get("/metrics", metrics)]
