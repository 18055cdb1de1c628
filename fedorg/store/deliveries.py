"""Outgoing activities and their deliveries: one row per activity and inbox, gone when the peer has it.

An activity is recorded only once for its id, and its deliveries in the order of their inboxes: few in the transaction
that records it, many a piece at a time, since nobody else writes meanwhile. How far that went stands with the activity,
so that whoever goes on after a crash leaves out nobody and tells nobody twice. Deliveries of one object to one inbox
leave in the order of their ids; other objects do not wait for it. A delivery is claimed for the
time of a lease as a job is (``store/jobs.py``), a dead one stays until upkeep clears it or an administrator revives it.
An inbox that is gone is remembered for a while (``gone_inboxes``), and nothing is queued for it.

Nobody is delayed by somebody else's ill server: a claim takes at most a window per domain, one for a domain whose
circuit was open, none while it is open, and ``ill_free`` in all for domains whose last try failed. What waits for a
domain whose circuit opens is put off to its next probe, so that asking what is due stays cheap, and is due at once when
the peer is back. Nor by somebody else's many followers: where more is due than can be under way, a part of a claim is
what was queued last, so that a word to one server does not wait until another went to thousands.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from typing import Any, Final, NewType

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from fedorg.domain.peers import Standing
from fedorg.domain.relationships import FollowState
from fedorg.domain.visibility import Reach
from fedorg.ids import AccountId, IdSource
from fedorg.store import changes, keys
from fedorg.store.digests import shortened
from fedorg.store.jobs import ERROR_MAX, QueueCounts
from fedorg.store.peers import FAILURES_MAX, standings
from fedorg.store.prepared import Prepared, many
from fedorg.store.stale import Stale
from fedorg.store.tables import accounts, activities, deliveries, follows, gone_inboxes, peers
from fedorg.store.upsert import insert_ignore
from fedorg.store.written import Written

DeliveryId = NewType("DeliveryId", int)

# A claim looks past the domains whose window is full, this often at most.
_ROUNDS_MAX: Final = 8
# So many of the latest are looked through for news.
_LOOKED_AT_MAX: Final = 256
# Engines bound the number of parameters of a statement.
_PIECE: Final = 1000
# What ends an object; whatever of it was given up before is of no use any more.
_LAST_WORDS: Final = frozenset({"Delete", "Undo"})
# Of what is answered to one asker about one thing the latest counts, however often it is asked.
_ANSWERS: Final = frozenset({"Accept", "Reject"})
ENDINGS: Final = frozenset({*_LAST_WORDS, "Reject"})
"""What takes something back: it carries nothing that is not known already."""

_earlier: Final = deliveries.alias("earlier")
_IS_NEXT: Final = ~exists().where(
    _earlier.c.object_uri == deliveries.c.object_uri,
    _earlier.c.inbox == deliveries.c.inbox,
    _earlier.c.id < deliveries.c.id,
    _earlier.c.dead_at.is_(None),
)
_IS_WELL: Final = func.coalesce(peers.c.failures, 0) == 0
_INSERT: Final = Written(insert(deliveries))
_FINISH: Final = Written(delete(deliveries).where(deliveries.c.id == bindparam("delivery_id")))
_IS_HELD: Final = (
    deliveries.c.id == bindparam("delivery_id"),
    deliveries.c.attempts == bindparam("attempt"),
    deliveries.c.leased_until.is_not(None),
)
_HELD: Final = update(deliveries).where(*_IS_HELD)
_STILL_HELD: Final = Prepared(select(deliveries.c.id).where(*_IS_HELD).with_for_update())
_GONE: Final = Prepared(select(gone_inboxes.c.inbox).where(gone_inboxes.c.inbox.in_(many("inboxes"))))
_PAUSED: Final = Prepared(
    select(peers.c.domain, peers.c.closed_until).where(
        peers.c.closed_until > bindparam("now"), peers.c.domain.in_(many("domains"))
    )
)
_IS_ANY_DUE: Final = Prepared(
    select(
        exists()
        .where(deliveries.c.dead_at.is_(None), deliveries.c.due_at <= bindparam("moment"), _IS_NEXT)
        .label("is_due")
    )
)
_WANTED: Final = (
    select(
        deliveries.c.id,
        deliveries.c.inbox,
        deliveries.c.domain,
        deliveries.c.attempts,
        deliveries.c.created_at,
        activities.c.uri,
        activities.c.type,
        activities.c.account_id,
        activities.c.body,
        activities.c.reach,
        activities.c.for_followers,
        activities.c.beyond_tier,
        peers.c.signature_scheme,
        peers.c.implements,
        peers.c.failures,
        exists()
        .where(
            accounts.c.id == activities.c.account_id,
            # How a suspended account itself stands is told.
            or_(
                accounts.c.deleted_at.is_not(None),
                and_(accounts.c.suspended_at.is_not(None), accounts.c.uri != deliveries.c.object_uri),
            ),
        )
        .label("is_orphaned"),
    )
    .join(activities, activities.c.id == deliveries.c.activity_id)
    .outerjoin(peers, peers.c.domain == deliveries.c.domain)
    .where(
        deliveries.c.dead_at.is_(None),
        deliveries.c.due_at <= bindparam("moment"),
        deliveries.c.domain.not_in(many("full")),
        deliveries.c.id.not_in(many("taken")),
        or_(peers.c.closed_until.is_(None), peers.c.closed_until <= bindparam("moment")),
        _IS_NEXT,
    )
    .limit(bindparam("limit", type_=Integer))
    .with_for_update(skip_locked=True, of=deliveries)
)
_DUE: Final = _WANTED.order_by(deliveries.c.due_at, deliveries.c.id)
_latest: Final = deliveries.alias("latest")
_LATEST: Final = (
    select(_latest.c.id)
    .where(_latest.c.dead_at.is_(None), _latest.c.due_at <= bindparam("moment"))
    .order_by(_latest.c.due_at.desc(), _latest.c.id.desc())
    .limit(_LOOKED_AT_MAX)
)
_NEWS: Final = Prepared(
    _WANTED.where(
        deliveries.c.id.in_(_LATEST),
        deliveries.c.attempts == 0,
        deliveries.c.due_at == deliveries.c.created_at,
        _IS_WELL,
    ).order_by(deliveries.c.due_at.desc(), deliveries.c.id.desc())
)
_DUE_OF_ANY: Final = Prepared(_DUE)
_DUE_OF_WELL: Final = Prepared(_DUE.where(_IS_WELL))
# What is in no list of these: a list is never empty.
_NO_DOMAIN: Final = ""
_NO_DELIVERY: Final = DeliveryId(0)
_LEASE: Final = Written(
    update(deliveries)
    .where(deliveries.c.id == bindparam("claimed_id"))
    .values(attempts=deliveries.c.attempts + 1, leased_until=bindparam("until"), due_at=bindparam("until"))
)
_COUNTS: Final = select(
    func.count().filter(deliveries.c.dead_at.is_(None)),
    func.count().filter(deliveries.c.dead_at.is_not(None)),
    func.min(deliveries.c.created_at).filter(deliveries.c.dead_at.is_(None)),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OutgoingActivity:
    """An activity as it goes out; ``object_uri`` keeps deliveries in order, ``reach`` is the ring of its readers.

    ``for_followers``: it is addressed to the account's followers rather than to everybody.
    """

    uri: str
    account_id: AccountId
    type: str
    object_uri: str
    reach: Reach
    for_followers: bool = False
    beyond_tier: bool = False
    """It leaves whatever the tier of the server is, unless that is blocked."""
    body: str = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedDelivery:
    """A delivery somebody works on; ``attempts`` counts this try too."""

    id: DeliveryId
    uri: str
    type: str
    account_id: AccountId
    body: str = field(repr=False)
    inbox: str
    domain: str
    attempts: int
    queued_at: datetime
    reach: Reach
    for_followers: bool
    beyond_tier: bool
    standing: Standing
    """What the peer is now."""
    key_ids: frozenset[str]
    """The identities of the keys the account has now."""
    signature_scheme: str | None
    implements: frozenset[str]
    """What the peer says it can do."""
    is_ill: bool
    """The last try to reach the domain failed."""
    is_orphaned: bool
    """The account was deleted; or it was suspended, and this is not about how it stands."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """How many deliveries may be under way; ``busy`` counts those that are, by domain, ``held`` names them.

    Where more is due than fits, ``news`` of them are the latest that were queued, and the rest the longest due.
    """

    free: int
    news: int = 0
    domain_max: int
    ill_free: int
    busy: Mapping[str, int]
    held: Collection[DeliveryId] = ()


def record(
    conn: Connection,
    ids: IdSource,
    now: datetime,
    activity: OutgoingActivity,
    inboxes: Mapping[str, str],
    until: str | None = None,
) -> bool:
    """Queue an activity for ``inboxes`` (inbox to domain) but those that are gone.

    ``until`` is the last of them if ``record_more`` queues those that follow. False, and nothing done, when all of it
    was recorded before, or there is no inbox.
    """
    left = _without_gone(conn, inboxes)
    if not left and until is None:
        return False
    activity_id = ids.next()
    values = {
        "id": activity_id,
        "uri": activity.uri,
        "account_id": activity.account_id,
        "type": activity.type,
        "reach": activity.reach,
        "for_followers": activity.for_followers,
        "beyond_tier": activity.beyond_tier,
        "body": activity.body,
        "queued_until": until,
        "created_at": now,
    }
    if not insert_ignore(conn, activities, [values]):
        return record_more(conn, ids, now, activity, inboxes, until)
    _queue(conn, ids, now, activity, activity_id, left)
    return True


def record_more(
    conn: Connection,
    ids: IdSource,
    now: datetime,
    activity: OutgoingActivity,
    inboxes: Mapping[str, str],
    until: str | None = None,
) -> bool:
    """Queue it for more inboxes, as far as that was not done; False when all was, or the activity is withdrawn."""
    row = conn.execute(
        select(activities.c.id, activities.c.queued_until).where(activities.c.uri == activity.uri).with_for_update()
    ).one_or_none()
    if row is None or row.queued_until is None:
        return False
    left = {inbox: domain for inbox, domain in inboxes.items() if inbox > row.queued_until}
    if until is None or until > row.queued_until:
        conn.execute(update(activities).where(activities.c.id == row.id).values(queued_until=until))
    _queue(conn, ids, now, activity, row.id, _without_gone(conn, left))
    return True


def list_follower_inboxes(conn: Connection, account_id: AccountId) -> tuple[str, ...]:
    """The distinct inboxes of the servers that host accepted followers of an account."""
    inbox = func.coalesce(accounts.c.shared_inbox, accounts.c.inbox)
    found = conn.execute(
        select(inbox)
        .join(follows, follows.c.account_id == accounts.c.id)
        .where(
            follows.c.target_id == account_id,
            follows.c.state == FollowState.ACCEPTED,
            accounts.c.domain.is_not(None),
            accounts.c.suspended_at.is_(None),
        )
        .distinct()
    )
    return tuple(str(address) for address in found.scalars())


def is_any_due(conn: Connection, now: datetime) -> bool:
    """Whether a claim could find anything; asked first, because a claim takes the writer."""
    return bool(_IS_ANY_DUE.rows(conn, moment=now)[0][0])


def claim(conn: Connection, *, now: datetime, lease: timedelta, window: Window) -> tuple[ClaimedDelivery, ...]:
    """Deliveries that are due and have room in the window, leased to the caller until ``now + lease``."""
    claimed: dict[DeliveryId, Any] = {}
    busy = Counter(window.busy)
    ill_free = window.ill_free
    full = {_NO_DOMAIN, *(domain for domain, count in busy.items() if count >= window.domain_max)}
    for _ in range(_ROUNDS_MAX):
        due, taken = _DUE_OF_ANY if ill_free > 0 else _DUE_OF_WELL, [_NO_DELIVERY, *claimed, *window.held]
        rows = due.rows(conn, moment=now, full=full, taken=taken, limit=2 * window.free)
        is_all = len(rows) < 2 * window.free
        if not (is_all or claimed) and window.news > 0:
            rows = [*_NEWS.rows(conn, moment=now, full=full, taken=taken, limit=window.news), *rows]
        for row in rows:
            if len(claimed) == window.free:
                break
            if row.id in claimed:
                continue
            is_ill = bool(row.failures)
            if is_ill and ill_free <= 0:
                continue
            if busy[row.domain] >= _domain_max(row, window):
                full.add(row.domain)
                continue
            claimed[row.id] = row
            busy[row.domain] += 1
            ill_free -= is_ill
        if is_all or len(claimed) == window.free:
            break
    if claimed:
        _LEASE.run(conn, *({"claimed_id": one, "until": now + lease} for one in claimed))
    else:
        _put_off_stragglers(conn, now)
    now_are = standings(conn, [row.domain for row in claimed.values()])
    key_ids = {one: keys.list_ids(conn, AccountId(one)) for one in {row.account_id for row in claimed.values()}}
    return tuple(_claimed(row, now_are[row.domain], key_ids[row.account_id]) for row in claimed.values())


def renew(conn: Connection, claimed: Sequence[ClaimedDelivery], until: datetime) -> None:
    """Keep deliveries that are still under way from falling due, but for those that others took over."""
    rows = [{"delivery_id": held.id, "attempt": held.attempts} for held in claimed]
    conn.execute(_HELD.values(leased_until=until, due_at=until), rows)


def is_held(conn: Connection, claimed: ClaimedDelivery) -> bool:
    """Whether a delivery is still the caller's, and stays so until this transaction ends."""
    return bool(_STILL_HELD.rows(conn, delivery_id=claimed.id, attempt=claimed.attempts))


def finish(conn: Connection, *claimed: ClaimedDelivery) -> None:
    """The peers have them."""
    _FINISH.run(conn, *({"delivery_id": one.id} for one in claimed))


def retry(conn: Connection, claimed: ClaimedDelivery, due_at: datetime, error: str) -> None:
    """The try failed; the next one is due at ``due_at``."""
    conn.execute(
        update(deliveries)
        .where(deliveries.c.id == claimed.id, deliveries.c.attempts == claimed.attempts)
        .values(due_at=due_at, leased_until=None, last_error=error[:ERROR_MAX])
    )


def bury(conn: Connection, claimed: ClaimedDelivery, now: datetime, error: str) -> None:
    """Give the delivery up; the row stays for the administrator, later ones of its object go on."""
    conn.execute(
        update(deliveries)
        .where(deliveries.c.id == claimed.id, deliveries.c.attempts == claimed.attempts)
        .values(dead_at=now, leased_until=None, last_error=error[:ERROR_MAX])
    )


def bury_overdue(conn: Connection, now: datetime, limit: int, *, patience: timedelta, longest_wait: timedelta) -> int:
    """Give up to ``limit`` deliveries up that had no turn because their peer was ill; how many.

    That is: it failed within ``longest_wait``, which was more than ``patience`` after they were queued.
    """
    overdue = (
        select(deliveries.c.id)
        .join(peers, peers.c.domain == deliveries.c.domain)
        .where(
            deliveries.c.dead_at.is_(None),
            or_(deliveries.c.leased_until.is_(None), deliveries.c.leased_until <= now),
            deliveries.c.created_at < now - patience - longest_wait,
            peers.c.failures > 0,
            peers.c.last_failure_at > now - longest_wait,
        )
        .limit(limit)
    )
    statement = update(deliveries).where(deliveries.c.id.in_(overdue))
    return conn.execute(
        statement.values(dead_at=now, leased_until=None, last_error="the peer did not come back")
    ).rowcount


def drop_inbox(conn: Connection, now: datetime, inbox: str, domain: str) -> int:
    """The inbox is gone for good: queue nothing more for it, forget what waits; how many deliveries that were."""
    insert_ignore(conn, gone_inboxes, [{"inbox": inbox, "domain": domain, "gone_at": now}])
    waiting = delete(deliveries).where(deliveries.c.domain == domain, deliveries.c.inbox == inbox)
    return conn.execute(waiting).rowcount


def drop_content(conn: Connection, domain: str) -> int:
    """Forget what waits for a domain but for what ends something, or was agreed with it; how many deliveries."""
    content = select(activities.c.id).where(activities.c.type.not_in(ENDINGS), ~activities.c.beyond_tier)
    waiting = delete(deliveries).where(deliveries.c.domain == domain, deliveries.c.activity_id.in_(content))
    return conn.execute(waiting).rowcount


def count_open_deletes(conn: Connection, domain: str) -> int:
    """How much a domain was asked to delete that it has not confirmed, given up or not."""
    is_delete = exists().where(activities.c.id == deliveries.c.activity_id, activities.c.type == "Delete")
    waiting = select(func.count()).select_from(deliveries).where(deliveries.c.domain == domain, is_delete)
    return conn.execute(waiting).scalar_one()


def count_waiting(conn: Connection, domain: str) -> int:
    """How much waits for a domain, or is under way."""
    waiting = select(func.count()).where(deliveries.c.domain == domain, deliveries.c.dead_at.is_(None))
    return conn.execute(waiting).scalar_one()


def put_off(conn: Connection, domain: str, until: datetime) -> None:
    """Nothing of what waits for a domain is due before ``until``."""
    _reschedule(conn, domain, until, deliveries.c.due_at < until)


def bring_forward(conn: Connection, domain: str, now: datetime) -> None:
    """All that waits for a domain is due at once."""
    _reschedule(conn, domain, now, deliveries.c.due_at > now)
    changes.notify(conn)


def revive(conn: Connection, domain: str, now: datetime) -> int:
    """Queue what was given up for a domain anew, to its gone inboxes too; how many deliveries that were."""
    conn.execute(delete(gone_inboxes).where(gone_inboxes.c.domain == domain))
    dead = update(deliveries).where(deliveries.c.domain == domain, deliveries.c.dead_at.is_not(None))
    revived = conn.execute(dead.values(dead_at=None, attempts=0, due_at=now, created_at=now)).rowcount
    bring_forward(conn, domain, now)
    return revived


def counts(conn: Connection) -> QueueCounts:
    """How the queue stands; deliveries under way count as waiting."""
    waiting, dead, oldest = conn.execute(_COUNTS).one()
    return QueueCounts(waiting=waiting, dead=dead, oldest_waiting_at=oldest)


def delete_dead(conn: Connection, before: datetime, limit: int) -> int:
    """Forget up to ``limit`` deliveries given up before a moment; how many there were."""
    stale = select(deliveries.c.id).where(deliveries.c.dead_at < before).limit(limit)
    return conn.execute(delete(deliveries).where(deliveries.c.id.in_(stale))).rowcount


def delete_gone_inboxes(conn: Connection, before: datetime, limit: int) -> int:
    """Forget up to ``limit`` inboxes that were gone before a moment, so that they are tried again; how many."""
    stale = select(gone_inboxes.c.inbox).where(gone_inboxes.c.gone_at < before).limit(limit)
    return conn.execute(delete(gone_inboxes).where(gone_inboxes.c.inbox.in_(stale))).rowcount


DONE_ACTIVITIES: Final = Stale(
    activities.c.id,
    lambda before: (activities.c.created_at < before) & ~exists().where(deliveries.c.activity_id == activities.c.id),
)
"""Activities made before a moment that no delivery needs."""


def _without_gone(conn: Connection, inboxes: Mapping[str, str]) -> dict[str, str]:
    left = dict(inboxes)
    for some in _pieces(inboxes):
        for gone in _GONE.rows(conn, inboxes=some):
            del left[gone.inbox]
    return left


def _queue(
    conn: Connection,
    ids: IdSource,
    now: datetime,
    activity: OutgoingActivity,
    activity_id: int,
    inboxes: Mapping[str, str],
) -> None:
    if not inboxes:
        return
    about = shortened(activity.object_uri)
    if activity.type in _LAST_WORDS:
        _forget_dead(conn, about, inboxes)
    if activity.type in _ANSWERS and not activity.beyond_tier:
        _forget_overtaken(conn, about, inboxes)
    paused = _paused_until(conn, inboxes.values(), now)
    rows = [
        {
            "id": ids.next(),
            "activity_id": activity_id,
            "inbox": inbox,
            "domain": domain,
            "object_uri": about,
            "due_at": paused.get(domain, now),
            "created_at": now,
        }
        for inbox, domain in inboxes.items()
    ]
    _INSERT.run(conn, *rows)
    changes.notify(conn)


def _forget_dead(conn: Connection, object_uri: str, inboxes: Collection[str]) -> None:
    """An object ends: reviving what was given up of it would bring it back."""
    for some in _pieces(inboxes):
        conn.execute(
            delete(deliveries).where(
                deliveries.c.object_uri == object_uri, deliveries.c.inbox.in_(some), deliveries.c.dead_at.is_not(None)
            )
        )


def _forget_overtaken(conn: Connection, object_uri: str, inboxes: Collection[str]) -> None:
    """A newer answer is queued: whoever asks again and again, and takes no answer, keeps one waiting."""
    for some in _pieces(inboxes):
        waiting = select(deliveries.c.activity_id).where(
            deliveries.c.object_uri == object_uri, deliveries.c.inbox.in_(some), deliveries.c.leased_until.is_(None)
        )
        conn.execute(delete(activities).where(activities.c.id.in_(waiting), activities.c.type.in_(_ANSWERS)))


def _paused_until(conn: Connection, domains: Collection[str], now: datetime) -> dict[str, datetime]:
    return {
        row.domain: row.closed_until
        for some in _pieces({*domains})
        for row in _PAUSED.rows(conn, now=now, domains=some)
    }


def _put_off_stragglers(conn: Connection, now: datetime) -> None:
    """What was queued at the very moment its peer was paused is due, and may not go: let nobody ask for it again."""
    paused_until = select(peers.c.closed_until).where(peers.c.domain == deliveries.c.domain).scalar_subquery()
    conn.execute(
        update(deliveries)
        .where(
            deliveries.c.dead_at.is_(None),
            deliveries.c.leased_until.is_(None),
            deliveries.c.due_at <= now,
            deliveries.c.domain.in_(select(peers.c.domain).where(peers.c.closed_until > now)),
        )
        .values(due_at=paused_until)
    )


def _pieces(values: Collection[str]) -> Iterator[tuple[str, ...]]:
    """The values in pieces that fit into one statement."""
    rest = iter(values)
    while piece := tuple(islice(rest, _PIECE)):
        yield piece


def _reschedule(conn: Connection, domain: str, due_at: datetime, which: ColumnElement[bool]) -> None:
    conn.execute(
        update(deliveries)
        .where(
            deliveries.c.domain == domain,
            deliveries.c.dead_at.is_(None),
            deliveries.c.leased_until.is_(None),
            which,
        )
        .values(due_at=due_at)
    )


def _domain_max(row: Any, window: Window) -> int:  # noqa: ANN401 - a record
    return 1 if (row.failures or 0) >= FAILURES_MAX else window.domain_max


def _claimed(row: Any, standing: Standing, key_ids: frozenset[str]) -> ClaimedDelivery:  # noqa: ANN401 - a record
    return ClaimedDelivery(
        id=DeliveryId(row.id),
        uri=row.uri,
        type=row.type,
        account_id=AccountId(row.account_id),
        body=row.body,
        inbox=row.inbox,
        domain=row.domain,
        attempts=row.attempts + 1,
        queued_at=row.created_at,
        reach=Reach(row.reach),
        for_followers=row.for_followers,
        beyond_tier=row.beyond_tier,
        standing=standing,
        key_ids=key_ids,
        signature_scheme=row.signature_scheme,
        implements=frozenset(row.implements or ()),
        is_ill=bool(row.failures),
        is_orphaned=bool(row.is_orphaned),
    )
