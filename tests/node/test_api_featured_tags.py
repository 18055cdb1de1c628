"""Hashtags on profiles: over the client API, on the wire both ways, and on their pages."""

from collections.abc import AsyncIterator

import pytest

from fedorg.store import featured_tags, tags
from tests.node.fake_peer import FakePeer, running_peer
from tests.node.peering import be_followed, fetch, follow_remote, send
from tests.node.serving import Member
from tests.node.talking import WorkingServer, entities, entity, follow, post, refusal, success


@pytest.fixture
async def peer() -> AsyncIterator[FakePeer]:
    """A server with a user who shows hashtags."""
    async with running_peer() as running:
        uri = running.add_user("fred")
        running.documents["/users/fred"] |= {"featured": f"{uri}/featured", "featuredTags": f"{uri}/tags"}
        yield running


async def feature(member: Member, name: str) -> dict[str, object]:
    made: dict[str, object] = entity(await member.api.post("/api/v1/featured_tags", data={"name": name}), "FeaturedTag")
    return made


async def names(reader: Member, account_id: str) -> list[str]:
    answer = await reader.api.get(f"/api/v1/accounts/{account_id}/featured_tags")
    return [tag["name"] for tag in entities(answer, "FeaturedTag")]


async def test_a_hashtag_is_shown_on_a_profile_and_taken_away(working: WorkingServer) -> None:
    """Featured tags are listed as they were written, with their use, until they are removed by their owner."""
    anna, bert = await working.person("anna"), await working.person("bert")
    await post(anna, "On #OpenSource")
    await post(anna, "More on #opensource")

    made = await feature(anna, "#OpenSource")

    assert (made["name"], made["statuses_count"]) == ("OpenSource", "2")
    assert made["last_status_at"] is not None
    assert made["url"] == f"{working.server.url}/@anna/tagged/opensource"
    assert await names(bert, anna.id) == ["OpenSource"]
    assert [tag["id"] for tag in success(await anna.api.get("/api/v1/featured_tags"))] == [made["id"]]
    assert refusal(await bert.api.delete(f"/api/v1/featured_tags/{made['id']}"), 404) == "Record not found"
    assert success(await anna.api.delete(f"/api/v1/featured_tags/{made['id']}")) == {}
    assert refusal(await anna.api.delete(f"/api/v1/featured_tags/{made['id']}"), 404) == "Record not found"
    assert await names(bert, anna.id) == []


async def test_use_is_counted_as_far_as_the_reader_may_see(working: WorkingServer) -> None:
    """A status of a narrower reach counts for colleagues and not for visitors; a private one for nobody."""
    anna, bert = await working.person("anna"), await working.person("bert")
    await follow(bert, anna)
    await post(anna, "All of us: #plans")
    await post(anna, "Inside: #plans", reach="organisation")
    await post(anna, "Followers: #plans", visibility="private")
    await feature(anna, "plans")

    path = f"/api/v1/accounts/{anna.id}/featured_tags"
    seen = [success(await client.get(path))[0]["statuses_count"] for client in (bert.api, working.server.anonymous)]

    assert seen == ["2", "1"]


async def test_of_much_that_somebody_posted_only_the_latest_counts(
    working: WorkingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The profile of a program that posts day and night took the longer, the older it was."""
    monkeypatch.setattr(featured_tags, "COUNT_MAX", 2)
    monkeypatch.setattr(tags, "LATEST_MAX", 3)
    anna = await working.person("anna")
    for words in ("#once", "#once", "#weather rain", "#weather sun"):
        await post(anna, words)
    latest = await post(anna, "#weather #late")
    shown = await feature(anna, "weather")

    assert shown["statuses_count"] == "2"
    assert shown["last_status_at"] == latest["created_at"][:10]
    suggested = entities(await anna.api.get("/api/v1/featured_tags/suggestions"), "Tag")
    assert [tag["name"] for tag in suggested] == ["late"]


@pytest.mark.parametrize("name", ["", "12345", "two words", "a-b", "#", "x" * 256, "a#b", "@anna"])
async def test_what_is_no_hashtag_is_refused(working: WorkingServer, name: str) -> None:
    """Illegal characters, nothing but digits, nothing at all."""
    anna = await working.person("anna")

    answer = await anna.api.post("/api/v1/featured_tags", data={"name": name})

    assert refusal(answer, 422) == "Validation failed: Tag is invalid"


async def test_ten_hashtags_are_the_most(working: WorkingServer) -> None:
    """The eleventh is refused; one that is there already, in any spelling, is not a new one."""
    anna = await working.person("anna")
    made = [await feature(anna, f"tag{number}") for number in range(10)]

    assert await feature(anna, "TAG1") == made[1]
    more = await anna.api.post("/api/v1/featured_tags", data={"name": "more"})

    assert refusal(more, 422) == "Validation failed: You have already featured the maximum number of hashtags"
    assert refusal(await anna.api.post("/api/v1/tags/more/feature"), 422).endswith("maximum number of hashtags")


async def test_what_one_uses_most_is_suggested(working: WorkingServer) -> None:
    """Suggestions are one's own hashtags by use, without those shown already."""
    anna = await working.person("anna")
    for words in ("#often one", "#often two", "#seldom", "#shown"):
        await post(anna, words)
    await feature(anna, "shown")

    suggested = entities(await anna.api.get("/api/v1/featured_tags/suggestions"), "Tag")

    assert [tag["name"] for tag in suggested] == ["often", "seldom"]
    assert suggested[0]["history"][0]["uses"] == "2"


async def test_a_hashtag_is_featured_by_its_name(working: WorkingServer) -> None:
    """Feature and unfeature by name answer with the tag, once or twice alike; the tag itself says which it is."""
    anna = await working.person("anna")
    path = "/api/v1/tags/Gardening"

    assert entity(await anna.api.get(path), "Tag")["featuring"] is False
    for _ in range(2):
        assert entity(await anna.api.post(f"{path}/feature"), "Tag")["featuring"] is True
    assert entity(await anna.api.get(path), "Tag")["featuring"] is True
    assert await names(anna, anna.id) == ["Gardening"]
    for _ in range(2):
        assert entity(await anna.api.post(f"{path}/unfeature"), "Tag")["featuring"] is False
    assert await names(anna, anna.id) == []
    assert "featuring" not in entity(await working.server.anonymous.get(path), "Tag")
    assert refusal(await anna.api.get("/api/v1/tags/1234"), 404) == "Record not found"


async def test_a_hashtag_of_a_narrower_reach_is_unknown_to_visitors(working: WorkingServer) -> None:
    """Asked by name, a tag used inside only looks to a visitor like one that nobody ever used (S47)."""
    anna = await working.person("anna")
    await post(anna, "#merger", reach="organisation")

    inside = entity(await working.server.anonymous.get("/api/v1/tags/merger"), "Tag")
    never = entity(await working.server.anonymous.get("/api/v1/tags/never"), "Tag")

    def shape(tag: dict[str, object]) -> dict[str, object]:
        return {**tag, "name": "", "url": ""}

    assert shape(inside) == shape(never)
    assert entity(await anna.api.get("/api/v1/tags/merger"), "Tag")["history"][0]["uses"] == "1"


async def test_servers_of_followers_are_told(working: WorkingServer, peer: FakePeer) -> None:
    """An Add of a Hashtag to the featured collection, where Mastodon looks for it, and a Remove; it is listed."""
    anna = await working.person("anna")
    await be_followed(working, peer, "fred", anna)
    actor = (await fetch(working.server, f"{working.server.url}/users/anna")).json()

    made = await feature(anna, "Gardening")
    added = await peer.wait_for("Add")
    listed = (await fetch(working.server, actor["featuredTags"])).json()
    await anna.api.delete(f"/api/v1/featured_tags/{made['id']}")
    removed = await peer.wait_for("Remove")

    for activity in (added, removed):
        assert activity["target"] == actor["featured"]
        assert (activity["object"]["type"], activity["object"]["name"]) == ("Hashtag", "#Gardening")
    assert (listed["type"], listed["totalItems"]) == ("Collection", 1)
    assert listed["items"] == [added["object"]]
    assert (await fetch(working.server, actor["featuredTags"])).json()["items"] == []


@pytest.mark.parametrize("collection", ["featured", "tags"])
async def test_a_hashtag_of_a_peer_stands_on_its_profile(
    working: WorkingServer, peer: FakePeer, collection: str
) -> None:
    """Added to either collection of its owner, and removed again; anybody else's collection changes nothing."""
    anna = await working.person("anna")
    account = await follow_remote(working, anna, peer, "fred")
    tag = {"type": "Hashtag", "name": "#Gardening", "href": f"{peer.url}/tags/gardening"}
    peer.add_user("mallory")

    await send(working, peer, "Add", tag, by="fred", target=f"{peer.actor('fred')}/{collection}")

    assert await names(anna, account["id"]) == ["Gardening"]
    await send(working, peer, "Remove", tag, by="mallory", target=f"{peer.actor('fred')}/{collection}")
    assert await names(anna, account["id"]) == ["Gardening"]
    await send(working, peer, "Remove", tag, by="fred", target=f"{peer.actor('fred')}/{collection}")
    assert await names(anna, account["id"]) == []


async def test_the_page_of_a_featured_hashtag_lists_what_it_stands_for(working: WorkingServer) -> None:
    """The address in the entity leads to the owner's statuses with that hashtag, as far as a visitor may see them."""
    anna = await working.person("anna")
    await post(anna, "About #gardening")
    await post(anna, "About #cooking")
    await post(anna, "Quietly #gardening", reach="node")
    made = await feature(anna, "gardening")

    page = await (await working.server.browser()).open(str(made["url"]))

    assert page.status_code == 200
    assert ("About" in page.text, "#cooking" in page.text, "Quietly" in page.text) == (True, False, False)
