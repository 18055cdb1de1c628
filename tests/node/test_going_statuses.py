"""A popular status that was deleted and whose rows are still being taken away: for everybody it is not there."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest

from fedorg.domain.jobs import EndPoll
from fedorg.ids import AccountId, PollId
from fedorg.jobs import upkeep
from fedorg.services import departures, statuses
from fedorg.store import accounts as stored_accounts
from fedorg.store import jobs
from tests.node import crowding
from tests.node.fake_peer import FakePeer, running_peer
from tests.node.leaks.doors import rules_of
from tests.node.peering import NUMBERS, PUBLIC, add_note, deliver, fetch, find, signed_fetch
from tests.node.serving import Member, NodeServer
from tests.node.talking import follow, post, success
from tests.node.test_heavy_writes import BOOSTERS, MANY, left_of, popular, told, work
from tests.node.world import World


@dataclass(frozen=True, slots=True, kw_only=True)
class Going:
    """A status of Anna's that is gone, though no job has run since; Bert's boost of it, his filter and a stranger's."""

    server: NodeServer
    peer: FakePeer
    anna: Member
    bert: Member
    status: dict[str, Any]
    boost: dict[str, Any]
    boost_of_stranger: int
    filter_id: str
    older: dict[str, Any]


@pytest.fixture
async def going(node_server: NodeServer) -> AsyncIterator[Going]:
    """As it is before any job has run."""
    node = node_server.node
    anna, bert = [await node_server.person(name) for name in ("anna", "bert")]
    await follow(bert, anna)
    older = await post(anna, "Before")
    async with running_peer() as peer:
        peer.add_user("fred")
        await find(anna, peer.actor("fred"))
        asking = peer.activity("Follow", peer.actor("fred"), f"{node_server.url}/users/bert", next(NUMBERS))
        await deliver(node_server, peer, asking, by="fred")
        status = await post(anna, "Much loved @bert", poll={"options": ["Tea", "Coffee"], "expires_in": 600})
        await work(node)
        success(await bert.api.post(f"/api/v1/statuses/{older['id']}/favourite"))
        boost = success(await bert.api.post(f"/api/v1/statuses/{status['id']}/reblog"))
        made = success(await bert.api.post("/api/v2/filters", json={"title": "Enough", "context": ["home"]}))
        named = {"status_id": status["id"]}
        success(await bert.api.post(f"/api/v2/filters/{made['id']}/statuses", json=named))
        await work(node)
        people = await crowding.crowd(node, MANY)
        boosts = await crowding.boost(node, int(status["id"]), people[:BOOSTERS])
        await crowding.favourite(node, int(status["id"]), people)
        success(await anna.api.delete(f"/api/v1/statuses/{status['id']}"))
        yield Going(
            server=node_server,
            peer=peer,
            anna=anna,
            bert=bert,
            status=status,
            boost=boost,
            boost_of_stranger=boosts[-1],
            filter_id=made["id"],
            older=older,
        )


async def test_nobody_acts_on_a_status_that_goes(going: Going) -> None:
    """Whatever its author or anybody else wants to do with it, or with a boost of it: it is not there."""
    node, status_id = going.server.node, going.status["id"]
    before = await node.read(left_of, int(status_id))
    of_status = [
        rule
        for rule in rules_of(node)
        if rule.rule.startswith("/api/") and "<id:status_id>" in rule.rule and "/filters/" not in rule.rule
    ]
    for number in (status_id, going.boost["id"], str(going.boost_of_stranger)):
        for member in (going.anna, going.bert):
            for rule in of_status:
                path = rule.rule.replace("<id:status_id>", number).replace("<id:quoting_status_id>", number)
                for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                    form = {"status": "Anew", "quote_approval_policy": "public"} if method != "GET" else None
                    answer = await member.api.request(method, path, json=form)
                    assert answer.status_code in (403, 404, 422), (method, path, answer.text)
            told: list[tuple[str, dict[str, Any]]] = [
                ("/api/v1/statuses", {"status": "An answer", "in_reply_to_id": number}),
                ("/api/v1/statuses", {"status": "A quote", "quoted_status_id": number}),
                ("/api/v1/reports", {"account_id": going.anna.id, "status_ids": [number]}),
                (f"/api/v1/polls/{going.status['poll']['id']}/votes", {"choices": [0]}),
                (f"/api/v2/filters/{going.filter_id}/statuses", {"status_id": number}),
            ]
            for path, form in told:
                answer = await member.api.post(path, json=form)
                assert answer.status_code in (404, 422), (path, form, answer.text)
    assert await node.read(left_of, int(status_id)) == before


async def test_no_collection_is_left_of_a_status_that_goes(going: Going) -> None:
    """Other servers find neither it nor a boost of it, nor what belongs to either."""
    boost = going.boost["uri"].removesuffix("/activity")
    for uri in (going.status["uri"], boost):
        for part in ("", "/activity", "/replies", "/context", "/likes", "/shares"):
            assert (await fetch(going.server, f"{uri}{part}")).status_code in (404, 410), f"{uri}{part}"
            answer = await signed_fetch(going.server, going.peer, f"{uri}{part}", by="fred")
            assert answer.status_code in (404, 410), f"{uri}{part}"
    outbox = (await fetch(going.server, f"{going.server.url}/users/bert/outbox?page=true")).json()
    assert outbox["orderedItems"] == []


async def test_a_status_that_goes_leaves_nothing_in_lists(going: Going) -> None:
    """Nobody is told of it, waits for it or counts it, its author included."""
    anna, bert, status_id = going.anna, going.bert, going.status["id"]
    for path in ("/api/v1/notifications", "/api/v2/notifications"):
        kinds = {"types[]": ["favourite", "reblog"]}
        assert success(await anna.api.get(f"{path}/unread_count", params=kinds)) == {"count": 1}, path
        answer = await anna.api.get(path, params={**kinds, "limit": 5})
        assert going.older["id"] in answer.text, path
        assert status_id not in answer.text, path
    for path in (
        "/api/v2/filters",
        f"/api/v2/filters/{going.filter_id}",
        f"/api/v2/filters/{going.filter_id}/statuses",
    ):
        assert status_id not in (await bert.api.get(path)).text, path
    assert success(await bert.api.get("/api/v1/notifications", params={"types[]": "mention"})) == []


async def test_what_servers_still_say_of_a_status_that_goes_comes_to_nothing(going: Going) -> None:
    """Favourites, boosts, answers, quotes, reports and votes under way: no row outlives it, and nobody is told."""
    server, peer, uri = going.server, going.peer, going.status["uri"]
    fred = peer.actor("fred")
    fred_here = await find(going.anna, fred)
    answer = add_note(peer, inReplyTo=uri, to=[PUBLIC], cc=[f"{server.url}/users/anna"])
    note = peer.documents[answer.removeprefix(peer.url)]
    vote = {"id": f"{peer.url}/votes/1", "type": "Note", "name": "Tea", "attributedTo": fred, "inReplyTo": uri}
    for kind, said, more in (
        ("Like", uri, {}),
        ("EmojiReact", uri, {"content": "❤"}),
        ("Announce", uri, {"to": [PUBLIC]}),
        ("Flag", [f"{server.url}/users/anna", uri], {}),
        ("Create", note, {"to": [PUBLIC]}),
        ("Create", {**vote, "to": [f"{server.url}/users/anna"]}, {}),
        ("QuoteRequest", uri, {"instrument": answer}),
    ):
        await deliver(server, peer, peer.activity(kind, fred, said, next(NUMBERS)) | more, by="fred")

    await work(server.node)

    assert await server.node.read(left_of, int(going.status["id"])) == {}
    told = success(await going.anna.api.get("/api/v1/notifications", params={"account_id": fred_here["id"]}))
    # An answer is a status of its own, which names her.
    assert [(one["type"], one["status"]["in_reply_to_id"]) for one in told] == [("mention", None)]


async def test_a_removal_that_was_given_up_is_begun_anew(world: World) -> None:
    """A day after every try has failed: what was deleted has to go. Nothing else is tried again by itself."""
    anna, status, _ = await popular(world)
    await statuses.delete_status(world.node, anna, status.id)
    await world.node.write(
        lambda conn: jobs.enqueue(conn, world.node.ids, world.node.now(), EndPoll(poll_id=PollId(1)))
    )
    room = jobs.Room(own=1000, beside=1000, others=1000, lane_max=1000)
    for one in await world.node.write(jobs.claim, now=world.node.now(), lease=timedelta(days=1), room=room):
        await world.node.write(jobs.bury, one, world.node.now(), "the disk was full")

    await upkeep.keep_up(world.node)
    await work(world.node)
    assert await world.node.read(left_of, status.id) != {}
    world.clock.moment += timedelta(days=1)
    await upkeep.keep_up(world.node)
    await work(world.node)

    assert await world.node.read(left_of, status.id) == {}
    assert (await world.node.read(jobs.counts, world.node.now())).dead == 1


@pytest.mark.parametrize("end", ["deleted", "suspended"])
async def test_a_status_goes_whatever_becomes_of_its_author_meanwhile(world: World, end: str) -> None:
    """Its author is deleted, or suspended: each server hears of the end of one or the other, and nothing stays."""
    anna, status, people = await popular(world)
    await statuses.delete_status(world.node, anna, status.id)
    if end == "deleted":
        await departures.delete_member(world.node, anna.username)
    else:
        await world.node.write(lambda conn: stored_accounts.set_standing(conn, anna.id, suspended_at=world.node.now()))
    for _ in range(3):
        await work(world.node)
        world.clock.moment += departures.LOOKED_AGAIN_AFTER

    assert await world.node.read(left_of, status.id) == {}
    known = await world.node.read(stored_accounts.list_by_ids, [AccountId(one) for one in people])
    assert sum(one.statuses_count for one in known.values()) == MANY - BOOSTERS
    assert {*await told(world.node, "Delete")} == {f"https://h{one}.example/inbox" for one in range(MANY)}
