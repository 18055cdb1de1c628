"""From whom somebody hears: policies over the client API, what waits for a yes, and what comes of a yes or a no."""

from datetime import timedelta
from typing import Any

import pytest

from fedorg.domain.accounts import Account, ActorType
from fedorg.domain.statuses import Status, StatusDraft
from fedorg.domain.visibility import Visibility
from fedorg.ids import AccountId
from fedorg.services import fanout, relationships, statuses
from fedorg.store import accounts
from tests.contract import assert_valid
from tests.node.counting import about_things, counted_queries
from tests.node.serving import Member, NodeServer
from tests.node.talking import WorkingServer, entities, entity, follow, links, listening, post, refusal, success
from tests.node.world import insert_member

POLICY = "/api/v2/notifications/policy"
REQUESTS = "/api/v1/notifications/requests"


async def want(member: Member, **changes: str) -> Any:  # noqa: ANN401 - JSON
    return entity(await member.api.patch(POLICY, json=changes), "NotificationPolicy")


async def requests(member: Member, **params: object) -> list[Any]:
    return entities(await member.api.get(REQUESTS, params=params), "NotificationRequest")  # type: ignore[arg-type]


async def told(member: Member, **params: object) -> list[Any]:
    return entities(await member.api.get("/api/v1/notifications", params=params), "Notification")  # type: ignore[arg-type]


async def test_everything_is_heard_until_somebody_says_otherwise(working: WorkingServer) -> None:
    """Only accounts that were limited wait by default; what is changed stays changed, the rest as it was."""
    anna = await working.person("anna")
    usual = entity(await anna.api.get(POLICY), "NotificationPolicy")
    assert {name for name, value in usual.items() if value == "accept"} == {
        "for_not_following", "for_not_followers", "for_new_accounts", "for_private_mentions", "for_bots",
    }  # fmt: skip
    assert usual["for_limited_accounts"] == "filter"
    assert usual["summary"] == {"pending_requests_count": 0, "pending_notifications_count": 0}

    changed = await want(anna, for_not_following="filter", for_bots="drop")
    assert changed == usual | {"for_not_following": "filter", "for_bots": "drop"}
    assert await want(anna, for_bots="accept") == usual | {"for_not_following": "filter"}
    assert "For bots" in refusal(await anna.api.patch(POLICY, json={"for_bots": "perhaps"}), 422)


async def test_older_clients_filter_or_accept(working: WorkingServer) -> None:
    """The first version of the API says the same in yes and no; what is dropped counts as filtered there."""
    anna = await working.person("anna")
    path = "/api/v1/notifications/policy"
    await want(anna, for_new_accounts="drop")

    found = entity(await anna.api.put(path, data={"filter_not_following": "true"}), "V1NotificationPolicy")

    assert found["filter_not_following"] is True
    assert found["filter_new_accounts"] is True
    assert found["filter_not_followers"] is False
    assert success(await anna.api.get(POLICY))["for_new_accounts"] == "drop"
    assert success(await anna.api.patch(path, json={"filter_not_following": False})) == success(
        await anna.api.get(path)
    )
    assert success(await anna.api.get(POLICY))["for_not_following"] == "accept"


async def sender(server: NodeServer, kind: str) -> Account:
    """Somebody who is just what ``kind`` says, and otherwise not to be minded."""
    old = server.clock() - timedelta(days=60)
    fields: dict[str, dict[str, object]] = {
        "for_bots": {"actor_type": ActorType.SERVICE},
        "for_limited_accounts": {"silenced_at": old},
    }
    return await insert_member(
        server.node,
        kind.replace("for_", ""),
        created_at=server.clock() if kind == "for_new_accounts" else old,
        **fields.get(kind, {}),
    )


async def mention(server: NodeServer, author: Account, text: str, **fields: Any) -> Status:  # noqa: ANN401 - a draft's
    draft = StatusDraft(text=text, **fields)
    status = await statuses.post_status(server.node, author, None, draft)
    await fanout.distribute_locally(server.node, status.id, None)
    return status


@pytest.mark.parametrize(
    "kind",
    [
        "for_not_following",
        "for_not_followers",
        "for_new_accounts",
        "for_private_mentions",
        "for_limited_accounts",
        "for_bots",
    ],
)
async def test_each_kind_of_sender_is_accepted_filtered_or_dropped(node_server: NodeServer, kind: str) -> None:
    """Each rule is about its own kind of sender; whom one follows passes all but the one about followers."""
    anna = await node_server.person("anna")
    account_id = AccountId(int(anna.id))
    minded, other = await sender(node_server, kind), await sender(node_server, "other")
    if kind == "for_not_followers":
        await relationships.follow(node_server.node, other, account_id)
        node_server.clock.advance(timedelta(days=4))
    if kind == "for_not_following":
        await relationships.follow(node_server.node, await account(node_server, anna), other.id)
    await anna.api.post("/api/v1/notifications/clear")
    visibility = Visibility.DIRECT if kind == "for_private_mentions" else Visibility.PUBLIC
    everybody = {name: "accept" for name in success(await anna.api.get(POLICY)) if name.startswith("for_")}

    seen = {}
    for handling in ("accept", "filter", "drop"):
        await want(anna, **everybody | {kind: handling})
        await mention(node_server, minded, "@anna hello", visibility=visibility)
        await mention(node_server, other, "@anna hello")
        seen[handling] = sorted(one["account"]["acct"] for one in await told(anna))
        waiting = [one["account"]["acct"] for one in await requests(anna)]
        assert waiting == ([minded.username] if handling == "filter" else []), handling
        for one in await requests(anna):
            await anna.api.post(f"{REQUESTS}/{one['id']}/dismiss")
        await anna.api.post("/api/v1/notifications/clear")

    assert seen == {
        "accept": sorted([minded.username, "other"]),
        "filter": ["other"],
        "drop": ["other"],
    }
    if kind != "for_not_followers":
        await want(anna, **everybody | {kind: "drop"})
        await relationships.follow(node_server.node, await account(node_server, anna), minded.id)
        await mention(node_server, minded, "@anna hello", visibility=visibility)
        assert [one["account"]["acct"] for one in await told(anna)] == [minded.username]


async def test_what_a_sender_is_to_others_makes_no_friend_of_them(working: WorkingServer) -> None:
    """Nor what others are to oneself, nor a follow in either direction that was only asked for."""
    anna, bert, dora = [await working.person(name) for name in ("anna", "bert", "dora")]
    for member, other in ((dora, bert), (anna, dora)):
        await want(member, for_not_following="filter")
        await post(other, f"@{member.user.username} may I?")
        await working.settle()
        (asking,) = await requests(member)
        success(await member.api.post(f"{REQUESTS}/{asking['id']}/accept"))
    for follower, target in ((dora, bert), (bert, dora), (dora, anna), (anna, dora)):
        await follow(follower, target)
    for member, other in ((anna, bert), (bert, anna)):
        success(await member.api.patch("/api/v1/accounts/update_credentials", data={"locked": "true"}))
        await follow(other, member)
    working.server.clock.advance(timedelta(days=4))

    waiting = []
    for kind in ("for_not_following", "for_not_followers"):
        await want(anna, for_not_following="accept", for_not_followers="accept")
        await want(anna, **{kind: "filter"})
        await post(bert, "@anna hello")
        await working.settle()
        waiting += await requests(anna)

    assert [one["notifications_count"] for one in waiting] == ["1", "2"]
    assert {one["account"]["id"] for one in await told(anna, **{"types[]": "mention"})} == {dora.id}


async def account(server: NodeServer, member: Member) -> Account:
    return await server.node.read(accounts.get, AccountId(int(member.id)))


async def test_a_private_answer_is_no_unasked_mention(working: WorkingServer) -> None:
    """Whom one wrote to privately may answer in that thread, and nobody else, and nowhere else."""
    anna, bert, carl = [await working.person(name) for name in ("anna", "bert", "carl")]
    await want(anna, for_private_mentions="filter")
    made = await post(anna, "@bert psst", visibility="direct")

    await post(bert, "@anna an answer", visibility="direct", in_reply_to_id=made["id"])
    await post(bert, "@anna something else", visibility="direct")
    await post(carl, "@anna hey", visibility="direct")
    await post(carl, "@anna out loud")
    await working.settle()

    heard = [one["status"]["content"].rpartition("</span> ")[2] for one in await told(anna)]
    assert sorted(heard) == ["an answer</p>", "out loud</p>"]
    assert {one["account"]["acct"] for one in await requests(anna)} == {"bert", "carl"}
    conversations = success(await anna.api.get("/api/v1/conversations"))
    assert ["an answer" in one["last_status"]["content"] for one in conversations] == [True]


async def test_what_waits_is_seen_by_those_who_ask_for_it_only(working: WorkingServer) -> None:
    """Filtered notifications are kept, but not listed, grouped, counted or streamed; favourites make no request."""
    anna, bert = await working.person("anna"), await working.person("bert")
    made = await post(anna, "x")
    await want(anna, for_not_following="filter")

    async with listening(anna.api, "user/notification") as heard:
        await bert.api.post(f"/api/v1/statuses/{made['id']}/favourite")
        await post(bert, "@anna one")
        await follow(bert, anna)
        await working.settle()
        assert await told(anna) == []
        assert success(await anna.api.get("/api/v2/notifications"))["notification_groups"] == []
        for version in ("v1", "v2"):
            assert success(await anna.api.get(f"/api/{version}/notifications/unread_count")) == {"count": 0}
        shown = await told(anna, include_filtered="true")
        assert {one["type"] for one in shown} == {"favourite", "mention", "follow"}
        assert all(one["group_key"] == f"ungrouped-{one['id']}" for one in shown)
        groups = success(await anna.api.get("/api/v2/notifications", params={"include_filtered": "true"}))
        assert len(groups["notification_groups"]) == 3
        (request,) = await requests(anna)
        assert (request["notifications_count"], request["account"]["id"]) == ("1", bert.id)
        assert "one" in request["last_status"]["content"]
        assert success(await anna.api.get(POLICY))["summary"] == {
            "pending_requests_count": 1,
            "pending_notifications_count": 1,
        }
        await follow(anna, bert)
        await post(bert, "@anna two")
        kind, first = await heard.next()
        assert (kind, first["type"]) == ("notification", "mention")
        assert "two" in first["status"]["content"]


async def test_accepting_brings_in_what_waited(working: WorkingServer) -> None:
    """All that somebody did comes in, messages join conversations, and they are heard from then on."""
    anna, bert = await working.person("anna"), await working.person("bert")
    made = await post(anna, "x")
    await want(anna, for_not_following="filter", for_new_accounts="filter")
    await bert.api.post(f"/api/v1/statuses/{made['id']}/favourite")
    await post(bert, "@anna one")
    message = await post(bert, "@anna psst", visibility="direct")
    await working.settle()
    assert success(await anna.api.get("/api/v1/conversations")) == []
    (request,) = await requests(anna)
    path = f"{REQUESTS}/{request['id']}"
    for wrong in (path, f"{REQUESTS}/999"):
        assert refusal(await bert.api.get(wrong), 404) == "Record not found"
        assert refusal(await bert.api.post(f"{wrong}/accept"), 404) == "Record not found"
        assert refusal(await bert.api.post(f"{wrong}/dismiss"), 404) == "Record not found"

    async with listening(anna.api, "user") as heard, listening(anna.api, "direct") as direct:
        assert success(await anna.api.post(f"{path}/accept")) == {}
        kind, conversation = await direct.next()
        assert (kind, conversation["last_status"]["id"]) == ("conversation", message["id"])
        await working.settle()
        assert await heard.next_kind() == "notifications_merged"
    assert success(await anna.api.get(f"{REQUESTS}/merged")) == {"merged": True}
    assert [one["type"] for one in await told(anna)] == ["mention", "mention", "favourite"]
    assert await requests(anna) == []
    await post(bert, "@anna two")
    await working.settle()
    assert len(await told(anna)) == 4
    assert len(success(await anna.api.get("/api/v1/conversations"))) == 1


async def test_dismissing_forgets_what_waited(working: WorkingServer) -> None:
    """Nothing of it comes back; whoever was dismissed may ask again."""
    anna, bert = await working.person("anna"), await working.person("bert")
    await want(anna, for_not_following="filter")
    await post(bert, "@anna one")
    await working.settle()
    (request,) = await requests(anna)

    assert success(await anna.api.post(f"{REQUESTS}/{request['id']}/dismiss")) == {}

    assert await requests(anna) == []
    assert await told(anna, include_filtered="true") == []
    await post(bert, "@anna two")
    await working.settle()
    assert [one["notifications_count"] for one in await requests(anna)] == ["1"]


async def test_several_are_answered_at_once(working: WorkingServer) -> None:
    """One's own among the ids that are named, in a form or in JSON; those of others are passed over."""
    anna, other = await working.person("anna"), await working.person("other")
    strangers = [await working.person(f"stranger{number}") for number in range(3)]
    for member in (anna, other):
        await want(member, for_not_following="filter")
    for stranger in strangers:
        await post(stranger, "@anna @other hello")
        # Jobs of several posts are done side by side, in any order.
        await working.settle()
    third, second, first = await requests(anna)
    (foreign, *_) = await requests(other)

    assert success(await anna.api.post(f"{REQUESTS}/accept", json={"id": [first["id"], foreign["id"]]})) == {}
    assert success(await anna.api.post(f"{REQUESTS}/dismiss", data={"id[]": [second["id"], "x"]})) == {}
    await working.settle()

    assert [one["account"]["acct"] for one in await told(anna)] == ["stranger0"]
    assert await requests(anna) == [third]
    assert len(await requests(other)) == 3


async def test_requests_come_in_pages_that_cost_the_same(node_server: NodeServer) -> None:
    """Newest first, by the id of the request; the number of queries does not grow; deleted mentions ask nothing."""
    anna = await node_server.person("anna")
    await want(anna, for_not_following="filter")
    made = []
    for number in range(5):
        author = await insert_member(node_server.node, f"stranger{number}")
        made.append((author, await mention(node_server, author, "@anna hello")))

    page = await anna.api.get(REQUESTS, params={"limit": "3"})
    rest = await anna.api.get(links(page)["next"])
    assert [one["account"]["acct"] for one in (*page.json(), *rest.json())] == [
        f"stranger{number}" for number in reversed(range(5))
    ]
    costs = []
    for limit in (1, 5):
        with counted_queries() as queries:
            await requests(anna, limit=limit)
        costs.append(len(about_things(queries)))
    assert costs[0] == costs[1]
    author, status = made[2]
    await statuses.delete_status(node_server.node, author, status.id)
    assert "stranger2" not in {one["account"]["acct"] for one in await requests(anna)}
    assert success(await anna.api.get(POLICY))["summary"]["pending_requests_count"] == 4
    for one in await requests(anna):
        assert_valid(one["last_status"], "Status")


async def test_changed_filters_are_told_to_open_streams(working: WorkingServer) -> None:
    """Only one's own, on the stream of the user; without a payload."""
    anna, bert = await working.person("anna"), await working.person("bert")

    async with listening(anna.api, "user") as heard, listening(bert.api, "user") as others:
        made = await anna.api.post("/api/v2/filters", json={"title": "Tea", "context": ["home"]})
        assert await heard.next_kind() == "filters_changed"
        await anna.api.delete(f"/api/v2/filters/{made.json()['id']}")
        assert await heard.next_kind() == "filters_changed"
        await post(bert, "own")
        assert await others.next_kind() == "update"
