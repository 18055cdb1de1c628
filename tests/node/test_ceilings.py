"""What was agreed with a peer holds at every door: nothing wider, no direct statuses, no directory, no files passes."""

import asyncio
import json
from datetime import timedelta
from typing import Any, Final

import pytest

from fedorg.domain.ceilings import NOTHING, UNLIMITED
from fedorg.domain.partnerships import GrantChange
from fedorg.domain.statuses import PageQuery
from fedorg.domain.visibility import Reach, Tier
from fedorg.services import peers, statuses, timelines
from fedorg.store import peers as stored_peers
from tests.fediverse.nodes import wait_for
from tests.node.meeting import NUMBERS, Meeting
from tests.node.peering import be_followed, fetch, find, follow_remote, signed_fetch
from tests.node.serving import Member
from tests.node.talking import refusal, success, upload
from tests.node.world import World, note

AS: Final = "https://www.w3.org/ns/activitystreams"


@pytest.fixture
async def mia(meeting: Meeting) -> Member:
    """A member whom fred, of a partner's server, follows and is followed by."""
    meeting.add("fred", discoverable=True, indexable=True)
    await peers.set_tier(meeting.node, meeting.peer.domain, Tier.PARTNER)
    mia = await meeting.working.person("mia")
    await be_followed(meeting.working, meeting.peer, "fred", mia)
    await follow_remote(meeting.working, mia, meeting.peer, "fred")
    return mia


async def grant(meeting: Meeting, **change: Any) -> None:  # noqa: ANN401 - what GrantChange takes
    """Say how much passes between the node and the peer."""
    await peers.change_ceilings(meeting.node, meeting.peer.domain, GrantChange(**change))
    await meeting.working.settle()


async def post(meeting: Meeting, member: Member, text: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - a form
    """A new status, delivered to whoever gets it."""
    made: dict[str, Any] = success(await member.api.post("/api/v1/statuses", data={"status": text, **fields}))
    await meeting.working.settle()
    await meeting.working.deliver_all()
    return made


def heard(meeting: Meeting, text: str) -> list[dict[str, Any]]:
    """What the peer was sent that has these words in it."""
    return [one for one in meeting.peer.received if text in json.dumps(one)]


async def test_nothing_wider_than_the_largest_reach_passes(meeting: Meeting, mia: Member) -> None:
    """Below the ceiling it is delivered, fetched and listed, above it is not, in either direction."""
    before = await post(meeting, mia, "Said before", reach="public")
    await grant(meeting, largest_reach=Reach.PARTNERS)
    wide = await post(meeting, mia, "For everybody", reach="public")
    ring = await post(meeting, mia, "For partners", reach="partners")

    assert heard(meeting, "For partners")
    assert not heard(meeting, "For everybody")
    codes = [
        (await signed_fetch(meeting.server, meeting.peer, one["uri"], by="fred")).status_code
        for one in (before, wide, ring)
    ]
    assert codes == [404, 404, 200]
    outbox = f"{meeting.server.url}/users/mia/outbox?page=true"
    listed = (await signed_fetch(meeting.server, meeting.peer, outbox, by="fred")).text
    assert "For partners" in listed
    assert "For everybody" not in listed
    changed = await mia.api.put(f"/api/v1/statuses/{before['id']}", data={"status": "Said anew"})
    assert changed.status_code == 200
    await meeting.working.settle()
    await meeting.working.deliver_all()
    assert not heard(meeting, "Said anew")

    note = {"id": f"{meeting.peer.url}/n/1", "type": "Note", "content": "<p>Wide</p>", "to": [f"{AS}#Public"]}
    note |= {"attributedTo": meeting.peer.actor("fred")}
    await meeting.say("Create", "fred", note)
    assert success(await mia.api.get("/api/v1/timelines/home"))[0]["content"] != "<p>Wide</p>"


async def test_no_direct_statuses_pass_where_none_are_granted(meeting: Meeting, mia: Member) -> None:
    """The member is told why; what comes is dropped; what was said before cannot be fetched any more."""
    handle = f"@fred@{meeting.peer.domain}"
    before = await post(meeting, mia, f"{handle} psst", visibility="direct")
    own = await post(meeting, mia, "Mine", reach="public", visibility="public")
    assert (await signed_fetch(meeting.server, meeting.peer, before["uri"], by="fred")).status_code == 200
    await grant(meeting, direct_messages=False)
    assert (await signed_fetch(meeting.server, meeting.peer, own["uri"], by="fred")).status_code == 200

    answer = await mia.api.post("/api/v1/statuses", data={"status": f"{handle} again", "visibility": "direct"})
    assert meeting.peer.domain in refusal(answer, 422)
    assert (await signed_fetch(meeting.server, meeting.peer, before["uri"], by="fred")).status_code == 404
    to = f"{meeting.server.url}/users/mia"
    note: dict[str, Any] = {"id": f"{meeting.peer.url}/n/2", "type": "Note", "content": "<p>Psst</p>", "to": [to]}
    note |= {"attributedTo": meeting.peer.actor("fred"), "tag": [{"type": "Mention", "href": to}]}
    await meeting.say("Create", "fred", note)
    assert len(success(await mia.api.get("/api/v1/conversations"))) == 1
    assert heard(meeting, (await post(meeting, mia, f"{handle} openly"))["uri"])


def told(meeting: Meeting, to: str, **fields: object) -> dict[str, Any]:
    """A note of fred's, which its server shows too."""
    path = f"/n/{next(NUMBERS)}"
    made: dict[str, Any] = {
        "@context": AS,
        "id": f"{meeting.peer.url}{path}",
        "type": "Note",
        "attributedTo": meeting.peer.actor("fred"),
        "content": "<p>Psst</p>",
        "to": [to],
        "tag": [{"type": "Mention", "href": to}],
        **fields,
    }
    meeting.peer.documents[path] = made
    return made


@pytest.mark.parametrize("way", ["embedded", "named", "looked for", "answered", "quoted", "asked about"])
async def test_no_direct_status_passes_by_a_way_round(meeting: Meeting, mia: Member, way: str) -> None:
    """What comes is dropped, also where the node is led to it instead of given it."""
    own = await post(meeting, mia, "Mine", reach="public", visibility="public")
    await grant(meeting, direct_messages=False)
    wanted, leading = told(meeting, meeting.actor(mia), quote=own["uri"]), told(meeting, f"{AS}#Public")

    match way:
        case "embedded":
            await meeting.say("Announce", "fred", wanted, to=[f"{AS}#Public"])
        case "named":
            await meeting.say("Announce", "fred", wanted["id"], to=[f"{AS}#Public"])
        case "looked for":
            await mia.api.get("/api/v2/search", params={"q": wanted["id"], "resolve": "true"})
        case "answered":
            await meeting.say("Create", "fred", leading | {"inReplyTo": wanted["id"]})
        case "quoted":
            await meeting.say("Create", "fred", leading | {"quote": wanted["id"]})
        case _:
            await meeting.say("QuoteRequest", "fred", own["uri"], instrument=wanted)

    assert success(await mia.api.get("/api/v2/search", params={"q": wanted["id"]}))["statuses"] == []
    notices = success(await mia.api.get("/api/v1/notifications"))
    assert [one for one in notices if one.get("status", {}).get("uri") == wanted["id"]] == []


async def test_nothing_wider_is_fetched(meeting: Meeting, mia: Member) -> None:
    """Nor is it there when its author boosts it, or when a member looks for it."""
    await grant(meeting, largest_reach=Reach.PARTNERS)
    wide = told(meeting, f"{AS}#Public")

    await meeting.say("Announce", "fred", wide["id"], to=[f"{AS}#Public"])
    found = await mia.api.get("/api/v2/search", params={"q": wide["id"], "resolve": "true"})

    assert success(found)["statuses"] == []


async def test_no_edit_says_what_may_not_pass(meeting: Meeting, mia: Member) -> None:
    """A direct status from before stays as it was: nobody goes on talking by changing it."""
    said = told(meeting, meeting.actor(mia))
    await meeting.say("Create", "fred", said)
    await grant(meeting, direct_messages=False)

    await meeting.say("Update", "fred", said | {"content": "<p>More</p>"})

    (talk,) = success(await mia.api.get("/api/v1/conversations"))
    assert talk["last_status"]["content"] == "<p>Psst</p>"


async def test_no_files_pass_where_none_are_granted(meeting: Meeting, mia: Member) -> None:
    """What is sent and fetched has no attachment; with the grant it comes back."""
    file = await upload(mia)
    await grant(meeting, media=False)
    made = await post(meeting, mia, "A drawing", **{"media_ids[]": file["id"]})

    (sent,) = heard(meeting, "A drawing")
    assert not {"attachment", "proof"} & {*sent, *sent["object"]}
    outbox = f"{meeting.server.url}/users/mia/outbox?page=true"
    for address in (made["uri"], f"{made['uri']}/activity", outbox):
        shown = json.dumps((await signed_fetch(meeting.server, meeting.peer, address, by="fred")).json())
        assert "A drawing" in shown
        assert "attachment" not in shown
    assert "attachment" in (await fetch(meeting.server, made["uri"])).json()
    picture = {"type": "Document", "mediaType": "image/png", "url": f"{meeting.peer.url}/p.png"}
    note = {"id": f"{meeting.peer.url}/n/3", "type": "Note", "content": "<p>Theirs</p>", "to": [f"{AS}#Public"]}
    await meeting.say("Create", "fred", note | {"attributedTo": meeting.peer.actor("fred"), "attachment": [picture]})
    (theirs, *_) = success(await mia.api.get("/api/v1/timelines/home"))
    assert (theirs["content"], theirs["media_attachments"]) == ("<p>Theirs</p>", [])
    await grant(meeting, media=True)
    assert "attachment" in (await signed_fetch(meeting.server, meeting.peer, made["uri"], by="fred")).json()


@pytest.mark.parametrize("is_granted", [True, False])
@pytest.mark.parametrize("what", ["direct", "status", "boost"])
async def test_what_waits_for_a_peer_is_asked_about_when_it_leaves(
    meeting: Meeting, mia: Member, what: str, *, is_granted: bool
) -> None:
    """What was queued while a peer was ill, and is granted to it no more when it is well again, stays here."""
    before = await post(meeting, mia, "Boosted", reach="public")
    meeting.peer.refusals["/users/fred/inbox"] = 503
    if what == "boost":
        made = await mia.api.post(f"/api/v1/statuses/{before['id']}/reblog")
    else:
        fields = {"visibility": "direct"} if what == "direct" else {"reach": "public"}
        text = f"@fred@{meeting.peer.domain} waits"
        made = await mia.api.post("/api/v1/statuses", data={"status": text, **fields})
    waiting = success(made)["uri"]
    await meeting.working.settle()
    await asked_in_vain(meeting)

    if not is_granted:
        await grant(meeting, largest_reach=Reach.PARTNERS, direct_messages=False)
    meeting.peer.refusals.clear()
    meeting.server.clock.advance(timedelta(hours=1))
    await meeting.working.deliver_all()

    assert bool(heard(meeting, waiting)) is is_granted


async def asked_in_vain(meeting: Meeting) -> None:
    """Wait until the peer refused whatever waits for it."""

    async def refused() -> bool | None:
        found = await meeting.node.read(stored_peers.find, meeting.peer.domain)
        return (found is not None and found.failures > 0) or None

    await wait_for(refused, "the peer to refuse")


async def test_nobody_is_listed_where_the_directory_is_not_granted(meeting: Meeting, mia: Member) -> None:
    """Members ask to be left out there, and people from there are not listed here."""
    success(await mia.api.patch("/api/v1/accounts/update_credentials", data={"discoverable": "true"}))
    own = f"{meeting.server.url}/users/mia"
    listed = success(await mia.api.get("/api/v1/directory"))
    assert {one["username"] for one in listed} == {"mia", "fred"}
    await grant(meeting, directory=False)

    assert (await signed_fetch(meeting.server, meeting.peer, own, by="fred")).json()["discoverable"] is False
    assert (await fetch(meeting.server, own)).json()["discoverable"] is True
    assert {one["username"] for one in success(await mia.api.get("/api/v1/directory"))} == {"mia"}
    success(await mia.api.patch("/api/v1/accounts/update_credentials", data={"display_name": "Mia M."}))
    await meeting.working.settle()
    await meeting.working.deliver_all()
    assert heard(meeting, "Mia M.")[0]["object"]["discoverable"] is False


async def test_what_was_granted_ends_for_whoever_is_being_looked_up(meeting: Meeting, mia: Member) -> None:
    """Who is slow to show its key gets what its server may have by then, not what it might have had when it asked."""
    made = await post(meeting, mia, "For partners", reach="partners")
    meeting.add("slow")
    meeting.peer.stalled = asyncio.Event()
    asking = asyncio.create_task(signed_fetch(meeting.server, meeting.peer, made["uri"], by="slow"))

    async def asked() -> bool | None:
        return bool(meeting.peer.asked["/users/slow"]) or None

    await wait_for(asked, "the node to ask for the key")
    await peers.set_tier(meeting.node, meeting.peer.domain, Tier.OPEN)
    meeting.peer.stalled.set()
    answer = await asking

    assert answer.status_code == 404
    assert (await signed_fetch(meeting.server, meeting.peer, made["uri"], by="slow")).status_code == 404
    await peers.set_tier(meeting.node, meeting.peer.domain, Tier.PARTNER)
    assert (await signed_fetch(meeting.server, meeting.peer, made["uri"], by="slow")).status_code == 200


async def test_nothing_passes_while_everything_is_stopped(meeting: Meeting, mia: Member) -> None:
    """As in a suspended partnership, on a node that is open to everybody: stopped in both directions, nothing lost."""
    before = await post(meeting, mia, "Said before")
    fred = await find(mia, meeting.peer.actor("fred"))
    await meeting.node.write(stored_peers.set_ceilings, meeting.peer.domain, NOTHING)

    await post(meeting, mia, "Not for fred")
    assert not heard(meeting, "Not for fred")
    assert (await signed_fetch(meeting.server, meeting.peer, before["uri"], by="fred")).status_code == 403
    like = meeting.peer.activity("Like", meeting.peer.actor("fred"), before["uri"], 99)
    assert await meeting.post(like, "fred") == 403
    (relationship,) = success(await mia.api.get("/api/v1/accounts/relationships", params={"id[]": fred["id"]}))
    assert (relationship["following"], relationship["followed_by"]) == (True, True)

    await meeting.node.write(stored_peers.set_ceilings, meeting.peer.domain, UNLIMITED)
    await post(meeting, mia, "For fred again")
    assert heard(meeting, "For fred again")


@pytest.mark.parametrize("is_stopped", [False, True])
async def test_what_waited_when_all_was_stopped_comes_to_nobody(world: World, *, is_stopped: bool) -> None:
    """A status that waited to be handled when a partnership ended is on no timeline and in no stream after it."""
    mia, fred = await world.member("mia"), await world.remote("fred", "there.example")
    await world.follow(mia, fred)
    await world.peer("there.example", Tier.OPEN)
    if is_stopped:
        await world.node.write(stored_peers.set_ceilings, "there.example", NOTHING)

    await statuses.receive_status(world.node, note(fred, 1, "Taken before"))

    home = await timelines.home(world.node, mia.id, PageQuery(limit=20))
    assert [one.status.content for one in home] == ([] if is_stopped else ["<p>Taken before</p>"])
