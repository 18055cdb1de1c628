"""A status that is another than it was, told to those here whom that concerns; for other servers see ``fanout``.

They may be thousands: each transaction tells some, and who they are is found by reads. Everything may be run twice.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.events import EventKind
from fedorg.domain.notifications import NotificationType
from fedorg.domain.statuses import Status
from fedorg.domain.visibility import Visibility
from fedorg.ids import AccountId, QuoteId, StatusId
from fedorg.node import Node
from fedorg.services.fanout import is_heard, notify_named
from fedorg.store import accounts, events, home_timelines, notifications, quotes, statuses

CHUNK: Final = 500
BOOSTERS_CHUNK: Final = 200
"""Each of them has a row of their own, and an event."""
QUOTERS_CHUNK: Final = 50
"""Each of them costs some statements of its own."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


async def distribute_edit_locally(node: Node, status_id: StatusId, edited_at: datetime) -> None:
    """Tell boosters, those newly mentioned, open streams, and who quotes it, that a status was edited."""
    origin = _origin(edited_at)
    while await node.write(_begin, node, status_id, origin):
        pass
    await _notify_boosters(node, status_id, origin)
    author = await node.read(_find_author, status_id)
    holders = await node.read(home_timelines.holders, status_id)
    # The author's own streams were told in the transaction of the edit.
    await _tell_holders(node, status_id, [holder for holder in holders if holder != author])
    after: QuoteId | None = QuoteId(0)
    while after is not None:
        after = await node.write(_notify_quoting, node, status_id, origin, after)


async def refresh_locally(node: Node, status_id: StatusId) -> None:
    """Tell open streams that a status is another, though its text is the same."""
    await _tell_holders(node, status_id, await node.read(home_timelines.holders, status_id))


def _find(conn: Connection, node: Node, status_id: StatusId) -> Status | None:
    """A status that is told of, held; None for one that is gone, or whose server this node speaks with no more."""
    if not statuses.hold(conn, status_id) or (status := statuses.find(conn, status_id)) is None:
        return None
    return status if is_heard(conn, node, accounts.get(conn, status.account_id)) else None


def _find_author(conn: Connection, status_id: StatusId) -> AccountId | None:
    status = statuses.find(conn, status_id)
    return None if status is None else status.account_id


def _begin(conn: Connection, node: Node, status_id: StatusId, origin: int) -> bool:
    """Of several edits only the last one is told: withdraw some of others, then tell those whom it names.

    Whether others may be left.
    """
    status = _find(conn, node, status_id)
    if status is None:
        return False
    if notifications.withdraw_older_updates(conn, status_id, NotificationType.UPDATE, origin, CHUNK) == CHUNK:
        return True
    if named := statuses.mentioned_ids(conn, status_id):
        notify_named(conn, node, status, named)
    return False


async def _notify_boosters(node: Node, status_id: StatusId, origin: int) -> None:
    after: StatusId | None = StatusId(0)
    while after is not None:
        boosts = await node.read(statuses.list_local_reblogs, status_id, after, BOOSTERS_CHUNK)
        if boosts:
            await node.write(_notify, node, status_id, origin, [account_id for _, account_id in boosts])
        after = boosts[-1][0] if len(boosts) == BOOSTERS_CHUNK else None


def _notify(conn: Connection, node: Node, status_id: StatusId, origin: int, boosters: Sequence[AccountId]) -> None:
    status = _find(conn, node, status_id)
    if status is None:
        return
    notifications.notify(
        conn,
        node.ids,
        node.now(),
        boosters,
        type_=NotificationType.UPDATE,
        by=status.account_id,
        origin=origin,
        status_id=status_id,
    )


def _notify_quoting(conn: Connection, node: Node, status_id: StatusId, origin: int, after: QuoteId) -> QuoteId | None:
    """A chunk of the members who quote a status hear of its edit, by what they quote it in; where the next begins."""
    if not statuses.hold(conn, status_id) or (status := statuses.find(conn, status_id)) is None:
        return None
    quoting = quotes.list_local_quoting(conn, status_id, after, QUOTERS_CHUNK)
    for quote in quoting:
        notifications.withdraw_older_updates(conn, quote.status_id, NotificationType.QUOTED_UPDATE, origin, CHUNK)
        notifications.notify(
            conn,
            node.ids,
            node.now(),
            [quote.account_id],
            type_=NotificationType.QUOTED_UPDATE,
            by=status.account_id,
            origin=origin,
            status_id=quote.status_id,
        )
    return quoting[-1].id if len(quoting) == QUOTERS_CHUNK else None


async def _tell_holders(node: Node, status_id: StatusId, holders: Sequence[AccountId]) -> None:
    """Tell the streams of those on whose home timelines it stands, and those of everybody."""
    everybody = [None, *sorted(holders)]
    for start in range(0, len(everybody), CHUNK):
        await node.write(_tell_some, node, status_id, everybody[start : start + CHUNK])


def _tell_some(conn: Connection, node: Node, status_id: StatusId, hearers: Sequence[AccountId | None]) -> None:
    status = _find(conn, node, status_id)
    if status is None:
        return
    is_public = status.audience.visibility is Visibility.PUBLIC
    told = [(hearer, status_id) for hearer in hearers if hearer is not None or is_public]
    events.insert_many(conn, node.now(), EventKind.STATUS_UPDATE, told)


def _origin(edited_at: datetime) -> int:
    """By what an edit is told once."""
    return (edited_at - _EPOCH) // timedelta(milliseconds=1)
