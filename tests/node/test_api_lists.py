"""Lists over the client API: who is in them, what their timelines and streams show, and who may look."""

from typing import Any

import pytest

from fedorg.web.mastodon import lists as web_lists
from tests.node.serving import Member
from tests.node.talking import (
    WorkingServer,
    contents,
    entities,
    entity,
    follow,
    links,
    listening,
    post,
    refusal,
    success,
)

LISTS = "/api/v1/lists"


async def make(owner: Member, *members: Member, **fields: object) -> Any:  # noqa: ANN401 - JSON
    made = entity(await owner.api.post(LISTS, json={"title": "Friends", **fields}), "List")
    if members:
        answer = await owner.api.post(f"{LISTS}/{made['id']}/accounts", json={"account_ids": [m.id for m in members]})
        assert success(answer) == {}
    return made


async def shown(viewer: Member, timeline: str) -> list[str]:
    return contents(entities(await viewer.api.get(f"/api/v1/timelines/{timeline}"), "Status"))


async def test_a_list_is_made_changed_and_removed(working: WorkingServer) -> None:
    """Mastodon's defaults; what is set is what is read, and a removed list is gone."""
    anna = await working.person("anna")

    made = await make(anna)
    assert (made["replies_policy"], made["exclusive"]) == ("list", False)
    changed = entity(
        await anna.api.put(
            f"{LISTS}/{made['id']}", data={"title": "Team", "replies_policy": "none", "exclusive": "true"}
        ),
        "List",
    )

    assert changed == {"id": made["id"], "title": "Team", "replies_policy": "none", "exclusive": True}
    assert entity(await anna.api.get(f"{LISTS}/{made['id']}"), "List") == changed
    assert entities(await anna.api.get(LISTS), "List") == [changed]
    assert success(await anna.api.delete(f"{LISTS}/{made['id']}")) == {}
    assert refusal(await anna.api.get(f"{LISTS}/{made['id']}"), 404) == "Record not found"


@pytest.mark.parametrize("many", [400, 2])
async def test_members_are_followed_accounts(
    working: WorkingServer, monkeypatch: pytest.MonkeyPatch, many: int
) -> None:
    """Only who is followed can be in a list, once, all or none; unfollowing ends it."""
    monkeypatch.setattr(web_lists, "_MANY", many)
    anna, bert, cora, dora = [await working.person(name) for name in ("anna", "bert", "cora", "dora")]
    await follow(anna, bert)
    await follow(anna, cora)
    one = await make(anna, bert)
    members = f"{LISTS}/{one['id']}/accounts"

    refusal(await anna.api.post(members, json={"account_ids": [cora.id, dora.id]}), 404)
    refusal(await anna.api.post(members, json={"account_ids": [cora.id, bert.id]}), 422)
    assert [found["id"] for found in entities(await anna.api.get(members), "Account")] == [bert.id]
    success(await anna.api.post(members, data={"account_ids[]": [cora.id, anna.id]}))
    page = await anna.api.get(members, params={"limit": 1})
    assert [found["id"] for found in entities(page, "Account")] == [anna.id]
    second = await anna.api.get(links(page)["next"])
    assert [found["id"] for found in entities(second, "Account")] == [cora.id]
    assert len(entities(await anna.api.get(members, params={"limit": 0}), "Account")) == 3
    assert [found["id"] for found in entities(await anna.api.get(f"/api/v1/accounts/{cora.id}/lists"), "List")] == [
        one["id"]
    ]
    await anna.api.post(f"/api/v1/accounts/{cora.id}/unfollow")
    success(await anna.api.request("DELETE", members, json={"account_ids": [anna.id]}))

    assert [found["id"] for found in entities(await anna.api.get(members), "Account")] == [bert.id]


async def test_a_list_shows_what_its_members_post(working: WorkingServer) -> None:
    """Others whom one follows are not in it; boosts by members are."""
    anna, bert, cora, dora = [await working.person(name) for name in ("anna", "bert", "cora", "dora")]
    await follow(anna, bert)
    await follow(anna, cora)
    one = await make(anna, bert)

    await post(bert, "From Bert")
    await post(cora, "From Cora")
    other = await post(dora, "From Dora")
    await bert.api.post(f"/api/v1/statuses/{other['id']}/reblog")
    await working.settle()

    found = entities(await anna.api.get(f"/api/v1/timelines/list/{one['id']}"), "Status")
    assert [status["account"]["id"] for status in found] == [bert.id, bert.id]
    assert found[0]["reblog"]["id"] == other["id"]
    assert len(await shown(anna, "home")) == 3


async def test_a_list_shows_boosts_of_its_members_whatever_home_shows(working: WorkingServer) -> None:
    """What a friend outside the list posted or boosted stands at home; boosted by a member, it is in the list, once.

    Not of members of whom no boosts are wanted; and home shows what only an exclusive list had.
    """
    anna, bert, cora, dora, erik = [await working.person(name) for name in ("anna", "bert", "cora", "dora", "erik")]
    for target in (bert, cora, dora):
        await follow(anna, target)
    one = await make(anna, bert, cora)
    other = await make(anna, dora)
    listed, path = f"list/{one['id']}", f"/api/v1/timelines/list/{one['id']}"
    known, strange = await post(dora, "From Dora"), await post(erik, "From Erik")
    await working.settle()

    async with listening(anna.api, "user") as home, listening(anna.api, "list", list=one["id"]) as in_list:
        for booster, status in ((dora, strange), (bert, known), (bert, strange), (cora, known)):
            success(await booster.api.post(f"/api/v1/statuses/{status['id']}/reblog"))
            await working.settle()
        first, second = [(await in_list.next())[1] for _ in range(2)]
        own = await post(anna, "Mine")
        heard = [(await home.next())[1] for _ in range(2)]

    assert [status["reblog"]["id"] for status in (first, second)] == [known["id"], strange["id"]]
    assert [status["id"] for status in entities(await anna.api.get(path), "Status")] == [second["id"], first["id"]]
    assert (heard[0]["account"]["id"], heard[1]["id"]) == (dora.id, own["id"])
    assert await shown(anna, f"list/{other['id']}") == ["From Erik", "From Dora"]
    at_home = entities(await anna.api.get("/api/v1/timelines/home"), "Status")
    assert [status["account"]["id"] for status in at_home] == [anna.id, dora.id, dora.id]
    success(await anna.api.post(f"/api/v1/accounts/{bert.id}/follow", json={"reblogs": False}))
    success(await anna.api.put(f"{LISTS}/{other['id']}", data={"exclusive": "true"}))
    third = await post(dora, "From Dora again")
    for booster in (bert, cora):
        success(await booster.api.post(f"/api/v1/statuses/{third['id']}/reblog"))
        await working.settle()
    for timeline in ("home", listed):
        found = entities(await anna.api.get(f"/api/v1/timelines/{timeline}"), "Status")
        assert (found[0]["account"]["id"], found[0]["reblog"]["id"]) == (cora.id, third["id"])


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("none", ["A start", "To myself"]),
        ("list", ["A start", "To myself", "@dora To a member", "@anna To the owner"]),
        ("followed", ["A start", "To myself", "@dora To a member", "@anna To the owner", "@cora To one followed"]),
    ],
)
async def test_a_list_shows_replies_by_its_policy(working: WorkingServer, policy: str, expected: list[str]) -> None:
    """To nobody, to members and the owner, or to anybody the owner follows."""
    anna, bert, cora, dora = [await working.person(name) for name in ("anna", "bert", "cora", "dora")]
    for target in (bert, cora, dora):
        await follow(anna, target)
    one = await make(anna, bert, dora, replies_policy=policy)
    starts = {member.user.username: await post(member, "Hello") for member in (anna, cora, dora)}
    own = await post(bert, "A start")

    for text, answered in (
        ("To myself", own),
        ("@dora To a member", starts["dora"]),
        ("@anna To the owner", starts["anna"]),
        ("@cora To one followed", starts["cora"]),
    ):
        await post(bert, text, in_reply_to_id=answered["id"])
    await working.settle()

    found = entities(await anna.api.get(f"/api/v1/timelines/list/{one['id']}"), "Status")
    of_bert = [status["id"] for status in found if status["account"]["id"] == bert.id]
    texts = [
        entity(await bert.api.get(f"/api/v1/statuses/{number}/source"), "StatusSource")["text"] for number in of_bert
    ]
    assert texts[::-1] == expected


async def test_an_exclusive_list_keeps_its_members_off_the_home_timeline(working: WorkingServer) -> None:
    """In timeline and stream, and only while it is exclusive."""
    anna, bert = await working.person("anna"), await working.person("bert")
    await follow(anna, bert)
    one = await make(anna, bert, exclusive=True)

    async with listening(anna.api, "user") as home, listening(anna.api, "list", list=one["id"]) as listed:
        first = await post(bert, "Only there")
        kind, heard = await listed.next()
        own = await post(anna, "Mine")
        assert (await home.next())[1]["id"] == own["id"]
    await working.settle()

    assert (kind, heard["id"]) == ("update", first["id"])
    assert await shown(anna, "home") == ["Mine"]
    assert await shown(anna, f"list/{one['id']}") == ["Only there"]
    success(await anna.api.put(f"{LISTS}/{one['id']}", data={"exclusive": "false"}))
    assert await shown(anna, "home") == ["Mine", "Only there"]


async def test_bad_lists_are_refused(working: WorkingServer) -> None:
    """A title is needed, a policy known, and their number has an end."""
    anna = await working.person("anna")

    assert refusal(await anna.api.post(LISTS, data={}), 422) == "Validation failed: Title can't be blank"
    assert "too long" in refusal(await anna.api.post(LISTS, data={"title": "x" * 256}), 422)
    assert "replies_policy" in refusal(await anna.api.post(LISTS, data={"title": "x", "replies_policy": "some"}), 422)
    for _ in range(50):
        await make(anna)

    assert "maximum number of lists" in refusal(await anna.api.post(LISTS, data={"title": "One more"}), 422)


async def test_lists_belong_to_one_account(working: WorkingServer) -> None:
    """S45: somebody else's list does not exist, by no method and on no stream."""
    anna, bert = await working.person("anna"), await working.person("bert")
    await follow(anna, bert)
    one = await make(anna, bert)
    members = {"account_ids": [bert.id]}

    answers = [
        await bert.api.get(f"{LISTS}/{one['id']}"),
        await bert.api.put(f"{LISTS}/{one['id']}", data={"title": "Mine"}),
        await bert.api.delete(f"{LISTS}/{one['id']}"),
        await bert.api.get(f"{LISTS}/{one['id']}/accounts"),
        await bert.api.post(f"{LISTS}/{one['id']}/accounts", json=members),
        await bert.api.request("DELETE", f"{LISTS}/{one['id']}/accounts", json=members),
        await bert.api.get(f"/api/v1/timelines/list/{one['id']}"),
        await bert.api.get("/api/v1/streaming/list", params={"list": one["id"]}),
    ]

    assert {refusal(answer, 404) for answer in answers} == {"Record not found"}
    assert entities(await bert.api.get(f"/api/v1/accounts/{bert.id}/lists"), "List") == []
    assert len(entities(await anna.api.get(f"{LISTS}/{one['id']}/accounts"), "Account")) == 1
