"""Hashtags that somebody follows, over the client API."""

from typing import Any

from tests.node.serving import Member
from tests.node.talking import WorkingServer, contents, entities, entity, follow, links, listening, post, refusal


async def tag(viewer: Member, name: str, verb: str = "") -> Any:  # noqa: ANN401 - JSON
    path = f"/api/v1/tags/{name}"
    answer = await (viewer.api.post(f"{path}/{verb}") if verb else viewer.api.get(path))
    return entity(answer, "Tag")


async def home(viewer: Member) -> list[str]:
    found = entities(await viewer.api.get("/api/v1/timelines/home"), "Status")
    return [text.partition(" ")[0] for text in contents(found)]


async def test_what_has_a_followed_hashtag_comes_home(working: WorkingServer) -> None:
    """From people one does not follow, once, and told on the stream."""
    anna, bert = await working.person("anna"), await working.person("bert")

    assert (await tag(anna, "Cake", "follow"))["following"] is True
    async with listening(anna.api, "user") as events:
        status = await post(bert, "Eat #cake and more #cake")
        assert (await events.next())[1]["id"] == status["id"]
    await follow(anna, bert)
    await post(bert, "Two #cake")
    await working.settle()

    assert await home(anna) == ["Two", "Eat"]
    assert (await tag(anna, "cake", "unfollow"))["following"] is False
    await anna.api.post(f"/api/v1/accounts/{bert.id}/unfollow")
    await post(bert, "Three #cake")
    await working.settle()
    assert "Three" not in await home(anna)


async def test_what_is_not_for_everybody_does_not_come_by_its_hashtag(working: WorkingServer) -> None:
    """Unlisted, private and direct statuses, and those of or about people one shut out, stay away.

    The latter also where they come from somebody who is followed.
    """
    anna, bert, cora, dora, eve = [await working.person(name) for name in ("anna", "bert", "cora", "dora", "eve")]
    await tag(anna, "cake", "follow")
    await follow(anna, eve)
    await anna.api.post(f"/api/v1/accounts/{cora.id}/mute")
    await dora.api.post(f"/api/v1/accounts/{anna.id}/block")

    for visibility in ("unlisted", "private", "direct"):
        await post(bert, f"{visibility} #cake", visibility=visibility)
    await post(cora, "Muted #cake")
    await post(dora, "Blocked #cake")
    about = await post(bert, "About @cora #cake")
    await post(eve, "Likewise @cora")
    await eve.api.post(f"/api/v1/statuses/{about['id']}/reblog")
    await post(bert, "Shown #cake")
    await working.settle()

    assert await home(anna) == ["Shown"]


async def test_followed_hashtags_are_listed_in_pages(working: WorkingServer) -> None:
    """The latest first; following twice is following once."""
    anna = await working.person("anna")
    for name in ("one", "two", "three", "two"):
        await tag(anna, name, "follow")

    page = await anna.api.get("/api/v1/followed_tags", params={"limit": 2})

    assert [found["name"] for found in entities(page, "Tag")] == ["three", "two"]
    rest = entities(await anna.api.get(links(page)["next"]), "Tag")
    assert [(found["name"], found["following"]) for found in rest] == [("one", True)]
    search = (await anna.api.get("/api/v2/search", params={"q": "#tw", "type": "hashtags"})).json()
    assert search["hashtags"] == []


async def test_what_is_no_hashtag_does_not_exist(working: WorkingServer) -> None:
    """Numbers alone, spaces and signs are none; an unused one is, and says so."""
    anna = await working.person("anna")

    for name in ("123", "a b", "a-b", "%23cake", "x" * 300):
        assert refusal(await anna.api.get(f"/api/v1/tags/{name}"), 404) == "Record not found"
    unused = entity(await working.server.anonymous.get("/api/v1/tags/Äpfel"), "Tag")
    assert unused["name"] == "äpfel"
    assert {day["uses"] for day in unused["history"]} == {"0"}
    assert "following" not in unused
