"""What a claim reads: what is due first, in its order, however much waits and whatever PostgreSQL takes that to be."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.accounts import Account, ActorType
from fedorg.domain.jobs import DistributeStatus, HandleActivity, ProcessMedia
from fedorg.domain.visibility import Reach
from fedorg.ids import AccountId, IdSource, MediaId, StatusId
from fedorg.store import accounts, deliveries, jobs, tables
from fedorg.store.deliveries import OutgoingActivity, Window
from fedorg.store.engine import Database

NOW: Final = datetime(2026, 5, 4, 10, 0, tzinfo=UTC)
LEASE: Final = timedelta(seconds=30)
IDS: Final = IdSource(lambda: NOW)
WAITING: Final = 1500


def queue_jobs(conn: Connection, number: int) -> None:
    for one in range(number):
        jobs.enqueue(conn, IDS, NOW, DistributeStatus(status_id=StatusId(one)))


def claim_jobs(conn: Connection) -> int:
    return len(jobs.claim(conn, now=NOW, lease=LEASE, room=jobs.Room(own=32, beside=32, others=32, lane_max=32)))


def queue_deliveries(conn: Connection, number: int) -> None:
    activity = OutgoingActivity(
        uri=f"https://here.example/activities/{IDS.next()}",
        account_id=AccountId(1),
        type="Create",
        object_uri="https://here.example/objects/1",
        reach=Reach.PUBLIC,
        body="{}",
    )
    deliveries.record(conn, IDS, NOW, activity, {f"https://h{one}.example/inbox": f"h{one}" for one in range(number)})


def claim_deliveries(conn: Connection) -> int:
    window = Window(free=32, domain_max=4, ill_free=8, busy={})
    return len(deliveries.claim(conn, now=NOW, lease=LEASE, window=window))


def _count_while_it_is_empty(conn: Connection) -> None:
    """As PostgreSQL does by itself between two rushes."""
    for queue in (tables.jobs, tables.deliveries, tables.activities):
        conn.execute(sa.delete(queue))
    if conn.dialect.name == "postgresql":
        conn.exec_driver_sql("ANALYZE jobs, deliveries, activities")


def _is_sorted(conn: Connection, statement: str, parameters: Any) -> bool:  # noqa: ANN401 - as the driver takes them
    plan = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
    return any("TEMP B-TREE" in row.detail for row in plan)


def _is_by_lane(conn: Connection, statement: str, parameters: Any) -> bool:  # noqa: ANN401 - likewise
    plan = conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
    looked = [row.detail for row in plan if "ix_jobs_" in row.detail and "earlier" not in row.detail]
    return bool(looked) and all("ix_jobs_own" in one or "ix_jobs_lane" in one for one in looked)


def _rows_read(conn: Connection, statement: str, parameters: Any) -> int:  # noqa: ANN401 - likewise
    (plan,) = conn.exec_driver_sql(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}", parameters).scalar_one()
    steps = [step for step in _steps(plan["Plan"]) if "Scan" in step["Node Type"]]
    assert steps, json.dumps(plan)
    return sum(step["Actual Loops"] * (step["Actual Rows"] + step.get("Rows Removed by Filter", 0)) for step in steps)


def _steps(step: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield step
    for inner in step.get("Plans", ()):
        yield from _steps(inner)


@pytest.mark.parametrize(
    ("fill", "claim"), [(queue_jobs, claim_jobs), (queue_deliveries, claim_deliveries)], ids=["jobs", "deliveries"]
)
async def test_a_rush_is_claimed_from_its_beginning(
    database: Database, fill: Callable[[Connection, int], None], claim: Callable[[Connection], int]
) -> None:
    """And not sorted as a whole each time.

    PostgreSQL, which takes the queue to be empty, may look through it for each that is taken, not for each that waits.
    """
    account = Account(
        id=AccountId(1),
        username="alice",
        domain=None,
        uri="https://here.example/users/alice",
        url="https://here.example/@alice",
        actor_type=ActorType.PERSON,
        created_at=NOW,
    )
    await database.write(accounts.insert, account)
    await database.write(fill, 100)
    await database.write(_count_while_it_is_empty)
    await database.write(fill, WAITING)
    asked: list[tuple[str, Any]] = []

    def on_execute(_conn: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:  # noqa: ANN401
        if statement.startswith("SELECT") and "due_at" in statement:
            asked.append((statement, parameters))

    def explain(conn: Connection) -> list[int]:
        if conn.dialect.name == "sqlite":
            return [_is_sorted(conn, *one) for one in asked]
        return [_rows_read(conn, *one) for one in asked]

    sa.event.listen(sa.Engine, "before_cursor_execute", on_execute)
    try:
        claimed = await database.write(claim)
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", on_execute)
    found = await database.write(explain)

    assert claimed == 32
    assert found
    assert max(found) <= (0 if database.dialect == "sqlite" else 100 * WAITING), asked


async def test_own_work_is_found_without_what_others_caused(database: Database) -> None:
    """Behind any number of activities of one server that have no place, a claim reads what it takes."""

    def fill(conn: Connection) -> None:
        waiting = [
            HandleActivity(body="{}", actor="https://busy.example/x", scheme="rfc9421", subject=str(number))
            for number in range(WAITING)
        ]
        jobs.enqueue_many(conn, IDS, NOW, waiting)
        jobs.enqueue(conn, IDS, NOW, DistributeStatus(status_id=StatusId(1)))
        jobs.enqueue(conn, IDS, NOW, ProcessMedia(media_id=MediaId(1)))

    def claim(conn: Connection) -> int:
        room = jobs.Room(own=32, beside=8, others=32, lane_max=16, busy={"busy.example": 16})
        return len(jobs.claim(conn, now=NOW, lease=LEASE, room=room))

    await database.write(_count_while_it_is_empty)
    await database.write(fill)
    asked: list[tuple[str, Any]] = []

    def on_execute(_conn: object, _cursor: object, statement: str, parameters: Any, *_rest: object) -> None:  # noqa: ANN401
        if statement.startswith("SELECT") and "due_at" in statement and "NOT IN" not in statement:
            asked.append((statement, parameters))

    def count_read(conn: Connection) -> int:
        if conn.dialect.name == "postgresql":
            return sum(_rows_read(conn, *one) for one in asked)
        return sum(not _is_by_lane(conn, *one) for one in asked)

    sa.event.listen(sa.Engine, "before_cursor_execute", on_execute)
    try:
        claimed = await database.write(claim)
    finally:
        sa.event.remove(sa.Engine, "before_cursor_execute", on_execute)

    assert claimed == 2
    assert len(asked) == 3
    assert await database.write(count_read) <= (0 if database.dialect == "sqlite" else 100), asked
