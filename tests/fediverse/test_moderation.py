"""Reports, moves, new keys and farewells among three real nodes that know each other only through their sockets."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from tests.fediverse import ledger
from tests.fediverse.nodes import Member, RunningNode, settle, wait_for

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(240)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Three:
    """Nodes ``a`` with alice and anton, ``b`` with bob, ``c`` with carol."""

    a: RunningNode
    b: RunningNode
    c: RunningNode
    alice: Member
    anton: Member
    bob: Member
    carol: Member

    async def settle(self) -> None:
        """Wait until none of the nodes has anything left to do."""
        await settle(self.a, self.b, self.c)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def three(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Three]:
    """The three nodes and everybody signed in."""
    folder = Path(tmp_path_factory.mktemp("three"))
    people = {"a": ("alice", "anton"), "b": ("bob",), "c": ("carol",)}
    async with AsyncExitStack() as stack:
        nodes = {name: RunningNode(name=name, folder=folder / name) for name in people}
        members: dict[str, Member] = {}
        for name, node in nodes.items():
            stack.push_async_callback(node.close)
            await node.create(*people[name])
            await node.start()
            for username in people[name]:
                members[username] = await stack.enter_async_context(node.member(username))
        yield Three(a=nodes["a"], b=nodes["b"], c=nodes["c"], **members)


async def printed(node: RunningNode, *words: str) -> Any:  # noqa: ANN401 - JSON
    """What a command prints as JSON."""
    return json.loads(await node.command(*words, "--json"))


async def test_a_report_travels_to_the_home_of_the_account_and_names_nobody(three: Three) -> None:
    """A forwarded report is listed, shown, closed and opened again there, as that of the server (S63)."""
    alice, bob = three.alice, three.bob
    target = await alice.follow(bob)
    await bob.post("/api/v1/statuses", {"status": "Buy cheap things"})
    bad = await alice.home_status("Buy cheap things")

    made = await alice.post(
        "/api/v1/reports",
        {"account_id": target, "status_ids[]": bad["id"], "comment": "It is spam", "forward": "true"},
    )
    await three.settle()

    assert made["forwarded"] is True
    (listed,) = await printed(three.b, "report", "list")
    assert (listed["about"], listed["by"], listed["comment"]) == ("bob", three.a.domain, "It is spam")
    number = listed["id"]
    shown = await three.b.command("report", "show", number, "--json")
    assert bad["uri"] in shown
    assert "alice" not in shown
    assert (await printed(three.b, "report", "resolve", number))["state"] == "closed"
    assert await printed(three.b, "report", "list") == []
    assert [one["id"] for one in await printed(three.b, "report", "list", "--all")] == [number]
    assert "is open" in await three.b.command("report", "reopen", number)
    (here,) = await printed(three.a, "report", "list")
    assert (here["by"], here["forwarded"]) == ("alice", True)
    missing = await three.a.run("report", "show", "1")
    assert (missing.code, missing.complaint) == (
        1,
        "There is no report 1; `fedorg report list --all` lists them\n",
    )


async def test_new_keys_are_used_and_known_at_once(three: Three) -> None:
    """A command gives a person and the node new keys while the server runs; what they do goes on reaching others."""
    alice, bob = three.alice, three.bob
    await alice.follow(bob)
    await bob.follow(alice)
    await bob.post("/api/v1/statuses", {"status": "Signed with the old key"})
    await alice.home_status("Signed with the old key")

    made = await printed(three.b, "user", "rotate-keys", "bob")
    node = await printed(three.b, "user", "rotate-keys", "--node")
    await bob.post("/api/v1/statuses", {"status": "Signed with the new key"})

    await alice.home_status("Signed with the new key")
    await three.settle()
    assert {made["keys"][0], node["keys"][0]} == {
        ledger.private_key(three.b, f"{three.b.url}{path}")[0] for path in ("/users/bob", "/actor")
    }
    assert [line for line in three.b.log_lines("delivery.retry") if "401" in line["reason"]] == []
    # The node fetches with its own new key, and what others send to bob is answered with his.
    await three.carol.find(alice)
    await alice.post("/api/v1/statuses", {"status": "Hello @bob@" + three.b.domain})
    await bob.home_status("Hello")
    wrong = await three.b.run("user", "rotate-keys")
    assert wrong.code == 2
    assert "no account nobody" in (await three.b.run("user", "rotate-keys", "nobody")).complaint


async def test_a_deleted_member_disappears_everywhere(three: Three) -> None:
    """A command deletes; servers that follow, and one that only has a boost, drop everything; the name is spent."""
    await three.c.create("carla")
    async with three.c.member("carla") as carla:
        await three.bob.follow(carla)
        await three.alice.follow(three.bob)
        made = await carla.post("/api/v1/statuses", {"status": "Soon gone"})
        there = await three.bob.home_status("Soon gone")
        await three.bob.post(f"/api/v1/statuses/{there['id']}/reblog")
        await boost_of(three.alice, made["uri"])

        kept = await three.c.run("user", "delete", "carla")
        assert (kept.code, "for good?" in kept.output) == (1, True)
        assert (await printed(three.c, "user", "delete", "carla", "--yes"))["username"] == "carla"
        assert (await carla.http.get("/api/v1/timelines/home")).status_code == httpx.codes.UNAUTHORIZED

    await three.settle()
    for member in (three.alice, three.bob):
        assert all(made["uri"] not in str(status) for status in await member.get("/api/v1/timelines/home"))
        found = await member.get("/api/v2/search", {"q": f"@carla@{three.c.domain}", "resolve": "true"})
        assert found["accounts"] == []
    async with three.c.http(Accept="application/activity+json") as http:
        gone = await http.get("/users/carla")
    assert (gone.status_code, gone.json()["type"]) == (httpx.codes.GONE, "Tombstone")
    assert "already been taken" in (await three.c.run("user", "create", "carla")).complaint


async def boost_of(member: Member, uri: str) -> dict[str, Any]:
    """The boost of a status in somebody's home timeline, once it is there."""

    async def look() -> dict[str, Any] | None:
        home = await member.get("/api/v1/timelines/home")
        return next((status for status in home if status["reblog"] and status["reblog"]["uri"] == uri), None)

    return await wait_for(look, f"a boost of {uri} in the home of {member.handle}")


async def test_a_follower_comes_along_when_somebody_moves_between_two_other_nodes(three: Three) -> None:
    """Anton moves from a to carol on c; bob on b follows her in his place, and hears of it in the old account."""
    anton, bob, carol = three.anton, three.bob, three.carol
    before = await bob.follow(anton)
    early = await three.a.run("user", "move", "anton", carol.handle)
    assert "does not name this account as an alias" in early.complaint

    await three.c.command("user", "alias", "add", "carol", anton.handle)
    assert [one["account"] for one in await printed(three.c, "user", "alias", "list", "carol")] == [anton.handle]
    await three.a.command("user", "move", "anton", carol.handle)

    after = await bob.find(carol)

    async def came_along() -> bool | None:
        old, new = [
            (await bob.get("/api/v1/accounts/relationships", {"id[]": number}))[0]["following"]
            for number in (before, after)
        ]
        return (new and not old) or None

    await wait_for(came_along, "bob to follow carol instead of anton")
    await three.settle()
    assert (await bob.get(f"/api/v1/accounts/{before}"))["moved"]["id"] == after
    await carol.post("/api/v1/statuses", {"status": "Now from here"})
    await bob.home_status("Now from here")
    assert (
        await anton.http.post("/api/v1/statuses", data={"status": "Still here?"})
    ).status_code == httpx.codes.FORBIDDEN
    await three.a.command("user", "move", "anton", "--cancel")
    await anton.post("/api/v1/statuses", {"status": "Back again"})
