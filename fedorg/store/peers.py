"""Other servers: their tier, how to sign for them, and how deliveries to them fare.

A peer this node never set a tier for is ``open``; a block holds for every host below it too, other tiers for that one
name only. The circuit breaker is a row, so that it is bounded and survives a restart (S32): after ``FAILURES_MAX``
failures in a row, or as long as the peer asked for patience, deliveries wait until ``closed_until``; after failures one
at a time is tried then. What the last failure was is kept after a success.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Row, Select, bindparam, func, select, text, update

from fedorg.domain.ceilings import UNLIMITED, Ceilings
from fedorg.domain.peers import Peer, PeerSummary, Standing, held_together, lineage
from fedorg.domain.visibility import Tier
from fedorg.store.prepared import Prepared, many
from fedorg.store.tables import accounts, deliveries, peers
from fedorg.store.upsert import insert_ignore
from fedorg.store.written import Written

ASKED_EVERY: Final = timedelta(days=7)
FAILURES_MAX: Final = 5
FIRST_PAUSE: Final = timedelta(minutes=1)
LONGEST_PAUSE: Final = timedelta(hours=6)
# A peer that sends and takes nothing is not tried more often than this for what it sends.
HEARD_PAUSE: Final = timedelta(minutes=5)
ERROR_MAX: Final = 500

# Engines bound the number of parameters of a statement.
_PIECE: Final = 1000
_UNKNOWN: Final = Standing()

_DECIDED: Final = Prepared(
    select(
        peers.c.domain,
        peers.c.tier,
        peers.c.blocked_at,
        peers.c.is_silenced,
        peers.c.reject_media,
        peers.c.reject_reports,
        peers.c.ceilings,
        peers.c.signature_scheme,
    ).where(peers.c.domain.in_(many("domains")))
)
_BY_DOMAIN: Final = Prepared(select(peers).where(peers.c.domain == bindparam("domain")))
_BY_DOMAINS: Final = Prepared(select(peers).where(peers.c.domain.in_(many("domains"))))
_SUCCEED: Final = Written(
    update(peers)
    .where(peers.c.domain == bindparam("peer_domain"))
    .values(
        last_success_at=bindparam("moment"),
        failures=bindparam("failures"),
        closed_until=bindparam("closed_until"),
        signature_scheme=bindparam("scheme"),
    )
)
_CLAIM_QUESTION: Final = Written(
    update(peers)
    .where(
        peers.c.domain == bindparam("asked_domain"),
        peers.c.asked_at.is_(None) | (peers.c.asked_at < bindparam("due_before")),
    )
    .values(asked_at=bindparam("moment"))
)
_HEAR: Final = (
    update(peers)
    .where(
        peers.c.domain == bindparam("heard_domain"),
        peers.c.failures >= FAILURES_MAX,
        peers.c.last_failure_at < bindparam("failed_before"),
    )
    .values(closed_until=None)
)
# Any number that no other advisory lock of this program uses; SQLite has one writer at a time.
_HOLD: Final = text("SELECT pg_advisory_xact_lock_shared(7361002)")
_LOCK: Final = text("SELECT pg_advisory_xact_lock(7361002)")
_WAITS: Final = deliveries.c.dead_at.is_(None)
_QUEUED: Final = select(
    deliveries.c.domain,
    func.count().filter(_WAITS).label("waiting"),
    func.count().filter(~_WAITS).label("dead"),
    func.min(deliveries.c.created_at).filter(_WAITS).label("oldest"),
    func.min(deliveries.c.due_at).filter(_WAITS).label("next_try"),
).group_by(deliveries.c.domain)


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What is due when a peer spoke: what waits for it, as it is back, and the question what it runs."""

    is_back: bool
    is_question_due: bool


def find(conn: Connection, domain: str) -> Peer | None:
    """The peer, if it was ever seen or given a tier."""
    return next(map(_peer, _BY_DOMAIN.rows(conn, domain=domain)), None)


def standings(conn: Connection, domains: Iterable[str]) -> dict[str, Standing]:
    """What each of these domains is to this node: its own tier, and what blocks say of it and of the hosts above it."""
    above = {domain: lineage(domain) for domain in set(domains)}
    names = sorted({name for line in above.values() for name in line})
    decided = {
        row.domain: row
        for start in range(0, len(names), _PIECE)
        for row in _DECIDED.rows(conn, domains=names[start : start + _PIECE])
    }
    return {domain: _standing([decided.get(name) for name in line]) for domain, line in above.items()}


def standing_of(conn: Connection, *names: str | None) -> Standing:
    """What is kept away of an account whose server and handle have these names."""
    return held_together(standings(conn, [name for name in names if name is not None]).values())


def tiers(conn: Connection, domains: Iterable[str]) -> dict[str, Tier]:
    """The tier of each of these domains; a block is inherited from the hosts above."""
    return {domain: standing.tier for domain, standing in standings(conn, domains).items()}


def hold_rules(conn: Connection) -> None:
    """No rule about servers changes before this transaction ends: whoever acts by one writes before the next."""
    if conn.dialect.name == "postgresql":
        conn.execute(_HOLD)


def lock_rules(conn: Connection) -> None:
    """Nobody else changes a rule about servers, or acts by one, before this transaction ends."""
    if conn.dialect.name == "postgresql":
        conn.execute(_LOCK)


def tiers_below(conn: Connection, domain: str) -> set[Tier]:
    """The tiers of the peers whose domain ends in ``.domain``."""
    rows = conn.execute(select(peers.c.tier).where(peers.c.domain.endswith(f".{domain}", autoescape=True)).distinct())
    return {Tier(tier) for tier in rows.scalars()}


def list_siblings(conn: Connection) -> list[str]:
    """The other nodes of the organisation."""
    return _list_of(conn, Tier.SIBLING)


def list_partners(conn: Connection) -> list[str]:
    """The servers of partners."""
    return _list_of(conn, Tier.PARTNER)


def _list_of(conn: Connection, tier: Tier) -> list[str]:
    named = conn.execute(select(peers.c.domain).where(peers.c.tier == tier)).scalars()
    return sorted(domain for domain, found in tiers(conn, named).items() if found is tier)


def list_named(conn: Connection, limit: int) -> list[Peer]:
    """Siblings and partners, by domain."""
    is_named = peers.c.tier.in_((Tier.SIBLING.value, Tier.PARTNER.value))
    return [_peer(row) for row in conn.execute(select(peers).where(is_named).order_by(peers.c.domain).limit(limit))]


def upsert_seen(conn: Connection, now: datetime, domain: str) -> Peer:
    """The peer, made with tier ``open`` when it is new."""
    return _peer(_seen(conn, now, (domain,))[0])


def note_heard(conn: Connection, now: datetime, domain: str) -> Heard:
    """A peer has spoken, perhaps for the first time: what this makes due, each of it told only once."""
    row = _seen(conn, now, (domain,))[0]
    is_silent = row.failures >= FAILURES_MAX and hear(conn, now, domain)
    is_due = row.asked_at is None or row.asked_at < now - ASKED_EVERY
    return Heard(is_back=is_silent, is_question_due=is_due and claim_question(conn, now, domain))


def _seen(conn: Connection, now: datetime, domains: Collection[str]) -> list[Any]:
    """The records of peers, those made that are new."""
    found = _BY_DOMAINS.rows(conn, domains=domains)
    new = sorted({*domains}.difference(row.domain for row in found))
    if new:
        insert_ignore(conn, peers, [{"domain": one, "tier": Tier.OPEN, "first_seen_at": now} for one in new])
        found += _BY_DOMAINS.rows(conn, domains=new)
    return found


def claim_question(conn: Connection, now: datetime, domain: str) -> bool:
    """Whether it is time to ask the peer what it runs: at the first meeting and once a week; true only once."""
    asked = {"asked_domain": domain, "due_before": now - ASKED_EVERY, "moment": now}
    return bool(_CLAIM_QUESTION.run(conn, asked))


def set_tier(conn: Connection, now: datetime, domain: str, tier: Tier) -> Peer:
    """What the peer is to this node from now on; whatever else is known of it stays."""
    upsert_seen(conn, now, domain)
    conn.execute(update(peers).where(peers.c.domain == domain).values(tier=tier))
    return _peer(conn.execute(select(peers).where(peers.c.domain == domain)).one())


def set_own_ceilings(conn: Connection, domain: str, ceilings: Ceilings) -> None:
    """How much may pass between this node and the peer from now on, while and whenever no partnership says that."""
    conn.execute(update(peers).where(peers.c.domain == domain).values(own_ceilings=_kept(ceilings)))
    set_ceilings(conn, domain, ceilings)


def restore_ceilings(conn: Connection, domain: str) -> None:
    """What administrators said themselves holds again."""
    own = conn.execute(select(peers.c.own_ceilings).where(peers.c.domain == domain)).scalar()
    set_ceilings(conn, domain, UNLIMITED if own is None else msgspec.convert(own, Ceilings))


def set_ceilings(conn: Connection, domain: str, ceilings: Ceilings) -> None:
    """How much may pass between this node and the peer from now on."""
    conn.execute(update(peers).where(peers.c.domain == domain).values(ceilings=_kept(ceilings)))
    if not ceilings.directory:
        # Their own server tells them anew when they are looked at after this was granted again.
        hidden = update(accounts).where(accounts.c.peer == domain)
        conn.execute(hidden.values(discoverable=False, indexable=False))


def set_software(conn: Connection, domain: str, software: str, version: str) -> None:
    """What the peer says it runs."""
    conn.execute(update(peers).where(peers.c.domain == domain).values(software=software, software_version=version))


def set_implements(conn: Connection, now: datetime, domain: str, implements: Iterable[str], scheme: str | None) -> None:
    """What the peer says it can do; ``scheme`` is the signature to try first from now on, None: as before."""
    upsert_seen(conn, now, domain)
    values: dict[str, Any] = {"implements": sorted(implements)}
    if scheme is not None:
        values["signature_scheme"] = scheme
    conn.execute(update(peers).where(peers.c.domain == domain).values(values))


def set_node_actor(conn: Connection, domain: str, uri: str) -> None:
    """Which actor speaks for the peer."""
    conn.execute(update(peers).where(peers.c.domain == domain).values(node_actor=uri))


def record_successes(conn: Connection, now: datetime, schemes: Mapping[str, str]) -> list[str]:
    """Peers took deliveries, by the signature each understood; those whose circuit was open till now."""
    were_ill = [row.domain for row in _seen(conn, now, schemes) if row.failures >= FAILURES_MAX]
    succeeded = {"moment": now, "failures": 0, "closed_until": None}
    # In one order, so that two who write at the same time wait for each other and for nothing else.
    _SUCCEED.run(conn, *({"peer_domain": one, "scheme": schemes[one], **succeeded} for one in sorted(schemes)))
    return were_ill


def record_refusal(conn: Connection, now: datetime, domain: str, error: str) -> bool:
    """The peer is well, and does not want what it was sent. Whether its circuit was open till now."""
    was_open = upsert_seen(conn, now, domain).failures >= FAILURES_MAX
    values = {"last_failure_at": now, "last_error": error[:ERROR_MAX], "failures": 0, "closed_until": None}
    conn.execute(update(peers).where(peers.c.domain == domain).values(values))
    return was_open


def record_failure(
    conn: Connection, now: datetime, domain: str, error: str, *, patience: timedelta = timedelta(0)
) -> datetime | None:
    """The peer could not be reached or is ill; several such in a row pause deliveries to it, longer each time.

    ``patience`` is what it asked for itself. Until when deliveries wait, None when the next may go.
    """
    failures = upsert_seen(conn, now, domain).failures + 1
    pause = patience
    if failures >= FAILURES_MAX:
        pause = max(pause, min(FIRST_PAUSE * 2 ** min(failures - FAILURES_MAX, 16), LONGEST_PAUSE))
    closed_until = now + pause if pause else None
    conn.execute(
        update(peers)
        .where(peers.c.domain == domain)
        .values(last_failure_at=now, failures=failures, closed_until=closed_until, last_error=error[:ERROR_MAX])
    )
    return closed_until


def end_pause(conn: Connection, domain: str) -> None:
    """Deliveries to a peer may be tried at once, one at a time if it was ill."""
    conn.execute(update(peers).where(peers.c.domain == domain).values(closed_until=None))


def hear(conn: Connection, now: datetime, domain: str) -> bool:
    """A peer that was away has spoken: end its pause, unless it was tried a moment ago; whether it did."""
    return bool(conn.execute(_HEAR, {"heard_domain": domain, "failed_before": now - HEARD_PAUSE}).rowcount)


def count_paused(conn: Connection, now: datetime) -> int:
    """How many peers nothing is delivered to for now."""
    return conn.execute(select(func.count()).select_from(peers).where(peers.c.closed_until > now)).scalar_one()


def list_summaries(conn: Connection, *, limit: int = 1000, offset: int = 0) -> tuple[PeerSummary, ...]:
    """Peers by domain, each with how many of its accounts are known and how deliveries to it stand."""
    return _summaries(conn, select(peers).order_by(peers.c.domain).limit(limit).offset(offset))


def find_summary(conn: Connection, domain: str) -> PeerSummary | None:
    """The same of one peer, if it was ever seen or given a tier."""
    return next(iter(_summaries(conn, select(peers).where(peers.c.domain == domain))), None)


def _summaries(conn: Connection, which: Select[Any]) -> tuple[PeerSummary, ...]:
    rows = conn.execute(which).all()
    names = [row.domain for row in rows]
    known = dict(
        conn.execute(select(accounts.c.peer, func.count()).where(accounts.c.peer.in_(names)).group_by(accounts.c.peer))
        .tuples()
        .all()
    )
    queued = {row.domain: row for row in conn.execute(_QUEUED.where(deliveries.c.domain.in_(names)))}
    return tuple(
        PeerSummary(
            peer=_peer(row),
            accounts_count=known.get(row.domain, 0),
            deliveries_waiting=0 if queue is None else queue.waiting,
            deliveries_dead=0 if queue is None else queue.dead,
            oldest_waiting_at=None if queue is None else queue.oldest,
            next_try_at=None if queue is None else queue.next_try,
        )
        for row in rows
        for queue in (queued.get(row.domain),)
    )


def _standing(line: Sequence[Row[Any] | None]) -> Standing:
    """What the rows of a domain and of the hosts above it come to; None where nothing is known."""
    rules = [row for row in line if row is not None]
    if not rules:
        return _UNKNOWN
    suspended = [row.blocked_at for row in rules if row.tier == Tier.BLOCKED]
    silenced = [row.blocked_at for row in rules if row.is_silenced]
    itself = line[0]
    own = Tier.OPEN if itself is None else Tier(itself.tier)
    ceilings = UNLIMITED if itself is None else _ceilings(itself)
    return Standing(
        tier=Tier.BLOCKED if suspended else own,
        suspended_at=next(iter(suspended), None),
        silenced_at=next(iter(silenced), None),
        reject_media=any(row.reject_media for row in rules) or not ceilings.media,
        reject_reports=any(row.reject_reports for row in rules),
        ceilings=ceilings,
        signature_scheme=None if itself is None else itself.signature_scheme,
    )


def _kept(ceilings: Ceilings) -> Any:  # noqa: ANN401 - JSON
    return None if ceilings == UNLIMITED else msgspec.to_builtins(ceilings)


def _ceilings(row: Row[Any]) -> Ceilings:
    return UNLIMITED if row.ceilings is None else msgspec.convert(row.ceilings, Ceilings)


def _peer(row: Any) -> Peer:  # noqa: ANN401 - a row or a record
    return Peer(
        domain=row.domain,
        tier=Tier(row.tier),
        signature_scheme=row.signature_scheme,
        implements=tuple(row.implements or ()),
        node_actor=row.node_actor,
        software=row.software,
        software_version=row.software_version,
        first_seen_at=row.first_seen_at,
        last_success_at=row.last_success_at,
        last_failure_at=row.last_failure_at,
        last_error=row.last_error,
        failures=row.failures,
        closed_until=row.closed_until,
        ceilings=_ceilings(row),
        blocked_at=row.blocked_at,
        is_silenced=row.is_silenced,
        reject_media=row.reject_media,
        reject_reports=row.reject_reports,
    )
