"""Trends over the client API: what ranks, who sees which ranking, pages, and what is said about a link."""

from datetime import timedelta
from typing import Any

import pytest

from fedorg.services import trends
from tests.node.serving import Member
from tests.node.talking import WorkingServer, contents, entities, post, refusal, success
from tests.node.test_api_cards import Site, serve_site, site

__all__ = ["serve_site", "site"]


async def look(reader: Any, kind: str, schema: str, **params: int) -> list[Any]:  # noqa: ANN401 - a client
    return entities(await reader.get(f"/api/v1/trends/{kind}", params=params), schema)


async def names(reader: Any, **params: int) -> list[str]:  # noqa: ANN401 - a client
    return [tag["name"] for tag in await look(reader, "tags", "Tag", **params)]


async def rank(working: WorkingServer) -> None:
    await working.settle()
    await trends.refresh(working.server.node)


async def crowd(working: WorkingServer, count: int = 3) -> list[Member]:
    return [await working.person(f"person{number}") for number in range(count)]


async def test_hashtags_trend_that_many_use(working: WorkingServer) -> None:
    """By how many accounts used them, once each; what is no longer used fades behind what is new."""
    anna, bert, cora = await crowd(working)
    for author in (anna, bert, cora):
        await post(author, "#old news")
    working.server.clock.advance(timedelta(hours=20))
    for author in (anna, bert):
        await post(author, "#new news")
    for _ in range(5):
        await post(anna, "#alone")
    await rank(working)

    assert await names(anna.api) == ["new", "old"]
    assert await names(anna.api, limit=1) == ["new"]
    assert await names(anna.api, offset=1) == ["old"]
    assert await names(anna.api, offset=1000) == []
    tag = (await look(anna.api, "tags", "Tag"))[0]
    assert (tag["history"][0]["accounts"], tag["following"]) == ("2", False)
    first_name = entities(await working.server.anonymous.get("/api/v1/trends"), "Tag")
    assert [one["name"] for one in first_name] == ["new", "old"]
    working.server.clock.advance(timedelta(days=4))
    await rank(working)
    assert await names(anna.api) == []


async def test_visitors_see_a_ranking_of_what_is_open_to_everybody(working: WorkingServer, site: Site) -> None:
    """Not even a number tells them of a narrower ring; a token that may not read statuses is a visitor's."""
    authors = await crowd(working)
    address = site.put("/inside", "<title>Inside</title>")
    mixed = site.put("/mixed", "<title>Mixed</title>")
    for author in authors:
        success(await author.api.patch("/api/v1/accounts/update_credentials", data={"discoverable": "true"}))
        status = await post(author, f"#inside {address}", reach="organisation")
        await post(author, f"#mixed {mixed}", reach="organisation")
        for fan in authors:
            success(await fan.api.post(f"/api/v1/statuses/{status['id']}/favourite"))
    for author in authors[:2]:
        await post(author, f"#mixed {mixed}")
        await post(author, "#unlisted", visibility="unlisted")
    await rank(working)
    limited = await working.server.api(await working.server.token(authors[0].user, "write"))

    assert sorted(await names(authors[0].api)) == ["inside", "mixed"]
    assert len(await look(authors[0].api, "statuses", "Status")) == 3
    assert {link["url"] for link in await look(authors[0].api, "links", "TrendsLink")} == {address, mixed}
    for visitor in (working.server.anonymous, limited):
        assert await names(visitor) == ["mixed"]
        assert (await look(visitor, "tags", "Tag"))[0]["history"][0]["uses"] == "2"
        assert await look(visitor, "statuses", "Status") == []
        [link] = await look(visitor, "links", "TrendsLink")
        assert (link["url"], link["history"][0]["uses"]) == (mixed, "2")
    seen = await working.server.anonymous.get("/api/v1/timelines/link", params={"url": address})
    assert success(seen) == []


async def test_statuses_trend_that_many_like(working: WorkingServer) -> None:
    """First statuses of threads by those who want to be discovered; nobody sees whom they shut out."""
    anna, bert, cora = await crowd(working)
    posted = {author: await post(author, f"by {author.user.username}") for author in (anna, bert)}
    reply = await post(anna, "a reply", in_reply_to_id=posted[bert]["id"])
    success(await anna.api.patch("/api/v1/accounts/update_credentials", data={"discoverable": "true"}))
    for fan in (bert, cora):
        for status in (*posted.values(), reply):
            success(await fan.api.post(f"/api/v1/statuses/{status['id']}/favourite"))
    await rank(working)

    assert contents(await look(working.server.anonymous, "statuses", "Status")) == ["by person0"]
    success(await cora.api.post(f"/api/v1/accounts/{anna.id}/mute"))
    assert await look(cora.api, "statuses", "Status") == []
    success(await anna.api.delete(f"/api/v1/statuses/{posted[anna]['id']}"))
    assert await look(bert.api, "statuses", "Status") == []


async def test_links_trend_and_lead_to_what_is_said_about_them(working: WorkingServer, site: Site) -> None:
    """A page that was read and that several link to; the statuses about it in pages. Another page gives nothing."""
    authors = await crowd(working)
    address, other = site.put("/page", "<title>Page</title>"), site.put("/other", "<title>Other</title>")
    for author in authors:
        await post(author, f"{author.user.username} {address}")
    await post(authors[0], other)
    await rank(working)

    [link] = await look(authors[0].api, "links", "TrendsLink")
    assert (link["url"], link["title"], link["history"][0]["accounts"]) == (address, "Page", "3")
    path = "/api/v1/timelines/link"
    answer = await authors[1].api.get(path, params={"url": address, "limit": 2})
    found = entities(answer, "Status")
    assert [one["account"]["id"] for one in found] == [authors[2].id, authors[1].id]
    rest = entities(await authors[1].api.get(answer.links["next"]["url"]), "Status")
    assert [one["account"]["id"] for one in rest] == [authors[0].id]
    for unknown in (other, f"{site.url}/nothing"):
        assert success(await authors[0].api.get(path, params={"url": unknown})) == []
    assert "url" in refusal(await authors[0].api.get(path), 422)


@pytest.mark.parametrize("kind", ["tags", "statuses", "links"])
async def test_an_empty_node_has_no_trends(working: WorkingServer, kind: str) -> None:
    """An empty list, for everybody."""
    assert success(await working.server.anonymous.get(f"/api/v1/trends/{kind}")) == []
