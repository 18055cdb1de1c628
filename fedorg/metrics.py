"""What a node counts, in Prometheus' terms, shown at ``/metrics``.

Labels are closed sets (a name of an outcome, a route, a job): never a host, a path or an account. Several processes of
one node count together, in files that each of them can read: whichever is asked tells the numbers of all.
"""

import fcntl
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, multiprocess

from fedorg import config

_PREFIX: Final = "fedorg-metrics-"
_LOCK: Final = "supervisor.lock"
_SECONDS = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10)


@dataclass(frozen=True, slots=True)
class Metrics:
    """The counters of one process; every name begins with ``fedorg_``."""

    registry: CollectorRegistry
    requests: Counter
    request_seconds: Histogram
    activities: Counter
    deliveries: Counter
    jobs: Counter
    job_seconds: Histogram
    queue: Gauge
    paused_peers: Gauge
    streams: Gauge


def new_metrics() -> Metrics:
    """A fresh set of counters on a registry of its own."""
    registry = CollectorRegistry()
    return Metrics(
        registry=registry,
        requests=Counter("fedorg_requests", "Requests answered", ["route", "method", "status"], registry=registry),
        request_seconds=Histogram(
            "fedorg_request_seconds", "Time to answer", ["route"], buckets=_SECONDS, registry=registry
        ),
        activities=Counter(
            "fedorg_activities",
            "Activities that reached an inbox: handled, ignored, repeated, refused, or failed and tried again",
            ["type", "outcome"],
            registry=registry,
        ),
        deliveries=Counter("fedorg_deliveries", "Attempts to deliver, by result", ["result"], registry=registry),
        jobs=Counter("fedorg_jobs", "Jobs run, by how they ended", ["kind", "outcome"], registry=registry),
        job_seconds=Histogram("fedorg_job_seconds", "Time a job took", ["kind"], buckets=_SECONDS, registry=registry),
        queue=Gauge(
            "fedorg_queue",
            "Rows waiting, by queue and state",
            ["queue", "state"],
            registry=registry,
            multiprocess_mode="mostrecent",
        ),
        paused_peers=Gauge(
            "fedorg_paused_peers",
            "Peers that nothing is delivered to until their pause ends",
            registry=registry,
            multiprocess_mode="mostrecent",
        ),
        streams=Gauge("fedorg_streams", "Open streams", registry=registry, multiprocess_mode="livesum"),
    )


def exposition(metrics: Metrics, names: Collection[str]) -> bytes:
    """The numbers in Prometheus' text form: of all processes of the node where there are several.

    Those of samples with these names, if any are given.
    """
    registry = metrics.registry
    if config.metrics_folder() is not None:
        registry = CollectorRegistry(support_collectors_without_names=True)
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call] # the library has no types there
    return generate_latest(registry.restricted_registry(names) if names else registry)


@contextmanager
def shared() -> Iterator[Mapping[str, str]]:
    """What processes are told that count together, until the block ends.

    Where a supervisor was killed, its folder stays behind, and the lock on it does not: the next one takes it away.
    """
    _sweep()
    with tempfile.TemporaryDirectory(prefix=_PREFIX) as folder, (Path(folder) / "new").open("wb") as held:
        # It is seen by those who sweep once it is held: never, where the file system knows no locks.
        with suppress(OSError):
            fcntl.flock(held, fcntl.LOCK_EX)
            (Path(folder) / "new").rename(Path(folder) / _LOCK)
        yield {config.METRICS_FOLDER: folder}


def _sweep() -> None:
    for lock in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/{_LOCK}"):
        # Those of other users cannot be opened.
        with suppress(OSError), lock.open("r+b") as held:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(lock.parent)


def forget(pid: int, folder: str) -> None:
    """A process that counted in a folder has ended: what it held open is open no more."""
    multiprocess.mark_process_dead(pid, folder)  # type: ignore[no-untyped-call] # the library has no types there
