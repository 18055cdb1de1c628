"""Timelines over the client API: what stands on them, for whom, and how one turns their pages."""

from datetime import timedelta

import pytest

from fedorg.store import timelines
from tests.node.serving import Member
from tests.node.talking import WorkingServer, contents, entities, follow, links, post, refusal, success, upload


async def read(member: Member, path: str, **params: str) -> list[str]:
    return contents(entities(await member.api.get(f"/api/v1/{path}", params=params), "Status"))


async def test_home_shows_those_one_follows_and_oneself(working: WorkingServer) -> None:
    """What somebody posts is on their own home at once, and on their followers' homes; not on those of others."""
    anna, bert, carl = [await working.person(name) for name in ("anna", "bert", "carl")]
    await follow(bert, anna)
    await post(anna, "Morning")
    assert await read(anna, "timelines/home") == ["Morning"]

    await working.settle()

    assert await read(bert, "timelines/home") == ["Morning"]
    assert await read(carl, "timelines/home") == []


async def test_a_follow_without_boosts_and_a_mute_keep_things_away(working: WorkingServer) -> None:
    """Boosts are left out where the follower says so; a muted account is on no timeline."""
    anna, bert, carl = [await working.person(name) for name in ("anna", "bert", "carl")]
    await follow(carl, anna, reblogs=False)
    made = await post(bert, "By Bert")
    await anna.api.post(f"/api/v1/statuses/{made['id']}/reblog")
    await post(anna, "By Anna")
    await working.settle()
    assert await read(carl, "timelines/home") == ["By Anna"]

    await carl.api.post(f"/api/v1/accounts/{bert.id}/mute")

    assert await read(carl, "timelines/public") == ["By Anna"]


async def test_visitors_see_reach_public_only(working: WorkingServer) -> None:
    """S60: without a token the public timelines show what was meant for the whole world, and nothing narrower."""
    anna, bert = await working.person("anna"), await working.person("bert")
    for reach in ("public", "partners", "organisation", "node"):
        await post(anna, f"For {reach} #news", reach=reach)
    await post(anna, "Unlisted #news", visibility="unlisted")
    await post(anna, "Private #news", visibility="private")
    visitor = working.server.anonymous

    for path in ("timelines/public", "timelines/tag/news"):
        shown = entities(await visitor.get(f"/api/v1/{path}"), "Status")
        assert [status["reach"] for status in shown] == ["public"], path
        assert "favourited" not in shown[0]
        assert len(await read(bert, path)) == 4
    account = f"/api/v1/accounts/{anna.id}/statuses"
    assert len(entities(await visitor.get(account), "Status")) == 2
    assert len(entities(await bert.api.get(account), "Status")) == 5


async def test_public_timelines_are_narrowed_as_asked(working: WorkingServer) -> None:
    """``only_media``, ``local`` and ``remote`` each leave out what is not asked for."""
    anna = await working.person("anna")
    await post(anna, "Words")
    await post(anna, "Picture", media_ids=[(await upload(anna))["id"]])
    await post(anna, "Pictures", media_ids=[(await upload(anna))["id"] for _ in range(2)])
    pictures = ["Pictures", "Picture"]

    assert await read(anna, "timelines/public", only_media="true") == pictures
    assert await read(anna, "timelines/public", only_media="true", local="true") == pictures
    assert await read(anna, "timelines/public", only_media="true", min_id="0", limit="1") == ["Picture"]
    assert await read(anna, "timelines/public", local="true") == [*pictures, "Words"]
    for only_media in ("true", "false"):
        assert await read(anna, "timelines/public", only_media=only_media, remote="true") == []


async def test_hashtags_are_combined(working: WorkingServer) -> None:
    """``any``, ``all`` and ``none`` add, require and leave out further hashtags, in any spelling."""
    anna = await working.person("anna")
    for words in ("#tea", "#tea #milk", "#coffee"):
        await post(anna, words)

    async def count(**params: str) -> int:
        answer = await anna.api.get("/api/v1/timelines/tag/TEA", params=params)
        return len(entities(answer, "Status"))

    assert await count() == 2
    assert await count(**{"any[]": "Coffee"}) == 3
    assert await count(**{"all[]": "milk"}) == 1
    assert await count(**{"none[]": "milk"}) == 1


async def test_what_is_rare_under_a_hashtag_is_looked_for_so_far(
    working: WorkingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page looks through the next few, from where it begins and in its direction; the hashtag alone has no end."""
    monkeypatch.setattr(timelines, "LOOKED_THROUGH_MAX", 2)
    anna = await working.person("anna")
    posted = [
        await post(anna, words) for words in ("#tea #milk", "#milk #a", "#milk #b", "#tea #c", "#tea #d", "#tea #e")
    ]
    both = [contents([posted[0]])[0]]

    async def found(**params: str) -> list[str]:
        return await read(anna, "timelines/tag/tea", **params)

    async def with_milk(**params: str) -> list[str]:
        return await found(**{"all[]": "milk"}, **params)

    assert len(await found()) == 4
    assert await with_milk() == await found(**{"none[]": "tea"}) == await found(only_media="true") == []
    assert await with_milk(max_id=posted[4]["id"]) == both
    assert await with_milk(min_id="0") == both
    assert await with_milk(min_id=posted[0]["id"]) == []
    assert len(await found(local="true")) == 2
    assert await found(**{"all[]": "nothing"}) == []
    await post(anna, "#rare #tea")
    assert len(await found(**{"all[]": "rare"})) == 1


async def test_statuses_of_an_account_are_narrowed_as_asked(working: WorkingServer) -> None:
    """Replies, boosts and what has no media are left out on demand; nothing is pinned."""
    anna, bert = await working.person("anna"), await working.person("bert")
    theirs = await post(bert, "By Bert")
    await post(anna, "Own #topic", media_ids=[(await upload(anna))["id"]])
    await post(anna, "Reply", in_reply_to_id=theirs["id"])
    await anna.api.post(f"/api/v1/statuses/{theirs['id']}/reblog")
    path = f"accounts/{anna.id}/statuses"

    assert len(await read(bert, path)) == 3
    (own,) = await read(bert, path, exclude_replies="true", exclude_reblogs="true")
    assert own.startswith("Own ")
    assert len(await read(bert, path, exclude_reblogs="true")) == 2
    assert await read(bert, path, only_media="true") == [own]
    assert await read(bert, f"accounts/{bert.id}/statuses", only_media="true") == []
    for only_media in ("true", "false"):
        assert len(await read(bert, path, tagged="Topic", only_media=only_media)) == 1
        assert await read(bert, path, pinned="true", only_media=only_media) == []
    for params in ({}, {"pinned": "true"}):
        assert refusal(await bert.api.get("/api/v1/accounts/999/statuses", params=params), 404) == "Record not found"


@pytest.mark.parametrize(
    "path",
    ["timelines/home", "timelines/public", "timelines/tag/page", "favourites", "bookmarks", "accounts/{}/statuses"],
)
async def test_links_lead_through_every_page_once(working: WorkingServer, path: str) -> None:
    """Following ``next`` shows every status once, newest first; ``prev`` shows what came since; parameters stay."""
    anna = await working.person("anna")
    for number in range(5):
        made = await post(anna, f"{number} #page")
        for act in ("favourite", "bookmark"):
            await anna.api.post(f"/api/v1/statuses/{made['id']}/{act}")
    await working.settle()

    seen: list[str] = []
    page = await anna.api.get(f"/api/v1/{path.format(anna.id)}", params={"limit": "2"})
    first = page
    while found := entities(page, "Status"):
        assert len(found) <= 2
        assert "limit=2" in links(page)["next"]
        seen += [status["content"][3] for status in found]
        page = await anna.api.get(links(page)["next"])
    assert seen == ["4", "3", "2", "1", "0"]
    assert page.headers.get("Link") is None

    made = await post(anna, "5 #page")
    for act in ("favourite", "bookmark"):
        await anna.api.post(f"/api/v1/statuses/{made['id']}/{act}")
    fresh = entities(await anna.api.get(links(first)["prev"]), "Status")
    assert [status["content"][3] for status in fresh] == ["5"]


async def test_pages_keep_to_their_limits(working: WorkingServer) -> None:
    """A page holds 20 statuses unless told otherwise, and never more than 40; cursors that are no numbers are 422."""
    anna = await working.person("anna")
    for number in range(41):
        await post(anna, str(number))

    assert len(await read(anna, "timelines/public")) == 20
    assert len(await read(anna, "timelines/public", limit="1000")) == 40
    assert len(await read(anna, "timelines/public", limit="0")) == 1
    for params in ({"max_id": "x"}, {"limit": "many"}, {"min_id": "9" * 30}):
        assert refusal(await anna.api.get("/api/v1/timelines/public", params=params), 422)


async def test_lists_of_what_one_liked_are_ones_own(working: WorkingServer) -> None:
    """Favourites and bookmarks show what the viewer did, and vanish with the status."""
    anna, bert = await working.person("anna"), await working.person("bert")
    made = await post(anna, "Good")
    for act in ("favourite", "bookmark"):
        await bert.api.post(f"/api/v1/statuses/{made['id']}/{act}")

    for path in ("favourites", "bookmarks"):
        assert await read(bert, path) == ["Good"]
        assert await read(anna, path) == []
    await anna.api.delete(f"/api/v1/statuses/{made['id']}")
    for path in ("favourites", "bookmarks"):
        assert await read(bert, path) == []


async def test_what_one_member_chose_is_nothing_to_another(working: WorkingServer) -> None:
    """Mutes, filters, exclusive lists and how far one has read are their owner's, and nobody else learns of them.

    Nor does a mute of somebody else, or one that has ended, keep anything away.
    """
    anna, bert, carl = [await working.person(name) for name in ("anna", "bert", "carl")]
    for reader in (anna, bert):
        await follow(reader, carl)
    words = {"title": "Mine", "context": ["home", "public"], "keywords_attributes": [{"keyword": "kite"}]}
    success(await bert.api.post("/api/v2/filters", json=words))
    made = success(await bert.api.post("/api/v1/lists", json={"title": "Mine", "exclusive": True}))
    success(await bert.api.post(f"/api/v1/lists/{made['id']}/accounts", json={"account_ids": [carl.id]}))
    success(await bert.api.post(f"/api/v1/accounts/{carl.id}/mute"))
    success(await anna.api.post(f"/api/v1/accounts/{bert.id}/mute"))
    success(await anna.api.post(f"/api/v1/accounts/{carl.id}/mute", data={"duration": "60"}))
    working.server.clock.advance(timedelta(seconds=61))
    for reader, read in ((anna, {"home": "5"}), (anna, {"notifications": "6"}), (bert, {"home": "7"})):
        places = {name: {"last_read_id": number} for name, number in read.items()}
        success(await reader.api.post("/api/v1/markers", json=places))

    status = await post(carl, "A kite in the #sky")
    await working.settle()

    for path in ("home", "public", "tag/sky"):
        (seen,) = entities(await anna.api.get(f"/api/v1/timelines/{path}"), "Status")
        assert (seen["id"], seen["filtered"]) == (status["id"], []), path
        assert entities(await bert.api.get(f"/api/v1/timelines/{path}"), "Status") == [], path
    marked = success(await anna.api.get("/api/v1/markers", params={"timeline[]": ["home", "notifications"]}))
    assert {name: one["last_read_id"] for name, one in marked.items()} == {"home": "5", "notifications": "6"}
