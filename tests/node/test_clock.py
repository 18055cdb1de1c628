"""What queues and ids do when the clock is set; how a whole node lives through it is in ``test_faults_clock``."""

from datetime import UTC, datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.jobs import Job, RemoveAccount
from fedorg.ids import AccountId, IdSource, moment_of
from fedorg.jobs.clock import ClockWatch
from fedorg.store import clock, jobs
from fedorg.store.engine import Database
from fedorg.store.jobs import ClaimedJob

NOW: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
AHEAD: Final = NOW + timedelta(days=2)
LEASE: Final = timedelta(seconds=30)
IDS: Final = IdSource(lambda: AHEAD)


def job(number: int) -> Job:
    return RemoveAccount(account_id=AccountId(number))


async def claim(database: Database, now: datetime) -> list[int]:
    room = jobs.Room(own=10, beside=10, others=10, lane_max=10)
    claimed = await database.write(jobs.claim, now=now, lease=LEASE, room=room)
    return sorted(number(one) for one in claimed)


def number(claimed: ClaimedJob) -> int:
    assert isinstance(claimed.job, RemoveAccount)
    return claimed.job.account_id


async def test_nothing_waits_for_what_only_a_wrong_clock_named(database: Database) -> None:
    """After a clock that ran ahead: new and failed jobs are due, leases last one lease more, later ones stay later."""

    def ahead(conn: Connection) -> None:
        room = jobs.Room(own=10, beside=10, others=10, lane_max=10)
        for one in (1, 2, 3):
            jobs.enqueue(conn, IDS, AHEAD, job(one))
        leased, failed, begun = jobs.claim(conn, now=AHEAD, lease=LEASE, room=room)
        assert number(leased) == 1
        jobs.retry(conn, failed, AHEAD + timedelta(minutes=5), "it failed")
        jobs.proceed(conn, begun, job(3), AHEAD)
        jobs.enqueue(conn, IDS, AHEAD, job(4))
        jobs.enqueue(conn, IDS, AHEAD, job(5), due_at=AHEAD + timedelta(days=1))

    await database.write(ahead)
    assert await claim(database, NOW) == []

    await database.write(clock.keep_leases, NOW, LEASE)
    await database.write(clock.make_due, NOW)

    assert await claim(database, NOW) == [2, 3, 4]
    assert await claim(database, NOW + timedelta(seconds=29)) == []
    assert 1 in await claim(database, NOW + timedelta(seconds=31))
    assert 5 in await claim(database, AHEAD + timedelta(days=1))


async def test_leases_outlast_a_clock_that_is_set_ahead(database: Database) -> None:
    """Whoever works on something keeps it, although its lease seems to have ended days ago."""
    await database.write(lambda conn: jobs.enqueue(conn, IdSource(lambda: NOW), NOW, job(1)))
    assert await claim(database, NOW) == [1]

    await database.write(clock.keep_leases, AHEAD, LEASE)

    assert await claim(database, AHEAD) == []
    assert await claim(database, AHEAD + LEASE) == [1]


async def test_ids_go_on_after_the_greatest(database: Database) -> None:
    """A process that starts after the clock was set back gives no id that sorts before those that were given."""
    given = await database.write(lambda conn: jobs.enqueue(conn, IDS, AHEAD, job(1)))
    newest = await database.read(clock.newest_id)
    assert newest == given

    source = IdSource(lambda: NOW, 7, after=newest)

    following = [source.next() for _ in range(2000)]
    assert following == sorted({*following, newest})[1:]
    assert moment_of(following[-1]) - AHEAD < timedelta(seconds=1)


def test_a_clock_that_is_set_is_told_from_one_that_runs() -> None:
    """By how much it was set, once; seconds that pass are not told."""
    shift = timedelta()
    watch = ClockWatch(lambda: datetime.now(UTC) + shift)
    assert watch.look() == 0.0
    shift = timedelta(days=2)
    assert abs(watch.look() - shift.total_seconds()) < 5
    assert watch.look() == 0.0
    shift = timedelta(0)
    assert watch.look() < -170_000
