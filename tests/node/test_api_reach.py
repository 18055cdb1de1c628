"""How far a status goes, over the client API: chosen, shown, kept by edits and looked for, and a narrower default."""

import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from fedorg.domain.visibility import Tier
from fedorg.store import peers
from fedorg.web.site.done import Done
from tests.node.fake_peer import FakePeer, running_peer
from tests.node.peering import fetch, find, send
from tests.node.serving import Member, NodeServer
from tests.node.talking import WorkingServer, contents, entities, entity, listening, post, refusal, success

REACHES = ("public", "partners", "organisation", "node")


async def shown(reader: Member, path: str, **params: str) -> list[str]:
    return contents(entities(await reader.api.get(f"/api/v1/{path}", params=params), "Status"))


async def found(reader: Member, query: str) -> list[str]:
    answer = await reader.api.get("/api/v2/search", params={"q": query, "type": "statuses"})
    return contents(success(answer)["statuses"])


async def test_a_status_says_how_far_it_goes(working: WorkingServer) -> None:
    """``reach`` and ``local_only`` stand in the entity, whichever of the spellings chose them; a boost says its own."""
    anna, bert = await working.person("anna"), await working.person("bert")

    for fields, expected in (
        ({}, ("public", False)),
        ({"reach": "partners"}, ("partners", False)),
        ({"visibility": "local"}, ("node", True)),
        ({"local_only": True}, ("node", True)),
        ({"local_only": False, "reach": "organisation"}, ("organisation", False)),
    ):
        made = await post(anna, "Hello", **fields)
        assert (made["reach"], made["local_only"]) == expected, fields
        boost = entity(await bert.api.post(f"/api/v1/statuses/{made['id']}/reblog"), "Status")
        assert (boost["reach"], boost["reblog"]["reach"], boost["local_only"]) == (expected[0], *expected), fields


async def test_an_edit_changes_no_reach(working: WorkingServer) -> None:
    """Neither wider nor narrower in any spelling: nothing is edited then; what says the same reach is."""
    anna = await working.person("anna")
    made = await post(anna, "First", reach="organisation")
    path = f"/api/v1/statuses/{made['id']}"

    for fields in ({"reach": "public"}, {"reach": "node"}, {"visibility": "local"}, {"local_only": True}):
        answer = await anna.api.put(path, json={"status": "Other", **fields})
        assert "delete it and post it anew" in refusal(answer, 422), fields
    assert entity(await anna.api.get(path), "Status")["content"] == "<p>First</p>"
    for fields in ({"reach": "organisation"}, {"visibility": "public"}, {"local_only": False}):
        edited = entity(await anna.api.put(path, json={"status": f"Edited {fields}", **fields}), "Status")
        assert (edited["reach"], edited["edited_at"] is None) == ("organisation", False)


async def test_timelines_search_and_streams_go_by_reach(working: WorkingServer) -> None:
    """What goes exactly so far, and nothing of it for visitors; a word for no reach is refused, or finds nothing."""
    anna, bert = await working.person("anna"), await working.person("bert")
    success(await anna.api.patch("/api/v1/accounts/update_credentials", data={"indexable": "true"}))
    async with listening(bert.api, "public/organisation") as heard, listening(bert.api, "public/node") as local:
        for reach in REACHES:
            await post(anna, f"{reach} kite", reach=reach)
            await post(anna, f"{reach} tagged #kite", reach=reach)
            await post(anna, f"{reach} unlisted kite", reach=reach, visibility="unlisted")
        await working.settle()
        for events, reach in ((heard, "organisation"), (local, "node")):
            texts = [(await events.next())[1] for _ in range(2)]
            assert {status["reach"] for status in texts} == {reach}

    for reach in REACHES:
        assert len(await shown(bert, "timelines/public", reach=reach)) == 2
        assert (await shown(bert, "timelines/public", reach=reach))[1] == f"{reach} kite"
        assert len(await shown(bert, "timelines/tag/kite", reach=reach)) == 1
        assert {text.split()[0] for text in await found(anna, f"kite reach:{reach}")} == {reach}
        assert len(await found(bert, f"reach:{reach.upper()}")) == 2
        assert len(await found(bert, f"kite -reach:{reach}")) == 6
    assert await found(bert, "kite reach:galaxy") == []
    visitor = working.server.anonymous
    for path in ("timelines/public", "timelines/tag/kite"):
        assert "not included in the list" in refusal(
            await bert.api.get(f"/api/v1/{path}", params={"reach": "galaxy"}), 422
        )
        for reach in REACHES[1:]:
            assert entities(await visitor.get(f"/api/v1/{path}", params={"reach": reach}), "Status") == []


async def test_a_member_chooses_a_narrower_default(working: WorkingServer) -> None:
    """It counts for clients that say nothing, is shown to them, and a request that says more goes further."""
    anna = await working.person("anna")
    path = "/api/v1/accounts/update_credentials"

    own = success(await anna.api.patch(path, data={"source[reach]": "organisation"}))

    assert own["source"]["reach"] == "organisation"
    assert success(await anna.api.get("/api/v1/preferences"))["posting:default:reach"] == "organisation"
    assert (await post(anna, "Said nothing"))["reach"] == "organisation"
    assert (await post(anna, "Said so", reach="partners"))["reach"] == "partners"
    assert refusal(await anna.api.patch(path, data={"source[reach]": "galaxy"}), 422)


async def test_a_default_is_no_wider_than_that_of_the_server(serve: Callable[..., Awaitable[NodeServer]]) -> None:
    """The page offers what would count, and a client that wants more is told so; single statuses may go further."""
    server = await serve(default_reach="organisation")
    anna = await server.person("anna")
    browser = await server.browser()
    await browser.sign_in("anna")

    page = await browser.open("/account/reach")
    wider = await anna.api.patch("/api/v1/accounts/update_credentials", data={"source[reach]": "public"})

    assert re.findall(r'name="reach" value="(\w+)"', page.text) == ["node", "organisation"]
    assert "no further than organisation" in refusal(wider, 422)
    assert (await browser.submit(page, "/account/reach", reach="public")).status_code == 422
    assert (await post(anna, "Said so", reach="public"))["reach"] == "public"


async def test_the_page_on_which_a_member_chooses_says_that_it_is_saved(working: WorkingServer) -> None:
    """Once, and leads back to the front page."""
    anna = await working.person("anna")
    browser = await working.server.browser()
    await browser.sign_in("anna")
    page = await browser.open("/account/reach")
    assert '<a href="/">Back</a>' in page.text

    assert (await browser.submit(page, "/account/reach", reach="organisation")).status_code == 303

    assert await browser.said_once("/account/reach") == Done.SAVED
    assert (await post(anna, "Said nothing"))["reach"] == "organisation"


async def test_a_scheduled_status_keeps_its_reach(working: WorkingServer) -> None:
    """What was chosen, or the default of the moment it is posted; never wider than what it answers."""
    anna = await working.person("anna")
    parent = await post(anna, "Parent", reach="organisation")
    moment = (working.server.clock() + timedelta(minutes=10)).isoformat()
    wanted: list[dict[str, Any]] = [
        {"status": "One", "local_only": True},
        {"status": "Two", "reach": "public", "in_reply_to_id": parent["id"]},
        {"status": "Three"},
    ]
    made = [
        entity(await anna.api.post("/api/v1/statuses", json={**one, "scheduled_at": moment}), "ScheduledStatus")
        for one in wanted
    ]
    assert [one["params"]["reach"] for one in made] == ["node", "public", None]
    success(await anna.api.patch("/api/v1/accounts/update_credentials", data={"source[reach]": "partners"}))

    working.server.clock.advance(timedelta(minutes=11))
    await working.settle()

    posted = entities(await anna.api.get(f"/api/v1/accounts/{anna.id}/statuses"), "Status")
    assert {status["content"]: status["reach"] for status in posted if status["id"] != parent["id"]} == {
        "<p>One</p>": "node",
        "<p>Two</p>": "organisation",
        "<p>Three</p>": "partners",
    }


def _neighbour(peer: FakePeer) -> str:
    """A user of a peer whose server takes deliveries for all of its people at one place."""
    peer.add_user("fred")
    peer.documents["/users/fred"]["endpoints"] = {"sharedInbox": f"{peer.url}/inbox"}
    return peer.actor("fred")


async def test_what_is_for_the_organisation_goes_to_siblings_that_follow_nobody(working: WorkingServer) -> None:
    """To their shared inbox, with its edits and its end; not what is for fewer, for others, or answers somebody."""
    anna, bert = await working.person("anna"), await working.person("bert")
    node = working.server.node
    async with running_peer() as sister, running_peer() as acme:
        for peer, tier in ((sister, Tier.SIBLING), (acme, Tier.PARTNER)):
            _neighbour(peer)
            await node.write(peers.set_tier, node.now(), peer.domain, tier)
            await find(anna, peer.actor("fred"))
        made = await post(anna, "For all of us", reach="organisation")
        for fields in ({"reach": "partners"}, {"reach": "public"}, {"reach": "node"}):
            await post(anna, "Elsewhere", **fields)
        await post(anna, "Quietly", reach="organisation", visibility="unlisted")
        await post(anna, "For followers", reach="organisation", visibility="private")
        await post(bert, "An answer", in_reply_to_id=made["id"])
        await post(anna, "More", in_reply_to_id=made["id"])
        success(await bert.api.post(f"/api/v1/statuses/{made['id']}/reblog"))
        await working.settle()
        success(await anna.api.put(f"/api/v1/statuses/{made['id']}", json={"status": "For every one of us"}))
        await working.settle()
        success(await anna.api.delete(f"/api/v1/statuses/{made['id']}"))
        await working.settle()
        await working.deliver_all()

        said = [(one["type"], one["object"].get("content")) for one in sister.received]
        assert sorted(said, key=str) == [
            ("Create", "<p>For all of us</p>"),
            ("Create", "<p>More</p>"),
            ("Delete", None),
            ("Update", "<p>For every one of us</p>"),
        ]
        assert acme.received == []


async def test_the_timeline_of_the_organisation_holds_what_siblings_share(working: WorkingServer) -> None:
    """Without anybody following its author; not from others, and nothing that is for fewer or more than that."""
    anna = await working.person("anna")
    node = working.server.node
    async with running_peer() as sister, running_peer() as acme:
        for peer, tier in ((sister, Tier.SIBLING), (acme, Tier.PARTNER)):
            author = _neighbour(peer)
            await node.write(peers.set_tier, node.now(), peer.domain, tier)
            for reach, listed in (("organisation", True), ("organisation", False), ("partners", True)):
                note = {
                    "id": f"{peer.url}/notes/{reach}-{listed}",
                    "type": "Note",
                    "attributedTo": author,
                    "content": f"<p>{tier} {reach} {listed}</p>",
                    "to": [f"{author}/followers"],
                    "cc": [f"{peer.url}/audiences/{reach}"],
                    "reach": reach,
                    "listed": listed,
                }
                await send(working, peer, "Create", note, by="fred", to=note["to"], cc=note["cc"])

        assert await shown(anna, "timelines/public") == ["sibling organisation True"]
        assert await shown(anna, "timelines/public", reach="organisation") == ["sibling organisation True"]
        (status,) = entities(await anna.api.get("/api/v1/timelines/public"), "Status")
        assert (await working.server.anonymous.get(f"/api/v1/statuses/{status['id']}")).status_code == 404
        page = await fetch(working.server, "/api/v1/timelines/public")
        assert page.json() == []
