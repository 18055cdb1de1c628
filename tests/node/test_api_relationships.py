"""Follows, requests, blocks, mutes and notes over the client API."""

from datetime import timedelta
from typing import Any

import pytest

from fedorg.domain.accounts import UserRole
from fedorg.services.relationships import following
from tests.node.serving import Member
from tests.node.talking import WorkingServer, entities, entity, follow, links, post, refusal, success


async def between(viewer: Member, target: Member) -> Any:  # noqa: ANN401 - JSON
    (found,) = entities(
        await viewer.api.get("/api/v1/accounts/relationships", params={"id[]": target.id}), "Relationship"
    )
    return found


async def act(actor: Member, target: Member, verb: str, **fields: object) -> Any:  # noqa: ANN401 - JSON
    return entity(await actor.api.post(f"/api/v1/accounts/{target.id}/{verb}", json=fields), "Relationship")


async def listed(viewer: Member, path: str, schema: str = "Account") -> list[str]:
    return [one["id"] for one in entities(await viewer.api.get(f"/api/v1/{path}"), schema)]


async def test_a_follow_is_made_changed_and_ended(working: WorkingServer) -> None:
    """The relationship says how one follows; both lists of people agree with it."""
    anna, bert = await working.person("anna"), await working.person("bert")

    made = await follow(anna, bert, notify=True, languages=["en"])
    assert (made["following"], made["notifying"], made["showing_reblogs"]) == (True, True, True)
    assert made["languages"] == ["en"]
    changed = await follow(anna, bert, reblogs=False)
    assert (changed["notifying"], changed["showing_reblogs"]) == (True, False)
    assert (await between(bert, anna))["followed_by"]
    assert await listed(bert, f"accounts/{bert.id}/followers") == [anna.id]
    assert await listed(bert, f"accounts/{anna.id}/following") == [bert.id]
    assert not (await act(anna, bert, "unfollow"))["following"]

    assert not (await between(bert, anna))["followed_by"]
    assert await listed(bert, f"accounts/{bert.id}/followers") == []


async def test_a_follower_can_be_removed(working: WorkingServer) -> None:
    """``remove_from_followers`` ends somebody else's follow of oneself, and no other."""
    anna, bert, carl = [await working.person(name) for name in ("anna", "bert", "carl")]
    await follow(bert, anna)
    await follow(bert, carl)

    assert not (await act(anna, bert, "remove_from_followers"))["followed_by"]

    assert not (await between(bert, anna))["following"]
    assert (await between(bert, carl))["following"]


async def test_a_locked_account_is_asked_first(working: WorkingServer) -> None:
    """A request counts for nothing until it is accepted, and only the one who was asked can accept it (S45, S51)."""
    anna, bert, carl = [await working.person(name) for name in ("anna", "bert", "carl")]
    await anna.api.patch("/api/v1/accounts/update_credentials", data={"locked": "true"})
    hidden = await post(anna, "Private", visibility="private")
    for asking in (bert, carl):
        assert (await follow(asking, anna))["requested"]
    assert (await bert.api.get(f"/api/v1/statuses/{hidden['id']}")).status_code == 404
    assert set(await listed(anna, "follow_requests")) == {bert.id, carl.id}
    assert await listed(bert, "follow_requests") == []
    for action in ("authorize", "reject"):
        assert refusal(await bert.api.post(f"/api/v1/follow_requests/{carl.id}/{action}"), 404)

    authorized = await anna.api.post(f"/api/v1/follow_requests/{bert.id}/authorize")
    rejected = await anna.api.post(f"/api/v1/follow_requests/{carl.id}/reject")

    assert entity(authorized, "Relationship")["followed_by"]
    assert not entity(rejected, "Relationship")["followed_by"]
    assert (await bert.api.get(f"/api/v1/statuses/{hidden['id']}")).status_code == 200
    assert (await carl.api.get(f"/api/v1/statuses/{hidden['id']}")).status_code == 404
    assert await listed(anna, "follow_requests") == []


async def test_whoever_opens_an_account_lets_in_who_waits(
    working: WorkingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in Mastodon: all but those who are limited or suspended here, whose requests stay requests."""
    monkeypatch.setattr(following, "_REQUESTS", 1)
    anna, bert, carl, dora, eve = [await working.person(name) for name in ("anna", "bert", "carl", "dora", "eve")]
    mod = await working.person("mod", scopes="admin:write", role=UserRole.MODERATOR)
    await anna.api.patch("/api/v1/accounts/update_credentials", data={"locked": "true"})
    for asking in (bert, carl, dora, eve):
        await follow(asking, anna)
    for one, action in ((carl, "silence"), (eve, "suspend")):
        success(await mod.api.post(f"/api/v1/admin/accounts/{one.id}/action", json={"type": action}))

    await anna.api.patch("/api/v1/accounts/update_credentials", data={"locked": "false"})
    await working.settle()
    success(await mod.api.post(f"/api/v1/admin/accounts/{eve.id}/unsuspend"))

    assert set(await listed(anna, "follow_requests")) == {carl.id, eve.id}
    assert set(await listed(anna, f"accounts/{anna.id}/followers")) == {bert.id, dora.id}
    told = [one["type"] for one in success(await anna.api.get("/api/v1/notifications"))]
    assert sorted(told) == ["follow", "follow", "follow_request", "follow_request"]


async def test_a_block_severs_both_and_hides_both(working: WorkingServer) -> None:
    """Both stop following, and see nothing of each other, until the block is taken back."""
    anna, bert = await working.person("anna"), await working.person("bert")
    await follow(anna, bert)
    await follow(bert, anna)
    made = await post(anna, "Seen no more")

    blocked = await act(anna, bert, "block")

    assert (blocked["blocking"], blocked["following"], blocked["followed_by"]) == (True, False, False)
    assert refusal(await bert.api.get(f"/api/v1/statuses/{made['id']}"), 404) == "Record not found"
    assert (await bert.api.post(f"/api/v1/accounts/{anna.id}/follow")).status_code in (403, 404)
    assert await listed(anna, "blocks") == [bert.id]
    assert await listed(bert, "blocks") == []
    assert not (await act(anna, bert, "unblock"))["blocking"]
    assert (await bert.api.get(f"/api/v1/statuses/{made['id']}")).status_code == 200


async def test_a_mute_ends_with_its_time(working: WorkingServer) -> None:
    """A mute for a while says until when, and is over then; other people know nothing of it."""
    anna, bert = await working.person("anna"), await working.person("bert")

    muted = await act(anna, bert, "mute", duration=3600, notifications=False)

    assert (muted["muting"], muted["muting_notifications"]) == (True, False)
    (shown,) = entities(await anna.api.get("/api/v1/mutes"), "MutedAccount")
    assert shown["mute_expires_at"] is not None
    assert not (await between(bert, anna))["muting"]
    working.server.clock.advance(timedelta(hours=2))
    assert not (await between(anna, bert))["muting"]
    assert await listed(anna, "mutes", "MutedAccount") == []
    for duration in (-1, 10**12, "long"):
        assert refusal(await anna.api.post(f"/api/v1/accounts/{bert.id}/mute", json={"duration": duration}), 422)


async def test_a_mute_takes_away_what_one_was_told(working: WorkingServer) -> None:
    """Unless it leaves notifications alone; of others all stays."""
    anna, bert, carl = [await working.person(name) for name in ("anna", "bert", "carl")]
    for one in (bert, carl):
        await follow(one, anna)

    async def told() -> list[str]:
        notifications = entities(await anna.api.get("/api/v1/notifications"), "Notification")
        return [one["account"]["id"] for one in notifications]

    await act(anna, bert, "mute", notifications=False)
    assert await told() == [carl.id, bert.id]
    await act(anna, bert, "mute")
    assert await told() == [carl.id]


async def test_a_note_is_seen_by_its_author_alone(working: WorkingServer) -> None:
    """A private note stays private, and goes when it is emptied."""
    anna, bert = await working.person("anna"), await working.person("bert")

    assert (await act(anna, bert, "note", comment="Met at the fair"))["note"] == "Met at the fair"
    assert (await between(bert, anna))["note"] == ""
    assert (await act(anna, bert, "note"))["note"] == ""


async def test_nobody_relates_to_themselves_or_to_nobody(working: WorkingServer) -> None:
    """One cannot follow, block or mute oneself; an account that does not exist is not found."""
    anna = await working.person("anna")

    for verb in ("follow", "block", "mute"):
        assert refusal(await anna.api.post(f"/api/v1/accounts/{anna.id}/{verb}"), 404) == "Record not found"
    for verb in ("follow", "unfollow", "block", "unblock", "mute", "unmute", "note", "remove_from_followers"):
        assert refusal(await anna.api.post(f"/api/v1/accounts/999/{verb}"), 404) == "Record not found"
    for path in ("followers", "following"):
        assert refusal(await anna.api.get(f"/api/v1/accounts/999/{path}"), 404) == "Record not found"
    nobody = await anna.api.get("/api/v1/accounts/relationships", params={"id[]": "999"})
    assert entities(nobody, "Relationship") == []


async def test_hidden_collections_are_shown_to_their_owner_only(working: WorkingServer) -> None:
    """Who hides their follows shows empty lists to others."""
    anna, bert = await working.person("anna"), await working.person("bert")
    await follow(bert, anna)
    await anna.api.patch("/api/v1/accounts/update_credentials", data={"hide_collections": "true"})

    assert await listed(bert, f"accounts/{anna.id}/followers") == []
    assert await listed(anna, f"accounts/{anna.id}/followers") == [bert.id]


async def test_lists_of_people_have_pages(working: WorkingServer) -> None:
    """The Link header counts in follows, so that every follower is shown once."""
    anna = await working.person("anna")
    followers = [await working.person(f"follower{number}") for number in range(3)]
    for follower in followers:
        await follow(follower, anna)

    seen: list[str] = []
    page = await anna.api.get(f"/api/v1/accounts/{anna.id}/followers", params={"limit": 1})
    while found := entities(page, "Account"):
        seen += [one["id"] for one in found]
        page = await anna.api.get(links(page)["next"])

    assert seen == [follower.id for follower in reversed(followers)]
