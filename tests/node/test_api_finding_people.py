"""Finding people over the client API: directory, suggestions, endorsements, and whom one knows among followers."""

from typing import Any

import pytest

from fedorg.store import suggestions
from tests.node.serving import Member
from tests.node.talking import WorkingServer, entities, entity, follow, post, refusal, success


async def ids(viewer: Member, path: str, **params: object) -> list[str]:
    answer = await viewer.api.get(f"/api/v1/{path}", params={name: str(value) for name, value in params.items()})
    return [found["id"] for found in entities(answer, "Account")]


async def want_to_be_found(*members: Member) -> None:
    for member in members:
        success(await member.api.patch("/api/v1/accounts/update_credentials", data={"discoverable": "true"}))


async def suggested(viewer: Member) -> list[tuple[str, list[str]]]:
    found: list[Any] = entities(await viewer.api.get("/api/v2/suggestions"), "Suggestion")
    return [(one["account"]["id"], one["sources"]) for one in found]


async def test_the_directory_lists_who_wants_to_be_found(working: WorkingServer) -> None:
    """By their latest post or by when they came; whom one shut out is not shown."""
    anna, bert, cora, dora = [await working.person(name) for name in ("anna", "bert", "cora", "dora")]
    await want_to_be_found(bert, cora)
    await post(bert, "Latest")

    assert await ids(anna, "directory") == [bert.id, cora.id]
    assert await ids(anna, "directory", order="new", local=1) == [cora.id, bert.id]
    assert await ids(anna, "directory", order="new", limit=1, offset=1) == [bert.id]
    assert [found["id"] for found in entities(await working.server.anonymous.get("/api/v1/directory"), "Account")] == [
        bert.id,
        cora.id,
    ]
    await anna.api.post(f"/api/v1/accounts/{bert.id}/mute")
    await cora.api.post(f"/api/v1/accounts/{anna.id}/block")

    assert await ids(anna, "directory") == []
    assert dora.id not in await ids(dora, "directory")
    assert "Order" in refusal(await anna.api.get("/api/v1/directory", params={"order": "best"}), 422)


async def test_suggestions_are_friends_of_friends_and_then_the_most_followed(working: WorkingServer) -> None:
    """Each with its reasons; whom one follows, dismissed or blocked is not suggested."""
    anna, bert, cora, dora, emil = [await working.person(name) for name in ("anna", "bert", "cora", "dora", "emil")]
    await want_to_be_found(bert, cora, dora)
    await follow(anna, bert)
    await follow(bert, dora)
    await follow(emil, cora)

    assert await suggested(anna) == [
        (dora.id, ["friends_of_friends", "most_followed"]),
        (cora.id, ["most_followed"]),
    ]
    assert await ids(anna, "suggestions") == [dora.id, cora.id]
    assert success(await anna.api.delete(f"/api/v1/suggestions/{dora.id}")) == {}
    await anna.api.post(f"/api/v1/accounts/{cora.id}/block")

    assert await suggested(anna) == []
    assert refusal(await anna.api.delete("/api/v1/suggestions/1"), 404) == "Record not found"
    assert emil.id not in [found for found, _ in await suggested(dora)]


async def test_whoever_hides_whom_they_follow_gives_nobody_away(working: WorkingServer) -> None:
    """With one friend, a suggestion would say whom that friend follows."""
    anna, bert, cora = [await working.person(name) for name in ("anna", "bert", "cora")]
    await want_to_be_found(cora)
    await follow(anna, bert)
    await follow(bert, cora)
    assert await suggested(anna) == [(cora.id, ["friends_of_friends", "most_followed"])]

    success(await bert.api.patch("/api/v1/accounts/update_credentials", data={"hide_collections": "true"}))

    assert await suggested(anna) == [(cora.id, ["most_followed"])]


async def test_of_very_many_the_newest_are_looked_at(working: WorkingServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever follows thousands, who follow thousands, waits no longer for suggestions and for whom they know."""
    anna, bert, cora, dora, emil, fred = [
        await working.person(name) for name in ("anna", "bert", "cora", "dora", "emil", "fred")
    ]
    await want_to_be_found(dora, emil, fred)
    for follower, target in ((anna, bert), (anna, cora), (bert, dora), (cora, emil), (cora, fred), (bert, fred)):
        await follow(follower, target)
    everybody = [dora.id, emil.id, fred.id]
    asked = {"id[]": [fred.id]}
    assert sorted(one for one, why in await suggested(anna) if "friends_of_friends" in why) == sorted(everybody)
    assert len((await anna.api.get("/api/v1/accounts/familiar_followers", params=asked)).json()[0]["accounts"]) == 2

    monkeypatch.setattr(suggestions, "FRIENDS_MAX", 1)
    monkeypatch.setattr(suggestions, "FOLLOWS_PER_FRIEND_MAX", 1)
    monkeypatch.setattr(suggestions, "PAIRS_MAX", 1)

    assert [one for one, why in await suggested(anna) if "friends_of_friends" in why] == [fred.id]
    known = entities(await anna.api.get("/api/v1/accounts/familiar_followers", params=asked), "FamiliarFollowers")
    assert [account["id"] for account in known[0]["accounts"]] == [cora.id]


async def test_endorsements_are_of_those_one_follows(working: WorkingServer) -> None:
    """They show on the profile and in the relationship, and end with the follow."""
    anna, bert = await working.person("anna"), await working.person("bert")
    path = f"/api/v1/accounts/{bert.id}"

    assert "already following" in refusal(await anna.api.post(f"{path}/endorse"), 422)
    await follow(anna, bert)
    assert entity(await anna.api.post(f"{path}/endorse"), "Relationship")["endorsed"]
    assert entity(await anna.api.post(f"{path}/pin"), "Relationship")["endorsed"]
    assert await ids(anna, "endorsements") == [bert.id]
    shown = await working.server.anonymous.get(f"/api/v1/accounts/{anna.id}/endorsements")
    assert [found["id"] for found in entities(shown, "Account")] == [bert.id]
    assert not entity(await anna.api.post(f"{path}/unendorse"), "Relationship")["endorsed"]
    assert await ids(anna, "endorsements") == []
    await anna.api.post(f"{path}/endorse")
    await anna.api.post(f"{path}/unfollow")

    assert await ids(anna, "endorsements") == []


async def test_familiar_followers_are_those_one_follows_too(working: WorkingServer) -> None:
    """For several accounts at once; who hides their network is not given away."""
    anna, bert, cora, dora = [await working.person(name) for name in ("anna", "bert", "cora", "dora")]
    for follower, target in ((anna, bert), (anna, cora), (bert, dora), (cora, dora)):
        await follow(follower, target)
    asked = {"id[]": [dora.id, bert.id, "1"]}

    found = entities(await anna.api.get("/api/v1/accounts/familiar_followers", params=asked), "FamiliarFollowers")
    assert [one["id"] for one in found] == [dora.id, bert.id]
    assert [account["id"] for account in found[0]["accounts"]] == [cora.id, bert.id]
    assert found[1]["accounts"] == []
    await cora.api.patch("/api/v1/accounts/update_credentials", data={"hide_collections": "true"})
    found = entities(await anna.api.get("/api/v1/accounts/familiar_followers", params=asked), "FamiliarFollowers")

    assert [account["id"] for account in found[0]["accounts"]] == [bert.id]
