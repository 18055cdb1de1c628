"""How a node delivers: both signature schemes, peers that refuse, are gone, are dead, or changed their tier."""

import json
import re
import socket
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from federation.signatures import Scheme
from tests.fediverse.nodes import Member, RunningNode, wait_for
from tests.node.fake_peer import FakePeer, running_peer

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBERS = count(1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningNode]:
    """A node with one member."""
    running = RunningNode(name="here", folder=Path(tmp_path_factory.mktemp("delivering")) / "here")
    await running.create("alice")
    await running.start()
    yield running
    await running.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def alice(node: RunningNode) -> AsyncIterator[Member]:
    """The member, signed in."""
    async with node.member("alice") as member:
        yield member


@pytest_asyncio.fixture(loop_scope="module")
async def peer() -> AsyncIterator[FakePeer]:
    """A server with one user, fred."""
    async with running_peer() as running:
        running.add_user("fred")
        yield running


async def write_to(alice: Member, peer: FakePeer) -> str:
    """Send fred a status of its own; the words in it."""
    words = f"word{next(NUMBERS)}end"
    await alice.post("/api/v1/statuses", {"status": f"@fred@{peer.domain} {words}"})
    return words


async def line_about(node: RunningNode, peer: FakePeer, event: str) -> dict[str, Any]:
    """The first line of the log that tells this of the peer."""

    async def look() -> dict[str, Any] | None:
        return next((line for line in node.log_lines(event) if line["peer"] == peer.domain), None)

    return await wait_for(look, f"{event} of {peer.domain}")


async def test_the_scheme_a_peer_understands_is_remembered(alice: Member, peer: FakePeer) -> None:
    """A peer that refuses RFC 9421 is knocked at twice the first time, and once from then on."""
    peer.refused_scheme = Scheme.RFC9421

    await peer.wait_for("Create", await write_to(alice, peer))
    await peer.wait_for("Create", await write_to(alice, peer))

    assert peer.schemes == [Scheme.RFC9421, Scheme.CAVAGE, Scheme.CAVAGE]


async def test_a_refused_delivery_is_given_up_and_others_go_on(
    node: RunningNode, alice: Member, peer: FakePeer
) -> None:
    """422 is final for one activity and says nothing about the next."""
    peer.refusals["/users/fred/inbox"] = 422
    await write_to(alice, peer)
    await line_about(node, peer, "delivery.refused")
    peer.refusals.clear()

    await peer.wait_for("Create", await write_to(alice, peer))


async def test_an_inbox_that_is_gone_is_forgotten(node: RunningNode, alice: Member, peer: FakePeer) -> None:
    """410 ends what waits for the inbox at once."""
    peer.refusals["/users/fred/inbox"] = 410

    await write_to(alice, peer)

    assert (await line_about(node, peer, "delivery.gone"))["dropped"] == 1


async def test_a_busy_peer_is_tried_again_later(node: RunningNode, alice: Member, peer: FakePeer) -> None:
    """503 keeps the delivery, with a next try at least a minute away."""
    peer.refusals["/users/fred/inbox"] = 503
    await write_to(alice, peer)

    assert (await line_about(node, peer, "delivery.retry"))["seconds"] >= 60


async def test_an_administrator_sees_how_a_peer_fares_and_has_it_tried_again(
    node: RunningNode, alice: Member, peer: FakePeer
) -> None:
    """``peer show`` tells what failed, since when and why; ``peer retry`` sends at once what waits or was given up."""
    peer.refusals["/users/fred/inbox"] = 503
    words = await write_to(alice, peer)
    await line_about(node, peer, "delivery.retry")
    shown = json.loads(await node.command("peer", "show", peer.domain, "--json"))
    assert (shown["failures_in_a_row"], shown["last_error"], shown["held_back_until"]) == (1, "answered 503", None)
    assert (shown["deliveries_waiting"], shown["deliveries_failed"]) == (1, 0)
    assert shown["oldest_waiting_at"] < shown["last_failure_at"] < shown["next_try_at"]

    peer.refusals["/users/fred/inbox"] = 404
    refused = await write_to(alice, peer)
    await line_about(node, peer, "delivery.refused")
    shown = json.loads(await node.command("peer", "show", peer.domain, "--json"))
    assert (shown["deliveries_waiting"], shown["deliveries_failed"], shown["last_error"]) == (1, 1, "answered 404")
    peer.refusals.clear()
    retried = json.loads(await node.command("peer", "retry", peer.domain, "--json"))

    assert (retried["deliveries_waiting"], retried["deliveries_revived"]) == (2, 1)
    await peer.wait_for("Create", words)
    await peer.wait_for("Create", refused)
    assert (await node.run("peer", "retry", "unknown.example")).code != 0
    async with node.http() as http:
        metrics = (await http.get("/metrics")).text
    counted = re.findall(r'^fedorg_deliveries_total\{result="(\w+)"\} [1-9]', metrics, re.MULTILINE)
    assert {"delivered", "refused", "retry"} <= {*counted}
    assert re.search(r"^fedorg_paused_peers 0.0$", metrics, re.MULTILINE)


async def test_a_dead_peer_delays_nobody(alice: Member, peer: FakePeer) -> None:
    """Peers that accept connections and never answer hold no place that others need."""
    async with running_peer() as dead:
        dead.add_user("fred")
        # Met while it was well; from now on its port takes connections and says nothing.
        await dead.wait_for("Create", await write_to(alice, dead))
        port = int(dead.domain.rpartition(":")[2])
    silent = socket.socket()
    silent.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    silent.bind(("127.0.0.1", port))
    silent.listen(64)
    try:
        for _ in range(12):
            await alice.post("/api/v1/statuses", {"status": f"@fred@{dead.domain} are you there"})
        words = await write_to(alice, peer)

        # The silence lasts ten seconds for each try; whoever is well hears meanwhile.
        await peer.wait_for("Create", words, seconds=9)
    finally:
        silent.close()
