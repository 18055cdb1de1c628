"""What reaches a node through a third one, among real nodes that speak with partners only.

Engineering begins the threads; Sales answers in them; Acme, a partner of both, follows Engineering. Sales does not send
Acme what is said in Engineering's ring: Engineering passes it on, and Acme believes it because Sven proves it.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Final

import pytest
import pytest_asyncio

from tests.fediverse import ledger
from tests.fediverse.nodes import Member, RunningNode, settle, wait_for

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(240)]

LIMITED: Final = {
    "FEDORG_FEDERATION_MODE": "partners",
    "FEDORG_DEFAULT_REACH": "organisation",
    "FEDORG_UNSIGNED_FETCH": "none",
}
NUMBERS: Final = count(1)
PEOPLE: Final = {"engineering": ("anna", "erik"), "sales": ("sven",), "acme": ("ada", "abe")}


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """The three nodes and everybody on them, by name."""

    nodes: dict[str, RunningNode]
    members: dict[str, Member] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - a node or a member
        return self.members[name] if name in self.members else self.nodes[name]

    async def settle(self) -> None:
        await settle(*self.nodes.values())


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Engineering and Sales are siblings, Acme is a partner of both; ada and abe follow anna, sven does as well."""
    folder = tmp_path_factory.mktemp("third-hands")
    nodes = {name: RunningNode(name=name, folder=folder / name, settings=LIMITED) for name in PEOPLE}
    world = World(nodes=nodes)
    tiers = {("engineering", "sales"): "sibling", ("sales", "engineering"): "sibling"}
    async with AsyncExitStack() as stack:
        for node in nodes.values():
            stack.push_async_callback(node.close)
        await asyncio.gather(*(node.create(*PEOPLE[name]) for name, node in nodes.items()))
        await asyncio.gather(
            *(
                node.prepare(
                    *(
                        ("peer", "tier", other.domain, tiers.get((name, others_name), "partner"))
                        for others_name, other in nodes.items()
                        if other is not node
                    )
                )
                for name, node in nodes.items()
            )
        )
        await asyncio.gather(*(node.start() for node in nodes.values()))
        for name, usernames in PEOPLE.items():
            for username in usernames:
                world.members[username] = await stack.enter_async_context(nodes[name].member(username))
        for follower in ("sven", "ada", "abe"):
            await world.members[follower].follow(world.anna)
        yield world


def unique(words: str) -> str:
    """Words that stand in no other status of this run."""
    return f"{words} no {next(NUMBERS)}."


async def post(author: Member, words: str, **more: str) -> dict[str, Any]:
    status: dict[str, Any] = await author.post("/api/v1/statuses", {"status": words, **more})
    return status


async def answers(member: Member, status_id: str) -> dict[str, dict[str, Any]]:
    """What answers a status, by its text."""
    context = await member.get(f"/api/v1/statuses/{status_id}/context")
    return {one["content"]: one for one in context["descendants"]}


async def until_answered(member: Member, status_id: str, words: str) -> dict[str, Any]:
    async def look() -> dict[str, Any] | None:
        found = await answers(member, status_id)
        return next((one for text, one in found.items() if words in text), None)

    return await wait_for(look, f"{words!r} below the status of {member.handle}")


async def test_an_answer_reaches_the_ring_of_its_thread_through_the_root(world: World) -> None:
    """Said for partners, Sven's answer is shown to those who follow Anna at Acme; so are its edit and its end."""
    words, answer, changed = unique("For partners"), unique("Answered"), unique("Corrected")
    status = await post(world.anna, words, reach="partners")
    seen, at_acme = await world.sven.home_status(words), await world.ada.home_status(words)

    reply = await post(world.sven, answer, in_reply_to_id=seen["id"])

    received = await until_answered(world.ada, at_acme["id"], answer)
    assert (received["uri"], received["reach"], received["visibility"]) == (reply["uri"], "partners", "public")
    proven = [line for line in world.acme.log_lines("activity.received") if line["standing"] == "proven"]
    assert {line["peer"] for line in proven} == {world.engineering.domain}
    # A colleague of the root's author who follows nobody at Sales reads it too.
    assert (await until_answered(world.erik, status["id"], answer))["visibility"] == "public"

    await world.sven.http.put(f"/api/v1/statuses/{reply['id']}", data={"status": changed})
    await until_answered(world.ada, at_acme["id"], changed)
    await world.sven.http.delete(f"/api/v1/statuses/{reply['id']}")

    async def gone() -> bool | None:
        return not await answers(world.ada, at_acme["id"]) or None

    await wait_for(gone, "the answer to go at Acme")


async def test_an_answer_goes_nowhere_outside_the_ring(world: World) -> None:
    """Said for the organisation, neither the status nor an answer to it is ever held by the partner."""
    words, answer = unique("Among us"), unique("Understood")
    status = await post(world.anna, words)
    seen = await world.sven.home_status(words)

    await post(world.sven, answer, in_reply_to_id=seen["id"], reach="public")
    await until_answered(world.erik, status["id"], answer)

    # What was said later for partners is there, and every queue is empty.
    later = unique("Later")
    await post(world.anna, later, reach="partners")
    await world.ada.home_status(later)
    await world.settle()
    assert not ledger.holds(world.acme, words)
    assert not ledger.holds(world.acme, answer)


async def test_a_follow_that_one_side_lost_is_settled(world: World) -> None:
    """Engineering forgets that Ada follows Anna; the next status for followers tells Acme, and Ada may follow again."""
    ledger.change(
        world.engineering,
        "DELETE FROM follows WHERE account_id IN (SELECT id FROM accounts WHERE username = 'ada')",
    )
    target = await world.ada.find(world.anna)
    assert (await relationship(world.ada, target))["following"]

    await post(world.anna, unique("For followers"), visibility="private", reach="partners")

    async def ended() -> bool | None:
        return not (await relationship(world.ada, target))["following"] or None

    await wait_for(ended, "Ada's follow to end at Acme")
    assert (await relationship(world.abe, await world.abe.find(world.anna)))["following"]
    await world.ada.follow(world.anna)


async def test_a_follow_that_the_followers_side_lost_is_undone(world: World) -> None:
    """Acme forgets that Abe follows Anna, and says so when it is sent a status for followers."""
    await world.settle()
    ledger.change(
        world.acme,
        "DELETE FROM follows WHERE account_id IN (SELECT id FROM accounts WHERE username = 'abe' AND domain IS NULL)",
    )
    # Acme asks about one account every few minutes; a start forgets when it last did.
    await world.acme.stop()
    await world.acme.start()

    await post(world.anna, unique("For followers"), visibility="private", reach="partners")

    async def undone() -> bool | None:
        me = await world.anna.get("/api/v1/accounts/verify_credentials")
        followers = await world.anna.get(f"/api/v1/accounts/{me['id']}/followers")
        return "abe" not in {one["username"] for one in followers} or None

    await wait_for(undone, "Abe to be no follower at Engineering")
    assert (await relationship(world.ada, await world.ada.find(world.anna)))["following"]


async def test_a_peer_tells_which_actor_speaks_for_it(world: World) -> None:
    """An administrator asks anew: software, node actor and what the other node implements."""
    output = await world.engineering.command("peer", "show", "--refresh", "--json", world.sales.domain)

    facts = json.loads(output)
    assert facts["node_actor"] == f"{world.sales.url}/actor"
    assert facts["software"].startswith("fedorg ")
    assert "rfc9421" in facts["implements"]


async def relationship(member: Member, target: str) -> dict[str, Any]:
    (found,) = await member.get("/api/v1/accounts/relationships", {"id[]": target})
    return dict(found)
