"""Saying that one knows what was announced, and how many do: here, and at the other nodes of the organisation.

What another node of the organisation announces is shown to members here like an announcement of this node, and how many
of them know is told to that node in numbers, never in names.
"""

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from fedorg import text
from fedorg.domain.announcements import TEXT_MAX, Announcement, Tally
from fedorg.domain.events import EventKind
from fedorg.domain.jobs import ReportAcknowledgements
from fedorg.ids import AccountId
from fedorg.node import Node
from fedorg.store import announcements, events, jobs

REPORTED_AFTER: Final = timedelta(seconds=5)
MISSING_MAX: Final = 1000
# So many announcements of one other node are shown at a time.
OF_PEER_MAX: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How an announcement stands: numbers of each node, and names of those here who have not said that they know."""

    announcement: Announcement
    tallies: tuple[Tally, ...]
    missing: tuple[str, ...]


async def acknowledge(node: Node, account_id: AccountId, announcement_id: int) -> None:
    """Say that one knows; once or twice is the same. ``NotFound`` for what is not shown."""

    def unit(conn: Connection) -> None:
        record(conn, node, announcements.get_shown(conn, announcement_id), account_id)

    await node.write(unit)


def record(conn: Connection, node: Node, one: Announcement, account_id: AccountId) -> None:
    """Write down that somebody knows; the node that announced it hears the number a few seconds later."""
    if not one.needs_acknowledgement or not announcements.acknowledge(conn, node.now(), one.id, account_id):
        return
    job = ReportAcknowledgements(announcement_id=one.id)
    if one.peer is not None and not jobs.is_awaited(conn, job):
        jobs.enqueue(conn, node.ids, node.now(), job, due_at=node.now() + REPORTED_AFTER)


async def get_standing(node: Node, announcement_id: int) -> Standing:
    """How an announcement stands, for those who look after the node; ``NotFound`` when there is none."""

    def unit(conn: Connection) -> Standing:
        one = announcements.get(conn, announcement_id)
        missing = announcements.list_missing(conn, one.id, MISSING_MAX) if one.needs_acknowledgement else []
        return Standing(
            announcement=one,
            tallies=(tally(conn, one.id), *announcements.list_counts(conn, one.id)),
            missing=tuple(missing),
        )

    return await node.read(unit)


async def find_report(node: Node, announcement_id: int) -> tuple[Announcement, Tally] | None:
    """What another node announced, and the numbers it is told; None when it is gone."""

    def unit(conn: Connection) -> tuple[Announcement, Tally] | None:
        one = announcements.find(conn, announcement_id)
        return None if one is None or one.peer is None else (one, tally(conn, one.id))

    return await node.read(unit)


def tally(conn: Connection, announcement_id: int) -> Tally:
    """How many members of this node know."""
    known, _ = announcements.acknowledgements(conn, [announcement_id], AccountId(0))[announcement_id]
    return Tally(peer=None, acknowledged_count=known, members_count=announcements.count_members(conn))


# From other nodes


async def receive(node: Node, told: Announcement) -> bool:
    """Show what another node of the organisation announces, or what it says now; whether there is anything to show.

    ``told.uri`` and ``told.peer`` are set; its id is one of this node's. What it said before it said something newer
    has no effect, nor have more announcements of one node than anybody reads.
    """
    words = text.normalise(told.text)[:TEXT_MAX]
    if not words or told.uri is None:
        return False

    def unit(conn: Connection) -> bool:
        known = announcements.find_by_uri(conn, told.uri or "")
        if known is None:
            if announcements.count_of_peer(conn, told.peer or "") >= OF_PEER_MAX:
                return False
            one = replace(told, text=words)
            announcements.insert(conn, node.now(), one)
        elif told.updated_at < known.updated_at:
            return True
        else:
            one = replace(told, text=words, id=known.id, published_at=known.published_at or node.now())
            announcements.update(conn, one)
        events.insert(conn, node.now(), EventKind.ANNOUNCEMENT, None, one.id)
        job = ReportAcknowledgements(announcement_id=one.id)
        if one.needs_acknowledgement and not jobs.is_awaited(conn, job):
            jobs.enqueue(conn, node.ids, node.now(), job, due_at=node.now() + REPORTED_AFTER)
        return True

    return await node.write(unit)


async def receive_end(node: Node, peer: str, uri: str) -> bool:
    """Another node announces something no more; whether it did."""

    def unit(conn: Connection) -> bool:
        known = announcements.find_by_uri(conn, uri)
        if known is None or known.peer != peer:
            return False
        announcements.delete(conn, known.id)
        events.insert(conn, node.now(), EventKind.ANNOUNCEMENT_DELETE, None, known.id)
        return True

    return await node.write(unit)


async def receive_count(node: Node, announcement_id: int, tally: Tally) -> bool:
    """Another node tells how many of its members know; whether this node asked its organisation at all."""

    def unit(conn: Connection) -> bool:
        one = announcements.find(conn, announcement_id)
        if one is None or one.peer is not None or not (one.for_organisation and one.needs_acknowledgement):
            return False
        announcements.put_count(conn, node.now(), one.id, tally)
        return True

    return await node.write(unit)
