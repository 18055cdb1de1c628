"""Offers of strangers are bounded, and whoever floods a node with them takes nobody else's place."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import pytest

from fedorg.domain.offers import crowded_out
from fedorg.domain.partnerships import Grant, Partnership, PartnershipState
from fedorg.domain.visibility import Tier
from fedorg.ids import PartnershipId
from fedorg.services import partnerships, peers
from fedorg.services.partnerships import receiving
from tests.node.fake_peer import FakePeer
from tests.node.offering import offer_of, post, running_stranger
from tests.node.pairing import NO_CHANGE, PARTNERS
from tests.node.serving import NodeServer
from tests.node.talking import WorkingServer, run_jobs


@pytest.fixture
async def working(
    serve: Callable[..., Awaitable[NodeServer]], monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[WorkingServer]:
    """A node in mode partners at which three offers of strangers may wait."""
    monkeypatch.setattr(receiving, "PENDING_MAX", 3)
    async with run_jobs(await serve(**PARTNERS)) as running:
        yield running


async def offer(working: WorkingServer, peer: FakePeer, number: int = 1) -> None:
    assert await post(working.server, peer, offer_of(peer, working.server, number)) == 202
    await working.settle()


async def waiting(working: WorkingServer) -> set[str]:
    """The hosts, without their ports, whose offers wait here."""
    found = await partnerships.list_partnerships(working.server.node)
    return {one.domain.partition(":")[0] for one in found if one.state is PartnershipState.OFFERED}


async def test_a_flood_keeps_nobody_out(working: WorkingServer) -> None:
    """Names below one host crowd out each other; an honest offer waits before, while and after they come."""
    async with AsyncExitStack() as stack:

        async def peer(host: str) -> FakePeer:
            return await stack.enter_async_context(running_stranger(host))

        first = await peer("acme.localhost")
        flood = [await peer(f"f{number}.evil.localhost") for number in range(5)]
        last, known = await peer("bau.localhost"), await peer("friend.evil.localhost")

        await offer(working, first)
        for one in flood:
            await offer(working, one)
        assert await waiting(working) == {"acme.localhost", "f0.evil.localhost", "f1.evil.localhost"}
        await offer(working, last)
        assert await waiting(working) == {"acme.localhost", "bau.localhost", "f0.evil.localhost"}
        for one in (flood[1], flood[2]):
            await offer(working, one, 2)
        assert await waiting(working) == {"acme.localhost", "bau.localhost", "f0.evil.localhost"}
        await working.deliver_all()
        (told,) = [one for one in flood[1].received if one["type"] == "Reject"]
        assert "too many offers" in told["content"]

        # What an administrator has said something about is no stranger's, and takes no stranger's place.
        await peers.set_tier(working.server.node, known.domain, Tier.PARTNER)
        await offer(working, known)
        await partnerships.accept(working.server.node, first.domain, NO_CHANGE)
        assert await waiting(working) == {"bau.localhost", "f0.evil.localhost", "friend.evil.localhost"}
        await offer(working, flood[3], 2)
        assert await waiting(working) == {
            *("bau.localhost", "f0.evil.localhost", "f3.evil.localhost", "friend.evil.localhost")
        }


@pytest.mark.parametrize(
    ("names", "loser"),
    [
        (["acme.example"], "acme.example"),
        (["acme.example", "bau.example"], "bau.example"),
        (["a.evil.example", "b.evil.example", "acme.example"], "b.evil.example"),
        (["evil.example", "acme.example", "a.evil.example"], "a.evil.example"),
        (["a.evil.example:1", "a.evil.example:2", "b.good.example"], "a.evil.example:2"),
        (["x.a.evil.example", "y.b.evil.example", "z.a.evil.example", "acme.test"], "z.a.evil.example"),
        (["a.one.example", "b.one.example", "a.two.example", "b.two.example"], "b.two.example"),
        ([*(f"f{number}.evil.example" for number in range(100)), "acme.example"], "f99.evil.example"),
    ],
)
def test_the_fuller_branch_gives_way(names: list[str], loser: str) -> None:
    """The latest in it; a name below another one counts as its branch, and so do ports of one host."""
    assert crowded_out([offered(number, name) for number, name in enumerate(names)]).domain == loser


def offered(number: int, name: str) -> Partnership:
    """The offer of a stranger, later for a higher number."""
    at = datetime(2026, 1, 5, tzinfo=UTC) + timedelta(minutes=number)
    return Partnership(
        id=PartnershipId(number),
        domain=name,
        tier=Tier.PARTNER,
        state=PartnershipState.OFFERED,
        is_inviter=False,
        ours=Grant(),
        their_actor=f"https://{name}/actor",
        created_at=at,
        updated_at=at,
        expires_at=at,
    )
