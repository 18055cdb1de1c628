"""Actors that are given again to signed questions: what is granted to one server is never what another is told."""

import httpx
import pytest

from fedorg.domain.partnerships import GrantChange
from fedorg.domain.visibility import Tier
from fedorg.services import peers
from tests.node.counting import counted_queries
from tests.node.peering import fetch
from tests.node.serving import Member, NodeServer
from tests.node.talking import success

PARTNER = "partner.example"


@pytest.fixture
async def mia(node_server: NodeServer) -> Member:
    """A member who is listed, on a node with a partner that is granted no directory."""
    await peers.set_tier(node_server.node, PARTNER, Tier.PARTNER)
    await peers.change_ceilings(node_server.node, PARTNER, GrantChange(directory=False))
    mia = await node_server.person("mia")
    await change(mia, discoverable="true")
    return mia


async def change(member: Member, **fields: str) -> None:
    """Change a profile."""
    success(await member.api.patch("/api/v1/accounts/update_credentials", data=fields))


async def ask(server: NodeServer, domain: str, number: int) -> httpx.Response:
    """The answer to a question for mia by somebody of a server; each is signed anew."""
    signature = f'keyId="https://{domain}/users/fred#main-key",headers="host date",signature="{number:08}"'
    return await fetch(server, server.node.uris.actor("mia"), Signature=signature)


async def test_an_actor_is_kept_for_each_server_that_asks(node_server: NodeServer, mia: Member) -> None:
    """Signed anew, the question costs no query; a server with fewer grants is told less than others, in any order."""
    address = node_server.node.uris.actor(mia.user.username)
    wide = [(await fetch(node_server, address)).json(), (await ask(node_server, "other.example", 1)).json()]
    narrow = (await ask(node_server, PARTNER, 2)).json()

    with counted_queries() as queries:
        again = [(await ask(node_server, domain, 3)).json() for domain in (PARTNER, "other.example", PARTNER)]
        anybody = (await fetch(node_server, address)).json()

    assert (wide[0]["discoverable"], narrow.get("discoverable", False)) == (True, False)
    assert wide == [anybody] * 2
    assert again == [narrow, anybody, narrow]
    if node_server.node.db.dialect == "sqlite":
        # PostgreSQL counts the transactions of all its databases.
        assert not queries


@pytest.mark.usefixtures("mia")
async def test_a_kept_actor_follows_grants_and_blocks_at_once(node_server: NodeServer) -> None:
    """A kept actor is gone with the grant it was made under, and a server that was just blocked gets none."""
    before = [(await ask(node_server, PARTNER, number)).json() for number in range(2)]

    await peers.change_ceilings(node_server.node, PARTNER, GrantChange(directory=True))
    granted = (await ask(node_server, PARTNER, 2)).json()
    await peers.set_tier(node_server.node, PARTNER, Tier.BLOCKED)
    blocked = [(await ask(node_server, domain, 3)).status_code for domain in (PARTNER, "other.example")]

    assert [one.get("discoverable", False) for one in before] == [False, False]
    assert granted["discoverable"] is True
    assert blocked == [403, 200]


async def test_a_kept_actor_follows_edits_at_once(node_server: NodeServer, mia: Member) -> None:
    """What is edited is in the next answer."""
    before = [(await ask(node_server, PARTNER, number)).json() for number in range(2)]

    await change(mia, display_name="Mia M.")

    assert [one.get("name") for one in before] != ["Mia M."] * 2
    assert (await ask(node_server, PARTNER, 2)).json()["name"] == "Mia M."
