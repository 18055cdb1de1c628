"""Collections as other servers page through them: each asker gets what it may see, and counts no further than that."""

from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.askers import Asker
from fedorg.domain.statuses import PageQuery, Status
from fedorg.ids import AccountId, StatusId
from fedorg.node import Node
from fedorg.services.statuses import showing
from fedorg.store import peer_views

COUNT_MAX: Final = 10_000
PINS_MAX: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Part of a collection; ``after`` is the id that the next part begins after, None at the end."""

    statuses: tuple[Status, ...]
    after: StatusId | None
    total: int | None = None
    """How many there are in all; None when there are too many to count, or nobody asked."""


async def list_posted(node: Node, asker: Asker | None, account_id: AccountId, page: PageQuery) -> Part:
    """What an account posted and boosted, newest first."""

    def unit(conn: Connection) -> Part:
        return _part(conn, asker, peer_views.list_posted(conn, asker, account_id, page), page.limit)

    return await node.read(unit)


async def count_posted(node: Node, asker: Asker | None, account_id: AccountId) -> int | None:
    """How many there are; None when there are too many to count."""
    return _told(await node.read(peer_views.count_posted, asker, account_id, COUNT_MAX))


async def list_pinned(node: Node, asker: Asker | None, account_id: AccountId) -> tuple[Status, ...]:
    """What an account pinned, the latest pin first."""

    def unit(conn: Connection) -> tuple[Status, ...]:
        return tuple(showing.list_visible(conn, asker, peer_views.list_pinned(conn, asker, account_id, PINS_MAX)))

    return await node.read(unit)


async def list_replies(node: Node, asker: Asker | None, status_id: StatusId, after: StatusId, limit: int) -> Part:
    """What answers a status, oldest first; the first part says how many."""

    def unit(conn: Connection) -> Part:
        found = peer_views.list_replies(conn, asker, status_id, after=after, limit=limit)
        total = None if after else _told(peer_views.count_replies(conn, asker, status_id, COUNT_MAX))
        return _part(conn, asker, found, limit, total)

    return await node.read(unit)


async def list_boosts(node: Node, asker: Asker | None, status_id: StatusId, after: StatusId, limit: int) -> Part:
    """The boosts of a status, oldest first; the first part says how many."""

    def unit(conn: Connection) -> Part:
        found = peer_views.list_boosts(conn, asker, status_id, after=after, limit=limit)
        total = None if after else _told(peer_views.count_boosts(conn, asker, status_id, COUNT_MAX))
        return _part(conn, asker, found, limit, total)

    return await node.read(unit)


async def list_thread(node: Node, asker: Asker | None, thread_id: StatusId, after: StatusId, limit: int) -> Part:
    """The statuses of a thread, oldest first; the first part says how many."""

    def unit(conn: Connection) -> Part:
        found = peer_views.list_thread(conn, asker, thread_id, after=after, limit=limit)
        total = None if after else _told(peer_views.count_thread(conn, asker, thread_id, COUNT_MAX))
        return _part(conn, asker, found, limit, total)

    return await node.read(unit)


def _part(conn: Connection, asker: Asker | None, found: list[Status], limit: int, total: int | None = None) -> Part:
    return Part(
        statuses=tuple(showing.list_visible(conn, asker, found)),
        after=found[-1].id if len(found) == limit else None,
        total=total,
    )


def _told(count: int) -> int | None:
    return count if count < COUNT_MAX else None
