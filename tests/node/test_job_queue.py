"""The queue of jobs: leases, order, retries and burials, on both engines."""

from datetime import UTC, datetime, timedelta

import pytest

from fedorg.domain.jobs import (
    ActivityKind,
    ApplyStanding,
    ClearHome,
    DistributeEdit,
    DistributeProfile,
    DistributeStatus,
    HandleActivity,
    Job,
    PartWithPeer,
    RemoveAccount,
    RemoveStatus,
    SendActivity,
    SeverAccount,
    SeverForMember,
    SeverPeer,
)
from fedorg.ids import AccountId, IdSource, StatusId
from fedorg.store import jobs, seen
from fedorg.store.engine import Database
from fedorg.store.jobs import ClaimedJob

NOW = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)
LEASE = timedelta(seconds=30)
IDS = IdSource(lambda: NOW)


def job(number: int) -> Job:
    return DistributeProfile(account_id=AccountId(number))


async def enqueue(database: Database, *numbers: int) -> None:
    for number in numbers:
        await database.write(jobs.enqueue, IDS, NOW, job(number))


async def claim(database: Database, now: datetime = NOW, limit: int = 10) -> tuple[ClaimedJob, ...]:
    return await database.write(
        jobs.claim, now=now, lease=LEASE, room=jobs.Room(own=limit, beside=limit, others=limit, lane_max=limit)
    )


async def test_jobs_are_claimed_in_the_order_they_came(database: Database) -> None:
    """The oldest due job is handed out first, and each once."""
    await enqueue(database, 1, 2, 3)

    first = await claim(database, limit=2)
    rest = await claim(database)

    assert [held.job for held in first] == [job(1), job(2)]
    assert [held.job for held in rest] == [job(3)]
    assert await claim(database) == ()


async def test_what_concerns_one_thing_is_begun_in_order(database: Database) -> None:
    """An edit waits until the post before it was done or has failed, while other things pass by."""
    post, edit, other = (
        DistributeStatus(status_id=StatusId(1)),
        DistributeEdit(status_id=StatusId(1), edited_at=NOW),
        DistributeStatus(status_id=StatusId(2)),
    )
    for one in (post, edit, other):
        await database.write(jobs.enqueue, IDS, NOW, one)

    held = await claim(database)
    assert [one.job for one in held] == [post, other]
    assert await claim(database) == ()

    await database.write(jobs.proceed, held[0], post, NOW)
    (rest,) = await claim(database)
    assert rest.job == post
    await database.write(jobs.finish, rest)
    assert [one.job for one in await claim(database)] == [edit]


async def test_what_has_to_go_is_begun_anew(database: Database) -> None:
    """Whatever takes away what nobody is to see any more is given up for a time, everything else for good."""
    member, account = AccountId(1), AccountId(2)
    owed: tuple[Job, ...] = (
        RemoveAccount(account_id=account),
        RemoveStatus(account_id=account, status_id=StatusId(1), uri="https://a.example/1", is_open=True),
        ClearHome(account_id=member, author_id=account),
        SeverPeer(domain="a.example", cause=1),
        SeverAccount(account_id=account, cause=2),
        SeverForMember(account_id=member, domain="b.example", cause=3),
        PartWithPeer(domain="c.example", cause=4),
        ApplyStanding(domain="d.example"),
    )
    for one in (*owed, job(1)):
        await database.write(jobs.enqueue, IDS, NOW, one)
    for held in await claim(database):
        await database.write(jobs.bury, held, NOW, "it always fails")
    later = NOW + LEASE

    assert await database.write(jobs.revive_owed, NOW, later) == 0
    assert await database.write(jobs.revive_owed, later, later) == len(owed)

    again = await claim(database, later)
    assert {held.job for held in again} == set(owed)
    assert {held.attempts for held in again} == {1}
    assert (await database.read(jobs.counts, later)).dead == 1


async def test_what_failed_keeps_nobody_waiting(database: Database) -> None:
    """An unfollow goes on although the follow before it is tried again later; after a crash the order holds."""
    follow, unfollow = (
        SendActivity(kind=kind, account_id=AccountId(1), target_id=AccountId(2), uri="https://here.example/f")
        for kind in (ActivityKind.FOLLOW, ActivityKind.UNDO_FOLLOW)
    )
    for one in (follow, unfollow):
        await database.write(jobs.enqueue, IDS, NOW, one)
    await claim(database)
    (held,) = await claim(database, NOW + LEASE)
    assert (held.job, held.attempts) == (follow, 2)

    await database.write(jobs.retry, held, NOW + timedelta(hours=1), "no answer")

    assert [one.job for one in await claim(database, NOW + LEASE)] == [unfollow]


async def test_a_job_carries_any_payload_unchanged(database: Database) -> None:
    """What is enqueued is what is claimed, whatever the text."""
    activity = HandleActivity(body='{"content": "ü\\u0000\\"<"}', actor="https://a.example/users/ö", scheme="rfc9421")
    await database.write(jobs.enqueue, IDS, NOW, activity)

    (held,) = await claim(database)

    assert held.job == activity


async def test_work_of_a_process_that_died_falls_due_with_its_lease(database: Database) -> None:
    """A leased job is nobody else's until the lease ends, and then anybody's."""
    await enqueue(database, 1)
    await claim(database)

    before = await claim(database, NOW + LEASE - timedelta(milliseconds=1))
    (after,) = await claim(database, NOW + LEASE)

    assert before == ()
    assert after.attempts == 2


async def test_a_renewed_lease_holds_on(database: Database) -> None:
    """Renewing keeps a long job from being taken by another worker."""
    await enqueue(database, 1)
    held = await claim(database)

    await database.write(jobs.renew, held, NOW + 3 * LEASE)

    assert await claim(database, NOW + 2 * LEASE) == ()
    assert len(await claim(database, NOW + 3 * LEASE)) == 1


async def test_what_an_overtaken_worker_says_counts_no_more(database: Database) -> None:
    """After the lease passed to another, the first holder can neither finish nor bury the job."""
    await enqueue(database, 1)
    (overtaken,) = await claim(database)
    (holder,) = await claim(database, NOW + LEASE)

    await database.write(jobs.finish, overtaken)
    await database.write(jobs.bury, overtaken, NOW, "late")
    await database.write(jobs.renew, [overtaken], NOW + 9 * LEASE)

    assert len(await claim(database, NOW + 2 * LEASE)) == 1
    assert holder.attempts == 2


async def test_a_failed_job_waits_for_its_time(database: Database) -> None:
    """A retry is due when it was said, and not before."""
    await enqueue(database, 1)
    (held,) = await claim(database)

    await database.write(jobs.retry, held, NOW + timedelta(minutes=5), "no answer")

    assert not await database.read(jobs.is_any_due, NOW + timedelta(minutes=4))
    (again,) = await claim(database, NOW + timedelta(minutes=5))
    assert again.attempts == 2


async def test_a_buried_job_is_kept_and_not_run(database: Database) -> None:
    """A job given up is counted as dead until upkeep clears it."""
    await enqueue(database, 1, 2)
    first, second = await claim(database)

    await database.write(jobs.bury, first, NOW, "it always fails")
    await database.write(jobs.finish, second)

    counts = await database.read(jobs.counts, NOW)
    assert (counts.waiting, counts.dead, counts.oldest_waiting_at) == (0, 1, None)
    assert await claim(database, NOW + timedelta(days=2)) == ()
    assert await database.write(jobs.delete_dead, NOW, 10) == 0
    assert await database.write(jobs.delete_dead, NOW + timedelta(days=30), 10) == 1


async def test_what_is_left_of_a_job_runs_next_with_fresh_attempts(database: Database) -> None:
    """A job done in parts moves its cursor in its own row."""
    await enqueue(database, 1)
    (held,) = await claim(database)

    await database.write(jobs.proceed, held, job(7), NOW)

    (rest,) = await claim(database)
    assert (rest.id, rest.job, rest.attempts) == (held.id, job(7), 1)


async def test_a_job_given_back_loses_no_attempt(database: Database) -> None:
    """Stopping a worker before a job began does not bring the job nearer to its burial."""
    await enqueue(database, 1)
    (held,) = await claim(database)

    await database.write(jobs.release, held, NOW)

    (again,) = await claim(database)
    assert again.attempts == 1


async def test_enqueueing_wakes_whoever_waits(database: Database) -> None:
    """A committed job is news; a rolled back one is neither job nor news."""
    news = database.changes.subscribe()

    def broken(conn: object) -> None:
        jobs.enqueue(conn, IDS, NOW, job(1))  # type: ignore[arg-type]
        raise LookupError

    with pytest.raises(LookupError):
        await database.write(broken)
    assert await claim(database) == ()

    await enqueue(database, 2)

    assert await news.wait(5)
    assert len(await claim(database)) == 1


async def test_an_activity_id_is_taken_once(database: Database) -> None:
    """The second time an activity comes, the store says so, until it is forgotten after its time."""
    uri = "https://a.example/activities/1"

    assert await database.write(seen.insert_once, NOW, uri)
    assert not await database.write(seen.insert_once, NOW, uri)
    assert await database.write(seen.delete_before, NOW + timedelta(days=30), 10) == 1
    assert await database.write(seen.insert_once, NOW, uri)
