"""Two real nodes of two organisations, which speak with nobody else, come to terms, talk, and part."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.fediverse.conftest import Fediverse, running_fediverse
from tests.fediverse.nodes import RunningNode, wait_for

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(240)]

PARTNERS = {"FEDORG_FEDERATION_MODE": "partners", "FEDORG_DEFAULT_REACH": "partners"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def strangers(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Fediverse]:
    """Two nodes in mode partners that have nothing to do with each other yet."""
    async with running_fediverse(Path(tmp_path_factory.mktemp("strangers")), settings=PARTNERS) as running:
        yield running


async def printed(node: RunningNode, *words: str) -> Any:  # noqa: ANN401 - JSON
    """What a command about a peer prints as JSON."""
    return json.loads(await node.command("peer", *words, "--json"))


async def test_a_partnership_from_the_first_offer_to_the_last_delete(strangers: Fediverse) -> None:
    """Nothing passes before both sides approved, what is for partners does then, and nothing is left in the end."""
    a, b, alice, bob = strangers.a, strangers.b, strangers.alice, strangers.bob
    assert (await alice.http.get("/api/v2/search", params={"q": bob.handle, "resolve": "true"})).json()[
        "accounts"
    ] == []

    assert (await printed(a, "invite", b.domain, "--tier", "partner", "--note", "For the bridge"))[
        "state"
    ] == "proposed"
    await strangers.settle()
    assert (await printed(b, "accept", a.domain))["state"] == "accepted"
    await strangers.settle()
    fingerprints = [
        (await printed(one, "show", other.domain))["partnership"]["fingerprint"] for one, other in ((a, b), (b, a))
    ]
    assert fingerprints[0] == fingerprints[1]
    for one, other in ((a, b), (b, a)):
        await printed(one, "approve", other.domain, "--fingerprint", fingerprints[0])
        await strangers.settle()

    await alice.follow(bob)
    await bob.follow(alice)
    await alice.post("/api/v1/statuses", {"status": "For partners"})
    await bob.home_status("For partners")
    assert {step["works"] for step in await printed(a, "test", b.domain)} == {True}

    assert (await printed(b, "suspend", a.domain, "--reason", "Fire drill"))["state"] == "suspended"
    await strangers.settle()
    await alice.post("/api/v1/statuses", {"status": "Lost in the drill"})
    await strangers.settle()
    assert not [text for text in await bob.home() if "Lost in the drill" in text]
    await printed(b, "resume", a.domain)
    await strangers.settle()
    await alice.post("/api/v1/statuses", {"status": "After the drill"})
    await bob.home_status("After the drill")
    # It is not sent any more. B may read it now, and does where it looks through Alice's outbox only after the drill.
    assert [line["type"] for line in b.log_lines("activity.received")].count("Create") == 2

    revoked = await printed(a, "revoke", b.domain, "--reason", "The bridge is built", "--yes")
    assert revoked["state"] == "revoked"

    async def is_gone() -> bool | None:
        return None if [text for text in await bob.home() if "For partners" in text or "After" in text] else True

    await wait_for(is_gone, "what was for partners is deleted there")
    await strangers.settle()
    for one, other in ((a, b), (b, a)):
        left = (await printed(one, "show", other.domain))["partnership"]
        assert (left["state"], left["reason"], left["purge_unconfirmed"]) == ("revoked", "The bridge is built", 0)
    assert (await bob.get("/api/v1/accounts/verify_credentials"))["followers_count"] == 0
    assert any("For partners" in text for text in await alice.home())
