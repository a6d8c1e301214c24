"""Replicas on Ray Serve: started, kept alive and scaled by it, and each call routed to one of them by its router.

Ray is an optional extra (`requirements-cluster.txt`). Without an address of a cluster it is started here, for this
program alone: on loopback, behind a token. What is sent over there is our own; nothing of a visitor is unpickled.
"""

import importlib.util
import logging
import os
import queue
import secrets
import shutil
import tempfile
import threading
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from llamavid_demo.chat.away_chat import Failed, Step
from llamavid_demo.chat.replica import Call, Replica
from llamavid_demo.chat.replica_chat import LostError
from llamavid_demo.chat.scheduler import CLOSING
from llamavid_demo.errors import BusyError, ClosingError, ReplicaError
from llamavid_demo.machine import available_memory, cores
from llamavid_demo.model.load import empty_network
from llamavid_demo.model.loaded import LoadedModel
from llamavid_demo.settings import Settings

LACKING = "Replicas need Ray Serve, which is not installed here: pip install -r requirements-cluster.txt."
CROWDED = "As many questions as these replicas take are being answered or wait: try again in a moment."
APPLICATION, DEPLOYMENT = "llamavid", "replica"
ROUTER = "ray.serve.experimental.consistent_hash_router.ConsistentHashRouter"
AHEAD = 4  # sections that are read ahead at once; questions find room beside them
PATIENCE = 1.0  # seconds after which whoever listens hears that nothing has happened
STOPPING = 10.0  # seconds that replicas have to hear of a stop
DRAINING = 120.0  # seconds that a replica which is no longer needed has to finish its answers
STORE = 80_000_000  # bytes of Ray's own memory for objects; what we send is small
SHARE = 0.9  # of the memory that is free, for all replicas of this machine together

log = logging.getLogger(__name__)
# Ray's processes end when the thread that started them does (prctl(2), PR_SET_PDEATHSIG): this one ends with Python.
_starting = ThreadPoolExecutor(1, thread_name_prefix="starting-ray")


class RayReplicas:
    """Replicas with the models on `offer`, by name, as the settings say. `start` them before anything else."""

    def __init__(self, settings: Settings, offer: dict[str, Settings]) -> None:
        self._settings, self._offer = settings, offer
        self._handle: Any = None
        self._lock = threading.Lock()
        self._ahead = threading.BoundedSemaphore(AHEAD)
        self._closed = False
        self.answering = 0  # questions, from this page
        self._folder: str | None = None  # for Ray's sockets and logs, where it is started here

    def start(self) -> None:
        """Start them, and wait until all are there; nothing, where that was done. Raises `ReplicaError`."""
        with self._lock:
            if self._handle is None and not self._closed:
                self._handle = _starting.submit(self._started).result()

    def outline(self, name: str) -> LoadedModel:
        """A model that they have, without its weights. Raises what loading it has raised."""
        told = self._handle.options(session_id=name).outline.remote(name).result()
        if isinstance(told, Failed):
            raise told.error
        config, model = told
        outline: LoadedModel = replace(model, network=empty_network(config))
        return outline

    def steps(self, call: Call, *, sticky: str) -> Generator[Step, None, None]:
        """What happens while one of them answers, see `replica_chat.Replicas`."""
        while call.ahead and not self._ahead.acquire(timeout=PATIENCE):
            yield []
        self._count(call, 1)
        stream = self._handle.options(stream=True, session_id=sticky).steps.remote(call)
        told: queue.SimpleQueue[Any] = queue.SimpleQueue()
        threading.Thread(target=_pass_on, args=(stream, told), daemon=True, name="replica").start()
        try:
            yield from self._heard(told)
        finally:
            stream.cancel()  # nothing, where it has ended
            self._count(call, -1)
            if call.ahead:
                self._ahead.release()

    def stop(self, number: str) -> None:
        """End a call's answer; from any thread, without waiting."""
        threading.Thread(target=self._stop, args=(number,), daemon=True, name="stopping").start()

    @property
    def count(self) -> tuple[int, int]:
        """How many of them are running, and how many should be."""
        if self._handle is None:
            return 0, self._settings.replicas or 0
        from ray import serve

        try:
            states: Any = serve.status().applications[APPLICATION].deployments[DEPLOYMENT].replica_states
        except Exception as error:  # Ray's controller is starting anew, or gone
            log.warning("replicas could not be counted: %s", error)
            return 0, self._settings.replicas or 0
        return states.get("RUNNING", 0), sum(states.values())

    def close(self) -> None:
        """End them: whoever waits for an answer hears so. Of Ray, where it was started here, nothing is left."""
        self._closed = True
        if not self._lock.acquire(timeout=PATIENCE):  # they are on their way, and end with this process
            return
        self._lock.release()
        if self._handle is None and self._folder is None:
            return
        import ray
        from ray import serve

        if self._settings.ray_address:
            serve.delete(APPLICATION, _blocking=False)
        ray.shutdown()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _count(self, call: Call, by: int) -> None:
        with self._lock:
            self.answering += 0 if call.ahead else by

    def _heard(self, told: "queue.SimpleQueue[Any]") -> Generator[Step, None, None]:
        while True:
            try:
                step = told.get(timeout=PATIENCE)
            except queue.Empty:
                step = []
            if self._closed:
                raise ClosingError(CLOSING)
            if step is None:
                return
            if isinstance(step, Failed):
                raise step.error
            yield step

    def _stop(self, number: str) -> None:
        try:
            self._handle.broadcast("stop", number).results(timeout_s=STOPPING, return_exceptions=True)
        except Exception as error:  # one has just died, and its answer with it
            log.info("a stop did not reach all replicas: %s", error)

    def _started(self) -> Any:
        ray, serve = _ray(own=self._settings.ray_address is None)
        if not ray.is_initialized():
            ray.init(address=self._settings.ray_address or "local", **self._own_machine())
        cards, count = int(ray.cluster_resources().get("GPU", 0)), self._settings.replicas or 1
        most = max(count, self._settings.max_replicas or count)
        if self._settings.device == "cpu":
            cards = 0
        if 0 < cards < most:
            raise ReplicaError(f"There are {cards} GPUs for {most} replicas: each needs one; start fewer of them.")
        serve.start(proxy_location="Disabled")  # the page is in front, nothing else
        share = {"num_gpus": 1, "num_cpus": 1} if cards else {"num_cpus": _cores(most)}
        scale: dict[str, Any] = {"num_replicas": count}
        if most > count:
            scale = {"autoscaling_config": {
                "min_replicas": count, "max_replicas": most, "initial_replicas": count,
                "target_ongoing_requests": max(1, self._settings.answers_at_once // 2),
            }}  # fmt: skip
        deployment = serve.deployment(
            Replica if self._settings.ray_address else LoopbackReplica,
            name=DEPLOYMENT, ray_actor_options=share, graceful_shutdown_timeout_s=DRAINING,
            max_ongoing_requests=self._settings.answers_at_once + AHEAD,
            max_queued_requests=self._settings.queue_length,
            request_router_config={"request_router_class": ROUTER}, **scale,
        )  # fmt: skip
        offer = {name: self._sent(settings, most, cards) for name, settings in self._offer.items()}
        try:
            return serve.run(deployment.bind(offer), name=APPLICATION, route_prefix=None)
        except RuntimeError as error:
            log.error("the replicas could not be started: %s", error)
            raise ReplicaError("The replicas could not be started; the server's log says why.") from None

    def _own_machine(self) -> dict[str, Any]:
        """How Ray is started on this machine; nothing for a cluster that is there."""
        quiet = {"log_to_driver": False, "logging_level": "ERROR", "namespace": APPLICATION}
        if self._settings.ray_address:
            return quiet
        self._folder = tempfile.mkdtemp(prefix="ray-", dir="/tmp")  # its sockets' names are long enough
        return quiet | {
            "include_dashboard": False, "object_store_memory": STORE, "_temp_dir": self._folder,
            "num_cpus": max(cores(), self._settings.replicas or 1),
        }  # fmt: skip

    def _sent(self, settings: Settings, most: int, cards: int) -> Settings:
        """Settings as replicas get them: no password, and of this machine's memory their share."""
        update: dict[str, Any] = {"login": None, "replicas": None}
        if cards:
            update["device"] = "cuda"  # the one that a replica is given, whatever its number
        elif not settings.memory_gb and not settings.ray_address:
            update["memory_gb"] = available_memory() * SHARE / most / 1e9
        return settings.model_copy(update=update)


class LoopbackReplica(Replica):
    """A replica that no other machine can reach."""

    def __init__(self, offer: dict[str, Settings]) -> None:
        # Ray Serve opens a port on all addresses for calls between its deployments, once this has been made, and has no
        # setting for it (`_on_initialized` in its replica.py). We have one deployment: nobody needs that port.
        from ray.serve._private import replica

        add = replica.add_port_to_grpc_server
        replica.add_port_to_grpc_server = lambda server, address: add(server, address.replace("[::]", "127.0.0.1"))
        super().__init__(offer)


def check_ray() -> None:
    """Raises `ReplicaError` where Ray Serve is not installed."""
    if importlib.util.find_spec("ray") is None:
        raise ReplicaError(LACKING)


def _ray(*, own: bool) -> tuple[Any, Any]:
    """Ray and Ray Serve. Its own environment has to be there before it is imported."""
    check_ray()
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # nothing leaves the machine
    os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")  # whom we fork begins another program at once
    if own:
        os.environ["RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER"] = "0"  # as on these systems: its ports are on loopback
        os.environ.setdefault("RAY_AUTH_MODE", "token")  # others may have accounts on this machine
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    try:
        import ray
        from ray import serve
    except ImportError:
        raise ReplicaError(LACKING) from None
    for name in ("ray", "ray.serve"):
        logging.getLogger(name).setLevel(logging.ERROR)
    return ray, serve


def _cores(replicas: int) -> float:
    """Cores of this machine for each replica."""
    count = cores()
    return count // replicas if count >= replicas else count / replicas


def _pass_on(stream: Any, told: "queue.SimpleQueue[Any]") -> None:
    """Put what a replica tells into a queue, last what went wrong, or None. Ray's own iterator waits without end."""
    from ray.exceptions import RayActorError, RayError
    from ray.serve.exceptions import BackPressureError, RequestCancelledError

    try:
        for step in stream:
            told.put(step)
        told.put(None)
    except RequestCancelledError:
        told.put(None)
    except BackPressureError:
        told.put(Failed(BusyError(CROWDED)))
    except RayActorError:
        told.put(Failed(LostError()))
    except RayError as error:
        log.error("a call to a replica failed: %s", error)
        told.put(Failed(LostError()))
    except Exception as error:  # the router's own, while the program ends or a replica dies
        log.error("a call to a replica failed: %s", error)
        told.put(Failed(LostError()))
