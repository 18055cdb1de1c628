"""Searching for what statuses say, over the client API: who finds what, operators, pages, and what is no query."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from html import unescape
from typing import Any

import pytest

from fedorg.activitypub import discovery
from fedorg.domain.accounts import UserRole
from fedorg.domain.jobs import IndexStatuses
from fedorg.errors import BadRequest, NotFound
from fedorg.ids import AccountId
from fedorg.services import departures
from fedorg.services.statuses import indexing
from fedorg.store import accounts, jobs, search_index
from fedorg.store.tables import search_documents
from tests.contract import assert_valid
from tests.node.serving import EVERYTHING, Member, NodeServer
from tests.node.talking import WorkingServer, contents, follow, post, refusal, success, upload
from tests.node.world import World


async def found(viewer: Member, query: str, **params: object) -> list[str]:
    """What the statuses found say."""
    return [unescape(one) for one in contents(await search(viewer, query, **params))]


async def search(viewer: Member, query: str, **params: object) -> list[Any]:
    asked = {"q": query, "type": "statuses", **{name: str(value) for name, value in params.items()}}
    answer = success(await viewer.api.get("/api/v2/search", params=asked))
    assert_valid(answer, "Search")
    assert answer["accounts"] == answer["hashtags"] == []
    return list(answer["statuses"])


async def want_to_be_found(*members: Member) -> None:
    for member in members:
        success(await member.api.patch("/api/v1/accounts/update_credentials", data={"indexable": "true"}))


async def test_one_finds_what_one_wrote_and_had_to_do_with(working: WorkingServer) -> None:
    """Own statuses of every visibility, and those one was named in, favourited, boosted, bookmarked or voted in."""
    anna, bert = await working.person("anna"), await working.person("bert")
    await post(anna, "own zeppelin", visibility="private")
    await post(bert, "@anna zeppelin", visibility="direct")
    others = [await post(bert, f"{what} zeppelin") for what in ("favourite", "reblog", "bookmark", "none")]
    for status, action in zip(others, ("favourite", "reblog", "bookmark"), strict=False):
        success(await anna.api.post(f"/api/v1/statuses/{status['id']}/{action}"))
    asked = await post(bert, "vote zeppelin", poll={"options": ["yes", "no"], "expires_in": 3600})
    success(await anna.api.post(f"/api/v1/polls/{asked['poll']['id']}/votes", json={"choices": [0]}))

    texts = await found(anna, "zeppelin")

    assert [one.rpartition("</span> ")[2].removesuffix(" zeppelin") for one in texts] == [
        "vote", "bookmark", "reblog", "favourite", "zeppelin", "own",
    ]  # fmt: skip
    assert await found(bert, "own zeppelin") == []


async def test_public_statuses_are_found_of_those_who_want_it(working: WorkingServer) -> None:
    """As ``indexable`` says today; never what is not public, nor of those one shut out."""
    anna, bert, cora = [await working.person(name) for name in ("anna", "bert", "cora")]
    for visibility in ("public", "unlisted", "private"):
        await post(bert, f"airship {visibility}", visibility=visibility)
    await follow(anna, bert)

    assert await found(anna, "airship") == []
    await want_to_be_found(bert)
    assert await found(anna, "airship") == ["airship public"]
    assert await found(anna, "airship in:library") == []
    assert await found(bert, "airship in:public") == ["airship public"]
    assert len(await found(bert, "airship in:library")) == 3
    success(await anna.api.post(f"/api/v1/accounts/{bert.id}/mute"))
    success(await bert.api.post(f"/api/v1/accounts/{cora.id}/block"))

    assert await found(anna, "airship") == await found(cora, "airship") == []


async def test_words_are_found_in_any_script_and_spelling(working: WorkingServer) -> None:
    """Case, accents and compatibility forms do not count; phrases in quotes and scripts without spaces keep order."""
    anna = await working.person("anna")
    for text in ("Größe ÉCOLE ﬁne", "東京都の会議", "हिन्दी भाषा", "привет, Мир", "one two three", "don't stop"):
        await post(anna, text)

    for query, expected in {
        "GRÖSSE ecole": "Größe ÉCOLE ﬁne",
        "fine": "Größe ÉCOLE ﬁne",
        "京都": "東京都の会議",
        "会議": "東京都の会議",
        "हिन्दी": "हिन्दी भाषा",
        "МИР": "привет, Мир",
        '"one two"': "one two three",
        "three one": "one two three",
        "don't": "don't stop",
    }.items():
        assert await found(anna, query) == [expected], query
    for query in ('"two one"', "都京", "हन", "wo", "one four"):
        assert await found(anna, query) == [], query


async def test_operators_narrow_what_is_found(working: WorkingServer) -> None:
    """Author, time, properties, place and language, each also with a minus; a date must be one."""
    anna, bert = await working.person("anna"), await working.person("bert")
    await want_to_be_found(bert)
    picture = await upload(anna, description="A lighthouse at dusk")
    first = await post(anna, "kite plain", language="en")
    await post(anna, "kite picture", media_ids=[picture["id"]], language="de")
    await post(anna, "kite poll", poll={"options": ["wind", "calm"], "expires_in": 3600}, spoiler_text="weather")
    await post(anna, "kite reply", in_reply_to_id=first["id"])
    await post(anna, "#beach")
    await post(bert, "kite #sky")
    today = working.server.clock().date().isoformat()

    for query, expected in {
        "kite from:me -is:reply -has:media": ["kite poll", "kite plain"],
        "kite from:@bert": 1,
        "kite from:bert@nowhere.example": 0,
        "kite -from:anna": 1,
        "has:image": ["kite picture"],
        "has:media kite": ["kite picture"],
        "has:video": 0,
        "has:poll": ["kite poll"],
        "is:reply": ["kite reply"],
        "is:sensitive": ["kite poll"],
        "kite language:de": ["kite picture"],
        "lighthouse": ["kite picture"],
        "calm": ["kite poll"],
        "WEATHER": ["kite poll"],
        "#sky": 1,
        "kite #sky": 1,
        "kite #beach": 0,
        "kite -#sky -picture": ["kite reply", "kite poll", "kite plain"],
        f"kite during:{today}": 5,
        f"kite before:{today}": 0,
        f"kite after:{today}": 0,
        "kite after:2020-01-01": 5,
        "has:nothing": 0,
    }.items():
        texts = await found(anna, query)
        assert texts == expected if isinstance(expected, list) else len(texts) == expected, (query, texts)
    for wrong in ("before:yesterday", "during:2024-13-01", "after:9999-12-31"):
        answer = await anna.api.get("/api/v2/search", params={"q": wrong, "type": "statuses"})
        assert "Invalid date" in refusal(answer, 422)


async def test_what_is_rare_among_much_is_looked_for_so_far(
    working: WorkingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The newest, or from where the query begins; all of an author, of a kind, and of what one had to do with."""
    monkeypatch.setattr(search_index, "LOOKED_THROUGH_FIRST", 1)
    monkeypatch.setattr(search_index, "LOOKED_THROUGH_MAX", 2)
    anna, bert = await working.person("anna"), await working.person("bert")
    for one in (anna, bert):
        await want_to_be_found(one)
    picture = await upload(anna)
    old = await post(anna, "gull rare #tern", media_ids=[picture["id"]], language="de")
    await post(anna, "gull by anna")
    newer = [await post(bert, f"gull {number}") for number in range(4)]

    async def told(viewer: Member, query: str, **params: object) -> list[str]:
        return [one.partition(" <")[0] for one in await found(viewer, query, **params)]

    is_bounded = working.server.node.db.dialect == "sqlite"

    assert len(await told(anna, "gull", limit=3)) == (2 if is_bounded else 3)
    assert await told(bert, "gull language:de") == ([] if is_bounded else ["gull rare"])
    assert await told(bert, "gull language:de", max_id=newer[0]["id"]) == ["gull rare"]
    assert await told(bert, "language:de") == []
    for complete in (
        "gull from:anna has:media",
        "from:anna has:media",
        "has:media",
        "#tern",
        "gull rare",
        "rare -bert",
    ):
        assert await told(bert, complete) == ["gull rare"], complete
    assert await told(bert, "gull", account_id=anna.id) == ["gull by anna", "gull rare"]
    assert await told(bert, "gull", account_id=anna.id, limit=1, offset=1) == ["gull rare"]
    success(await bert.api.post(f"/api/v1/statuses/{old['id']}/bookmark"))
    assert "gull rare" in await told(bert, "gull in:library", limit=9)
    assert await told(bert, "in:library has:media -by") == ["gull rare"]


@pytest.mark.parametrize(
    "query",
    [
        '"', '""', "'", "-", "+", "*", "kite*", "body:kite", 'kite" OR "a', "NEAR(kite)", "^kite", "kite' --", "a AND",
        "{body} : kite", "kite & !", "kite:*", "%", "from:", "has:", "in:", "🪁", "\\", "()", "from:'; --",
    ],
)  # fmt: skip
async def test_what_is_typed_is_never_syntax(working: WorkingServer, query: str) -> None:
    """Whatever is typed is words or an operator: nothing else is found by it and nothing breaks (S41)."""
    anna = await working.person("anna")
    await post(anna, "a secret of mine")

    texts = await found(anna, query)

    assert texts in ([], ["a secret of mine"])
    assert not texts or query == "a AND"


async def test_pages_go_on_and_an_author_can_be_asked_for(working: WorkingServer) -> None:
    """By limit and offset, max_id and min_id, account_id."""
    anna, bert = await working.person("anna"), await working.person("bert")
    await want_to_be_found(bert)
    posted = [await post(anna, f"page {number}") for number in range(3)]
    await post(bert, "page of bert")

    assert await found(anna, "page", limit=2) == ["page of bert", "page 2"]
    assert await found(anna, "page", limit=2, offset=2) == ["page 1", "page 0"]
    assert await found(anna, "page", account_id=anna.id, max_id=posted[2]["id"]) == ["page 1", "page 0"]
    assert await found(anna, "page", account_id=anna.id, min_id=posted[1]["id"]) == ["page 2"]
    assert await found(anna, "page", account_id=bert.id) == ["page of bert"]


async def test_what_is_edited_is_found_by_its_new_words_and_what_is_deleted_no_more(working: WorkingServer) -> None:
    """The index changes with the status, in the same transaction."""
    anna = await working.person("anna")
    status = await post(anna, "first wording")
    success(await anna.api.put(f"/api/v1/statuses/{status['id']}", json={"status": "second wording"}))

    assert await found(anna, "first") == []
    assert await found(anna, "second") == ["second wording"]
    success(await anna.api.delete(f"/api/v1/statuses/{status['id']}"))

    assert await found(anna, "wording") == []
    left = await working.server.node.read(lambda conn: conn.execute(search_documents.select()).all())
    assert left == []


async def test_what_was_here_before_the_index_is_filled_in(
    working: WorkingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A job walks all statuses in chunks and goes on where it was."""
    anna, node = await working.person("anna"), working.server.node
    for number in range(5):
        await post(anna, f"old {number}")
    await working.settle()
    await node.write(lambda conn: conn.execute(search_documents.delete()))
    assert await found(anna, "old") == []
    monkeypatch.setattr(indexing, "CHUNK", 2)

    await node.write(jobs.enqueue, node.ids, node.now(), IndexStatuses())
    await working.settle()

    assert len(await found(anna, "old")) == 5


async def test_whoever_one_blocks_is_found_by_the_whole_handle(working: WorkingServer) -> None:
    """To unblock them; not by the beginning of it, and they do not find who blocks them."""
    anna, bert = await working.person("anna"), await working.person("bert")
    success(await anna.api.post(f"/api/v1/accounts/{bert.id}/block"))

    async def accounts(by: Member, query: str) -> list[str]:
        answer = await by.api.get("/api/v2/search", params={"q": query, "type": "accounts", "resolve": "true"})
        return [one["acct"] for one in success(answer)["accounts"]]

    assert await accounts(anna, "bert") == await accounts(anna, "@Bert") == ["bert"]
    assert await accounts(anna, "ber") == []
    assert await accounts(bert, "anna") == []


async def test_people_are_found_by_their_handle_where_the_node_is_tried_out(
    serve: Callable[..., Awaitable[NodeServer]],
) -> None:
    """As ``make run`` starts it: on localhost, with a port, and with other servers only where they are public."""
    server = await serve(insecure_loopback=False)
    anna, bert = await server.person("anna"), await server.person("bert")
    handle = f"bert@{server.node.settings.domain}"

    webfinger = await server.anonymous.get("/.well-known/webfinger", params={"resource": f"acct:{handle}"})
    assert webfinger.json()["subject"] == f"acct:{handle}"
    for query in (handle, f"@{handle}", handle.upper()):
        answer = await anna.api.get("/api/v2/search", params={"q": query, "type": "accounts", "resolve": "true"})
        assert [one["id"] for one in success(answer)["accounts"]] == [str(bert.id)]
    for query in (f"{server.url}/@bert", f"{server.url}/users/bert"):
        answer = await anna.api.get("/api/v2/search", params={"q": query, "type": "accounts", "resolve": "true"})
        assert [one["id"] for one in success(answer)["accounts"]] == [str(bert.id)], query
    elsewhere = await server.anonymous.get("/.well-known/webfinger", params={"resource": "acct:bert@localhost:1"})
    assert elsewhere.status_code == 400


async def test_whoever_is_named_in_full_is_found_unless_they_are_gone(working: WorkingServer) -> None:
    """Not who was suspended or has left; with ``following`` only whom one follows. Who blocks one is, by the handle."""
    anna, bert = await working.person("anna"), await working.person("bert")
    chief = await working.person("chief", scopes=f"{EVERYTHING} admin:write", role=UserRole.ADMIN)
    node = working.server.node

    async def found(by: Member, who: Member, **more: str) -> list[str]:
        handle = f"@{who.user.username}@{node.settings.domain}"
        asked = {"q": handle, "type": "accounts", "resolve": "true", **more}
        return [one["id"] for one in success(await by.api.get("/api/v2/search", params=asked))["accounts"]]

    assert await found(anna, bert) == [bert.id]
    assert await found(anna, bert, following="true") == []
    await follow(anna, bert)
    assert await found(anna, bert, following="true") == [bert.id]
    success(await bert.api.post(f"/api/v1/accounts/{anna.id}/block"))
    assert await found(anna, bert) == [bert.id]
    assert await found(bert, anna) == [anna.id]
    left = await working.person("carl")
    await departures.delete_member(node, "carl")
    assert await found(bert, left) == []
    action = await chief.api.post(f"/api/v1/admin/accounts/{anna.id}/action", json={"type": "suspend"})
    assert action.is_success, action.text
    assert await found(bert, anna) == []


@pytest.mark.parametrize("resource", ["acct:an\0na@{domain}", "{url}/@an\0na", "\0"])
async def test_what_is_no_text_names_nobody(node_server: NodeServer, resource: str) -> None:
    """WebFinger refuses it as any other parameter is refused; an engine would."""
    asked = resource.format(domain=node_server.node.settings.domain, url=node_server.url)
    answer = await node_server.anonymous.get("/.well-known/webfinger", params={"resource": asked})

    assert answer.status_code == 400
    for path in ("/@an%00na", "/users/an%00na", "/tags/an%00na"):
        assert (await node_server.anonymous.get(path)).status_code == 404


async def test_pages_refuse_what_is_no_text(node_server: NodeServer) -> None:
    """In what is asked for as well as in forms."""
    await node_server.person("anna")
    browser = await node_server.browser()
    assert (await browser.open("/auth/sign_in?next=%00")).status_code == 400
    assert (await browser.sign_in("an\0na")).status_code == 400
    assert (await browser.sign_in("anna")).status_code == 303
    assert (await browser.open("/people", params={"q": "an\0na"})).status_code == 400


async def test_webfinger_vouches_for_nobody_elsewhere(world: World) -> None:
    """Not by the handle of theirs as a name of ours, nor by the identity that stands in its place when that is lost."""
    first = await world.remote("anna", "evil.example")
    heir = replace(first, id=AccountId(world.node.ids.next()), uri=f"{first.uri}2", url=f"{first.url}2")
    await world.node.write(accounts.record_remote, heir, ())

    for resource in (
        f"acct:{first.uri}@{world.node.settings.domain}",
        f"{world.node.uris.base}/@{first.uri}",
        f"{world.node.uris.base}/@anna@evil.example",
    ):
        with pytest.raises((NotFound, BadRequest)):
            await discovery.webfinger(world.node, resource)
