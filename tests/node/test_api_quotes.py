"""Quotes between members over the client API: who may quote what, what readers see, and how it ends."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import httpx
import pytest

from fedorg.services import retelling
from tests.contract import assert_valid
from tests.node.serving import Member, NodeServer
from tests.node.talking import (
    NOBODYS_ID,
    WorkingServer,
    entities,
    entity,
    follow,
    links,
    listening,
    post,
    refusal,
    run_jobs,
    success,
)


async def quote(author: Member, quoted: Any, words: str = "Look at this", **fields: Any) -> Any:  # noqa: ANN401 - JSON
    """Quote a status; the entity of the quoting one."""
    return await post(author, words, quoted_status_id=quoted["id"], **fields)


async def try_quote(author: Member, quoted: Any, **fields: Any) -> httpx.Response:  # noqa: ANN401 - JSON
    """The answer to an attempt."""
    sent = {"status": "Look at this", "quoted_status_id": quoted["id"], **fields}
    return await author.api.post("/api/v1/statuses", json=sent)


async def read(reader: Member, status: Any) -> Any:  # noqa: ANN401 - JSON
    """A status as somebody sees it now."""
    return entity(await reader.api.get(f"/api/v1/statuses/{status['id']}"), "Status")


async def seen(reader: Member, status: Any) -> tuple[str, str | None]:  # noqa: ANN401 - JSON
    """The state of a quote for a reader, and the words that are shown of what it quotes."""
    shown = (await read(reader, status))["quote"]
    return shown["state"], None if shown["quoted_status"] is None else shown["quoted_status"]["content"]


async def notified(member: Member, kind: str) -> list[Any]:
    """What somebody was told of one kind."""
    return entities(await member.api.get("/api/v1/notifications", params={"types[]": kind}), "Notification")


async def test_a_quote_shows_what_it_quotes_and_is_counted(working: WorkingServer) -> None:
    """The quoted status is inside, counted and listed; its author is told once, and not of being mentioned as well."""
    anna, bert, carl = [await working.person(name) for name in ("anna", "bert", "carl")]
    original = await post(anna, "An idea")

    made = await quote(bert, original, "Good: @anna")

    await working.settle()
    assert (made["quote"]["state"], made["quote"]["quoted_status"]["id"]) == ("accepted", original["id"])
    assert await seen(carl, made) == ("accepted", "<p>An idea</p>")
    assert (await read(carl, original))["quotes_count"] == 1
    listed = await carl.api.get(f"/api/v1/statuses/{original['id']}/quotes")
    assert [one["id"] for one in entities(listed, "Status")] == [made["id"]]
    (told,) = await notified(anna, "quote")
    assert (told["account"]["id"], told["status"]["id"]) == (bert.id, made["id"])
    assert await notified(anna, "mention") == []


async def test_a_quote_leads_those_to_it_whose_software_shows_none(working: WorkingServer) -> None:
    """A line with the address stands before the text, also after an edit, unless the text has it."""
    anna, bert = await working.person("anna"), await working.person("bert")
    original = await post(anna, "An idea")
    url = original["url"]
    line = f'<p class="quote-inline">RE: <a href="{url}" rel="nofollow noopener">{url}</a></p>'

    made = await quote(bert, original, "Yes")
    spelled = await quote(bert, original, f"Yes: {url}")
    edited = entity(await bert.api.put(f"/api/v1/statuses/{made['id']}", json={"status": "No"}), "Status")

    assert made["content"] == f"{line}<p>Yes</p>"
    assert "quote-inline" not in spelled["content"]
    assert edited["content"] == f"{line}<p>No</p>"
    assert edited["quote"]["state"] == "accepted"
    versions = entities(await bert.api.get(f"/api/v1/statuses/{made['id']}/history"), "StatusEdit")
    assert [version["quote"]["state"] for version in versions] == ["accepted", "accepted"]


async def test_the_author_chooses_who_may_quote(working: WorkingServer) -> None:
    """Everybody, followers, or nobody but oneself; each reader is told what that means for them, and it holds."""
    anna, fan, other = [await working.person(name) for name in ("anna", "fan", "other")]
    await follow(fan, anna)
    told: dict[str, list[str]] = {}
    quoted: dict[str, list[int]] = {}

    for policy in ("public", "followers", "nobody"):
        status = await post(anna, f"For {policy}", quote_approval_policy=policy)
        approvals = [(await read(member, status))["quote_approval"] for member in (anna, fan, other)]
        told[policy] = [approval["current_user"] for approval in approvals]
        assert approvals[0]["automatic"] == ([] if policy == "nobody" else [policy])
        assert approvals[0]["manual"] == []
        quoted[policy] = [(await try_quote(member, status)).status_code for member in (anna, fan, other)]

    assert told == {
        "public": ["automatic", "automatic", "automatic"],
        "followers": ["automatic", "automatic", "denied"],
        "nobody": ["automatic", "denied", "denied"],
    }
    assert quoted == {"public": [200, 200, 200], "followers": [200, 200, 403], "nobody": [200, 403, 403]}


async def test_the_policy_of_a_status_can_be_changed_and_has_a_default(working: WorkingServer) -> None:
    """By itself, with an edit, or for all to come; what was quoted stays quoted. Nobody changes somebody else's."""
    anna, bert = await working.person("anna"), await working.person("bert")
    status = await post(anna, "An idea")
    made = await quote(bert, status)
    path = f"/api/v1/statuses/{status['id']}"

    changed = entity(
        await anna.api.put(f"{path}/interaction_policy", json={"quote_approval_policy": "nobody"}), "Status"
    )
    assert (changed["quote_approval"]["automatic"], changed["edited_at"]) == ([], None)
    assert refusal(await try_quote(bert, status), 403) == "The author of this post does not let you quote it"
    assert await seen(bert, made) == ("accepted", "<p>An idea</p>")
    edited = entity(await anna.api.put(path, json={"status": "A", "quote_approval_policy": "followers"}), "Status")
    assert edited["quote_approval"]["automatic"] == ["followers"]
    assert refusal(await anna.api.put(f"{path}/interaction_policy", json={"quote_approval_policy": "x"}), 422)
    assert refusal(await bert.api.put(f"{path}/interaction_policy", json={"quote_approval_policy": "public"}), 404)

    sent = {"source": {"quote_policy": "nobody"}}
    account = entity(await anna.api.patch("/api/v1/accounts/update_credentials", json=sent), "CredentialAccount")
    assert account["source"]["quote_policy"] == "nobody"
    preferences = success(await anna.api.get("/api/v1/preferences"))
    assert preferences["posting:default:quote_policy"] == "nobody"
    assert (await post(anna, "Quiet"))["quote_approval"]["automatic"] == []
    bad = await anna.api.patch("/api/v1/accounts/update_credentials", json={"source": {"quote_policy": "all"}})
    assert refusal(bad, 422)


async def test_what_is_not_for_everybody_is_quoted_by_its_author_alone(working: WorkingServer) -> None:
    """Whatever was chosen: a private status by its author, privately; a direct one by nobody."""
    anna, fan = await working.person("anna"), await working.person("fan")
    await follow(fan, anna)
    private = await post(anna, "For friends", visibility="private", quote_approval_policy="public")
    direct = await post(anna, "For @fan", visibility="direct", quote_approval_policy="public")

    assert private["quote_approval"]["automatic"] == []
    for member, status in ((fan, private), (fan, direct), (anna, direct)):
        refusal(await try_quote(member, status), 403)
    own = await quote(anna, private, visibility="public")
    assert own["visibility"] == "private"
    assert (await quote(anna, private, visibility="direct"))["visibility"] == "direct"


async def test_what_one_may_not_see_is_not_there_to_quote(working: WorkingServer) -> None:
    """A private status, that of somebody who blocks, a deleted one and one that never was: the same words."""
    anna, bert = await working.person("anna"), await working.person("bert")
    hidden = await post(anna, "For friends", visibility="private")
    gone = await post(anna, "Soon gone")
    await anna.api.delete(f"/api/v1/statuses/{gone['id']}")
    public = await post(anna, "Hello")
    await anna.api.post(f"/api/v1/accounts/{bert.id}/block")

    words = {refusal(await try_quote(bert, one), 404) for one in (hidden, gone, public, {"id": NOBODYS_ID})}

    assert words == {"The post you are trying to quote does not appear to exist."}


async def test_s52_a_boost_is_no_quote_target(working: WorkingServer) -> None:
    """S52: a boost has no consent of its own to give, neither its maker's nor, by a detour, that of what it boosts."""
    anna, bert = await working.person("anna"), await working.person("bert")
    original = await post(anna, "An idea", quote_approval_policy="nobody")
    boost = success(await bert.api.post(f"/api/v1/statuses/{original['id']}/reblog"))

    assert refusal(await try_quote(bert, boost), 422).startswith("Validation failed: a boost cannot be quoted")


async def test_a_quote_is_never_wider_than_what_it_quotes(working: WorkingServer) -> None:
    """The reach of what is quoted holds, whatever the client asks for."""
    anna, bert = await working.person("anna"), await working.person("bert")

    for reach in ("node", "organisation", "partners"):
        original = await post(anna, f"Within {reach}", reach=reach)
        assert (await quote(bert, original))["reach"] == reach
        assert (await quote(bert, original, reach="public"))["reach"] == reach
        assert (await quote(bert, original, reach="node"))["reach"] == "node"


async def test_a_quote_that_is_not_for_everybody_is_for_the_quoted_author_too(working: WorkingServer) -> None:
    """Whoever is spoken of in a private status may see it and object; a direct one must name them."""
    anna, bert, carl = [await working.person(name) for name in ("anna", "bert", "carl")]
    original = await post(anna, "An idea")

    private = await quote(bert, original, visibility="private")
    assert await seen(anna, private) == ("accepted", "<p>An idea</p>")
    assert [one["acct"] for one in private["mentions"]] == ["anna"]
    refusal(await carl.api.get(f"/api/v1/statuses/{private['id']}"), 404)
    assert "only quote those it mentions" in refusal(await try_quote(bert, original, visibility="direct"), 422)
    assert (await quote(bert, original, "@anna see", visibility="direct"))["quote"]["state"] == "accepted"
    listed = await carl.api.get(f"/api/v1/statuses/{original['id']}/quotes")
    assert entities(listed, "Status") == []


async def test_s52_each_reader_sees_what_they_may_see(working: WorkingServer) -> None:
    """A quote of a private status says no more to others than that it is not for them; likewise under a block."""
    anna, fan, other = [await working.person(name) for name in ("anna", "fan", "other")]
    await follow(fan, anna)
    private = await post(anna, "Secret plan", visibility="private")
    own = await quote(anna, private, "@other what do you think?")

    assert await seen(fan, own) == ("accepted", "<p>Secret plan</p>")
    answer = await other.api.get(f"/api/v1/statuses/{own['id']}")
    assert entity(answer, "Status")["quote"] == {"state": "unauthorized", "quoted_status": None}
    assert "Secret plan" not in answer.text


async def test_blocks_and_mutes_are_respected_inside_quotes(working: WorkingServer) -> None:
    """Who mutes the quoted author is warned; who blocks, or is blocked, sees nothing of them."""
    anna, bert, muting, blocking, blocked = [
        await working.person(name) for name in ("anna", "bert", "muting", "blocking", "blocked")
    ]
    made = await quote(bert, await post(anna, "An idea"))
    await muting.api.post(f"/api/v1/accounts/{anna.id}/mute")
    await blocking.api.post(f"/api/v1/accounts/{anna.id}/block")
    await anna.api.post(f"/api/v1/accounts/{blocked.id}/block")

    assert await seen(muting, made) == ("muted_account", "<p>An idea</p>")
    assert await seen(blocking, made) == ("blocked_account", None)
    assert await seen(blocked, made) == ("unauthorized", None)
    shown = success(await working.server.anonymous.get(f"/api/v1/statuses/{made['id']}"))
    assert (shown["quote"]["state"], shown["quote_approval"]["current_user"]) == ("accepted", "denied")


async def test_a_quote_inside_a_quote_is_only_named(working: WorkingServer) -> None:
    """What is quoted shows the id of what it quotes, as far as the reader may see that, and there it ends."""
    anna, bert, carl, dora = [await working.person(name) for name in ("anna", "bert", "carl", "dora")]
    first = await post(anna, "First")
    second = await quote(bert, first, "Second")
    third = await quote(carl, second, "Third")
    await dora.api.post(f"/api/v1/accounts/{anna.id}/block")

    shown = (await read(carl, third))["quote"]["quoted_status"]
    assert shown["quote"] == {"state": "accepted", "quoted_status_id": first["id"]}
    shown = (await read(dora, third))["quote"]["quoted_status"]
    assert shown["quote"] == {"state": "blocked_account", "quoted_status_id": None}
    boost = success(await dora.api.post(f"/api/v1/statuses/{second['id']}/reblog"))
    assert boost["reblog"]["quote"] == {"state": "blocked_account", "quoted_status": None}
    assert boost["reblog"]["quote_approval"]["current_user"] == "automatic"


async def test_the_author_takes_consent_back(working: WorkingServer) -> None:
    """Once or twice is the same: nothing is shown or counted any more; only the quoted author may."""
    anna, bert, carl = [await working.person(name) for name in ("anna", "bert", "carl")]
    original = await post(anna, "An idea")
    made = await quote(bert, original)
    path = f"/api/v1/statuses/{original['id']}/quotes"
    await working.settle()

    assert refusal(await bert.api.post(f"{path}/{made['id']}/revoke"), 403) == "This action is not allowed"
    refusal(await anna.api.post(f"{path}/{original['id']}/revoke"), 404)
    refusal(await carl.api.post(f"{path}/{NOBODYS_ID}/revoke"), 404)
    for _ in range(2):
        revoked = entity(await anna.api.post(f"{path}/{made['id']}/revoke"), "Status")
        assert revoked["quote"] == {"state": "revoked", "quoted_status": None}
    assert await seen(bert, made) == ("revoked", None)
    assert (await read(bert, original))["quotes_count"] == 0
    assert entities(await bert.api.get(path), "Status") == []
    assert await notified(anna, "quote") == []


async def test_who_is_blocked_quotes_no_longer(working: WorkingServer) -> None:
    """A block ends the quotes there were, for everybody."""
    anna, bert, carl = [await working.person(name) for name in ("anna", "bert", "carl")]
    original = await post(anna, "An idea")
    made = await quote(bert, original)

    await anna.api.post(f"/api/v1/accounts/{bert.id}/block")

    assert await seen(carl, made) == ("revoked", None)
    assert (await read(carl, original))["quotes_count"] == 0


async def test_deletions_end_quotes_from_both_sides(working: WorkingServer) -> None:
    """What is gone is shown as deleted; a deleted quote is counted no more, and comes whole for a redraft."""
    anna, bert, carl = [await working.person(name) for name in ("anna", "bert", "carl")]
    kept, gone = await post(anna, "Kept"), await post(anna, "Gone")
    of_kept, of_gone = await quote(bert, kept), await quote(bert, gone)

    await anna.api.delete(f"/api/v1/statuses/{gone['id']}")
    assert await seen(carl, of_gone) == ("deleted", None)
    await anna.api.post(f"/api/v1/statuses/{kept['id']}/quotes/{of_kept['id']}/revoke")
    again = await quote(bert, kept)
    assert (await read(carl, kept))["quotes_count"] == 1
    for made in (of_kept, again):
        deleted = (await bert.api.delete(f"/api/v1/statuses/{made['id']}")).json()
        assert_valid(deleted, "DeletedStatus")
        assert deleted["quote"]["quoted_status"]["id"] == kept["id"]
    assert (await read(carl, kept))["quotes_count"] == 0


async def test_who_quotes_hears_of_edits(working: WorkingServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """An edit of what is quoted is told to whoever quotes it, by their own status; of several, the last.

    It is told in chunks, so that many who quote one status hold up nobody who writes.
    """
    monkeypatch.setattr(retelling, "QUOTERS_CHUNK", 1)
    anna, bert, carl, dora = [await working.person(name) for name in ("anna", "bert", "carl", "dora")]
    original = await post(anna, "An idea")
    made = await quote(bert, original)
    ended = await quote(carl, original)
    later = await quote(dora, original)
    await anna.api.post(f"/api/v1/statuses/{original['id']}/quotes/{ended['id']}/revoke")

    for words in ("A better idea", "The best idea"):
        await anna.api.put(f"/api/v1/statuses/{original['id']}", json={"status": words})
        await working.settle()

    (told,) = await notified(bert, "quoted_update")
    assert (told["account"]["id"], told["status"]["id"]) == (anna.id, made["id"])
    assert told["status"]["quote"]["quoted_status"]["content"] == "<p>The best idea</p>"
    assert await notified(carl, "quoted_update") == []
    assert [one["status"]["id"] for one in await notified(dora, "quoted_update")] == [later["id"]]


async def test_a_stream_hears_of_a_quote_and_of_its_end(working: WorkingServer) -> None:
    """An open stream brings the notification of a quote, and the quoting status anew when it shows nothing more."""
    anna, bert = await working.person("anna"), await working.person("bert")
    original = await post(anna, "An idea")
    await working.settle()

    async with listening(bert.api, "user") as streamed, listening(anna.api, "user") as told:
        made = await quote(bert, original)
        kind, notification = await told.next()
        assert (kind, notification["type"], notification["status"]["id"]) == ("notification", "quote", made["id"])
        kind, update = await streamed.next()
        assert (kind, update["quote"]["state"]) == ("update", "accepted")
        await anna.api.post(f"/api/v1/statuses/{original['id']}/quotes/{made['id']}/revoke")
        kind, update = await streamed.next()
        assert (kind, update["quote"]["state"]) == ("status.update", "revoked")


async def test_the_list_of_quotes_is_paged(working: WorkingServer) -> None:
    """Newest first, page by page by the Link header."""
    anna, bert = await working.person("anna"), await working.person("bert")
    original = await post(anna, "An idea")
    made = [(await quote(bert, original, f"No {number}"))["id"] for number in range(5)]

    path, found = f"/api/v1/statuses/{original['id']}/quotes?limit=2", []
    while path:
        page = await anna.api.get(path)
        found += [one["id"] for one in entities(page, "Status")]
        path = links(page).get("next", "")

    assert found == made[::-1]
    refusal(await working.server.anonymous.get(f"/api/v1/statuses/{original['id']}/quotes"), 401)


async def test_the_default_reach_of_the_node_is_that_of_a_quote(
    serve: Callable[..., Awaitable[NodeServer]],
) -> None:
    """A client that knows nothing of reach does not carry a quote of a public status out of the organisation."""
    async with run_jobs(await serve(default_reach="organisation")) as working:
        anna, bert = await working.person("anna"), await working.person("bert")
        original = await post(anna, "To the world", reach="public")

        assert (await quote(bert, original))["reach"] == "organisation"
        assert (await quote(bert, original, reach="public"))["reach"] == "public"


async def test_a_quote_can_be_scheduled(working: WorkingServer) -> None:
    """It waits with all that was chosen, and is checked at once: what may not be quoted is refused now."""
    anna, bert = await working.person("anna"), await working.person("bert")
    open_, closed = await post(anna, "Open"), await post(anna, "Closed", quote_approval_policy="nobody")
    at = (working.server.clock() + timedelta(hours=1)).isoformat()

    refusal(await try_quote(bert, closed, scheduled_at=at), 403)
    sent = {"status": "Later", "quoted_status_id": open_["id"], "quote_approval_policy": "followers"}
    waiting = await bert.api.post("/api/v1/statuses", json={**sent, "scheduled_at": at})
    params = entity(waiting, "ScheduledStatus")["params"]
    assert (params["quoted_status_id"], params["quote_approval_policy"]) == (open_["id"], "followers")
    assert (await read(bert, open_))["quotes_count"] == 0
    working.server.clock.advance(timedelta(hours=2))

    await working.settle()
    (found,) = entities(await anna.api.get(f"/api/v1/statuses/{open_['id']}/quotes"), "Status")
    assert (found["content"].endswith("<p>Later</p>"), found["quote"]["state"]) == (True, "accepted")
    assert found["quote_approval"]["automatic"] == ["followers"]
