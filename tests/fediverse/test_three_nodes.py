"""Reach among real nodes over TLS: two departments, a partner and a stranger, each trying every door it has.

Engineering and Sales are siblings, Acme is a partner of both. They federate with partners only, and what says nothing
about its reach stays in the organisation. The stranger federates with everybody, which is not mutual.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from itertools import count, product
from typing import Any, Final

import httpx
import pytest
import pytest_asyncio

from tests.fediverse import ledger
from tests.fediverse.nodes import Member, RunningNode, Tls, settle, wait_for
from tests.fediverse.voices import speaking_as

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(240)]

LIMITED: Final = {"FEDORG_FEDERATION_MODE": "partners", "FEDORG_DEFAULT_REACH": "organisation"}
ACTIVITY_JSON: Final = {"Accept": "application/activity+json"}
# Absent, invisible and unproven are the same to whoever asks.
HIDDEN: Final = {httpx.codes.UNAUTHORIZED, httpx.codes.NOT_FOUND}
REFUSED: Final = {httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN, httpx.codes.NOT_FOUND}
NUMBERS: Final = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Anna, Erik and Emil of Engineering, Sven of Sales, Ada of Acme, Sam from nowhere.

    Sven and Ada follow Anna, Ada follows Erik and Sven too: whatever leaked would reach her.
    """

    engineering: RunningNode
    sales: RunningNode
    acme: RunningNode
    stranger: RunningNode
    members: dict[str, Member] = field(default_factory=dict)

    def __getattr__(self, name: str) -> Member:
        return self.members[name]

    @property
    def friends(self) -> tuple[RunningNode, ...]:
        return self.engineering, self.sales, self.acme

    async def settle(self) -> None:
        await settle(*self.friends, self.stranger)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def world(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """Four nodes, their tiers, everybody signed in and acquainted."""
    folder = tmp_path_factory.mktemp("reach")
    tls = Tls.issued(folder)
    nodes = {
        name: RunningNode(name=name, folder=folder / name, tls=tls, settings={} if name == "stranger" else LIMITED)
        for name in ("engineering", "sales", "acme", "stranger")
    }
    people = {"engineering": ("anna", "erik", "emil"), "sales": ("sven",), "acme": ("ada",), "stranger": ("sam",)}
    world = World(
        engineering=nodes["engineering"], sales=nodes["sales"], acme=nodes["acme"], stranger=nodes["stranger"]
    )
    async with AsyncExitStack() as stack:
        for node in nodes.values():
            stack.push_async_callback(node.close)
        await asyncio.gather(*(node.create(*people[name]) for name, node in nodes.items()))
        await asyncio.gather(*(node.prepare(*agreements) for node, agreements in _agreements(world)))
        await asyncio.gather(*(node.start() for node in nodes.values()))
        for name, usernames in people.items():
            for username in usernames:
                world.members[username] = await stack.enter_async_context(nodes[name].member(username))
        for follower, followed in (("sven", "anna"), ("ada", "anna"), ("ada", "erik"), ("ada", "sven")):
            await world.members[follower].follow(world.members[followed])
        yield world


def _agreements(world: World) -> list[tuple[RunningNode, list[tuple[str, ...]]]]:
    """What each is to the others; nobody ever met the stranger."""
    sibling_sales, partner_acme = (
        ("peer", "tier", world.sales.domain, "sibling"),
        ("peer", "tier", world.acme.domain, "partner"),
    )
    return [
        (world.engineering, [sibling_sales, partner_acme]),
        (world.sales, [("peer", "tier", world.engineering.domain, "sibling"), partner_acme]),
        (world.acme, [("peer", "tier", peer.domain, "partner") for peer in (world.engineering, world.sales)]),
    ]


def unique(words: str) -> str:
    """Words that stand in no other status of this run."""
    return f"{words} no {next(NUMBERS)}."


async def post(author: Member, words: str, **more: str) -> dict[str, Any]:
    status: dict[str, Any] = await author.post("/api/v1/statuses", {"status": words, **more})
    return status


async def found(member: Member, uri: str) -> list[dict[str, Any]]:
    """What a search for an address finds, fetching included."""
    answer = await member.get("/api/v2/search", {"q": uri, "type": "statuses", "resolve": "true"})
    return list(answer["statuses"])


async def never_reaches(world: World, node: RunningNode, words: str, proof: Member, author: Member) -> None:
    """What was posted later for partners is there, all queues are empty, and the node holds nothing of ``words``."""
    later = unique("Sent later")
    await post(author, later, reach="partners")
    await proof.home_status(later)
    await world.settle()
    assert not ledger.holds(node, words)


async def test_what_is_for_the_organisation_reaches_a_sibling_only(world: World) -> None:
    """Said nothing about its reach, a status goes to the sister department and by no push to the partner."""
    words = unique("For the organisation")

    status = await post(world.anna, words)

    assert (status["reach"], status["visibility"]) == ("organisation", "public")
    assert (await world.sven.home_status(words))["reach"] == "organisation"
    await never_reaches(world, world.acme, words, world.ada, world.anna)


async def test_what_is_for_the_organisation_is_on_every_siblings_timeline(world: World) -> None:
    """Nobody at Sales follows Erik, and his status is on its timeline of the organisation; Ada follows him in vain."""
    words = unique("For all of us")

    await post(world.erik, words)

    async def look() -> dict[str, Any] | None:
        shown = await world.sven.get("/api/v1/timelines/public", {"reach": "organisation"})
        return next((status for status in shown if words in status["content"]), None)

    assert (await wait_for(look, "the status at Sales"))["account"]["acct"] == world.erik.handle.removeprefix("@")
    assert words not in str(await world.sven.get("/api/v1/timelines/home"))
    await never_reaches(world, world.acme, words, world.ada, world.erik)


@pytest.mark.parametrize("visibility", ["public", "unlisted", "private"])
@pytest.mark.parametrize("reach", ["node", "organisation"])
async def test_a_partner_fetches_nothing_that_is_not_for_it(world: World, reach: str, visibility: str) -> None:
    """No address of the status answers the partner, signed by its node or by a follower, nor the unsigned."""
    status = await post(world.anna, unique("Fetch me"), reach=reach, visibility=visibility)
    addresses = [status["uri"], f"{status['uri']}/activity", f"{status['uri']}/replies"]

    for path in ("/actor", "/users/ada"):
        async with speaking_as(world.acme, path) as acme:
            assert {await acme.get(address) for address in addresses} <= HIDDEN
    async with world.engineering.http() as anybody:
        documents = [await anybody.get(address, headers=ACTIVITY_JSON) for address in addresses]
        pages = [await anybody.get(status["url"]), await anybody.get(f"/api/v1/statuses/{status['id']}")]
    assert {answer.status_code for answer in documents + pages} <= HIDDEN
    assert await found(world.ada, status["uri"]) == []
    assert await found(world.ada, status["url"]) == []


async def test_a_sibling_fetches_what_is_for_the_organisation(world: World) -> None:
    """The sister department may fetch it with a signature, and what is for the node alone not even it."""
    shared = await post(world.anna, unique("Fetch me"))
    kept = await post(world.anna, unique("Leave me"), reach="node")

    async with speaking_as(world.sales, "/actor") as sales:
        assert await sales.get(shared["uri"]) == httpx.codes.OK
        assert await sales.get(kept["uri"]) in HIDDEN


async def test_a_quote_stays_within_the_reach_of_what_it_quotes(world: World) -> None:
    """A sibling quotes what is for the organisation; its own partner, who follows it, gets neither quote nor stamp."""
    status = await post(world.anna, unique("For the organisation"))
    (seen,) = await found(world.sven, status["uri"])
    words = unique("Sven quotes")

    made = await post(world.sven, words, quoted_status_id=seen["id"], reach="public")

    assert (made["reach"], made["visibility"]) == ("organisation", "public")

    async def accepted() -> dict[str, Any] | None:
        shown: dict[str, Any] = (await world.sven.get(f"/api/v1/statuses/{made['id']}"))["quote"]
        return shown if shown["state"] == "accepted" else None

    assert (await wait_for(accepted, "the quote to be allowed"))["quoted_status"]["uri"] == status["uri"]
    (quoting,) = await world.erik.get(f"/api/v1/statuses/{status['id']}/quotes")
    assert (quoting["reach"], quoting["quote"]["state"]) == ("organisation", "accepted")
    async with speaking_as(world.engineering, "/actor") as engineering:
        document = await engineering.client.fetch_document(made["uri"], signer=engineering.key)
    stamp = json.loads(document.body)["quoteAuthorization"]
    async with speaking_as(world.acme, "/actor") as acme, speaking_as(world.sales, "/actor") as sales:
        assert await acme.get(made["uri"]) in HIDDEN
        assert await acme.get(stamp) in HIDDEN
        assert await sales.get(stamp) == httpx.codes.OK
    await never_reaches(world, world.acme, words, world.ada, world.anna)


async def test_no_list_shows_outsiders_what_is_limited(world: World) -> None:
    """Outbox, profile, public timeline and account statuses hold nothing limited for the unsigned or the partner."""
    words = unique("Not in a list")
    status = await post(world.anna, words)
    me = await world.anna.get("/api/v1/accounts/verify_credentials")
    outbox = f"{world.engineering.url}/users/anna/outbox?page=true"
    lists = ["/api/v1/timelines/public", f"/api/v1/accounts/{me['id']}/statuses", "/@anna", "/"]

    async with world.engineering.http() as anybody:
        answers = [await anybody.get(path) for path in lists]
        answers.append(await anybody.get(outbox, headers=ACTIVITY_JSON))
    async with speaking_as(world.acme, "/actor") as acme:
        document = await acme.client.fetch_document(outbox, signer=acme.key)

    assert not [answer.url for answer in answers if words in answer.text or status["uri"] in answer.text]
    assert words not in document.body.decode()


async def test_what_is_for_partners_reaches_partners(world: World) -> None:
    """A status for partners is pushed to them, may be fetched by them with a signature, and by nobody without."""
    words = unique("For partners")
    status = await post(world.anna, words, reach="partners")

    assert (await world.ada.home_status(words))["reach"] == "partners"
    await world.sven.home_status(words)
    async with speaking_as(world.acme, "/actor") as acme, world.engineering.http() as anybody:
        assert await acme.get(status["uri"]) == httpx.codes.OK
        assert (await anybody.get(status["uri"], headers=ACTIVITY_JSON)).status_code in HIDDEN


async def test_public_means_partners_at_most_in_this_mode(world: World) -> None:
    """Where a node speaks with partners only, nothing is wider, whatever the author asks for."""
    status = await post(world.anna, unique("For the world"), reach="public")

    assert status["reach"] == "partners"
    async with world.engineering.http() as anybody:
        assert (await anybody.get(status["uri"], headers=ACTIVITY_JSON)).status_code in HIDDEN


async def test_a_boost_takes_nothing_further(world: World) -> None:
    """Boosted by a colleague or from the sister department, it still does not reach the partner who follows both."""
    words = unique("Boost me")
    status = await post(world.anna, words)
    seen = await world.sven.home_status(words)

    boosted = await world.erik.post(f"/api/v1/statuses/{status['id']}/reblog")
    again = await world.sven.post(f"/api/v1/statuses/{seen['id']}/reblog")

    assert (boosted["reach"], again["reach"]) == ("organisation", "organisation")
    await never_reaches(world, world.acme, words, world.ada, world.erik)
    async with speaking_as(world.acme, "/actor") as acme:
        addresses = (boosted["uri"], again["uri"], status["uri"])
        assert {await acme.get(address) for address in addresses} <= HIDDEN


async def test_a_reply_inherits_the_narrowest_reach(world: World) -> None:
    """A reply is never wider than what it answers, here or in the sister department, whatever its author asks for."""
    words, answer, local = unique("Ask the organisation"), unique("Answered"), unique("Answered here")
    status = await post(world.anna, words)
    seen = await world.sven.home_status(words)

    reply = await post(world.sven, f"{world.anna.handle} {answer}", in_reply_to_id=seen["id"], reach="public")
    own = await post(world.erik, local, in_reply_to_id=status["id"], reach="partners")

    assert (reply["reach"], own["reach"]) == ("organisation", "organisation")

    async def answered() -> list[str] | None:
        context = await world.anna.get(f"/api/v1/statuses/{status['id']}/context")
        contents = [one["content"] for one in context["descendants"]]
        return contents if len(contents) == 2 else None

    assert answer in str(await wait_for(answered, "both answers"))
    for text in (answer, local):
        await never_reaches(world, world.acme, text, world.ada, world.sven)


async def test_a_thread_is_completed_as_far_as_its_reader_may_see(world: World) -> None:
    """A partner that looks at a thread finds the answers for partners that nobody sent it, and no others."""
    words, shown, hidden = unique("For partners"), unique("For them too"), unique("For us")
    status = await post(world.emil, words, reach="partners")
    await post(world.emil, shown, in_reply_to_id=status["id"], reach="partners")
    await post(world.emil, hidden, in_reply_to_id=status["id"], reach="organisation")
    await world.settle()
    assert not ledger.holds(world.acme, shown)
    (seen,) = await found(world.ada, status["uri"])

    async def answered() -> list[str] | None:
        context = await world.ada.get(f"/api/v1/statuses/{seen['id']}/context")
        return [one["content"] for one in context["descendants"]] or None

    assert shown in str(await wait_for(answered, "the answer"))
    await world.settle()
    assert not ledger.holds(world.acme, hidden)
    assert not ledger.holds(world.stranger, shown)


async def test_each_node_holds_what_is_for_it_and_a_sibling_hands_nothing_on(world: World) -> None:
    """For every reach and visibility; answered and boosted at Sales, nothing comes to Acme or a stranger there."""
    named = {"node": world.erik, "organisation": world.sven, "partners": world.ada}
    posted: dict[tuple[str, str], tuple[str, dict[str, Any]]] = {}
    for reach, visibility in product(named, ("public", "unlisted", "private", "direct")):
        words = unique(f"{reach} {visibility}")
        text = f"{named[reach].handle if visibility == 'direct' else ''} {words}"
        posted[reach, visibility] = words, await post(world.anna, text, reach=reach, visibility=visibility)
    await world.settle()

    held = {
        node: {kind for kind, (words, _) in posted.items() if ledger.holds(getattr(world, node), words)}
        for node in ("sales", "acme", "stranger")
    }
    open_kinds = {(reach, visibility) for reach, visibility in posted if visibility != "direct"}
    assert held["sales"] == {kind for kind in open_kinds if kind[0] != "node"} | {("organisation", "direct")}
    assert held["acme"] == {kind for kind in open_kinds if kind[0] == "partners"} | {("partners", "direct")}
    assert held["stranger"] == set()

    made: list[tuple[str, str, str]] = []
    for kind in sorted(held["sales"]):
        (seen,) = await found(world.sven, posted[kind][1]["uri"])
        answer = unique("Sven answers")
        reply = await post(world.sven, answer, in_reply_to_id=seen["id"], visibility=kind[1])
        made.append((kind[0], answer, reply["uri"]))
        if kind[1] in ("public", "unlisted"):
            boost = await world.sven.post(f"/api/v1/statuses/{seen['id']}/reblog")
            made.append((kind[0], posted[kind][0], boost["uri"]))
    await world.settle()
    narrow = [(words, uri) for reach, words, uri in made if reach == "organisation"]
    assert not [words for words, _ in narrow if ledger.holds(world.acme, words)]
    assert not [words for _, words, _ in made if ledger.holds(world.stranger, words)]
    outbox = f"{world.sales.url}/users/sven/outbox?page=true"
    async with speaking_as(world.acme, "/users/ada") as ada, world.sales.http() as anybody:
        assert {await ada.get(f"{uri}{part}") for _, uri in narrow for part in ("", "/activity")} <= HIDDEN
        listed = (await ada.client.fetch_document(outbox, signer=ada.key)).body.decode()
        listed += (await anybody.get("/@sven")).text + (await anybody.get("/api/v1/timelines/public")).text
        assert not [uri for words, uri in narrow if words in listed or uri in listed]
        assert {(await anybody.get(uri, headers=ACTIVITY_JSON)).status_code for _, _, uri in made} <= HIDDEN


async def test_naming_somebody_outside_the_reach_is_refused(world: World) -> None:
    """The author is told, nothing is posted and nothing is sent; within the reach the same words arrive."""
    words = unique("Have a look")
    form = {"status": f"{world.ada.handle} {words}"}

    refused = await world.anna.http.post("/api/v1/statuses", data=form)

    assert refused.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert world.acme.domain in refused.json()["error"]
    assert not ledger.holds(world.engineering, words)
    await post(world.anna, form["status"], reach="partners")
    await world.ada.home_status(words)


async def test_a_direct_message_crosses_to_a_partner(world: World) -> None:
    """Direct is for whom it names: it reaches the partner and nobody between, and is answered the same way."""
    words, answer = unique("Between us"), unique("Understood")
    status = await post(world.anna, f"{world.ada.handle} {words}", visibility="direct")

    async def mention(member: Member, text: str) -> dict[str, Any] | None:
        told = await member.get("/api/v1/notifications", {"types[]": "mention"})
        return next((one["status"] for one in told if text in one["status"]["content"]), None)

    received = await wait_for(lambda: mention(world.ada, words), "the message")
    assert received["visibility"] == "direct"
    reply = {"in_reply_to_id": received["id"], "visibility": "direct"}
    await post(world.ada, f"{world.anna.handle} {answer}", **reply)
    back = await wait_for(lambda: mention(world.anna, answer), "the answer")
    assert (back["visibility"], back["in_reply_to_id"]) == ("direct", status["id"])
    await world.settle()
    assert not ledger.holds(world.sales, words)
    assert (await world.erik.http.get(f"/api/v1/statuses/{status['id']}")).status_code == httpx.codes.NOT_FOUND


@pytest.mark.parametrize("tier", ["open", "blocked"])
async def test_somebody_not_spoken_with_gets_nothing(world: World, tier: str) -> None:
    """A server that is no partner, and one that is blocked, may neither write nor read; nothing is sent to it."""
    await world.engineering.command("peer", "tier", world.stranger.domain, tier)
    words = unique("Among friends")
    status = await post(world.anna, words, reach="partners")
    anna = f"{world.engineering.url}/users/anna"
    sender = f"{world.stranger.url}/users/sam"
    note: dict[str, Any] = {"id": f"{sender}/notes/{next(NUMBERS)}", "type": "Note", "content": "Buy now"}
    note |= {"attributedTo": sender, "to": [anna]}

    async with speaking_as(world.stranger, "/users/sam") as sam:
        for inbox in (f"{world.engineering.url}/inbox", f"{anna}/inbox"):
            assert await sam.post(inbox, "Follow", anna) == httpx.codes.FORBIDDEN
            assert await sam.post(inbox, "Create", note, to=[anna]) == httpx.codes.FORBIDDEN
        assert {await sam.get(url) for url in (status["uri"], f"{status['uri']}/activity")} <= REFUSED
    assert await found(world.sam, status["uri"]) == []
    await world.sam.post("/api/v1/statuses", {"status": f"{world.anna.handle} {unique('Hello')}"})
    for visibility in ("public", "direct"):
        form = {"status": f"{world.sam.handle} {words}", "visibility": visibility, "reach": "public"}
        answer = await world.anna.http.post("/api/v1/statuses", data=form)
        assert answer.is_client_error or not answer.json()["mentions"], answer.text

    await world.settle()
    assert not ledger.holds(world.stranger, words)
    assert not ledger.holds(world.engineering, "Buy now")
    me = await world.anna.get("/api/v1/accounts/verify_credentials")
    followers = await world.anna.get(f"/api/v1/accounts/{me['id']}/followers")
    assert {account["acct"] for account in followers} == {
        one.handle.removeprefix("@") for one in (world.sven, world.ada)
    }


async def test_a_partner_that_is_blocked_is_cut_off(world: World) -> None:
    """From the block on nothing is sent and nothing is taken, and follows end; lifted, one may follow and read anew."""
    await world.engineering.command("peer", "tier", world.acme.domain, "blocked")
    words = unique("Behind their back")
    try:
        status = await post(world.anna, words, reach="partners")
        await world.sven.home_status(words)
        async with speaking_as(world.acme, "/users/ada") as ada:
            inbox = f"{world.engineering.url}/inbox"
            assert await ada.post(inbox, "Like", status["uri"]) == httpx.codes.FORBIDDEN
            assert await ada.get(status["uri"]) in REFUSED
        await settle(world.engineering)  # nothing waits to be sent once the block is lifted
        assert not ledger.holds(world.acme, words)
        (severed,) = await world.anna.get("/api/v1/notifications", {"types[]": "severed_relationships"})
        assert (severed["event"]["target_name"], severed["event"]["followers_count"]) == (world.acme.domain, 1)
    finally:
        await world.engineering.command("peer", "tier", world.acme.domain, "partner")
    # Nobody told Acme, where Ada still follows: she takes that back first.
    target = await world.ada.find(world.anna)
    await world.ada.post(f"/api/v1/accounts/{target}/unfollow")
    await world.settle()
    await world.ada.follow(world.anna)
    later = unique("Sent later")
    await post(world.anna, later, reach="partners")
    await world.ada.home_status(later)
    # A partner again, Acme may read what was said meanwhile, and does so by itself to complete the profile it follows.
    assert len(await found(world.ada, status["uri"])) == 1


async def test_competing_partners_see_nothing_of_each_others(world: World) -> None:
    """Two partners follow Anna: what names one of them never comes to the other, by push, search, thread or fetch."""
    rival = world.stranger
    await world.engineering.command("peer", "tier", rival.domain, "partner")
    await world.sam.follow(world.anna)
    words, answer, open_words = unique("For Acme"), unique("Acme answers"), unique("For both")

    status = await post(world.anna, words, **{"partners[]": world.acme.domain})
    seen = await world.ada.home_status(words)
    assert (seen["reach"], seen["partners"], status["partners"]) == ("partners", [], [world.acme.domain])
    reply = await post(world.ada, answer, in_reply_to_id=seen["id"])

    async def answered() -> dict[str, Any] | None:
        context = await world.anna.get(f"/api/v1/statuses/{status['id']}/context")
        return next(iter(context["descendants"]), None)

    back = await wait_for(answered, "the answer")
    assert (back["uri"], back["reach"], back["partners"]) == (reply["uri"], "partners", [world.acme.domain])
    await post(world.anna, open_words, reach="partners")
    await world.sam.home_status(open_words)
    await world.settle()
    assert not ledger.holds(rival, words)
    assert not ledger.holds(rival, answer)
    assert ledger.holds(world.sales, words)
    assert await found(world.sam, status["uri"]) == []
    for path in ("/actor", "/users/sam"):
        async with speaking_as(rival, path) as sam:
            addresses = [f"{status['uri']}{part}" for part in ("", "/activity", "/replies", "/context")]
            assert {await sam.get(address) for address in addresses} <= HIDDEN
            document = await sam.client.fetch_document(
                f"{world.engineering.url}/users/anna/outbox?page=true", signer=sam.key
            )
            assert open_words in document.body.decode()
            assert words not in document.body.decode()
