"""How the node is: what ``/health``, ``/metrics`` and ``fedorg doctor`` ask."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from sqlalchemy import Connection, text

from fedorg.domain.accounts import AccountKey
from fedorg.node import Node
from fedorg.store import deliveries, jobs, keys, peers


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueState:
    """What waits, what failed for good, and since when the oldest waits."""

    waiting: int
    dead: int
    oldest_waiting_at: datetime | None


async def require_database(node: Node) -> None:
    """Return when the database answers; raises what it raises."""

    def unit(conn: Connection) -> None:
        conn.execute(text("SELECT 1"))

    await node.read(unit)


def write_nothing(conn: Connection) -> None:
    """A unit of work that changes nothing, and fails where nothing could be changed."""
    conn.execute(text("UPDATE alembic_version SET version_num = version_num"))


async def queue_state(node: Node) -> QueueState:
    """Jobs and deliveries together; also sets the gauges of the metrics."""

    def unit(conn: Connection) -> tuple[tuple[jobs.QueueCounts, jobs.QueueCounts], int]:
        return (jobs.counts(conn, node.now()), deliveries.counts(conn)), peers.count_paused(conn, node.now())

    found, paused = await node.read(unit)
    node.metrics.paused_peers.set(paused)
    for queue, counts in zip(("jobs", "deliveries"), found, strict=True):
        node.metrics.queue.labels(queue, "waiting").set(counts.waiting)
        node.metrics.queue.labels(queue, "dead").set(counts.dead)
    due = [counts.oldest_waiting_at for counts in found if counts.oldest_waiting_at is not None]
    return QueueState(
        waiting=sum(counts.waiting for counts in found),
        dead=sum(counts.dead for counts in found),
        oldest_waiting_at=min(due, default=None),
    )


async def key_problems(node: Node) -> list[str]:
    """A sentence for each key of ours that is missing its private half, unreadable, or does not fit its public half."""
    own = await node.read(keys.list_local)
    return await asyncio.to_thread(lambda: list(_problems(own)))


def _problems(own: Iterable[AccountKey]) -> Iterable[str]:
    for key in own:
        if key.private is None:
            yield f"{key.uri} has no private key"
            continue
        try:
            public = load_pem_private_key(key.private.encode(), None).public_key()
        except (ValueError, UnsupportedAlgorithm):
            yield f"the private key of {key.uri} cannot be read"
            continue
        shown = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        if shown.strip() != key.public.strip():
            yield f"the two halves of {key.uri} do not fit"
