"""Attacks on the way to a partnership: whoever only offers, or approved alone, is still a stranger at every door."""

from pathlib import Path
from typing import Any

import pytest

from fedorg.services import partnerships
from tests.databases import SqliteFiles
from tests.node.attacks.ground import NUMBERS, PUBLIC, Ground, take_ground
from tests.node.fake_peer import FakePeer
from tests.node.offering import offer_of, running_stranger
from tests.node.pairing import NO_CHANGE

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def open_doors(ground: Ground, stranger: FakePeer, limited: str) -> set[str]:
    """Where the actor that speaks for the stranger's server is let in."""
    own = stranger.actor("node")
    uri = f"{stranger.url}/notes/{next(NUMBERS)}"
    note = {"id": uri, "type": "Note", "attributedTo": own, "content": "Hi", "to": [PUBLIC, ground.alice_uri]}
    create = stranger.activity("Create", own, note, next(NUMBERS))
    found = set()
    if (await ground.post(stranger.sign(ground.inbox, create, by="node"))).status_code == 202:
        found.add("inbox")
    addresses = {
        "status": limited,
        "replies": f"{limited}/replies",
        "directory": f"{ground.url}/directory?page=true",
        "organisation": f"{ground.url}/organisation",
    }
    for name, address in addresses.items():
        answer = await ground.server.anonymous.get(address, headers=stranger.sign_get(address, by="node"))
        if answer.status_code == 200:
            found.add(name)
    return found


async def test_s31_nobody_acts_before_both_sides_approved(sqlite_files: SqliteFiles, tmp_path: Path) -> None:
    """S31: neither an offer, nor its acceptance here, nor the other side's word opens a door; both words open it."""
    modes = {"federation_mode": "partners", "default_reach": "partners"}
    async with take_ground(sqlite_files, tmp_path, **modes) as ground, running_stranger() as stranger:
        node, domain, inside = ground.server.node, stranger.domain, (await ground.posted("For partners"))["uri"]
        offer = offer_of(stranger, ground.server, next(NUMBERS))

        async def say(activity: dict[str, Any]) -> None:
            assert (await ground.post(stranger.sign(ground.inbox, activity, by="node"))).status_code == 202
            await ground.working.settle()

        assert await open_doors(ground, stranger, inside) == set()
        await say(offer)
        assert await open_doors(ground, stranger, inside) == set()
        await partnerships.accept(node, domain, NO_CHANGE)
        await stranger.wait_for("Accept")
        assert await open_doors(ground, stranger, inside) == set()
        approved = offer["object"] | {"approved": True}
        await say(stranger.activity("Update", stranger.actor("node"), approved, next(NUMBERS)))
        assert await open_doors(ground, stranger, inside) == set()

        fingerprint = (await partnerships.get_view(node, domain)).fingerprint
        assert fingerprint is not None
        await partnerships.approve(node, domain, fingerprint)

        # What is for the organisation alone stays closed to a partner.
        assert await open_doors(ground, stranger, inside) == {"inbox", "status", "replies"}


async def test_what_two_servers_agree_on_comes_from_no_third(ground: Ground, peer: FakePeer) -> None:
    """An offer, or a change of what was offered, that another passes on is refused, and its maker is not asked for."""
    async with running_stranger() as stranger:
        offer = offer_of(stranger, ground.server, next(NUMBERS))
        change = stranger.activity("Update", stranger.actor("node"), offer["object"], next(NUMBERS))

        for activity in (offer, change):
            proven = stranger.prove(activity, by="node")
            await ground.assert_refused(peer.sign(ground.inbox, proven, by="mallory"), 403)

        assert not stranger.asked
