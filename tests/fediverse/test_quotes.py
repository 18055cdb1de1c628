"""Quotes between two real nodes: asked for, allowed, shown on both, refused and taken back (FEP-044f)."""

from itertools import count
from typing import Any

import pytest

from tests.fediverse.conftest import Fediverse
from tests.fediverse.nodes import Member, wait_for

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBERS = count(1)
DOCUMENT = {"Accept": "application/activity+json"}


def unique(words: str) -> str:
    """Words that stand in no other status of this run."""
    return f"{words} no {next(NUMBERS)}."


async def post(author: Member, words: str, **more: str) -> dict[str, Any]:
    status: dict[str, Any] = await author.post("/api/v1/statuses", {"status": words, **more})
    return status


async def found(reader: Member, uri: str) -> dict[str, Any]:
    """A status of another node as a member finds it by its address."""
    answer = await reader.get("/api/v2/search", {"q": uri, "type": "statuses", "resolve": "true"})
    (status,) = answer["statuses"]
    return dict(status)


async def quote(author: Member, quoted: dict[str, Any], **more: str) -> dict[str, Any]:
    """Quote a status of the other node."""
    here = await found(author, quoted["uri"])
    return await post(author, unique("I quote"), quoted_status_id=here["id"], **more)


async def shows(reader: Member, status_id: str, state: str) -> dict[str, Any]:
    """The quote in a status, once it stands like that."""

    async def look() -> dict[str, Any] | None:
        shown = (await reader.get(f"/api/v1/statuses/{status_id}"))["quote"]
        return shown if shown["state"] == state else None

    return await wait_for(look, f"a quote to be {state} for {reader.handle}")


async def listed(author: Member, status: dict[str, Any], number: int) -> list[dict[str, Any]]:
    """The quotes of a status, once there are so many."""

    async def look() -> list[dict[str, Any]] | None:
        quotes: list[dict[str, Any]] = await author.get(f"/api/v1/statuses/{status['id']}/quotes")
        return quotes if len(quotes) == number else None

    return await wait_for(look, f"{number} quotes of a status of {author.handle}")


async def test_a_quote_is_allowed_shown_on_both_nodes_and_taken_back(fediverse: Fediverse) -> None:
    """Bob quotes Alice: it waits, is allowed, seen by everybody on both nodes, and gone everywhere when she says so."""
    alice, anton, bob, bella = fediverse.alice, fediverse.anton, fediverse.bob, fediverse.bella
    idea = unique("Alice's idea").replace("'", "")
    original = await post(alice, idea)
    await alice.follow(bob)
    await bella.follow(bob)

    made = await quote(bob, original)

    shown = await shows(bella, made["id"], "accepted")
    assert idea in shown["quoted_status"]["content"]
    (of_bob,) = await listed(alice, original, 1)
    assert of_bob["uri"] == made["uri"]
    assert (await shows(anton, of_bob["id"], "accepted"))["quoted_status"]["id"] == original["id"]
    (told,) = await alice.get("/api/v1/notifications", {"types[]": "quote"})
    assert told["status"]["id"] == of_bob["id"]
    async with fediverse.b.http(**DOCUMENT) as b, fediverse.a.http(**DOCUMENT) as a:
        stamp = (await b.get(made["uri"])).json()["quoteAuthorization"]
        assert (await a.get(stamp)).json()["interactingObject"] == made["uri"]

        await alice.post(f"/api/v1/statuses/{original['id']}/quotes/{of_bob['id']}/revoke")

        assert (await a.get(stamp)).status_code == 404
        for reader, status_id in ((bob, made["id"]), (bella, made["id"]), (anton, of_bob["id"])):
            assert (await shows(reader, status_id, "revoked"))["quoted_status"] is None
        await fediverse.settle()
        assert (
            not {"quote", "quoteUrl", "_misskey_quote", "quoteAuthorization"} & (await b.get(made["uri"])).json().keys()
        )
    assert await listed(alice, original, 0) == []


async def test_a_policy_travels_and_holds(fediverse: Fediverse) -> None:
    """Who may quote is known on the other node, there refused, and changed when its author changes it."""
    original = await post(fediverse.alice, unique("For followers"), quote_approval_policy="followers")
    seen = await found(fediverse.bella, original["uri"])
    assert seen["quote_approval"] == {"automatic": ["followers"], "manual": [], "current_user": "denied"}
    sent = {"status": "I quote", "quoted_status_id": seen["id"]}
    assert (await fediverse.bella.http.post("/api/v1/statuses", data=sent)).status_code == 403

    await fediverse.bob.follow(fediverse.alice)
    made = await quote(fediverse.bob, original)
    await shows(fediverse.bob, made["id"], "accepted")
    path = f"/api/v1/statuses/{original['id']}/interaction_policy"
    await fediverse.alice.http.put(path, data={"quote_approval_policy": "nobody"})

    async def denied() -> bool | None:
        here = await found(fediverse.bob, original["uri"])
        return here["quote_approval"]["current_user"] == "denied" or None

    await wait_for(denied, "the new policy to arrive")
    await shows(fediverse.bob, made["id"], "accepted")


async def test_what_ends_on_one_node_ends_on_the_other(fediverse: Fediverse) -> None:
    """An edit of what is quoted is told to whoever quotes it; its end, and that of the quote, leave nothing behind."""
    words, edited = unique("A draft"), unique("A better draft")
    original = await post(fediverse.alice, words)
    made = await quote(fediverse.bob, original)
    second = await quote(fediverse.bella, original)
    await listed(fediverse.alice, original, 2)
    await shows(fediverse.bob, made["id"], "accepted")
    await shows(fediverse.bella, second["id"], "accepted")

    await fediverse.alice.http.put(f"/api/v1/statuses/{original['id']}", data={"status": edited})

    async def told() -> dict[str, Any] | None:
        news = await fediverse.bob.get("/api/v1/notifications", {"types[]": "quoted_update"})
        return next((one["status"] for one in news if one["status"]["id"] == made["id"]), None)

    assert edited in (await wait_for(told, "the edit to be told"))["quote"]["quoted_status"]["content"]
    await fediverse.bella.http.delete(f"/api/v1/statuses/{second['id']}")
    await listed(fediverse.alice, original, 1)
    await fediverse.alice.http.delete(f"/api/v1/statuses/{original['id']}")
    assert (await shows(fediverse.bob, made["id"], "deleted"))["quoted_status"] is None


async def test_a_private_quote_is_for_who_is_quoted_too(fediverse: Fediverse) -> None:
    """Alice sees what Bob tells his followers about her, others of her node do not."""
    original = await post(fediverse.alice, unique("Alice says"))
    made = await quote(fediverse.bob, original, visibility="private")

    await shows(fediverse.bob, made["id"], "accepted")
    (of_bob,) = await listed(fediverse.alice, original, 1)

    assert of_bob["visibility"] == "private"
    assert (await fediverse.anton.http.get(f"/api/v1/statuses/{of_bob['id']}")).status_code == 404
    assert await listed(fediverse.anton, original, 0) == []
    async with fediverse.b.http(**DOCUMENT) as anybody:
        assert (await anybody.get(made["uri"])).status_code == 404
