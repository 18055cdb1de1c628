"""News of commits: heard in the same process and in others, only after the commit, and never for nothing at length."""

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from fedorg.store.changes import Subscription
from fedorg.store.engine import Database, DatabaseClosed, open_database
from tests.node.engine_units import (
    PATIENCE_SECONDS,
    Held,
    create_numbers,
    insert,
    insert_and_raise,
    insert_with_news,
    numbers,
)

WRITER = Path(__file__).with_name("engine_writer.py")


@pytest.fixture
async def db(empty_url: str) -> AsyncIterator[Database]:
    """A database with one table of numbers."""
    opened = await open_database(empty_url, readers=2, pool_size=3)
    await opened.write(create_numbers)
    yield opened
    await opened.close()


async def quiet(subscription: Subscription) -> None:
    """Wait until old news and the beginning of listening are behind us."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await subscription.wait(0.3):
            pass


async def test_every_subscriber_hears_of_a_commit(db: Database) -> None:
    """All who wait are woken by one write, long before their time is over."""
    subscriptions = [db.changes.subscribe() for _ in range(3)]
    await asyncio.gather(*map(quiet, subscriptions))
    # What came unheard would be told at the end of the time.
    waiting = [asyncio.create_task(subscription.wait(2 * PATIENCE_SECONDS)) for subscription in subscriptions]
    await asyncio.sleep(0)

    await db.write(insert_with_news, 1)

    async with asyncio.timeout(PATIENCE_SECONDS):
        assert await asyncio.gather(*waiting) == [True, True, True]


async def test_news_between_two_waits_are_not_lost(db: Database) -> None:
    """What is committed while a subscriber is busy is told at its next wait, and once."""
    subscription = db.changes.subscribe()
    await quiet(subscription)

    await db.write(insert_with_news, 1)
    await db.write(insert_with_news, 2)

    assert await subscription.wait(PATIENCE_SECONDS)
    await quiet(subscription)


async def test_a_subscriber_sees_the_rows_it_is_told_of(db: Database) -> None:
    """News come after the commit, so that whoever is woken finds the row."""
    subscription = db.changes.subscribe()
    await quiet(subscription)
    held = Held(lambda conn: None if numbers(conn) else insert_with_news(conn, 1))
    writing = asyncio.create_task(db.write(held))
    await held.stopped()

    assert not await subscription.wait(0.3)
    held.release()

    assert await subscription.wait(PATIENCE_SECONDS)
    assert await db.read(numbers) == [1]
    await writing


async def test_no_news_is_no_news(db: Database) -> None:
    """A unit that asked for nothing, or was rolled back, wakes nobody of its process."""
    subscription = db.changes.subscribe()
    await quiet(subscription)

    await db.write(insert, 1)
    with pytest.raises(KeyError):
        await db.write(insert_and_raise, 2, KeyError())

    assert not await subscription.wait(0.5)


async def test_news_come_from_other_processes(db: Database, empty_url: str) -> None:
    """A row another process commits wakes a subscriber here, also one that began to wait only afterwards."""
    early, late = db.changes.subscribe(), db.changes.subscribe()
    await asyncio.gather(quiet(early), quiet(late))
    waiting = asyncio.create_task(early.wait(PATIENCE_SECONDS))

    writer = await asyncio.create_subprocess_exec(sys.executable, str(WRITER), empty_url, "1")

    assert await waiting
    assert await db.read(numbers) == [0]
    assert await writer.wait() == 0
    assert await late.wait(PATIENCE_SECONDS)


async def test_news_that_came_while_nobody_waited_are_told(db: Database, empty_url: str) -> None:
    """A commit of another opening after the subscription and before its first wait is not missed."""
    subscription = db.changes.subscribe()
    other = await open_database(empty_url, pool_size=1)
    await other.write(insert_with_news, 1)
    await other.close()

    assert await subscription.wait(PATIENCE_SECONDS)


async def test_closing_ends_every_wait(db: Database) -> None:
    """Whoever waits for news of a database that is closed gets an error at once, not a busy loop."""
    subscription = db.changes.subscribe()
    await quiet(subscription)
    waiting = asyncio.create_task(subscription.wait(PATIENCE_SECONDS))
    await asyncio.sleep(0)

    await db.close()

    with pytest.raises(DatabaseClosed):
        await waiting
    with pytest.raises(DatabaseClosed):
        await subscription.wait(PATIENCE_SECONDS)
