"""Servers that a member shuts out, over the client API."""

import asyncio

import pytest

from fedorg.domain.accounts import Account, ActorType
from fedorg.domain.relationships import Follow, FollowState
from fedorg.domain.visibility import Audience, Reach, Visibility
from fedorg.ids import AccountId, StatusId
from fedorg.node import Node
from fedorg.services import moving, severing, statuses
from fedorg.services.fanout import distribute_chunk
from fedorg.services.statuses.receiving import record_in
from fedorg.store import accounts, home_timelines, relationships
from tests.node.at_once import meanwhile
from tests.node.meeting import Meeting
from tests.node.serving import Member, NodeServer
from tests.node.talking import WorkingServer, entities, entity, follow, links, post, refusal, run_jobs, success
from tests.node.world import note

BLOCKS = "/api/v1/domain_blocks"


async def stranger(node: Node, domain: str, name: str = "zoe") -> Account:
    uri = f"https://social.{domain}/users/{name}"
    account = Account(
        id=AccountId(node.ids.next()),
        username=name,
        domain=domain,
        uri=uri,
        url=uri,
        actor_type=ActorType.PERSON,
        inbox=f"{uri}/inbox",
        created_at=node.now(),
    )
    await node.write(accounts.record_remote, account, ())
    return account


async def befriend(node: Node, member: Member, other: Account) -> None:
    for follower, target in ((member.user.account_id, other.id), (other.id, member.user.account_id)):
        follow = Follow(
            id=node.ids.next(),
            account_id=follower,
            target_id=target,
            uri=f"https://there.example/follows/{node.ids.next()}",
            state=FollowState.ACCEPTED,
            created_at=node.now(),
        )
        await node.write(relationships.insert_follow, follow)


async def authors(viewer: Member, path: str) -> set[str]:
    return {found["account"]["id"] for found in entities(await viewer.api.get(f"/api/v1/{path}"), "Status")}


async def test_what_is_distributed_meanwhile_does_not_stay(working: WorkingServer) -> None:
    """A boost by somebody else of what comes from a server, just as that is shut out."""
    node, anna, bela = working.server.node, await working.person("anna"), await working.person("bela")
    await follow(anna, bela)
    zoe = await stranger(node, "there.example")
    open_to_all = Audience(reach=Reach.PUBLIC, visibility=Visibility.PUBLIC)
    posted = await node.write(record_in, node, note(zoe, 1, "Hello", audience=open_to_all, created_at=node.now()))
    assert posted is not None
    boost = success(await bela.api.post(f"/api/v1/statuses/{posted.id}/reblog"))
    await working.settle()
    assert len(entities(await anna.api.get("/api/v1/timelines/home"), "Status")) == 1

    await node.write(home_timelines.remove, anna.user.account_id, [StatusId(int(boost["id"]))])
    await meanwhile(
        node,
        lambda conn: distribute_chunk(conn, node, StatusId(int(boost["id"])), None),
        anna.api.post(BLOCKS, data={"domain": "there.example"}),
    )

    assert entities(await anna.api.get("/api/v1/timelines/home"), "Status") == []


async def test_many_servers_are_shut_out_at_once_beside_posts(working: WorkingServer) -> None:
    """As by a client that brings a list of them: each is shut out, and what its owner posts meanwhile is posted."""
    anna = await working.person("anna")
    names = [f"x{number}.example" for number in range(10)]

    shutting = [anna.api.post(BLOCKS, data={"domain": name}) for name in names]
    posting = [anna.api.post("/api/v1/statuses", json={"status": f"Hello {number}"}) for number in range(10)]
    answers = await asyncio.gather(*shutting, *posting)

    assert {answer.status_code for answer in answers} == {200}
    assert set(success(await anna.api.get(BLOCKS))) == set(names)


async def test_a_server_shut_out_is_out_of_sight(working: WorkingServer) -> None:
    """By the domain of handles or by that of the server: timelines, notifications and follows in both directions."""
    node = working.server.node
    for number, name in enumerate(("there.example", "social.there.example")):
        anna = await working.person(f"anna{number}")
        zoe = await stranger(node, f"x{number}.there.example")
        shut_out = name.replace("there", f"x{number}.there")
        await befriend(node, anna, zoe)
        open_to_all = Audience(reach=Reach.PUBLIC, visibility=Visibility.PUBLIC)
        await statuses.receive_status(node, note(zoe, number, "Before", audience=open_to_all, created_at=node.now()))
        await working.settle()
        assert len(entities(await anna.api.get("/api/v1/timelines/home"), "Status")) == 1

        assert success(await anna.api.post(BLOCKS, data={"domain": shut_out.upper()})) == {}
        me = await node.read(accounts.get, anna.user.account_id)
        await statuses.receive_status(node, note(zoe, number + 10, "After @anna", mentions=(me,)))
        await working.settle()

        for path in ("timelines/home", "timelines/public?remote=1"):
            assert str(zoe.id) not in await authors(anna, path)
        told = entities(await anna.api.get("/api/v1/notifications"), "Notification")
        assert [one["type"] for one in told] == ["severed_relationships"]
        (between,) = entities(
            await anna.api.get("/api/v1/accounts/relationships", params={"id[]": str(zoe.id)}), "Relationship"
        )
        assert (between["domain_blocking"], between["following"], between["followed_by"]) == (True, False, False)
        success(await anna.api.request("DELETE", BLOCKS, data={"domain": shut_out}))
        assert str(zoe.id) in await authors(anna, "timelines/public?remote=1")


async def test_nothing_of_others_is_taken_away(working: WorkingServer) -> None:
    """Neither what comes from other servers, nor what waits for a yes, nor what other members have of this one."""
    node, anna, bela, carl = working.server.node, *[await working.person(name) for name in ("anna", "bela", "carl")]
    me, her = [await node.read(accounts.get, one.user.account_id) for one in (anna, bela)]
    zoe, yves = await stranger(node, "there.example"), await stranger(node, "elsewhere.example", "yves")
    for member in (anna, bela):
        success(await member.api.patch("/api/v2/notifications/policy", json={"for_not_following": "filter"}))
    zara = await stranger(node, "there.example", "zara")
    await statuses.receive_status(node, note(zara, 2, "Hello @anna @bela", mentions=(me, her)))
    open_to_all = Audience(reach=Reach.PUBLIC, visibility=Visibility.PUBLIC)
    for author in (zoe, yves):
        for member in (anna, bela):
            await befriend(node, member, author)
        said = note(author, 1, "Hello @anna", mentions=(me,), audience=open_to_all, created_at=node.now())
        await statuses.receive_status(node, said)
    await post(carl, "@anna May I?")
    await working.settle()

    success(await anna.api.post(BLOCKS, data={"domain": "there.example"}))
    await working.settle()

    told = entities(await anna.api.get("/api/v1/notifications?types[]=mention"), "Notification")
    assert [one["account"]["id"] for one in told] == [str(yves.id)]
    both = {str(zoe.id), str(yves.id)}
    for member, left, waiting in ((anna, {str(yves.id)}, carl.id), (bela, both, str(zara.id))):
        asked = await member.api.get("/api/v1/notifications/requests")
        assert [one["account"]["id"] for one in entities(asked, "NotificationRequest")] == [waiting]
        assert await authors(member, "timelines/home") == left
        asked = await member.api.get("/api/v1/accounts/relationships", params={"id[]": sorted(both)})
        found = entities(asked, "Relationship")
        assert {one["id"] for one in found if one["following"] and one["followed_by"]} == left


async def test_nobody_is_followed_at_a_server_that_is_shut_out(working: WorkingServer) -> None:
    """By nobody's hand, nor by a move there: whoever followed stays with the old account."""
    node, anna = working.server.node, await working.person("anna")
    old, new = await stranger(node, "elsewhere.example"), await stranger(node, "there.example")
    await befriend(node, anna, old)
    success(await anna.api.post(BLOCKS, data={"domain": "there.example"}))

    assert refusal(await anna.api.post(f"/api/v1/accounts/{new.id}/follow"), 403)
    assert await moving.receive_move(node, old, new)
    await working.settle()

    asked = await anna.api.get("/api/v1/accounts/relationships", params={"id[]": [str(old.id), str(new.id)]})
    found = {one["id"]: one["following"] or one["requested"] for one in entities(asked, "Relationship")}
    assert found == {str(old.id): True, str(new.id): False}


@pytest.mark.parametrize("locked", ["false", "true"])
async def test_nobody_follows_from_a_server_that_is_shut_out(meeting: Meeting, locked: str) -> None:
    """Whoever followed before asks anew and is refused, as is everybody else there, and reads nothing for followers."""
    anna = await meeting.working.person("anna")
    await anna.api.patch("/api/v1/accounts/update_credentials", data={"locked": locked})
    for name in ("fred", "gina"):
        meeting.add(name)
    await meeting.say("Follow", "fred", meeting.actor(anna))
    assert success(await anna.api.post(BLOCKS, data={"domain": meeting.peer.domain})) == {}
    await meeting.working.settle()

    for name in ("fred", "gina"):
        asked = await meeting.say("Follow", name, meeting.actor(anna))
        await meeting.peer.wait_for("Reject", asked["id"])

    for path in (f"accounts/{anna.id}/followers", "follow_requests"):
        assert success(await anna.api.get(f"/api/v1/{path}")) == []
    private = success(await anna.api.post("/api/v1/statuses", data={"status": "Ours", "visibility": "private"}))
    await meeting.working.settle()
    await meeting.working.deliver_all()
    assert [one for one in meeting.peer.received if one["type"] == "Create"] == []
    for name in ("fred", "gina"):
        asked_for = meeting.peer.sign_get(private["uri"], by=name)
        assert (await meeting.server.anonymous.get(private["uri"], headers=asked_for)).status_code == 404


async def test_many_follows_end_by_and_by(node_server: NodeServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The server is out of sight at once; what is left of its follows survives whatever ends the request, told once."""
    monkeypatch.setattr(severing, "ENDED_TOGETHER", 2)
    node, anna = node_server.node, await node_server.person("anna")
    for name in ("zoe", "yan", "xia"):
        zoe = await stranger(node, "there.example", name)
        await befriend(node, anna, zoe)
        await statuses.receive_status(node, note(zoe, 1, "Before", created_at=node.now()))
    async with run_jobs(node_server) as working:
        await working.settle()
    assert len(entities(await anna.api.get("/api/v1/timelines/home"), "Status")) == 3

    # Nobody works: whatever happens now happened in the request.
    success(await anna.api.post(BLOCKS, data={"domain": "there.example"}))

    async def numbers() -> tuple[int, int]:
        account = success(await anna.api.get("/api/v1/accounts/verify_credentials"))
        return account["followers_count"], account["following_count"]

    assert entities(await anna.api.get("/api/v1/timelines/home"), "Status") == []
    assert await numbers() == (1, 1)
    assert entities(await anna.api.get("/api/v1/notifications"), "Notification") == []
    async with run_jobs(node_server) as working:
        await working.settle()
    assert await numbers() == (0, 0)
    (told,) = entities(await anna.api.get("/api/v1/notifications"), "Notification")
    assert (told["event"]["followers_count"], told["event"]["following_count"]) == (3, 3)


async def test_servers_shut_out_are_listed_in_pages(working: WorkingServer) -> None:
    """The latest first; twice is once, and each member has their own list."""
    anna, bert = await working.person("anna"), await working.person("bert")
    for name in ("one.example", "two.example", "three.example", "two.example"):
        success(await anna.api.post(BLOCKS, json={"domain": name}))

    page = await anna.api.get(BLOCKS, params={"limit": 2})

    assert success(page) == ["three.example", "two.example"]
    assert success(await anna.api.get(links(page)["next"])) == ["one.example"]
    assert success(await bert.api.get(BLOCKS)) == []


async def test_what_is_no_domain_is_refused(working: WorkingServer) -> None:
    """Nor can anybody shut out their own node."""
    anna = await working.person("anna")

    for name in ("", "a b", "https://there.example/", "x" * 300, working.server.node.settings.domain):
        assert "Validation failed" in refusal(await anna.api.post(BLOCKS, data={"domain": name}), 422)

    assert entity(await anna.api.get(f"/api/v1/accounts/{anna.id}"), "Account")["id"] == anna.id
