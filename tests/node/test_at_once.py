"""Two people do something to the same thing at the same moment: one is first, and both are told the truth."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any, Final

import httpx
from sqlalchemy import Connection, text

from fedorg.domain.accounts import Account
from fedorg.domain.conversations import Message
from fedorg.domain.filters import FilterStatus
from fedorg.domain.jobs import ActivityKind
from fedorg.domain.statuses import Status
from fedorg.ids import AccountId, ScheduledStatusId, StatusId
from fedorg.node import Node
from fedorg.services.fanout import distribute_chunk, distribute_to_tag_followers_chunk
from fedorg.services.relationships.blocking import record_block, record_mute
from fedorg.services.relationships.following import follow_alike, sever
from fedorg.services.statuses import receive_edit, record_fetched
from fedorg.services.statuses.deleting import remove
from fedorg.store import accounts, conversations, filters, home_timelines, relationships, scheduled_statuses, statuses
from fedorg.store.home_timelines import LocalFollower
from tests.fediverse.nodes import wait_for
from tests.node.at_once import meanwhile
from tests.node.meeting import Meeting
from tests.node.serving import Member, NodeServer
from tests.node.talking import follow, post, success
from tests.node.test_api_admin_accounts import staff
from tests.node.test_api_collections_featured import COLLECTIONS
from tests.node.world import World, note

Act = Callable[[Member, str], Awaitable[httpx.Response]]
OF_ANYBODY: Final[dict[str, Act]] = {
    "favourite": lambda who, status: who.api.post(f"/api/v1/statuses/{status}/favourite"),
    "bookmark": lambda who, status: who.api.post(f"/api/v1/statuses/{status}/bookmark"),
    "reblog": lambda who, status: who.api.post(f"/api/v1/statuses/{status}/reblog"),
    "answer": lambda who, status: who.api.post("/api/v1/statuses", json={"status": "Yes", "in_reply_to_id": status}),
    "quote": lambda who, status: who.api.post("/api/v1/statuses", json={"status": "So", "quoted_status_id": status}),
}
OF_ITS_AUTHOR: Final[dict[str, Act]] = {
    "pin": lambda who, status: who.api.post(f"/api/v1/statuses/{status}/pin"),
    "edit": lambda who, status: who.api.put(f"/api/v1/statuses/{status}", json={"status": "Better"}),
    "delete": lambda who, status: who.api.delete(f"/api/v1/statuses/{status}"),
}


async def test_what_is_deleted_at_the_same_moment_is_not_found(node_server: NodeServer) -> None:
    """Whatever somebody does with a status that its author is just deleting; nothing then hangs on what is gone."""
    node, anna, bela = node_server.node, await node_server.person("anna"), await node_server.person("bela")
    for who, acts in ((bela, OF_ANYBODY), (anna, OF_ITS_AUTHOR)):
        for name, act in acts.items():
            status = await _recorded(node, await post(anna, f"For {name}"))

            answer = await meanwhile(node, partial(remove, node=node, status=status), act(who, str(status.id)))

            assert answer.status_code == 404, (name, answer.text)
    assert success(await bela.api.get(f"/api/v1/accounts/{bela.id}/statuses")) == []


async def test_a_boost_taken_back_twice_is_counted_once(node_server: NodeServer) -> None:
    """By its booster, while the boost is just going for another reason."""
    node, anna, bela = node_server.node, await node_server.person("anna"), await node_server.person("bela")
    posted, _ = await post(anna, "Hello"), await post(bela, "Hello yourself")
    success(await anna.api.post(f"/api/v1/statuses/{posted['id']}/reblog"))
    boost = await _recorded(node, success(await bela.api.post(f"/api/v1/statuses/{posted['id']}/reblog")))

    answer = await meanwhile(
        node, lambda conn: remove(conn, node, boost), bela.api.post(f"/api/v1/statuses/{posted['id']}/unreblog")
    )

    assert success(answer)["reblogs_count"] == 1
    assert success(await bela.api.get("/api/v1/accounts/verify_credentials"))["statuses_count"] == 1


async def test_a_status_named_in_a_filter_twice_at_once_is_in_it_once(node_server: NodeServer) -> None:
    """Both requests are answered with the one entry there is."""
    node, anna = node_server.node, await node_server.person("anna")
    posted = await post(anna, "Hello")
    made = success(await anna.api.post("/api/v2/filters", json={"title": "Greetings", "context": ["home"]}))
    entry = FilterStatus(id=node.ids.next(), filter_id=int(made["id"]), status_id=StatusId(int(posted["id"])))

    answer = await meanwhile(
        node,
        lambda conn: filters.insert_status(conn, entry),
        anna.api.post(f"/api/v2/filters/{made['id']}/statuses", json={"status_id": posted["id"]}),
    )

    assert success(answer)["id"] == str(entry.id)


async def test_nobody_follows_beside_a_block(node_server: NodeServer) -> None:
    """Whoever is first of one who blocks and the other who follows, no follow is left."""
    node, anna, bela = node_server.node, await node_server.person("anna"), await node_server.person("bela")
    blocker, blocked = await _account(node, anna), await _account(node, bela)

    late = await meanwhile(
        node,
        lambda conn: record_block(conn, node, blocker, blocked),
        bela.api.post(f"/api/v1/accounts/{anna.id}/follow"),
    )
    assert late.status_code == 403
    success(await anna.api.post(f"/api/v1/accounts/{bela.id}/unblock"))
    like = LocalFollower(account_id=blocked.id, show_reblogs=True, notify=False, languages=())
    blocking = await meanwhile(
        node,
        lambda conn: follow_alike(conn, node, blocked, blocker, like),
        anna.api.post(f"/api/v1/accounts/{bela.id}/block"),
    )

    assert (success(blocking)["blocking"], success(blocking)["followed_by"]) == (True, False)
    assert success(await bela.api.get(f"/api/v1/accounts/{bela.id}/following")) == []


async def test_what_is_distributed_during_an_unfollow_does_not_stay(node_server: NodeServer) -> None:
    """The home timeline of whoever just stopped following an author shows nothing of them, whichever was first."""
    node, anna, bela = node_server.node, await node_server.person("anna"), await node_server.person("bela")
    await follow(bela, anna)
    status = await _recorded(node, await post(anna, "Hello"))

    await meanwhile(
        node,
        lambda conn: distribute_chunk(conn, node, status.id, None),
        bela.api.post(f"/api/v1/accounts/{anna.id}/unfollow"),
    )

    assert success(await bela.api.get("/api/v1/timelines/home")) == []


async def test_a_request_that_just_ended_is_not_accepted(meeting: Meeting) -> None:
    """Somebody elsewhere whose request ends as it is let in hears of no follow that there is not."""
    node, anna = meeting.node, await meeting.working.person("anna")
    success(await anna.api.patch("/api/v1/accounts/update_credentials", json={"locked": True}))
    meeting.add("fred")
    await meeting.say("Follow", "fred", meeting.actor(anna))
    (asking,) = success(await anna.api.get("/api/v1/follow_requests"))
    fred = await node.read(accounts.get, AccountId(int(asking["id"])))
    own = await _account(node, anna)

    answer = await meanwhile(
        node,
        lambda conn: sever(conn, node, fred, own, ActivityKind.REJECT_FOLLOW),
        anna.api.post(f"/api/v1/follow_requests/{asking['id']}/authorize"),
    )

    await meeting.working.settle()
    await meeting.working.deliver_all()
    assert answer.is_error or success(answer)["followed_by"] is False
    assert [one["type"] for one in meeting.peer.received] == ["Reject"]


async def test_who_accepts_a_follow_and_who_ends_it_do_not_hold_each_other_up(node_server: NodeServer) -> None:
    """Both begin with the two accounts: neither comes to have what the other waits for, which takes seconds to find."""
    node, anna, bela = node_server.node, await node_server.person("anna"), await node_server.person("bela")
    success(await anna.api.patch("/api/v1/accounts/update_credentials", json={"locked": True}))
    await follow(bela, anna)
    own, asking = await _account(node, anna), await _account(node, bela)

    def end(conn: Connection) -> None:
        if conn.dialect.name == "postgresql":
            conn.execute(text("SET LOCAL lock_timeout = '100ms'"))
        assert sever(conn, node, asking, own, ActivityKind.UNDO_FOLLOW)

    answer = await meanwhile(
        node,
        lambda conn: relationships.hold_both(conn, own.id, asking.id),
        anna.api.post(f"/api/v1/follow_requests/{bela.id}/authorize"),
        then=end,
    )

    assert answer.status_code == 404
    assert success(await anna.api.get("/api/v1/notifications")) == []


async def test_what_was_begun_before_a_suspension_is_not_posted(meeting: Meeting) -> None:
    """A post or edit that waits for a slow server to tell whom it names comes too late."""
    mod, anna = await staff(meeting.working, "mod"), await meeting.working.person("anna")
    before = await post(anna, "Hello")
    meeting.add("fred")
    meeting.peer.stalled = asyncio.Event()
    words = f"Look, @fred@{meeting.peer.domain}"
    waiting = [
        asyncio.create_task(anna.api.post("/api/v1/statuses", json={"status": words})),
        asyncio.create_task(anna.api.put(f"/api/v1/statuses/{before['id']}", json={"status": words})),
    ]

    async def asked() -> bool | None:
        return meeting.peer.asked.total() >= len(waiting) or None

    await wait_for(asked, "the server to be asked")
    success(await mod.api.post(f"/api/v1/admin/accounts/{anna.id}/action", json={"type": "suspend"}))
    meeting.peer.stalled.set()

    # As with whatever is asked next: a suspension ends every token.
    assert [answer.status_code for answer in await asyncio.gather(*waiting)] == [401, 401]


async def test_what_was_just_posted_cannot_be_called_off(node_server: NodeServer) -> None:
    """Whoever deletes a scheduled post at the moment it is posted is told that it waits no more."""
    node, anna = node_server.node, await node_server.person("anna")
    later = (node.now() + timedelta(hours=1)).isoformat()
    made = success(await anna.api.post("/api/v1/statuses", json={"status": "Later", "scheduled_at": later}))
    one = await node.read(scheduled_statuses.get, anna.user.account_id, ScheduledStatusId(int(made["id"])))

    answer = await meanwhile(
        node,
        lambda conn: scheduled_statuses.take(conn, node.now(), one),
        anna.api.delete(f"/api/v1/scheduled_statuses/{made['id']}"),
    )

    assert answer.status_code == 404


async def _account(node: Node, member: Member) -> Account:
    return await node.read(accounts.get, AccountId(int(member.id)))


async def _recorded(node: Node, entity: dict[str, Any]) -> Status:
    return await node.read(statuses.get, StatusId(int(entity["id"])))


async def test_nothing_comes_back_beside_an_unfollow(node_server: NodeServer) -> None:
    """Whoever unmutes and unfollows somebody at the same moment has nothing of them on the home timeline."""
    node, anna, bela = node_server.node, await node_server.person("anna"), await node_server.person("bela")
    await follow(bela, anna)
    await post(anna, "Hello")
    success(await bela.api.post(f"/api/v1/accounts/{anna.id}/mute"))
    follower, author = await _account(node, bela), await _account(node, anna)

    await meanwhile(
        node,
        lambda conn: sever(conn, node, follower, author, ActivityKind.UNDO_FOLLOW),
        bela.api.post(f"/api/v1/accounts/{anna.id}/unmute"),
    )

    assert success(await bela.api.get("/api/v1/timelines/home")) == []


async def test_what_is_distributed_during_a_mute_does_not_stay(node_server: NodeServer) -> None:
    """As during an unfollow: what the muted account posts, what others boost of it, and what comes by a hashtag."""
    node = node_server.node
    anna, bela, carl = [await node_server.person(name) for name in ("anna", "bela", "carl")]
    await follow(bela, anna)
    await follow(bela, carl)
    success(await bela.api.post("/api/v1/tags/bees/follow"))
    status = await _recorded(node, await post(anna, "Hello #bees"))
    boost = await _recorded(node, success(await carl.api.post(f"/api/v1/statuses/{status.id}/reblog")))
    distributed: dict[str, Callable[[Connection], object]] = {
        "post": lambda conn: distribute_chunk(conn, node, status.id, None),
        "boost": lambda conn: distribute_chunk(conn, node, boost.id, None),
        "hashtag": lambda conn: distribute_to_tag_followers_chunk(conn, node, status.id, AccountId(0)),
    }

    for name, distribute in distributed.items():
        await meanwhile(node, distribute, bela.api.post(f"/api/v1/accounts/{anna.id}/mute"))

        assert success(await bela.api.get("/api/v1/timelines/home")) == [], name
        await node.write(relationships.delete_mute, AccountId(int(bela.id)), AccountId(int(anna.id)))


async def test_two_who_mute_each_other_do_not_hold_each_other_up(node_server: NodeServer) -> None:
    """Neither comes to have what the other waits for."""
    node, anna, bela = node_server.node, await node_server.person("anna"), await node_server.person("bela")
    muting, muted = AccountId(int(anna.id)), AccountId(int(bela.id))

    def mute(conn: Connection) -> None:
        if conn.dialect.name == "postgresql":
            conn.execute(text("SET LOCAL lock_timeout = '100ms'"))
        record_mute(conn, node, muting, muted, notifications=True, expires_at=None)

    answer = await meanwhile(
        node,
        lambda conn: home_timelines.hold_off(conn, muting),
        bela.api.post(f"/api/v1/accounts/{anna.id}/mute"),
        then=mute,
    )

    assert success(answer)["muting"] is True
    (relation,) = success(await anna.api.get("/api/v1/accounts/relationships", params={"id[]": bela.id}))
    assert relation["muting"] is True


async def test_who_is_being_blocked_neither_quotes_nor_is_recommended(node_server: NodeServer) -> None:
    """What ties two accounts beside follows does not begin beside a block, either."""
    node, anna, bela = node_server.node, await node_server.person("anna"), await node_server.person("bela")
    success(await anna.api.patch("/api/v1/accounts/update_credentials", json={"discoverable": True}))
    posted = await post(anna, "Hello")
    made = success(await bela.api.post(COLLECTIONS, json={"name": "Keepers", "account_ids": []}))["collection"]
    blocker, blocked = await _account(node, anna), await _account(node, bela)
    acts: tuple[Callable[[], Awaitable[httpx.Response]], ...] = (
        lambda: bela.api.post("/api/v1/statuses", json={"status": "So", "quoted_status_id": posted["id"]}),
        lambda: bela.api.post(f"{COLLECTIONS}/{made['id']}/items", json={"account_id": anna.id}),
    )

    for act in acts:
        late = await meanwhile(node, lambda conn: record_block(conn, node, blocker, blocked), act())

        assert late.status_code in (403, 404, 422), late.text
        success(await anna.api.post(f"/api/v1/accounts/{bela.id}/unblock"))
    assert success(await anna.api.get(f"/api/v1/statuses/{posted['id']}/quotes")) == []
    assert success(await bela.api.get(f"{COLLECTIONS}/{made['id']}"))["collection"]["items"] == []


async def test_an_edit_does_not_undo_a_later_one(world: World) -> None:
    """Of two versions of a status that come in at one moment by two ways, the later one stays."""
    node, dora = world.node, await world.remote("dora", "there.example")
    before = await record_fetched(node, note(dora, 1))
    assert before is not None
    made_at = before.created_at
    latest = replace(before, content="<p>Best</p>", edited_at=made_at + 2 * timedelta(hours=1))
    other = note(dora, 1, "Better", edited_at=made_at + timedelta(hours=1))

    await meanwhile(node, lambda conn: statuses.update_content(conn, latest), receive_edit(node, other))

    found = await node.read(statuses.get, before.id)
    assert (found.content, found.edited_at) == (latest.content, latest.edited_at)


async def test_a_conversation_that_goes_on_stays(node_server: NodeServer) -> None:
    """Also where the one message that was in it is deleted at the moment another comes."""
    node, anna, bela = node_server.node, await node_server.person("anna"), await node_server.person("bela")
    posted = await post(anna, "@bela Hello", visibility="direct")
    answer = await _recorded(node, await post(bela, "@anna Hi", visibility="direct", in_reply_to_id=posted["id"]))
    named = frozenset({AccountId(int(anna.id))})
    message = Message(status_id=answer.id, thread_id=answer.thread_id, author_id=answer.account_id, named=named)

    await meanwhile(
        node,
        lambda conn: conversations.add(conn, node.ids, named, message),
        anna.api.delete(f"/api/v1/statuses/{posted['id']}"),
    )

    (found,) = success(await anna.api.get("/api/v1/conversations"))
    assert found["last_status"]["id"] == str(answer.id)
