"""Two nodes, or this node and what another says, at the same moment: neither gets lost between the two."""

import asyncio
from datetime import timedelta

from sqlalchemy import Connection, text

from fedorg.domain.jobs import FetchOrganisation
from fedorg.domain.partnerships import Grant, GrantChange, PartnershipState, TheirSide
from fedorg.domain.visibility import Tier
from fedorg.services import introductions, partnerships
from fedorg.services.partnerships import Invitation
from fedorg.store import jobs
from fedorg.store import partnerships as stored_partnerships
from fedorg.store.jobs import Room
from tests.node.at_once import count_waiting, meanwhile
from tests.node.world import MakeWorld, World


async def test_of_two_that_invite_each_other_one_offer_is_left_on_both_sides(make_world: MakeWorld) -> None:
    """The offer of the other node, whose actor comes first, is not lost where it comes as this node makes its own."""
    world = await make_world(federation_mode="partners", default_reach="partners")
    node = world.node
    there = await world.remote("actor", "0.example")
    world.elsewhere.accounts["0.example"] = there
    draft = Invitation(domain="0.example", tier=Tier.PARTNER, change=GrantChange())
    theirs = TheirSide(uri="https://0.example/partnerships/1", tier=Tier.PARTNER, grant=Grant())

    async def invite_each_other() -> None:
        inviting = asyncio.create_task(partnerships.invite(node, draft))
        while not await count_waiting(node):  # noqa: ASYNC110 - the database sets no event
            await asyncio.sleep(0.01)
        await asyncio.gather(inviting, partnerships.receive_offer(node, there, theirs))

    await meanwhile(node, _hold_the_log, invite_each_other(), waiting=2)

    live = await node.read(stored_partnerships.find_live, "0.example")
    assert live is not None
    assert (live.state, live.is_inviter, live.their_uri) == (PartnershipState.OFFERED, False, theirs.uri)


async def test_what_is_new_while_it_is_asked_for_is_asked_for_again(world: World) -> None:
    """A sibling that says so just when its list begins to be fetched is asked once more."""
    node = world.node
    await introductions.ask(node, "hq.example")
    room = Room(own=9, beside=9, others=9, lane_max=9)

    await meanwhile(
        node,
        lambda conn: jobs.claim(conn, now=world.clock(), lease=timedelta(hours=1), room=room),
        introductions.ask(node, "hq.example"),
    )

    assert await node.write(jobs.is_awaited, FetchOrganisation(domain="hq.example"))


def _hold_the_log(conn: Connection) -> None:
    """Whoever does anything that is logged waits in the middle of it."""
    if conn.dialect.name == "postgresql":
        conn.execute(text("LOCK TABLE audit_log IN SHARE MODE"))
