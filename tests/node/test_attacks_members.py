"""Attacks from inside and from nowhere: members and visitors who ask for what is not theirs."""

import subprocess
import sys

import pytest

from fedorg.domain.visibility import Tier
from fedorg.errors import Invalid
from fedorg.services import peers as peer_services
from fedorg.store import peers
from tests.node.serving import NodeServer
from tests.node.talking import WorkingServer, listening, post, refusal
from tests.node.world import World


@pytest.mark.parametrize(
    ("typed", "served"),
    [
        ("bücher.example", "xn--bcher-kva.example"),
        ("BÜCHER.example.", "xn--bcher-kva.example"),
        ("Shop.Example.", "shop.example"),
        ("\uff53hop.example", "shop.example"),
    ],
)
async def test_s7_a_block_holds_however_the_domain_is_spelt(world: World, typed: str, served: str) -> None:
    """The one canonical form of a host is what a tier is kept and compared under."""
    await peer_services.set_tier(world.node, typed, Tier.BLOCKED)

    assert (await world.node.read(peers.tiers, (served,)))[served] is Tier.BLOCKED


@pytest.mark.parametrize(
    "typed", ["", "a..example", "sa les.example", "sales.example/x", "@sales.example", "a\u200b.x"]
)
async def test_s7_what_is_no_domain_gets_no_tier(world: World, typed: str) -> None:
    """A name that no server can have is refused, not kept without effect."""
    with pytest.raises(Invalid):
        await peer_services.set_tier(world.node, typed, Tier.BLOCKED)


@pytest.mark.parametrize("visibility", ["private", "direct"])
async def test_s59_streams_do_not_tell_strangers_that_a_private_status_was_deleted(
    working: WorkingServer, visibility: str
) -> None:
    """Only those who could see a status hear of its end."""
    alice, mallory = await working.person("alice"), await working.person("mallory")
    async with listening(mallory.api, "public") as heard:
        secret = await post(alice, "Between us", visibility=visibility)
        await alice.api.delete(f"/api/v1/statuses/{secret['id']}")
        loud = await post(alice, "Hello", visibility="public")
        kind, payload = await heard.next()
        while kind != "update":
            assert str(payload) != secret["id"]
            kind, payload = await heard.next()
        assert payload["id"] == loud["id"]


@pytest.mark.parametrize("max_id", ["9" * 19, "9" * 5000])
async def test_s26_a_cursor_that_no_column_holds_is_no_fault_of_the_server(
    node_server: NodeServer, max_id: str
) -> None:
    """A visitor cannot make a page fail with a number."""
    await node_server.person("alice")

    answer = await node_server.anonymous.get("/@alice", params={"max_id": max_id}, headers={"Accept": "text/html"})

    assert answer.status_code == 200


@pytest.mark.parametrize("media_id", ["9" * 25, "9" * 5000, "٣"])
async def test_s26_an_id_that_no_column_holds_is_refused(node_server: NodeServer, media_id: str) -> None:
    """A member cannot make an edit fail with a number."""
    alice = await node_server.person("alice")
    status = await post(alice, "Hello")
    change = {"status": "Hello again", "media_attributes": [{"id": media_id, "description": "x"}]}

    answer = await alice.api.put(f"/api/v1/statuses/{status['id']}", json=change)

    refusal(answer, 422)


async def test_s26_the_number_of_a_row_is_bounded(node_server: NodeServer) -> None:
    """What is written between brackets is no number that takes a second to read."""
    alice = await node_server.person("alice")
    fields = {f"fields_attributes[{'9' * 5000}][name]": "x"}

    answer = await alice.api.patch("/api/v1/accounts/update_credentials", data=fields)

    assert answer.status_code == 200


_FAULT = """
import logging, sys
from fedorg import log
log.configure("info", sys.argv[1])
def fail(bearer):
    raise ValueError(len(bearer))
try:
    fail("s3cret-" + "t0ken")
except ValueError:
    logging.getLogger("library").exception("It failed")
"""


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_a_fault_of_a_library_is_logged_without_what_variables_hold(log_format: str) -> None:
    """A traceback in the log names lines of code; a token in a variable stays where it was."""
    done = subprocess.run([sys.executable, "-c", _FAULT, log_format], capture_output=True, text=True, check=True)

    assert "in fail" in done.stderr
    assert "s3cret-t0ken" not in done.stderr
