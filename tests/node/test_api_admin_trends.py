"""Trends and hashtags in the hands of moderators, over the admin API: what is rejected is gone for everybody."""

from typing import Any, Final

from fedorg.services import auditing
from tests.node.serving import Member
from tests.node.talking import NOBODYS_ID, WorkingServer, entities, entity, post, refusal, success
from tests.node.test_api_admin_accounts import staff
from tests.node.test_api_cards import Site, serve_site, site
from tests.node.test_api_trends import crowd, look, names, rank

__all__ = ["serve_site", "site"]

TRENDS: Final = "/api/v1/admin/trends"
TAGS: Final = "/api/v1/admin/tags"


async def listed(by: Member, path: str) -> list[Any]:
    return entities(
        await by.api.get(f"{TRENDS}/{path}"), {"statuses": "Status", "links": "TrendsLink"}.get(path, "Tag")
    )


async def judge(by: Member, path: str, one: Any, verb: str) -> Any:  # noqa: ANN401 - JSON
    return success(await by.api.post(f"{TRENDS}/{path}/{one['id']}/{verb}"))


async def tag_named(by: Member, name: str) -> Any:  # noqa: ANN401 - JSON
    (found,) = [one for one in success(await by.api.get(TAGS)) if one["name"] == name]
    return found


async def change(by: Member, tag: Any, **fields: object) -> Any:  # noqa: ANN401 - JSON
    changed = entity(await by.api.put(f"{TAGS}/{tag['id']}", json=fields), "Tag")
    assert entity(await by.api.get(f"{TAGS}/{tag['id']}"), "AdminTag") == changed
    return changed


async def said(working: WorkingServer, action: str) -> list[tuple[str, str, str | None]]:
    lines = await auditing.list_lines(working.server.node, action=action)
    return [(line.action, line.target, line.by) for line in reversed(lines)]


async def test_what_is_rejected_leaves_the_trends(working: WorkingServer, site: Site) -> None:
    """Everything trends unseen; rejected it is gone for all at once and stays so, approved it is back."""
    mod, authors = await staff(working, "mod"), await crowd(working)
    address = site.put("/page", "<title>Page</title>")
    success(await authors[0].api.patch("/api/v1/accounts/update_credentials", data={"discoverable": "true"}))
    liked = await post(authors[0], f"#news {address}")
    await post(authors[1], f"#news {address}")
    for fan in authors[1:]:
        success(await fan.api.post(f"/api/v1/statuses/{liked['id']}/favourite"))
    await rank(working)
    reader, visitor = authors[2].api, working.server.anonymous
    schemas = {"tags": "Tag", "statuses": "Status", "links": "TrendsLink"}

    for kind, schema in schemas.items():
        (one,) = await listed(mod, kind)
        assert one["requires_review"] is True
        rejected = await judge(mod, kind, one, "reject")
        assert rejected["requires_review"] is False
        for asker in (reader, visitor):
            assert await look(asker, kind, schema) == []
        await rank(working)
        assert await look(reader, kind, schema) == []
        assert await listed(mod, kind) == [rejected]
    timeline = {"url": address}
    assert success(await reader.get("/api/v1/timelines/link", params=timeline)) == []
    for kind, schema in schemas.items():
        (one,) = await listed(mod, kind)
        await judge(mod, kind, one, "approve")
        assert len(await look(visitor, kind, schema)) == 1
    assert len(success(await reader.get("/api/v1/timelines/link", params=timeline))) == 2
    assert await said(working, "trend.") == [
        (f"trend.{verdict}", target, "mod")
        for verdict in ("rejected", "approved")
        for target in ("#news", liked["uri"], address)
    ]


async def test_all_links_of_a_site_are_rejected_at_once(working: WorkingServer, site: Site) -> None:
    """But for those that somebody approved by themselves."""
    mod, authors = await staff(working, "mod"), await crowd(working)
    one, other = site.put("/one", "<title>One</title>"), site.put("/other", "<title>Other</title>")
    for author in authors[:2]:
        await post(author, one)
        await post(author, other)
    await rank(working)
    (publisher,) = success(await mod.api.get(f"{TRENDS}/links/publishers"))
    assert (publisher["trendable"], publisher["reviewed_at"], publisher["requires_review"]) == (True, None, True)

    away = await judge(mod, "links/publishers", publisher, "reject")

    assert (away["domain"], away["trendable"], away["requires_review"]) == (publisher["domain"], False, False)
    assert away["reviewed_at"] is not None
    assert await look(authors[0].api, "links", "TrendsLink") == []
    links = await listed(mod, "links")
    assert [link["requires_review"] for link in links] == [False, False]
    (kept,) = [link for link in links if link["url"] == one]
    await judge(mod, "links", kept, "approve")
    assert [link["url"] for link in await look(authors[0].api, "links", "TrendsLink")] == [one]
    await judge(mod, "links/publishers", publisher, "approve")
    assert len(await look(authors[0].api, "links", "TrendsLink")) == 2
    assert [target for _, target, _ in await said(working, "trend.")] == [publisher["domain"], one, publisher["domain"]]


async def test_a_hashtag_is_kept_from_trends_search_and_use(working: WorkingServer) -> None:
    """Each by its own switch: what is not listable is not found, what is not usable is refused in new texts."""
    mod, (anna, bert, _) = await staff(working, "mod"), await crowd(working)
    old = await post(anna, "#Rude words")
    await post(bert, "#rude words")
    await rank(working)
    rude = await tag_named(mod, "rude")
    assert [rude[one] for one in ("trendable", "listable", "usable", "requires_review")] == [True] * 4

    async def found() -> list[str]:
        answer = await anna.api.get("/api/v2/search", params={"q": "#rud", "type": "hashtags"})
        return [tag["name"] for tag in success(answer)["hashtags"]]

    assert (await found(), await names(anna.api)) == (["rude"], ["rude"])
    assert (await change(mod, rude, trendable=False))["requires_review"] is False
    assert (await found(), await names(anna.api)) == (["rude"], [])
    assert (await change(mod, rude, trendable=True, listable=False))["listable"] is False
    assert (await found(), await names(anna.api)) == ([], ["rude"])

    await change(mod, rude, usable=False, listable=True)

    assert await names(anna.api) == []
    refused = await anna.api.post("/api/v1/statuses", json={"status": "So #RUDE"})
    assert refusal(refused, 422) == "Validation failed: Text contained a disallowed hashtag: rude"
    fine = await post(bert, "Nothing to see")
    edited = {"status": "Now #rude"}
    assert refusal(await bert.api.put(f"/api/v1/statuses/{fine['id']}", json=edited), 422)
    assert success(await anna.api.put(f"/api/v1/statuses/{old['id']}", json={"status": "#Rude again"}))["edited_at"]
    await change(mod, rude, usable=True, display_name="RUDE")
    sent = await working.server.anonymous.get(
        (await post(bert, "#rude"))["uri"], headers={"Accept": "application/activity+json"}
    )
    assert [one["name"] for one in sent.json()["tag"]] == ["#RUDE"]
    misnamed = await mod.api.put(f"{TAGS}/{rude['id']}", json={"display_name": "kind"})
    assert refusal(misnamed, 422) == "Validation failed: Display name does not match the previous name"
    assert await said(working, "tag.") == [("tag.updated", "#rude", "mod")] * 4


async def test_reviewers_learn_of_nothing_that_is_not_public(working: WorkingServer) -> None:
    """Hashtags and statuses of narrower circles are not there for those who look after the node either."""
    mod, (anna, bert, _) = await staff(working, "mod"), await crowd(working)
    hidden = await post(anna, f"@{bert.user.username} #secret", visibility="direct")
    boosted = success(await bert.api.post(f"/api/v1/statuses/{(await post(anna, '#open'))['id']}/reblog"))
    secret = success(await bert.api.post("/api/v1/tags/secret/follow"))["id"]
    await rank(working)

    (open_tag,) = success(await mod.api.get(TAGS))

    assert open_tag["name"] == "open"
    for number in (secret, str(NOBODYS_ID)):
        assert refusal(await mod.api.get(f"{TAGS}/{number}"), 404)
        assert refusal(await mod.api.put(f"{TAGS}/{number}", json={"usable": False}), 404)
        assert refusal(await mod.api.post(f"{TRENDS}/tags/{number}/reject"), 404)
    for number in (hidden["id"], boosted["id"], str(NOBODYS_ID)):
        for path in ("statuses", "links", "links/publishers"):
            assert refusal(await mod.api.post(f"{TRENDS}/{path}/{number}/approve"), 404)
    assert await said(working, "trend.") == []
