"""Two hundred servers, of which forty say nothing and twenty are ill: the others have no part in it."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.visibility import Visibility
from fedorg.jobs import upkeep
from fedorg.services import health
from fedorg.store import deliveries, peers
from fedorg.store.tables import activities
from fedorg.store.tables import deliveries as deliveries_table
from tests.fediverse.nodes import wait_for
from tests.node.neighbourhood import WELL, Answers, Away, Neighbourhood, Sender, Silent, neighbourhood, sending_node

# Inboxes are sorted by address: who says nothing is asked first.
SILENT: Final = tuple(f"a{number}" for number in range(40))
ILL: Final = tuple(f"b{number}" for number in range(20))
WELL_ONES: Final = tuple(f"c{number}" for number in range(140))
EVERYBODY: Final = (*SILENT, *ILL, *WELL_ONES)


@pytest.fixture
async def hood() -> AsyncIterator[Neighbourhood]:
    """The servers."""
    async with neighbourhood() as running:
        running.become(Silent(), *SILENT)
        running.become(Answers(500), *ILL)
        yield running


@pytest.fixture
async def sender(engine_url: str, tmp_path: Path, hood: Neighbourhood) -> AsyncIterator[Sender]:
    """The node of alice, who is followed on every server."""
    async with sending_node(engine_url, tmp_path, hood) as running:
        await running.follower(*EVERYBODY)
        yield running


async def test_servers_that_are_well_wait_for_none_that_is_not(sender: Sender, hood: Neighbourhood) -> None:
    """Who is well gets a status while forty are silent; who is not is tried later, less and less, and costs little."""

    async def well_ones_have_it() -> bool | None:
        return hood.have("Fire drill", WELL_ONES) or None

    await sender.post("Fire drill at noon")
    # A request may take an hour here: if anybody waited for the silence to end, this would fail.
    await wait_for(well_ones_have_it, "everybody who is well to have it")
    assert await _failures(sender, SILENT) == {0}
    assert sum(hood.tries[name] for name in SILENT) == len(SILENT)

    hood.become(Away(), *SILENT)
    await sender.idle()
    assert await sender.waiting() == dict.fromkeys((*SILENT, *ILL), 1)
    assert await _failures(sender, (*SILENT, *ILL)) == {1}

    for number in range(4):
        await sender.post(f"News {number}")
    await sender.let_pass(timedelta(hours=2), step=timedelta(minutes=30))
    assert all(hood.have(f"News {number}", WELL_ONES) for number in range(4))
    assert await _paused(sender) == len(SILENT) + len(ILL)
    # Five failures, then a pause that doubles: what waits is not what is tried.
    assert {hood.tries[name] for name in (*SILENT, *ILL)} <= set(range(6, 12))
    assert await sender.waiting() == dict.fromkeys((*SILENT, *ILL), 5)

    hood.become(WELL, *ILL)
    await sender.let_pass(timedelta(hours=6), step=timedelta(hours=3))
    assert [hood.kinds(name) for name in ILL] == [["Create"] * 5] * len(ILL)
    assert await sender.waiting() == dict.fromkeys(SILENT, 5)

    tries = sum(hood.tries[name] for name in SILENT)
    await sender.let_pass(timedelta(days=8), step=timedelta(hours=12))
    # One at a time, with each pause that ends.
    assert sum(hood.tries[name] for name in SILENT) - tries <= len(SILENT) * 8 * 2
    await upkeep.keep_up(sender.node)
    counts = await sender.node.read(deliveries.counts)
    assert (counts.waiting, counts.dead) == (0, 5 * len(SILENT))

    sender.clock.moment += timedelta(days=31)
    await upkeep.keep_up(sender.node)
    assert await sender.node.read(_rows) == (0, 0)


async def test_a_word_to_one_does_not_wait_for_what_goes_to_many(sender: Sender, hood: Neighbourhood) -> None:
    """While a status is on its way to two hundred servers, what is said to one of them is there before it is at all."""
    hood.become(WELL, *EVERYBODY)

    async def word_is_there() -> bool | None:
        return hood.have("Come over", ("c139",)) or None

    await sender.post("Fire drill at noon")
    await sender.post(f"@fred@{hood.domain('c139')} Come over", visibility=Visibility.DIRECT)
    await wait_for(word_is_there, "the word", every=0.001)

    assert not hood.have("Fire drill", EVERYBODY)


async def _failures(sender: Sender, names: tuple[str, ...]) -> set[int]:
    found = {one.peer.domain: one.peer.failures for one in await sender.node.read(peers.list_summaries)}
    return {found.get(sender.hood.domain(name), 0) for name in names}


async def _paused(sender: Sender) -> float | None:
    await health.queue_state(sender.node)
    return sender.node.metrics.registry.get_sample_value("fedorg_paused_peers")


def _rows(conn: Connection) -> tuple[int, int]:
    count = sa.select(sa.func.count())
    return (
        conn.execute(count.select_from(deliveries_table)).scalar_one(),
        conn.execute(count.select_from(activities)).scalar_one(),
    )
