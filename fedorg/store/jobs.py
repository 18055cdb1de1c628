"""The queue of durable work: a row per job, written in the transaction that causes it.

A job is claimed for the time of a lease: its ``due_at`` moves to the end of the lease, so that the row of a worker that
died is simply due again. ``attempts`` grows with each claim and fences what an overtaken worker says afterwards. A job
that cannot be done is buried (``dead_at``), never deleted, until upkeep clears it. Work that another server caused
waits in a lane of that server, and only so much of a lane is claimed at a time: however much a slow or hostile server
has sent, this node's own work and that of others goes on. What may take its time of this node's own work (films,
letters, chores) has lanes too, beside what people wait for. What this node, or one actor elsewhere, does to one thing
(a status posted, edited and deleted; a follow and its end) is begun in the order it came, whichever process takes it: a
job waits while an earlier one of its subject was not tried yet or is being worked on. One that failed keeps nobody
waiting. On PostgreSQL several workers claim side by side (``FOR UPDATE SKIP LOCKED``); SQLite has one writer at a time.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import Connection, Integer, and_, bindparam, delete, exists, func, insert, or_, select, update

from fedorg.domain.jobs import (
    AcceptRequests,
    ApplyStanding,
    AskToPurge,
    CheckAtOrigin,
    ClearHome,
    CompleteProfile,
    CompleteThread,
    DistributeDelete,
    DistributeEdit,
    DistributeFeaturedTag,
    DistributePin,
    DistributeStatus,
    DistributeToTagFollowers,
    FetchCard,
    FetchDirectory,
    FetchOrganisation,
    FollowIntroduction,
    HandleActivity,
    IdentifyPeer,
    IndexStatuses,
    Job,
    MakeAnnualReport,
    MergeNotifications,
    PartWithPeer,
    PassOnAnswer,
    PostScheduledStatus,
    ProcessMedia,
    PushNotification,
    RefreshPoll,
    RefreshStatus,
    RemoveAccount,
    RemoveStatus,
    ReportAcknowledgements,
    ResolveThread,
    SendActivity,
    SendAgreement,
    SendAnnouncement,
    SendMail,
    SendQuoteRequest,
    SeverAccount,
    SeverForMember,
    SeverPeer,
    SynchroniseFollowers,
    VerifyLinks,
    VerifyQuote,
    WriteOfPlan,
)
from fedorg.ids import IdSource, JobId
from fedorg.store import changes
from fedorg.store.prepared import Prepared, many
from fedorg.store.tables import jobs
from fedorg.store.written import Written

ERROR_MAX: Final = 500

_encode: Final = msgspec.json.Encoder().encode
# Whatever is out of sight already, or was decided, goes by these alone; each looks first whether it is still to go.
_OWED: Final = (
    ApplyStanding,
    ClearHome,
    PartWithPeer,
    RemoveAccount,
    RemoveStatus,
    SeverAccount,
    SeverForMember,
    SeverPeer,
)
_decoder: Final[msgspec.json.Decoder[Job]] = msgspec.json.Decoder(Job)
_ROUNDS_MAX: Final = 8
# Of what is left for others, each lane may have this part.
_LANES_AT_ONCE: Final = 12
# No server is called so.
_FILMS: Final = "(films)"
_LETTERS: Final = "(letters)"
_LINKS: Final = "(links)"
_STANDINGS: Final = "(standings)"
_CHORES: Final = "(chores)"
_OWN_LANES: Final = (_FILMS, _LETTERS, _LINKS, _STANDINGS, _CHORES)
_COLUMNS: Final = (jobs.c.id, jobs.c.payload, jobs.c.attempts, jobs.c.lane)
_IS_DUE: Final = and_(jobs.c.dead_at.is_(None), jobs.c.due_at <= bindparam("moment"))
_DUE: Final = (
    select(*_COLUMNS)
    .where(_IS_DUE)
    .order_by(jobs.c.due_at, jobs.c.id)
    .limit(bindparam("limit", type_=Integer))
    .with_for_update(skip_locked=True)
)
_earlier: Final = jobs.alias("earlier")
_IS_EARLIER: Final = and_(_earlier.c.subject == jobs.c.subject, _earlier.c.id < jobs.c.id, _earlier.c.dead_at.is_(None))
_IS_NEW: Final = _earlier.c.attempts == 0
_IS_HELD: Final = _earlier.c.leased_until.is_not(None)
_FIRST: Final = (
    select(_earlier.c.id)
    # What others caused and is put off, as to ask them once more in an hour, keeps nobody waiting.
    .where(_IS_EARLIER, or_(and_(_IS_NEW, _earlier.c.due_at <= bindparam("moment")), _IS_HELD))
    .order_by(_earlier.c.id)
    .limit(1)
    .correlate(jobs)
)
_OWN: Final = Prepared(_DUE.where(jobs.c.lane.is_(None), ~exists().where(_IS_EARLIER, or_(_IS_NEW, _IS_HELD))))
_IN_LANES: Final = _DUE.add_columns(_FIRST.scalar_subquery().label("waits_for"))
_OF_LANE: Final = Prepared(_IN_LANES.where(jobs.c.lane == bindparam("lane")))
_OTHERS: Final = Prepared(
    _IN_LANES.where(jobs.c.lane.not_in(_OWN_LANES), jobs.c.lane.not_in(many("full")), jobs.c.id.not_in(many("seen")))
)
_ARE_DUE: Final = Prepared(
    select(
        *(
            exists().where(_IS_DUE, jobs.c.lane == lane).label(f"lane_{number}")
            for number, lane in enumerate(_OWN_LANES)
        )
    )
)
_AWAITED: Final = Prepared(
    select(*_COLUMNS).where(jobs.c.id.in_(many("ids")), _IS_DUE).with_for_update(skip_locked=True)
)
# What is in no list of these: a list is never empty.
_NO_LANE: Final = ""
_NO_JOB: Final = JobId(0)
_LEASE: Final = Written(
    update(jobs)
    .where(jobs.c.id == bindparam("claimed_id"))
    .values(attempts=jobs.c.attempts + 1, leased_until=bindparam("until"), due_at=bindparam("until"))
)
_HELD: Final = update(jobs).where(jobs.c.id == bindparam("job_id"), jobs.c.attempts == bindparam("attempt"))
_IS_LEASED: Final = jobs.c.leased_until.is_not(None)
_LEASED: Final = Prepared(select(jobs.c.id, jobs.c.attempts).where(jobs.c.id.in_(many("ids")), _IS_LEASED))
_STILL_HELD: Final = Prepared(
    select(jobs.c.id)
    .where(jobs.c.id == bindparam("job_id"), jobs.c.attempts == bindparam("attempt"), _IS_LEASED)
    .with_for_update()
)
_INSERT: Final = Written(insert(jobs))
_FINISH: Final = Written(delete(jobs).where(jobs.c.id == bindparam("job_id"), jobs.c.attempts == bindparam("attempt")))
_IS_ANY_DUE: Final = Prepared(
    select(exists().where(jobs.c.dead_at.is_(None), jobs.c.due_at <= bindparam("moment")).label("is_due"))
)
_NTH_OF_LANE: Final = Prepared(
    select(jobs.c.lane)
    .where(jobs.c.lane == bindparam("lane"), jobs.c.dead_at.is_(None))
    .limit(1)
    .offset(bindparam("before", type_=Integer))
)
_IS_WAITING: Final = and_(jobs.c.dead_at.is_(None), jobs.c.created_at <= bindparam("moment"))
_COUNTS: Final = select(
    func.count().filter(_IS_WAITING),
    func.count().filter(jobs.c.dead_at.is_not(None)),
    func.min(jobs.c.created_at).filter(_IS_WAITING),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedJob:
    """A job somebody works on; ``attempts`` counts this try too. ``job`` is None when the payload cannot be read."""

    id: JobId
    job: Job | None
    attempts: int
    lane: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Room:
    """How many jobs may be claimed: this node's own, and those that others caused.

    ``beside`` is how many may be held of each of its own lanes, ``lane_max`` how many at most of each lane of others;
    ``busy`` counts those that are held already, by lane. Of the ``slow`` lanes ``slow_free`` may be claimed together.
    """

    own: int
    beside: int
    others: int
    lane_max: int
    busy: Mapping[str, int] = field(default_factory=dict)
    slow: frozenset[str] = frozenset()
    slow_free: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueCounts:
    """How a queue stands."""

    waiting: int
    dead: int
    oldest_waiting_at: datetime | None


def enqueue(conn: Connection, ids: IdSource, now: datetime, job: Job, *, due_at: datetime | None = None) -> JobId:
    """Queue a job, due at once unless told otherwise, and wake the workers with the commit."""
    row = _row(ids, job, due_at or now)
    _INSERT.run(conn, row)
    changes.notify(conn)
    return JobId(row["id"])


def enqueue_many(conn: Connection, ids: IdSource, now: datetime, many: Iterable[Job]) -> None:
    """Queue jobs that are due at once, in one statement."""
    rows = [_row(ids, job, now) for job in many]
    if rows:
        _INSERT.run(conn, *rows)
        changes.notify(conn)


def _row(ids: IdSource, job: Job, due_at: datetime) -> dict[str, Any]:
    # One for later waits from then on.
    return {
        "id": ids.next(),
        "payload": _encode(job).decode(),
        "lane": _lane(job),
        "subject": _subject(job),
        "due_at": due_at,
        "created_at": due_at,
    }


def withdraw(conn: Connection, job_id: JobId) -> None:
    """Take back a job that nobody has begun; one that runs finds out by itself."""
    conn.execute(delete(jobs).where(jobs.c.id == job_id, jobs.c.attempts == 0))


def is_awaited(conn: Connection, job: Job) -> bool:
    """Whether a job of the subject of ``job`` waits to be begun, which is not before this transaction ends."""
    waits = (jobs.c.subject == _subject(job), jobs.c.attempts == 0, jobs.c.dead_at.is_(None))
    return conn.execute(select(jobs.c.id).where(*waits).limit(1).with_for_update()).first() is not None


def is_lane_full(conn: Connection, job: Job, most: int) -> bool:
    """Whether ``most`` of the lane of ``job`` wait already."""
    return bool(_NTH_OF_LANE.rows(conn, lane=_lane(job), before=most - 1))


def withdraw_alike(conn: Connection, job: Job) -> None:
    """Take back every job of the subject of ``job`` that nobody is at; one that runs finds out by itself."""
    conn.execute(delete(jobs).where(jobs.c.subject == _subject(job), jobs.c.leased_until.is_(None)))


def is_any_due(conn: Connection, now: datetime) -> bool:
    """Whether a claim could find anything; asked first, because a claim takes the writer."""
    return bool(_IS_ANY_DUE.rows(conn, moment=now)[0][0])


def claim(conn: Connection, *, now: datetime, lease: timedelta, room: Room) -> tuple[ClaimedJob, ...]:
    """Jobs that are due and have room, the longest due first, leased to the caller until ``now + lease``."""
    found = [
        *(_OWN.rows(conn, moment=now, limit=room.own) if room.own > 0 else ()),
        *_claim_beside(conn, now, room),
        *(_claim_others(conn, now, room) if room.others > 0 else ()),
    ]
    # What is waited for may stand in another lane, and was found there too.
    rows = {row.id: row for row in found}.values()
    if rows:
        _LEASE.run(conn, *({"claimed_id": row.id, "until": now + lease} for row in rows))
    return tuple(
        ClaimedJob(id=JobId(row.id), job=_job(row.payload), attempts=row.attempts + 1, lane=row.lane) for row in rows
    )


def renew(conn: Connection, claimed: Collection[ClaimedJob], until: datetime) -> frozenset[tuple[JobId, int]]:
    """Keep jobs that are still being worked on from falling due; those that are still the caller's, by job and try."""
    if not claimed:
        return frozenset()
    rows = [{"job_id": held.id, "attempt": held.attempts} for held in claimed]
    conn.execute(_HELD.where(_IS_LEASED).values(leased_until=until, due_at=until), rows)
    found = _LEASED.rows(conn, ids=sorted({held.id for held in claimed}))
    return frozenset((row.id, row.attempts) for row in found)


def is_held(conn: Connection, claimed: ClaimedJob) -> bool:
    """Whether a job is still the caller's, and stays so until this transaction ends."""
    return bool(_STILL_HELD.rows(conn, job_id=claimed.id, attempt=claimed.attempts))


def finish(conn: Connection, *claimed: ClaimedJob) -> None:
    """The jobs are done."""
    _FINISH.run(conn, *({"job_id": one.id, "attempt": one.attempts} for one in claimed))


def proceed(conn: Connection, claimed: ClaimedJob, rest: Job, now: datetime) -> None:
    """Part of the job is done; what is left of it is due at once and starts with fresh attempts."""
    conn.execute(
        _HELD.values(payload=_encode(rest).decode(), attempts=0, leased_until=None, due_at=now),
        {"job_id": claimed.id, "attempt": claimed.attempts},
    )
    changes.notify(conn)


def release(conn: Connection, claimed: ClaimedJob, now: datetime) -> None:
    """Give a job back that was not begun; the try does not count."""
    conn.execute(
        _HELD.values(attempts=jobs.c.attempts - 1, leased_until=None, due_at=now),
        {"job_id": claimed.id, "attempt": claimed.attempts},
    )


def retry(conn: Connection, claimed: ClaimedJob, due_at: datetime, error: str) -> None:
    """The try failed; the next one is due at ``due_at``."""
    conn.execute(
        _HELD.values(due_at=due_at, leased_until=None, last_error=error[:ERROR_MAX]),
        {"job_id": claimed.id, "attempt": claimed.attempts},
    )


def bury(conn: Connection, claimed: ClaimedJob, now: datetime, error: str) -> None:
    """Give the job up; the row stays for the administrator."""
    conn.execute(
        _HELD.values(dead_at=now, leased_until=None, last_error=error[:ERROR_MAX]),
        {"job_id": claimed.id, "attempt": claimed.attempts},
    )


def counts(conn: Connection, now: datetime) -> QueueCounts:
    """How the queue stands; running jobs count as waiting, those queued for later do not."""
    waiting, dead, oldest = conn.execute(_COUNTS, {"moment": now}).one()
    return QueueCounts(waiting=waiting, dead=dead, oldest_waiting_at=oldest)


def revive_owed(conn: Connection, before: datetime, now: datetime) -> int:
    """Begin anew what takes away what has to go, where it was given up before a moment; how many jobs that were."""
    owed = or_(*(jobs.c.payload.startswith(f'{{"type":"{kind.__name__}"') for kind in _OWED))
    revived = update(jobs).where(jobs.c.dead_at < before, owed).values(dead_at=None, attempts=0, due_at=now)
    return conn.execute(revived).rowcount


def delete_dead(conn: Connection, before: datetime, limit: int) -> int:
    """Forget up to ``limit`` jobs buried before a moment; how many there were."""
    stale = select(jobs.c.id).where(jobs.c.dead_at < before).limit(limit)
    return conn.execute(delete(jobs).where(jobs.c.id.in_(stale))).rowcount


def is_own_lane(lane: str) -> bool:
    """Whether a lane holds work of this node's own."""
    return lane in _OWN_LANES


def _claim_beside(conn: Connection, now: datetime, room: Room) -> list[Any]:
    seen: dict[JobId, Any] = {}
    for lane, is_due in zip(_OWN_LANES, _ARE_DUE.rows(conn, moment=now)[0], strict=True):
        left = room.beside - room.busy.get(lane, 0)
        if is_due and left > 0:
            seen |= {row.id: row for row in _OF_LANE.rows(conn, moment=now, lane=lane, limit=left)}
    return _in_turn(conn, now, seen)


def _claim_others(conn: Connection, now: datetime, room: Room) -> list[Any]:
    """The less is left, the less of it a lane may have: many that hold what they have leave something to the others."""
    seen: dict[JobId, Any] = {}
    busy = Counter(room.busy)
    slow_left = room.slow_free

    def share(lane: str) -> int:
        left = room.others - len(seen)
        if lane not in room.slow:
            return _part(room, left)
        return _part(room, min(left, slow_left)) if slow_left > 0 else 0

    for _ in range(_ROUNDS_MAX):
        full = [_NO_LANE, *(lane for lane in {*busy, *room.slow} if busy[lane] >= share(lane))]
        limit = 2 * room.others
        rows = _OTHERS.rows(conn, moment=now, limit=limit, full=full, seen=[_NO_JOB, *seen])
        for row in rows:
            if len(seen) < room.others and busy[row.lane] < share(row.lane):
                seen[row.id] = row
                busy[row.lane] += 1
                slow_left -= row.lane in room.slow
        if len(rows) < limit or len(seen) == room.others:
            break
    return _in_turn(conn, now, seen)


def _part(room: Room, left: int) -> int:
    return max(1, min(room.lane_max, left // _LANES_AT_ONCE))


def _in_turn(conn: Connection, now: datetime, seen: Mapping[JobId, Any]) -> list[Any]:
    """What waits for its turn has a place in its lane, so that a lane is not looked through for more.

    What it waits for is taken if it is due: of a worker that died, it is so later than all that came after it.
    """
    awaited = {row.waits_for for row in seen.values()} - {None, *seen}
    first = _AWAITED.rows(conn, moment=now, ids=sorted(awaited)) if awaited else []
    return [*first, *(row for row in seen.values() if row.waits_for is None)]


def _lane(job: Job) -> str | None:  # noqa: C901, PLR0911, PLR0912 -- one line per kind
    match job:
        case HandleActivity() | CheckAtOrigin():
            return urlsplit(job.sender or job.actor).netloc
        case SynchroniseFollowers() | PassOnAnswer():
            return urlsplit(job.actor).netloc
        case DistributeStatus() | DistributeToTagFollowers() | DistributeEdit():
            return job.peer and f"{job.peer} (news)"
        case SendActivity():
            return job.peer and f"{job.peer} (answers)"
        case RemoveStatus() if not job.is_told:
            # Servers have to hear of it as soon as of what is posted.
            return None
        case RemoveAccount() | RemoveStatus():
            return f"{job.peer} (departed)" if job.peer else _CHORES
        case ResolveThread() | VerifyQuote():
            return _caused_by(job.peer, "threads")
        case PushNotification():
            return f"{job.host} (push)"
        case FetchCard():
            return _caused_by(job.peer, "pages")
        case ProcessMedia():
            return _FILMS
        case SendMail() | WriteOfPlan():
            return _LETTERS
        case VerifyLinks():
            return _LINKS
        case ApplyStanding():
            return _STANDINGS
        case (
            AcceptRequests() | AskToPurge() | ClearHome() | IndexStatuses() | MakeAnnualReport() | MergeNotifications()
        ):
            return _CHORES
        case FetchDirectory():
            return f"{job.domain} (asked)"
        case CompleteThread() | CompleteProfile():
            # Apart from what the peer delivers: who looks at much of it does not delay what it says.
            return f"{job.peer} (asked)"
        case IdentifyPeer() | RefreshPoll() | FetchOrganisation() | FollowIntroduction():
            return job.domain
        case _:
            return None


def _caused_by(peer: str | None, kind: str) -> str:
    """By who caused it, not by whom it asks: one server may name any number of others that are silent."""
    return f"{peer} ({kind})" if peer else f"({kind})"


def _subject(job: Job) -> str | None:  # noqa: PLR0911 -- one line per kind
    match job:
        case HandleActivity():
            # Both names are as long as others made them.
            return sha256(f"{job.actor} {job.subject}".encode()).hexdigest()
        case (
            DistributeStatus()
            | DistributeEdit()
            | DistributeDelete()
            | RemoveStatus()
            | DistributePin()
            | RefreshStatus()
            | SendQuoteRequest()
        ):
            return f"status {job.status_id}"
        case PostScheduledStatus():
            return f"scheduled {job.scheduled_id}"
        case SendActivity():
            return f"{job.account_id} {job.target_id} {job.object_uri or ''}"
        case DistributeFeaturedTag():
            return f"{job.account_id} #{job.name}"
        case ApplyStanding():
            # Whatever is decided about one server may concern those below another.
            return "(standings)"
        case SendAnnouncement():
            return f"announcement {job.announcement_id}"
        case SendAgreement():
            return f"agreements with {job.domain}"
        case FetchOrganisation():
            return f"organisation of {job.domain}"
        case ReportAcknowledgements():
            return f"acknowledgements {job.announcement_id}"
        case _:
            return None


def _job(payload: str) -> Job | None:
    try:
        return _decoder.decode(payload)
    except msgspec.MsgspecError:
        return None
