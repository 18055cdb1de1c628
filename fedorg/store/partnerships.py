"""Rows of ``partnerships``: what was agreed with each peer. At most one with a peer is not over.

What is in force is written beside the peer as well (``peers.tier``, ``peers.ceilings``), where every delivery and every
request looks.
"""

from datetime import datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy import Connection, Row

from fedorg.domain.partnerships import Grant, Partnership, PartnershipState, Plan, Side
from fedorg.domain.visibility import Tier
from fedorg.ids import PartnershipId
from fedorg.store.tables import partnerships
from fedorg.store.upsert import insert_ignore

_ENDED: Final = partnerships.c.live_domain.is_(None)
_PENDING: Final = partnerships.c.state.in_([state.value for state in PartnershipState if state.is_pending])


def insert(conn: Connection, partnership: Partnership) -> bool:
    """Write a new one down; False, and nothing done, while another one with the peer is not over."""
    return bool(insert_ignore(conn, partnerships, [_values(partnership)]))


def update(conn: Connection, partnership: Partnership) -> None:
    """What it is from now on."""
    conn.execute(sa.update(partnerships).where(partnerships.c.id == partnership.id).values(_values(partnership)))


def find(conn: Connection, partnership_id: PartnershipId) -> Partnership | None:
    """The one with an id."""
    return _one(conn, partnerships.c.id == partnership_id)


def find_live(conn: Connection, domain: str) -> Partnership | None:
    """The one with a peer that is not over."""
    return _one(conn, partnerships.c.live_domain == domain)


def find_latest(conn: Connection, domain: str) -> Partnership | None:
    """The latest with a peer, over or not."""
    latest = sa.select(partnerships).where(partnerships.c.domain == domain).order_by(partnerships.c.id.desc()).limit(1)
    row = conn.execute(latest).one_or_none()
    return None if row is None else _partnership(row)


def list_latest(conn: Connection, limit: int) -> list[Partnership]:
    """The latest with each peer, by domain; first those that are not over, which are never crowded out by others."""
    latest = sa.select(sa.func.max(partnerships.c.id)).group_by(partnerships.c.domain)
    order = (_ENDED, partnerships.c.domain)
    found = sa.select(partnerships).where(partnerships.c.id.in_(latest)).order_by(*order).limit(limit)
    return [_partnership(row) for row in conn.execute(found)]


def list_live(conn: Connection, after: PartnershipId, limit: int) -> list[Partnership]:
    """Those that are not over, by their ids, from after ``after`` on."""
    found = sa.select(partnerships).where(~_ENDED, partnerships.c.id > after).order_by(partnerships.c.id).limit(limit)
    return [_partnership(row) for row in conn.execute(found)]


def list_offered(conn: Connection) -> list[Partnership]:
    """What others offered and nobody answered."""
    is_offered = (partnerships.c.state == PartnershipState.OFFERED) & ~partnerships.c.is_inviter
    return [_partnership(row) for row in conn.execute(sa.select(partnerships).where(is_offered))]


def count_offers_of(conn: Connection, domain: str, since: datetime) -> int:
    """How many a peer offered since a moment."""
    begun = (partnerships.c.created_at >= since) & ~partnerships.c.is_inviter
    asked = sa.select(sa.func.count()).select_from(partnerships).where(partnerships.c.domain == domain, begun)
    return conn.execute(asked).scalar_one()


def list_overdue(conn: Connection, now: datetime, limit: int) -> list[Partnership]:
    """Those whose time to be answered and approved is over."""
    found = sa.select(partnerships).where(_PENDING, partnerships.c.expires_at <= now).limit(limit)
    return [_partnership(row) for row in conn.execute(found)]


def was_in_force(conn: Connection, domain: str, since: datetime) -> bool:
    """Whether one with a peer is suspended, or ended since a moment after it had been in force."""
    is_suspended = partnerships.c.state == PartnershipState.SUSPENDED
    has_ended = (partnerships.c.state == PartnershipState.REVOKED) & (partnerships.c.updated_at >= since)
    held = sa.exists().where(partnerships.c.domain == domain, is_suspended | has_ended)
    return bool(conn.execute(sa.select(held)).scalar())


def count_purge(conn: Connection, partnership_id: PartnershipId, number: int) -> None:
    """So many statuses more the former partner was asked to delete."""
    asked = sa.update(partnerships).where(partnerships.c.id == partnership_id)
    conn.execute(asked.values(purge_asked=partnerships.c.purge_asked + number))


def delete_ended(conn: Connection, before: datetime, limit: int) -> int:
    """Forget up to ``limit`` that ended before a moment; how many there were."""
    stale = sa.select(partnerships.c.id).where(_ENDED, partnerships.c.updated_at < before).limit(limit)
    return conn.execute(sa.delete(partnerships).where(partnerships.c.id.in_(stale))).rowcount


def _one(conn: Connection, which: sa.ColumnElement[bool]) -> Partnership | None:
    row = conn.execute(sa.select(partnerships).where(which)).one_or_none()
    return None if row is None else _partnership(row)


def _values(partnership: Partnership) -> dict[str, Any]:
    return {
        "id": partnership.id,
        "domain": partnership.domain,
        "live_domain": None if partnership.state.is_over else partnership.domain,
        "tier": partnership.tier,
        "state": partnership.state,
        "is_inviter": partnership.is_inviter,
        "ours": msgspec.to_builtins(partnership.ours),
        "theirs": msgspec.to_builtins(partnership.theirs),
        "their_actor": partnership.their_actor,
        "their_uri": partnership.their_uri,
        "note": partnership.note,
        "reason": partnership.reason,
        "fingerprint": partnership.fingerprint,
        "approved_here": Side.HERE in partnership.approved,
        "approved_there": Side.THERE in partnership.approved,
        "suspended_here": Side.HERE in partnership.suspended,
        "suspended_there": Side.THERE in partnership.suspended,
        **_planned_values(partnership),
        "created_at": partnership.created_at,
        "updated_at": partnership.updated_at,
        "expires_at": partnership.expires_at,
        "active_since": partnership.active_since,
        "noticed_at": partnership.noticed_at,
        "purge_asked": partnership.purge_asked,
    }


def _partnership(row: Row[Any]) -> Partnership:
    return Partnership(
        id=PartnershipId(row.id),
        domain=row.domain,
        tier=Tier(row.tier),
        state=PartnershipState(row.state),
        is_inviter=row.is_inviter,
        ours=msgspec.convert(row.ours, Grant),
        theirs=None if row.theirs is None else msgspec.convert(row.theirs, Grant),
        their_actor=row.their_actor,
        their_uri=row.their_uri,
        note=row.note,
        reason=row.reason,
        fingerprint=row.fingerprint,
        approved=_sides(here=row.approved_here, there=row.approved_there),
        suspended=_sides(here=row.suspended_here, there=row.suspended_there),
        planned={
            side: Plan(at=at, reason=reason)
            for side, at, reason in (
                (Side.HERE, row.suspends_here_at, row.suspends_here_why),
                (Side.THERE, row.suspends_there_at, row.suspends_there_why),
            )
            if at is not None
        },
        created_at=row.created_at,
        updated_at=row.updated_at,
        expires_at=row.expires_at,
        active_since=row.active_since,
        noticed_at=row.noticed_at,
        purge_asked=row.purge_asked,
    )


def _sides(*, here: bool, there: bool) -> frozenset[Side]:
    return frozenset(side for side, is_so in ((Side.HERE, here), (Side.THERE, there)) if is_so)


def _planned_values(partnership: Partnership) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for side in Side:
        plan = partnership.planned.get(side)
        values[f"suspends_{side}_at"] = None if plan is None else plan.at
        values[f"suspends_{side}_why"] = "" if plan is None else plan.reason
    return values
