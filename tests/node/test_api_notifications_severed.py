"""Lost follows: who is told of them, in which numbers, when a server is shut out by one member or by the node."""

from collections import defaultdict
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import Connection, Engine

from fedorg.domain.accounts import UserRole
from fedorg.domain.jobs import SeverAccount
from fedorg.domain.notifications import NotificationType
from fedorg.domain.visibility import Tier
from fedorg.ids import AccountId
from fedorg.jobs import upkeep
from fedorg.serializers import notification_texts
from fedorg.services import peers, severing
from fedorg.store import notifications
from tests.node.meeting import Meeting
from tests.node.peering import be_followed, follow_remote
from tests.node.serving import EVERYTHING, Member
from tests.node.talking import entities, entity, listening, post, success
from tests.node.world import insert_member


async def told(member: Member, **params: object) -> list[Any]:
    return entities(await member.api.get("/api/v1/notifications", params=params), "Notification")  # type: ignore[arg-type]


async def befriend(meeting: Meeting, member: Member, *names: str) -> None:
    """Users of the peer whom a member follows, and who follow back."""
    for name in names:
        meeting.add(name)
        await follow_remote(meeting.working, member, meeting.peer, name)
        await be_followed(meeting.working, meeting.peer, name, member)


async def numbers(member: Member) -> tuple[int, int]:
    account = success(await member.api.get("/api/v1/accounts/verify_credentials"))
    return account["followers_count"], account["following_count"]


async def test_who_shuts_a_server_out_learns_what_it_cost(meeting: Meeting) -> None:
    """One notification with how many followers and followed were lost; nothing else of that server stays."""
    anna = await meeting.working.person("anna")
    await befriend(meeting, anna, "fred", "rita")
    meeting.add("gus")
    await be_followed(meeting.working, meeting.peer, "gus", anna)
    assert await numbers(anna) == (3, 2)

    success(await anna.api.post("/api/v1/domain_blocks", data={"domain": meeting.peer.domain}))

    (severed,) = await told(anna)
    assert severed["type"] == "severed_relationships"
    assert severed["account"]["id"] == anna.id
    event = severed["event"]
    assert (event["type"], event["target_name"]) == ("user_domain_block", meeting.peer.domain)
    assert (event["followers_count"], event["following_count"]) == (3, 2)
    assert event["purged"] is False
    assert await numbers(anna) == (0, 0)
    grouped = entity(await anna.api.get("/api/v2/notifications"), "GroupedNotificationsResults")
    assert grouped["notification_groups"][0]["event"] == event
    # Nothing is left to lose, so that there is nothing to tell.
    success(await anna.api.post("/api/v1/domain_blocks", data={"domain": meeting.peer.domain}))
    assert [one["id"] for one in await told(anna)] == [severed["id"]]


async def test_members_get_lists_of_whom_they_lost(meeting: Meeting) -> None:
    """On the site, in Mastodon's columns, for 400 days; nobody sees those of another (S45)."""
    anna, bert = await meeting.working.person("anna"), await meeting.working.person("bert")
    await befriend(meeting, anna, "fred", "rita")
    meeting.add("gus")
    await be_followed(meeting.working, meeting.peer, "gus", anna)
    rita = await meeting.find(anna, "rita")
    wanted = {"reblogs": False, "notify": True, "languages": ["en", "de"]}
    success(await anna.api.post(f"/api/v1/accounts/{rita['id']}/follow", json=wanted))
    await be_followed(meeting.working, meeting.peer, "gus", bert)

    await peers.set_tier(meeting.node, meeting.peer.domain, Tier.BLOCKED)
    await meeting.working.settle()

    (severed,) = await told(anna, **{"types[]": "severed_relationships"})
    path, peer = f"/severed_relationships/{severed['event']['id']}", meeting.peer.domain
    assert severed["event"]["purged"] is False
    browser, other = await meeting.working.server.browser(), await meeting.working.server.browser()
    await browser.sign_in("anna")
    await other.sign_in("bert")
    page = await browser.open("/severed_relationships")
    assert f'href="{path}/followers.csv"' in page.text
    assert f'href="{path}/following.csv"' in page.text
    assert "(CSV)</a> · <a" in " ".join(page.text.split())
    assert '<a href="/">Back</a>' in page.text
    assert "or a partnership ends" in page.text
    followers = await browser.open(f"{path}/followers.csv")
    assert followers.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert followers.headers["Content-Disposition"].startswith("attachment; filename=")
    assert followers.text.splitlines() == ["Account address", *(f"{name}@{peer}" for name in ("fred", "gus", "rita"))]
    assert (await browser.open(f"{path}/following.csv")).text.splitlines() == [
        "Account address,Show boosts,Notify on new posts,Languages",
        f"fred@{peer},true,false,",
        f'rita@{peer},false,true,"en, de"',
    ]
    assert path not in (await other.open("/severed_relationships")).text
    for kind in ("followers", "following"):
        assert (await other.open(f"{path}/{kind}.csv")).status_code == 404
        assert (await meeting.working.server.anonymous.get(f"{path}/{kind}.csv")).status_code in (303, 401)
    meeting.working.server.clock.advance(timedelta(days=401))
    await upkeep.keep_up(meeting.node)
    await other.sign_in("bert")
    assert "You lost nobody" in (await other.open("/severed_relationships")).text


async def test_a_blocked_server_loses_all_follows_and_members_are_told(meeting: Meeting) -> None:
    """Each member who lost somebody hears of their own losses; others hear nothing, and follows here stay."""
    anna, bert, carl = [await meeting.working.person(name) for name in ("anna", "bert", "carl")]
    await befriend(meeting, anna, "fred", "rita")
    await be_followed(meeting.working, meeting.peer, "fred", bert)
    success(await carl.api.post(f"/api/v1/accounts/{bert.id}/follow"))
    for member in (anna, bert):
        await member.api.post("/api/v1/notifications/clear")

    async with listening(anna.api, "user/notification") as heard:
        await peers.set_tier(meeting.node, meeting.peer.domain, Tier.BLOCKED)
        kind, severed = await heard.next()
    await meeting.working.settle()

    assert (kind, severed["type"]) == ("notification", "severed_relationships")
    event = severed["event"]
    assert (event["type"], event["followers_count"], event["following_count"]) == ("domain_block", 2, 2)
    (of_bert,) = await told(bert)
    assert (of_bert["event"]["followers_count"], of_bert["event"]["following_count"]) == (1, 0)
    assert await told(carl) == []
    assert (await numbers(anna), await numbers(bert), await numbers(carl)) == ((0, 0), (1, 0), (0, 1))
    await peers.set_tier(meeting.node, meeting.peer.domain, Tier.BLOCKED)
    await peers.set_tier(meeting.node, meeting.peer.domain, Tier.OPEN)
    await meeting.working.settle()
    assert len(await told(anna)) == 1


async def test_a_suspended_account_loses_its_follows_and_members_are_told(meeting: Meeting) -> None:
    """Of its server others stay; its own server hears that it follows nobody here any more."""
    anna = await meeting.working.person("anna")
    boss = await meeting.working.person("boss", role=UserRole.ADMIN, scopes=f"{EVERYTHING} admin:read admin:write")
    await befriend(meeting, anna, "fred", "rita")
    fred = await meeting.find(anna, "fred")

    success(await boss.api.post(f"/api/v1/admin/accounts/{fred['id']}/action", data={"type": "suspend"}))
    await meeting.working.settle()

    (severed,) = await told(anna, **{"types[]": "severed_relationships"})
    event = severed["event"]
    assert (event["type"], event["target_name"]) == ("account_suspension", f"fred@{meeting.peer.domain}")
    assert (event["followers_count"], event["following_count"]) == (1, 1)
    assert await numbers(anna) == (1, 1)
    rejected = await meeting.peer.wait_for("Reject")
    assert rejected["actor"] == meeting.actor(anna)


async def test_no_follow_ends_with_an_account_that_may_speak_again(meeting: Meeting) -> None:
    """However late the job is: it may have been given up, and begun anew a day later."""
    anna = await meeting.working.person("anna")
    boss = await meeting.working.person("boss", role=UserRole.ADMIN, scopes=f"{EVERYTHING} admin:read admin:write")
    await befriend(meeting, anna, "fred")
    fred = await meeting.find(anna, "fred")
    job = SeverAccount(account_id=AccountId(int(fred["id"])), cause=meeting.node.ids.next())

    assert await severing.sever_account(meeting.node, job) is not None
    assert await numbers(anna) == (1, 1)

    success(await boss.api.post(f"/api/v1/admin/accounts/{fred['id']}/action", data={"type": "suspend"}))
    assert await severing.sever_account(meeting.node, job) is not None
    assert await numbers(anna) == (0, 0)


async def test_many_follows_end_bit_by_bit_and_are_told_once(meeting: Meeting, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many steps it takes, the numbers are whole when they are told."""
    for name, number in (("CHUNK", 2), ("FOUND_MAX", 3), ("ENDED_TOGETHER", 2)):
        monkeypatch.setattr(severing, name, number)
    members = [await meeting.working.person(name) for name in ("anna", "bert", "carl")]
    meeting.add("fred")
    for member in members:
        await be_followed(meeting.working, meeting.peer, "fred", member)
    await befriend(meeting, members[0], "rita", "gus")

    await peers.set_tier(meeting.node, meeting.peer.domain, Tier.BLOCKED)
    await meeting.working.settle()

    events = [
        (one["event"]["followers_count"], one["event"]["following_count"])
        for member in members
        for one in await told(member, **{"types[]": "severed_relationships"})
    ]
    assert events == [(3, 2), (1, 0), (1, 0)]


async def test_while_many_follows_end_others_write(meeting: Meeting) -> None:
    """No transaction ends more than a few: the more there are in one, the longer everybody else waits."""
    anna = await meeting.working.person("anna")
    names = [f"friend{number}" for number in range(12)]
    await befriend(meeting, anna, *names)
    held: defaultdict[int, list[int]] = defaultdict(lambda: [0])

    def on_execute(conn: Connection, _cursor: object, statement: str, *_rest: object) -> None:
        held[id(conn)][-1] += statement.startswith("DELETE FROM follows")

    def on_commit(conn: Connection) -> None:
        held[id(conn)].append(0)

    listeners = (("before_cursor_execute", on_execute), ("commit", on_commit))
    for name, listener in listeners:
        sa.event.listen(Engine, name, listener)
    try:
        await peers.set_tier(meeting.node, meeting.peer.domain, Tier.BLOCKED)
        await meeting.working.settle()
    finally:
        for name, listener in listeners:
            sa.event.remove(Engine, name, listener)

    (severed,) = await told(anna, **{"types[]": "severed_relationships"})
    assert (severed["event"]["followers_count"], severed["event"]["following_count"]) == (12, 12)
    assert sum(map(sum, held.values())) >= 24
    assert max(map(max, held.values())) <= 20


async def test_an_app_that_does_not_know_a_kind_gets_it_in_words(meeting: Meeting) -> None:
    """With ``supported_types`` every other kind carries a sentence; without, none does."""
    anna, bert = await meeting.working.person("anna"), await meeting.working.person("bert")
    await bert.api.post(f"/api/v1/accounts/{anna.id}/follow")
    await post(bert, "@anna hi")
    await meeting.working.settle()
    known = {"supported_types[]": ["mention", "favourite"]}

    mention, follow = await told(anna, **known)

    assert "fallback" not in mention
    assert "bert" in follow["fallback"]["title"]
    assert follow["fallback"]["summary"]
    one = await anna.api.get(f"/api/v1/notifications/{follow['id']}", params=known)
    assert entity(one, "Notification")["fallback"] == follow["fallback"]
    groups = success(await anna.api.get("/api/v2/notifications", params=known))["notification_groups"]
    assert ["fallback" in group for group in groups] == [False, True]
    assert all("fallback" not in one for one in await told(anna))


def test_every_kind_can_be_said_in_words() -> None:
    """A kind without a title could be pushed to nobody."""
    assert set(notification_texts.TITLES) == set(NotificationType)


async def test_old_notifications_are_forgotten(meeting: Meeting) -> None:
    """A table that only grows would end a node: after four hundred days notifications go."""
    anna = await meeting.working.person("anna")
    fan = await insert_member(meeting.node, "fan")

    def tell(conn: Connection) -> None:
        notifications.notify(
            conn,
            meeting.node.ids,
            meeting.node.now(),
            [AccountId(int(anna.id))],
            type_=NotificationType.FOLLOW,
            by=fan.id,
            origin=1,
        )

    await meeting.node.write(tell)
    assert len(await told(anna)) == 1
    assert await meeting.node.write(notifications.delete_before, meeting.node.now(), 100) == 1
    assert await told(anna) == []
