"""Rows of ``introducers`` and ``introductions``: what siblings say of other nodes, and what is made of it."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.introductions import PRIORITY, Introducer, Introduction, IntroductionState, Policy, Voice
from fedorg.ids import PartnershipId
from fedorg.store import peers as stored_peers
from fedorg.store.tables import introducers, introductions, partnerships, peers
from fedorg.store.upsert import upsert

_IS_NAMED: Final = introductions.c.retracted_at.is_(None)
_IS_ASKED_ABOUT: Final = introductions.c.state == IntroductionState.RETRACTED.value
"""It names nobody, and so counts for nothing but the question, which stays when the one who named is gone."""
_IS_OPEN: Final = sa.or_(
    sa.and_(introductions.c.state == IntroductionState.DRAFT.value, _IS_NAMED),
    _IS_ASKED_ABOUT,
)
"""``Introduction.is_open``"""
_CAME_BY_LIST: Final = sa.exists().where(
    partnerships.c.live_domain == peers.c.domain, introductions.c.partnership_id == partnerships.c.id
)


def get_introducer(conn: Connection, domain: str, default: Policy) -> Introducer:
    """What is made of those whom a sibling introduces."""
    return next(iter(get_introducers(conn, [domain], default).values()))


def get_introducers(conn: Connection, domains: Iterable[str], default: Policy) -> dict[str, Introducer]:
    """The same of several."""
    names = sorted(set(domains))
    rows = {row.domain: row for row in conn.execute(sa.select(introducers).where(introducers.c.domain.in_(names)))}
    return {name: _introducer(name, rows.get(name), default) for name in names}


def set_policy(conn: Connection, domain: str, policy: Policy, priority: int) -> None:
    """What is made of those whom a server introduces from now on."""
    upsert(conn, introducers, {"domain": domain, "policy": policy, "priority": priority}, key=["domain"])


def note_asked(conn: Connection, domain: str, moment: datetime) -> None:
    """A sibling is being asked for its list."""
    upsert(conn, introducers, {"domain": domain, "asked_at": moment}, key=["domain"])


def list_of(conn: Connection, introducer: str) -> dict[str, Introduction]:
    """Whom a sibling named, now or before, by their domains."""
    found = conn.execute(sa.select(introductions).where(introductions.c.introducer == introducer))
    return {row.domain: _introduction(row) for row in found}


def list_about(conn: Connection, domain: str, default: Policy) -> list[Voice]:
    """What those who are siblings now say of a node."""
    rows = conn.execute(sa.select(introductions).where(introductions.c.domain == domain)).all()
    return _voices(conn, [_introduction(row) for row in rows], default)


def list_all(conn: Connection, default: Policy, limit: int, *, is_open: bool) -> list[Voice]:
    """What those who are siblings now say, by the nodes that they name; with ``is_open`` only what waits."""
    siblings = stored_peers.list_siblings(conn)
    order = (introductions.c.domain, introductions.c.introducer)
    is_heard = sa.or_(introductions.c.introducer.in_(siblings), _IS_ASKED_ABOUT)
    found = sa.select(introductions).where(is_heard).order_by(*order).limit(limit)
    if is_open:
        found = found.where(_IS_OPEN)
    return _voices(conn, [_introduction(row) for row in conn.execute(found)], default)


def list_namers(conn: Connection, domain: str) -> list[str]:
    """The siblings that name a node."""
    found = sa.select(introductions.c.introducer).where(introductions.c.domain == domain, _IS_NAMED)
    named = set(conn.execute(found).scalars())
    return [sibling for sibling in stored_peers.list_siblings(conn) if sibling in named] if named else []


def list_named_of(conn: Connection, domains: Collection[str]) -> set[str]:
    """Which of these nodes a sibling names."""
    siblings = stored_peers.list_siblings(conn)
    found = sa.select(introductions.c.domain).where(
        introductions.c.domain.in_(domains), introductions.c.introducer.in_(siblings), _IS_NAMED
    )
    return set(conn.execute(found).scalars())


def list_departed(conn: Connection) -> list[Introduction]:
    """Whom those name who are no siblings any more."""
    namers = set(conn.execute(sa.select(introductions.c.introducer).where(_IS_NAMED).distinct()).scalars())
    gone = sorted(namers - set(stored_peers.list_siblings(conn)))
    found = sa.select(introductions).where(_IS_NAMED, introductions.c.introducer.in_(gone))
    return [_introduction(row) for row in conn.execute(found)] if gone else []


def delete(conn: Connection, introduction: Introduction) -> None:
    """Forget that somebody named a node."""
    these = (introductions.c.introducer == introduction.introducer, introductions.c.domain == introduction.domain)
    conn.execute(sa.delete(introductions).where(*these))


def put(conn: Connection, introduction: Introduction) -> None:
    """Write what became of an introduction."""
    row = {
        "introducer": introduction.introducer,
        "domain": introduction.domain,
        "state": introduction.state,
        "partnership_id": introduction.partnership_id,
        "first_seen_at": introduction.first_seen_at,
        "last_seen_at": introduction.last_seen_at,
        "retracted_at": introduction.retracted_at,
    }
    upsert(conn, introductions, row, key=["introducer", "domain"])


def note_seen(conn: Connection, introducer: str, domains: Collection[str], moment: datetime) -> None:
    """A list names these."""
    these = (introductions.c.introducer == introducer, introductions.c.domain.in_(domains))
    conn.execute(sa.update(introductions).where(*these).values(last_seen_at=moment, retracted_at=None))


def set_partnership(conn: Connection, domain: str, named_by: Collection[str], partnership_id: PartnershipId) -> None:
    """What is agreed with a node comes by these siblings."""
    these = (introductions.c.domain == domain, introductions.c.introducer.in_(named_by))
    conn.execute(sa.update(introductions).where(*these).values(partnership_id=partnership_id))


def dismiss_accepted(conn: Connection, domain: str) -> None:
    """A node that was let in is not wanted any more."""
    let_in = (IntroductionState.ACCEPTED, IntroductionState.RETRACTED, IntroductionState.SUSPENDED)
    these = (introductions.c.domain == domain, introductions.c.state.in_(let_in))
    conn.execute(sa.update(introductions).where(*these).values(state=IntroductionState.DISMISSED))


def came_by_list(conn: Connection, partnership_id: PartnershipId) -> bool:
    """Whether a partnership was made because somebody introduced the other side."""
    made = sa.exists().where(introductions.c.partnership_id == partnership_id)
    return bool(conn.execute(sa.select(made)).scalar())


def list_vouched(conn: Connection, limit: int) -> list[str]:
    """The actors that speak for those siblings with which this node came to terms without an introduction."""
    siblings = stored_peers.list_siblings(conn)
    found = sa.select(peers.c.node_actor).where(
        peers.c.domain.in_(siblings), peers.c.node_actor.is_not(None), ~_CAME_BY_LIST
    )
    return list(conn.execute(found.order_by(peers.c.domain).limit(limit)).scalars())


def delete_retracted(conn: Connection, before: datetime, limit: int) -> int:
    """Forget up to ``limit`` that ended before a moment and that nothing stands on; how many there were."""
    key = sa.tuple_(introductions.c.introducer, introductions.c.domain)
    is_over = sa.or_(
        introductions.c.partnership_id.is_(None),
        introductions.c.partnership_id.not_in(
            sa.select(partnerships.c.id).where(partnerships.c.live_domain.is_not(None))
        ),
    )
    stale = sa.select(introductions.c.introducer, introductions.c.domain).where(
        introductions.c.retracted_at < before, is_over
    )
    return conn.execute(sa.delete(introductions).where(key.in_(stale.limit(limit)))).rowcount


def _voices(conn: Connection, found: list[Introduction], default: Policy) -> list[Voice]:
    siblings = set(stored_peers.list_siblings(conn)) if found else set()
    heard = [one for one in found if one.introducer in siblings or one.state is IntroductionState.RETRACTED]
    known = get_introducers(conn, (one.introducer for one in heard), default)
    return [Voice(introducer=known[one.introducer], introduction=one) for one in heard]


def _introducer(domain: str, row: sa.Row[Any] | None, default: Policy) -> Introducer:
    chosen = None if row is None else row.policy
    return Introducer(
        domain=domain,
        policy=default if chosen is None else Policy(chosen),
        is_default=chosen is None,
        priority=PRIORITY if row is None else row.priority,
        asked_at=None if row is None else row.asked_at,
    )


def _introduction(row: sa.Row[Any]) -> Introduction:
    return Introduction(
        introducer=row.introducer,
        domain=row.domain,
        state=IntroductionState(row.state),
        partnership_id=None if row.partnership_id is None else PartnershipId(row.partnership_id),
        first_seen_at=row.first_seen_at,
        last_seen_at=row.last_seen_at,
        retracted_at=row.retracted_at,
    )
