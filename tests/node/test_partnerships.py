"""Two nodes come to terms, each through its own doors, over real signatures; and strangers who try to."""

import asyncio
import json
import re
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Connection

from fedorg.activitypub import trying
from fedorg.domain.accounts import UserRole
from fedorg.domain.ceilings import NOTHING, Ceilings
from fedorg.domain.jobs import AgreementKind, SendAgreement
from fedorg.domain.partnerships import GrantChange, PartnershipState, Side
from fedorg.domain.visibility import Reach, Tier
from fedorg.errors import Conflict, Forbidden, Invalid, NotFound
from fedorg.jobs.upkeep import keep_up
from fedorg.node import Node
from fedorg.services import auditing, neighbours, partnerships, peers
from fedorg.services.partnerships import Invitation
from fedorg.store import deliveries as stored_deliveries
from fedorg.store import jobs
from fedorg.store.jobs import Room
from tests.databases import SqliteFiles
from tests.fediverse.nodes import wait_for
from tests.node.fake_peer import ACTIVITY_JSON, FakePeer
from tests.node.offering import PARTNERSHIP, offer_of, post, running_stranger
from tests.node.pairing import NO_CHANGE, PARTNERS, Pair, domain, in_force, run_pair
from tests.node.peering import fetch, find
from tests.node.serving import Browser, Member, NodeServer
from tests.node.talking import WorkingServer, listening, refusal, run_jobs, success

API: Final = "/api/fedorg/v1/admin/partnerships"
ROOM: Final = Room(own=10, beside=10, others=10, lane_max=10)


async def meet(pair: Pair, mia: Member, tom: Member) -> None:
    """Two people follow each other."""
    for one, other, working in ((mia, tom, pair.there), (tom, mia, pair.here)):
        found = await find(one, f"@{other.user.username}@{domain(working)}")
        success(await one.api.post(f"/api/v1/accounts/{found['id']}/follow"))
    await pair.settle()


async def home(member: Member) -> list[str]:
    """What stands on the home timeline, the latest first, as plain text."""
    found = success(await member.api.get("/api/v1/timelines/home"))
    return [one["content"].removeprefix("<p>").removesuffix("</p>") for one in found]


async def until_refused(working: WorkingServer) -> None:
    """Wait until every delivery was made or given up."""

    def waiting(conn: Connection) -> int:
        return stored_deliveries.counts(conn).waiting

    deadline = time.monotonic() + 30
    while await working.server.node.read(waiting):
        assert time.monotonic() < deadline, "deliveries are left"
        await asyncio.sleep(0.02)


@pytest.fixture
async def pair(
    serve: Callable[..., Awaitable[NodeServer]], sqlite_files: SqliteFiles, tmp_path: Path
) -> AsyncIterator[Pair]:
    """Two nodes."""
    async with run_pair(await serve(**PARTNERS), sqlite_files, tmp_path) as running:
        yield running


async def test_a_partnership_lives_on_both_sides(pair: Pair) -> None:  # noqa: PLR0915 - a whole life
    """Offered, accepted, approved by both, narrowed, suspended, resumed, revoked: both sides always say the same."""
    here, there = pair.here.server.node, pair.there.server.node

    await pair.invite(largest_reach=Reach.PARTNERS, contact="security@here.example")
    assert await pair.states() == {PartnershipState.OFFERED}
    _, offered = await pair.seen()
    assert (offered.note, offered.is_inviter) == ("For the bridge", False)
    assert offered.theirs is not None
    assert offered.theirs.contact == "security@here.example"
    assert await in_force(pair.there, pair.here) == (Tier.OPEN, Ceilings())

    await partnerships.accept(there, domain(pair.here), GrantChange(media=False))
    await pair.settle()
    assert await pair.states() == {PartnershipState.ACCEPTED}

    ours = await partnerships.get_view(here, domain(pair.there))
    theirs = await partnerships.get_view(there, domain(pair.here))
    assert ours.fingerprint is not None
    assert ours.fingerprint == theirs.fingerprint
    with pytest.raises(Conflict, match="compare it"):
        await partnerships.approve(here, domain(pair.there), " ".join(["zoo"] * 12))
    await partnerships.approve(here, domain(pair.there), f" {ours.fingerprint.upper()} ")
    await pair.settle()
    assert await pair.states() == {PartnershipState.ACCEPTED}
    assert await in_force(pair.here, pair.there) == (Tier.OPEN, Ceilings())

    await partnerships.approve(there, domain(pair.here), ours.fingerprint)
    await pair.settle()
    assert await pair.states() == {PartnershipState.ACTIVE}
    agreed = Ceilings(largest_reach=Reach.PARTNERS, directory=False, media=False)
    assert await in_force(pair.here, pair.there) == await in_force(pair.there, pair.here) == (Tier.PARTNER, agreed)

    await partnerships.change(here, domain(pair.there), GrantChange(direct_messages=False, media=True))
    assert (await in_force(pair.here, pair.there))[1].direct_messages is False
    await pair.settle()
    assert (await in_force(pair.there, pair.here))[1].direct_messages is False
    await partnerships.change(here, domain(pair.there), GrantChange(direct_messages=True))
    await partnerships.change(there, domain(pair.here), GrantChange(media=True))
    await pair.settle()
    agreed = Ceilings(largest_reach=Reach.PARTNERS, directory=False)
    assert await in_force(pair.here, pair.there) == await in_force(pair.there, pair.here) == (Tier.PARTNER, agreed)

    await partnerships.suspend(there, domain(pair.here), "An incident")
    assert await in_force(pair.there, pair.here) == (Tier.OPEN, NOTHING)
    await pair.settle()
    assert await pair.states() == {PartnershipState.SUSPENDED}
    assert (await pair.seen())[0].reason == "An incident"
    with pytest.raises(Conflict, match="by the other side alone"):
        await partnerships.resume(here, domain(pair.there))
    await partnerships.suspend(here, domain(pair.there), "")
    await pair.settle()
    await partnerships.resume(there, domain(pair.here))
    await pair.settle()
    assert await pair.states() == {PartnershipState.SUSPENDED}
    await partnerships.resume(here, domain(pair.there))
    await pair.settle()
    assert await pair.states() == {PartnershipState.ACTIVE}
    assert await in_force(pair.here, pair.there) == (Tier.PARTNER, agreed)

    await partnerships.revoke(here, domain(pair.there), "The bridge is built")
    assert await in_force(pair.here, pair.there) == (Tier.OPEN, Ceilings())
    await pair.settle()
    assert await pair.states() == {PartnershipState.REVOKED}
    assert (await pair.seen())[1].reason == "The bridge is built"
    assert await in_force(pair.there, pair.here) == (Tier.OPEN, Ceilings())

    lines = await auditing.list_lines(there, action="partnership.", target=domain(pair.here))
    named = [line.action.removeprefix("partnership.") for line in reversed(lines)]
    assert named == [
        *("invited", "accepted", "approved", "approved", "changed", "changed", "changed"),
        *("suspended", "suspended", "resumed", "resumed", "revoked"),
    ]


async def test_an_end_takes_back_what_was_sent(pair: Pair) -> None:
    """After a revocation follows are gone on both sides, and what was for partners is deleted there and stays here."""
    await pair.agree()
    mia, tom = await pair.here.person("mia"), await pair.there.person("tom")
    await meet(pair, mia, tom)
    kept = success(await mia.api.post("/api/v1/statuses", data={"status": "For partners", "reach": "partners"}))
    success(await tom.api.post("/api/v1/statuses", data={"status": "Back to partners", "reach": "partners"}))
    await pair.settle()
    assert await home(tom) == ["Back to partners", "For partners"]
    assert await home(mia) == ["Back to partners", "For partners"]

    async with listening(tom.api, "user") as heard:
        await partnerships.revoke(pair.here.server.node, domain(pair.there), "Over")
        await pair.settle()
        kinds = [await heard.next_kind(), await heard.next_kind()]
    assert set(kinds) == {"delete", "notification"}
    assert await home(tom) == ["Back to partners"]
    assert await home(mia) == ["For partners"]
    assert success(await mia.api.get(f"/api/v1/statuses/{kept['id']}"))["content"] == "<p>For partners</p>"
    for member in (mia, tom):
        account = success(await member.api.get("/api/v1/accounts/verify_credentials"))
        assert (account["followers_count"], account["following_count"]) == (0, 0)
        (lost, *_) = success(await member.api.get("/api/v1/notifications", params={"types[]": "severed_relationships"}))
        assert lost["event"]["followers_count"] == 1
    for one, other in ((pair.here, pair.there), (pair.there, pair.here)):
        view = await partnerships.get_view(one.server.node, domain(other))
        assert (view.partnership.purge_asked, view.purge_open) == (1, 0)
    answer = await mia.api.post("/api/v1/statuses", data={"status": f"@tom@{domain(pair.there)} Hello?"})
    assert domain(pair.there) in refusal(answer, 422)


async def test_what_was_not_confirmed_is_told(pair: Pair) -> None:
    """A partner that has shut this node out confirms nothing, and the administrators can see that."""
    await pair.agree()
    mia, tom = await pair.here.person("mia"), await pair.there.person("tom")
    await meet(pair, mia, tom)
    success(await mia.api.post("/api/v1/statuses", data={"status": "For partners", "reach": "partners"}))
    await pair.settle()

    await peers.set_tier(pair.there.server.node, domain(pair.here), Tier.BLOCKED)
    await partnerships.revoke(pair.here.server.node, domain(pair.there), "Over")
    await pair.here.settle()
    await until_refused(pair.here)

    view = await partnerships.get_view(pair.here.server.node, domain(pair.there))
    assert (view.partnership.purge_asked, view.purge_open) == (1, 1)


async def test_offers_that_come_to_nothing(pair: Pair) -> None:
    """Declined, withdrawn and expired offers say why; then there can be another; a fresh one while one lives cannot."""
    here, there = pair.here.server.node, pair.there.server.node

    await pair.invite()
    with pytest.raises(Conflict, match="already"):
        await pair.invite()
    with pytest.raises(Conflict, match="the side that was invited"):
        await partnerships.accept(here, domain(pair.there), NO_CHANGE)
    await peers.set_tier(there, domain(pair.here), Tier.BLOCKED)
    with pytest.raises(Conflict, match="lift the block"):
        await partnerships.accept(there, domain(pair.here), NO_CHANGE)
    await peers.set_tier(there, domain(pair.here), Tier.OPEN)
    view = await partnerships.get_view(there, domain(pair.here))
    with pytest.raises(Conflict, match="cannot be approved"):
        await partnerships.approve(there, domain(pair.here), view.fingerprint or "")
    await partnerships.decline(there, domain(pair.here), "Not this year")
    await pair.settle()
    assert await pair.states() == {PartnershipState.DECLINED}
    assert (await pair.seen())[0].reason == "Not this year"
    with pytest.raises(NotFound, match="the last one was declined"):
        await partnerships.revoke(here, domain(pair.there), "")

    await pair.invite()
    await partnerships.withdraw(here, domain(pair.there), "A mistake")
    await pair.settle()
    assert await pair.states() == {PartnershipState.WITHDRAWN}

    await pair.invite()
    for one in (pair.here, pair.there):
        one.server.clock.advance(timedelta(days=14, seconds=1))
        await keep_up(one.server.node)
    assert await pair.states() == {PartnershipState.EXPIRED}
    assert await in_force(pair.there, pair.here) == (Tier.OPEN, Ceilings())


async def test_nobody_approves_too_late(pair: Pair) -> None:
    """When one side thinks that time is up, nothing is in force on the other side either."""
    await pair.invite()
    await partnerships.accept(pair.there.server.node, domain(pair.here), NO_CHANGE)
    await pair.settle()
    view = await partnerships.get_view(pair.here.server.node, domain(pair.there))
    await partnerships.approve(pair.here.server.node, domain(pair.there), view.fingerprint or "")
    await pair.settle()

    pair.here.server.clock.advance(timedelta(days=14, seconds=1))
    pair.there.server.clock.advance(timedelta(days=14, seconds=-40))
    with pytest.raises(Conflict, match="expired"):
        await partnerships.approve(pair.here.server.node, domain(pair.there), view.fingerprint or "")
    await partnerships.approve(pair.there.server.node, domain(pair.here), view.fingerprint or "")
    assert (await pair.seen())[1].state is PartnershipState.ACTIVE
    await pair.settle()
    await keep_up(pair.here.server.node)
    await pair.settle()
    assert await pair.states() == {PartnershipState.EXPIRED, PartnershipState.REVOKED}
    assert (await in_force(pair.there, pair.here))[0] is Tier.OPEN


async def test_a_quiet_partner_is_not_forgotten(pair: Pair) -> None:
    """Whoever speaks for a partner stays known when nothing was said for months, and hears what is decided then."""
    await pair.agree()
    for one in (pair.here, pair.there):
        one.server.clock.advance(timedelta(days=120))
        await keep_up(one.server.node)

    await partnerships.suspend(pair.here.server.node, domain(pair.there), "Spring cleaning")
    await pair.settle()
    assert await pair.states() == {PartnershipState.SUSPENDED}


async def test_both_sides_may_offer_at_once(pair: Pair) -> None:
    """Two offers that cross become one, the same on both sides."""
    for one, other in ((pair.here, pair.there), (pair.there, pair.here)):
        draft = Invitation(domain=domain(other), tier=Tier.PARTNER, change=NO_CHANGE)
        await partnerships.invite(one.server.node, draft)
    await pair.settle()

    ours, theirs = await pair.seen()
    assert (ours.state, theirs.state) == (PartnershipState.OFFERED, PartnershipState.OFFERED)
    assert ours.is_inviter is not theirs.is_inviter


async def test_a_tier_and_a_partnership_do_not_contradict(pair: Pair) -> None:
    """While something is agreed nobody sets a tier beside it; a block suspends it, and is stronger."""
    await pair.agree()
    here = pair.here.server.node

    with pytest.raises(Conflict, match="partnership"):
        await peers.set_tier(here, domain(pair.there), Tier.SIBLING)
    await peers.set_tier(here, domain(pair.there), Tier.BLOCKED)
    assert (await pair.seen())[0].state is PartnershipState.SUSPENDED
    await partnerships.change(pair.there.server.node, domain(pair.here), GrantChange(media=False))
    with pytest.raises(Conflict, match="blocked"):
        await partnerships.resume(here, domain(pair.there))
    assert (await in_force(pair.here, pair.there))[0] is Tier.BLOCKED

    await peers.set_tier(here, domain(pair.there), Tier.OPEN)
    assert await in_force(pair.here, pair.there) == (Tier.OPEN, NOTHING)
    await partnerships.resume(here, domain(pair.there))
    assert (await in_force(pair.here, pair.there))[0] is Tier.PARTNER


@pytest.fixture
async def stranger() -> AsyncIterator[FakePeer]:
    """A server that nobody knows; the user ``node`` speaks for it, ``fred`` does not."""
    async with running_stranger() as running:
        running.add_user("fred")
        yield running


async def test_a_stranger_may_offer_and_nothing_else(
    serve: Callable[..., Awaitable[NodeServer]], stranger: FakePeer
) -> None:
    """In mode partners an unknown node is heard with an offer by its own actor, and fetched for nothing more."""
    async with run_jobs(await serve(**PARTNERS)) as working:
        server = working.server
        note = {"id": f"{stranger.url}/n", "type": "Note", "attributedTo": stranger.actor("node"), "content": "Hi"}
        assert await post(server, stranger, stranger.activity("Create", stranger.actor("node"), note, 1)) == 403
        assert await post(server, stranger, offer_of(stranger, server, 2, by="fred"), by="fred") == 403
        assert await post(server, stranger, offer_of(stranger, server, 3), by="fred") != 202
        assert await post(server, stranger, offer_of(stranger, server, 4, tier="owner")) == 400
        assert not stranger.asked["/users/fred"]

        server.clock.advance(timedelta(minutes=6))
        others = offer_of(stranger, server, 5, object="https://elsewhere.example/actor")
        assert await post(server, stranger, others) == 202
        await working.settle()
        assert await partnerships.list_partnerships(server.node) == []
        assert await post(server, stranger, offer_of(stranger, server, 6)) == 202
        await working.settle()

        known = (await partnerships.get_view(server.node, stranger.domain)).partnership
        assert (known.state, known.tier) == (PartnershipState.OFFERED, Tier.PARTNER)
        assert {path for path, count in stranger.asked.items() if count} == {"/.well-known/webfinger", "/users/node"}
        assert await post(server, stranger, stranger.activity("Create", stranger.actor("node"), note, 7)) == 403

        await peers.set_tier(server.node, stranger.domain, Tier.BLOCKED)
        assert await post(server, stranger, offer_of(stranger, server, 8)) == 403


async def test_a_partner_speaks_for_its_own_side_alone(
    serve: Callable[..., Awaitable[NodeServer]], stranger: FakePeer
) -> None:
    """Others and other actors are not heard, nothing old brings a state back, and no date stops what is due."""
    async with run_jobs(await serve(**PARTNERS)) as working, running_stranger() as rival:
        server = working.server

        async def told(kind: str, number: int, terms: dict[str, Any], *, peer: FakePeer = stranger) -> int:
            own = offer_of(stranger, server, 1, **terms)["object"]
            activity = peer.activity(kind, peer.actor("node"), own, number)
            status = await post(server, peer, activity)
            await working.settle()
            return status

        async def state() -> tuple[PartnershipState, frozenset[Side]]:
            view = await partnerships.get_view(server.node, stranger.domain)
            return view.partnership.state, view.partnership.suspended

        assert await post(server, stranger, offer_of(stranger, server, 1)) == 202
        await working.settle()
        assert await told("Update", 11, {"approved": True}) == 202
        assert await state() == (PartnershipState.OFFERED, frozenset())
        await partnerships.accept(server.node, stranger.domain, NO_CHANGE)
        view = await partnerships.get_view(server.node, stranger.domain)
        await partnerships.approve(server.node, stranger.domain, view.fingerprint or "")

        assert await told("Update", 12, {"approved": True}, peer=rival) != 202
        assert await told("Update", 13, {"approved": True, "tier": "sibling"}) == 202
        assert await told("Update", 14, {"approved": True, "id": f"{stranger.url}/partnerships/2"}) == 202
        assert (await state())[0] is PartnershipState.ACCEPTED
        assert await told("Update", 15, {"approved": True, "reviewAt": "0001-01-01T00:00:00Z"}) == 202
        assert (await state())[0] is PartnershipState.ACTIVE

        await keep_up(server.node)
        assert await told("Update", 16, {"approved": True, "reviewAt": "9999-12-31T23:59:59Z"}) == 202
        await keep_up(server.node)
        again = offer_of(stranger, server, 1) | {"id": f"{stranger.url}/partnerships/1#again"}
        assert await post(server, stranger, again) == 202
        await working.settle()
        assert await state() == (PartnershipState.ACTIVE, frozenset())
        assert await told("Update", 17, {"approved": True, "suspended": True}) == 202
        assert await told("Update", 17, {"approved": True, "suspended": True}) == 202
        assert await state() == (PartnershipState.SUSPENDED, frozenset({Side.THERE}))
        assert await told("Update", 15, {"approved": True}) == 202
        assert (await state())[0] is PartnershipState.SUSPENDED

        soon = GrantChange(review_at=server.clock() + timedelta(days=1), sets_review=True)
        await partnerships.change(server.node, stranger.domain, soon)
        server.clock.advance(timedelta(days=2))
        narrowed = await partnerships.change(server.node, stranger.domain, GrantChange(media=False))
        assert narrowed.partnership.ours.ceilings.media is False


async def was_refused(node: Node) -> bool | None:
    """Whether a delivery failed."""
    return any(one.peer.failures for one in await peers.list_peers(node)) or None


async def test_what_a_node_is_told_is_written_in_turn(
    serve: Callable[..., Awaitable[NodeServer]], stranger: FakePeer
) -> None:
    """One thing after the other, also of an offer that was taken back and of the next one, whichever takes longer."""
    stranger.documents["/users/node"]["implements"] = [{"name": "Partnerships", "href": PARTNERSHIP}]
    draft = Invitation(domain=stranger.domain, tier=Tier.PARTNER, change=NO_CHANGE)
    node, told = (await serve(**PARTNERS)).node, []
    await partnerships.invite(node, draft)
    await partnerships.withdraw(node, stranger.domain, "A mistake")
    await partnerships.invite(node, draft)

    while claimed := await node.write(jobs.claim, now=node.now(), lease=timedelta(minutes=1), room=ROOM):
        told.append([one.job.kind for one in claimed if isinstance(one.job, SendAgreement)])
        await node.write(jobs.finish, *claimed)

    assert [kinds for kinds in told if kinds] == [[AgreementKind.OFFER], [AgreementKind.END], [AgreementKind.OFFER]]


async def test_an_offer_taken_back_does_not_come_after_the_next(
    serve: Callable[..., Awaitable[NodeServer]], stranger: FakePeer
) -> None:
    """What one node is told goes in order, also when it was not there for a while."""
    capability = {"name": "Partnerships", "href": PARTNERSHIP}
    stranger.documents["/users/node"]["implements"] = [capability]
    draft = Invitation(domain=stranger.domain, tier=Tier.PARTNER, change=NO_CHANGE)
    async with run_jobs(await serve(**PARTNERS)) as working:
        node = working.server.node
        stranger.refusals["/users/node/inbox"] = 503
        await partnerships.invite(node, draft)
        await wait_for(partial(was_refused, node), "the first try to fail", every=0.01)
        stranger.refusals.clear()
        await partnerships.withdraw(node, stranger.domain, "A mistake")
        await partnerships.invite(node, draft)
        await working.settle()
        working.server.clock.advance(timedelta(minutes=5))
        await working.deliver_all()
        assert [one["type"] for one in stranger.received] == ["Offer", "Undo", "Offer"]

        # How often this node began anew is not held against the other.
        for _ in range(4):
            await partnerships.withdraw(node, stranger.domain, "A mistake")
            await partnerships.invite(node, draft)
        await partnerships.withdraw(node, stranger.domain, "A mistake")
        assert await post(working.server, stranger, offer_of(stranger, working.server, 1)) == 202
        await working.settle()
        assert (await partnerships.get_view(node, stranger.domain)).partnership.is_inviter is False


async def test_a_closed_node_hears_no_offer(serve: Callable[..., Awaitable[NodeServer]], stranger: FakePeer) -> None:
    """Closed is closed, in both directions."""
    server = await serve(federation_mode="closed", default_reach="node")

    assert await post(server, stranger, offer_of(stranger, server, 1)) == 403
    with pytest.raises(Invalid, match="mode closed"):
        await partnerships.invite(server.node, Invitation(domain=stranger.domain, tier=Tier.PARTNER, change=NO_CHANGE))


async def test_who_knows_no_partnerships_is_not_invited(
    serve: Callable[..., Awaitable[NodeServer]], stranger: FakePeer
) -> None:
    """The refusal says what else can be done; blocked servers are not asked at all."""
    server = await serve(**PARTNERS)
    draft = Invitation(domain=stranger.domain, tier=Tier.PARTNER, change=NO_CHANGE)

    with pytest.raises(NotFound, match="fedorg peer tier"):
        await partnerships.invite(server.node, draft)
    await peers.set_tier(server.node, stranger.domain, Tier.BLOCKED)
    with pytest.raises(Forbidden):
        await partnerships.invite(server.node, draft)


async def test_administrators_come_to_terms_over_the_api(pair: Pair) -> None:
    """The whole way by HTTP; members, and tokens without the scope, are refused; each refusal says why."""
    scopes = "read write admin:read admin:write"
    owners = [await one.person("owner", role=UserRole.OWNER, scopes=scopes) for one in (pair.here, pair.there)]
    ours, theirs = (owner.api for owner in owners)
    member = await pair.here.person("mia", scopes=scopes)
    narrow = await pair.here.server.token(owners[0].user, "read write")
    path, at_here, at_there = API, f"{API}/{domain(pair.there)}", f"{API}/{domain(pair.here)}"
    asked = {"domain": domain(pair.there), "tier": "partner", "directory": "false", "review_at": "2999-01-01"}

    assert success(await ours.get(path)) == []
    assert refusal(await member.api.get(path), 403)
    assert refusal(await (await pair.here.server.api(narrow)).post(path, data=asked), 403)
    assert "tier" in refusal(await ours.post(path, data={"domain": domain(pair.there)}), 422)
    assert "sibling" in refusal(await ours.post(path, data=asked | {"tier": "open"}), 422)
    assert "itself" in refusal(await ours.post(path, data=asked | {"domain": domain(pair.here)}), 422)
    assert "no partnership" in refusal(await ours.get(at_here), 404)
    made = success(await ours.post(path, data=asked))
    assert (made["state"], made["ours"]["review_at"]) == ("proposed", "2999-01-01T00:00:00.000Z")
    await pair.settle()

    assert success(await theirs.post(f"{at_there}/accept", data={"media": "false"}))["state"] == "accepted"
    await pair.settle()
    shown = success(await ours.get(at_here))
    assert not shown["theirs"]["media"]
    assert "compare" in refusal(await ours.post(f"{at_here}/approve", data={"fingerprint": "1"}), 409)
    for api, at in ((ours, at_here), (theirs, at_there)):
        success(await api.post(f"{at}/approve", data={"fingerprint": shown["fingerprint"]}))
    await pair.settle()
    assert success(await ours.patch(at_here, data={"direct_messages": "false"}))["state"] == "active"
    assert "Reach node" in refusal(await ours.patch(at_here, data={"largest_reach": "node"}), 422)
    assert success(await ours.post(f"{at_here}/suspend", data={"reason": "Fire drill"}))["suspended_here"]
    assert success(await ours.post(f"{at_here}/resume"))["state"] == "active"
    assert "cannot be declined" in refusal(await ours.post(f"{at_here}/decline"), 409)
    assert success(await ours.post(f"{at_here}/revoke", data={"reason": "Over"}))["state"] == "revoked"
    assert [one["state"] for one in success(await ours.get(path))] == ["revoked"]
    (line, *_) = await auditing.list_lines(pair.here.server.node, action="partnership.revoked")
    assert (line.by, line.details["reason"]) == ("owner", "Over")


async def test_a_server_without_partnerships_gets_limits_from_one_side(
    serve: Callable[..., Awaitable[NodeServer]],
) -> None:
    """One administrator alone says what another server is, and how much passes."""
    node = (await serve(**PARTNERS)).node
    await peers.set_tier(node, "old.example", Tier.PARTNER)

    changed = await peers.change_ceilings(node, "old.example", GrantChange(media=False))

    assert changed.peer.ceilings == Ceilings(media=False)
    assert (await peers.change_ceilings(node, "old.example", GrantChange(media=True))).peer.ceilings == Ceilings()
    with pytest.raises(NotFound):
        await peers.change_ceilings(node, "unknown.example", GrantChange(media=False))
    await peers.set_tier(node, "social.acme.example", Tier.PARTNER)
    await peers.set_tier(node, "acme.example", Tier.BLOCKED)
    assert [one.domain for one in await neighbours.list_neighbours(node)] == ["old.example"]


async def test_the_way_to_a_partner_can_be_tried(pair: Pair) -> None:
    """Each step says whether it works; what is granted is shown to that partner alone."""
    here = pair.here.server.node
    before = {one.step: one for one in await trying.try_peer(here, domain(pair.there))}
    assert all(one.works for one in before.values())
    assert "no partnership" in before["What they grant us"].told
    await pair.agree()

    after = {one.step: one for one in await trying.try_peer(here, domain(pair.there))}
    assert after["What they grant us"].told == "approved; statuses up to reach public; direct messages, files"
    assert after["NodeInfo"].told.startswith("fedorg ")
    assert after["Clock"].works
    theirs = (await pair.seen())[0].their_uri
    assert theirs is not None
    assert (await fetch(pair.there.server, theirs)).status_code == 404
    away = {one.step: one.works for one in await trying.try_peer(here, "localhost:1")}
    assert not any(works for step, works in away.items() if step != "What they grant us")


async def test_members_see_with_whom_their_node_federates(pair: Pair) -> None:
    """Domain, what it is, how far and why: on a page, and over the API; visitors are told the mode only."""
    await pair.agree(media=False)
    mia = await pair.here.person("mia")
    browser = await pair.here.server.browser()
    assert (await browser.open("/about/federation")).status_code == 303

    (one,) = success(await mia.api.get("/api/fedorg/v1/federation"))
    assert (one["domain"], one["tier"], one["note"]) == (domain(pair.there), "partner", "For the bridge")
    assert one["ceilings"]["media"] is False
    await browser.sign_in("mia")
    page = (await browser.open("/about/federation")).text
    assert all(word in page for word in (domain(pair.there), "For the bridge", "no files"))
    assert "/admin/" not in page
    told = success(await pair.here.server.anonymous.get("/api/v2/instance"))["fedorg"]
    assert (told["federation_mode"], told["default_reach"]) == ("partners", "partners")
    assert (await browser.open("/admin/partnerships")).status_code == 403
    await pair.here.person("owner", role=UserRole.OWNER)
    owners = await pair.here.server.browser()
    await owners.sign_in("owner")
    page = (await owners.open("/about/federation")).text
    for way in ("/admin/partnerships", "/admin/peers"):
        assert 0 < page.find(f'href="{way}"') < page.find(domain(pair.there)), "before the list, which may be long"


async def test_an_invitation_that_fails_keeps_what_was_entered(serve: Callable[..., Awaitable[NodeServer]]) -> None:
    """The fault stands beside the form, in plain words first; nothing has to be written again."""
    server = await serve(**PARTNERS)
    await server.person("owner", role=UserRole.OWNER)
    browser = await server.browser()
    await browser.sign_in("owner")
    page = await browser.open("/admin/partnerships")
    fields = {"domain": "localhost:1", "tier": "sibling", "note": "For the bridge", "largest_reach": "partners"}
    fields |= {"media": "1", "contact": "security@here.example", "retention": "60 days", "review_at": "2999-01-31"}

    away = await browser.submit(page, "/admin/partnerships", **fields)
    wrong = await browser.submit(page, "/admin/partnerships", **(fields | {"review_at": "2001-01-01"}))

    for answer, words in ((away, "Nothing answers at localhost:1. Check the spelling. http"), (wrong, "in the future")):
        assert answer.status_code == 422
        form = answer.text.split('id="invite"', 1)[1].split("</form>", 1)[0]
        assert words in form
        for name in ("domain", "note", "contact", "retention"):
            assert f'name="{name}" value="{fields[name]}"' in form
        assert re.findall(r'<option value="(\w+)" selected', form) == ["sibling", "partners"]
        assert re.findall(r'name="(\w+)" value="1" checked', form) == ["media"]
    assert 'value="2999-01-31"' in away.text
    assert 'value="2001-01-01"' in wrong.text


@pytest.mark.parametrize(
    ("tier", "answer", "is_listed"),
    [("sibling", "", True), ("partner", "", False), ("sibling", "0", False), ("partner", "1", True)],
)
async def test_the_page_offers_what_the_command_offers(pair: Pair, tier: str, answer: str, *, is_listed: bool) -> None:
    """Colleagues of a sibling find each other, and a partner finds nobody, unless somebody says something else."""
    (ours, at_here), _ = await owners_in_browsers(pair)
    page = await ours.open("/admin/partnerships")
    assert '<option value="" selected>by a sibling, and by no partner' in page.text
    boxes = {"direct_messages": "1", "media": "1", "largest_reach": "public"}

    sent = await ours.submit(
        page, "/admin/partnerships", domain=domain(pair.there), tier=tier, directory=answer, **boxes
    )

    assert (sent.status_code, sent.headers["location"]) == (303, at_here)
    found = await partnerships.get_view(pair.here.server.node, domain(pair.there))
    assert found.partnership.ours.ceilings.directory is is_listed


async def owners_in_browsers(pair: Pair) -> list[tuple[Browser, str]]:
    """The owner of either side, signed in, and where the partnership is for them."""
    found = []
    for one, other in ((pair.here, pair.there), (pair.there, pair.here)):
        await one.person("owner", role=UserRole.OWNER)
        browser = await one.server.browser()
        await browser.sign_in("owner")
        found.append((browser, f"/admin/partnerships/{domain(other)}"))
    return found


async def test_a_page_says_what_is_next_and_who_suspended_and_keeps_what_was_entered(pair: Pair) -> None:
    """From the offer to the end, and from there back to the list and to another offer."""
    (ours, at_here), (theirs, at_there) = await owners_in_browsers(pair)

    async def done(browser: Browser, at: str, decision: str, **fields: str) -> str:
        answer = await browser.submit(await browser.open(at), f"{at}/{decision}", **fields)
        assert answer.status_code == 303, answer.text
        await pair.settle()
        return (await browser.open(at)).text

    await pair.invite()
    assert "Next, they accept or decline it." in (await ours.open(at_here)).text
    page = (await theirs.open(at_there)).text
    assert 0 < page.find('id="accept"') < page.find('class="facts"')
    await done(theirs, at_there, "accept", largest_reach="public", direct_messages="1")
    page = (await ours.open(at_here)).text
    assert 0 < page.find('id="approve"') < page.find('class="facts"')
    page = await done(ours, at_here, "approve", confirmed="1")
    assert "The partnership is approved here." in page
    assert 'id="approve"' not in page
    assert "next, they approve it too" in page
    await done(theirs, at_there, "approve", confirmed="1")

    fields = {"largest_reach": "partners", "retention": "60 days", "contact": "security@here.example"}
    page = (await ours.open(at_here)).text
    for decision, entered in (("change", fields), ("plan", {"reason": "We move"})):
        wrong = {"change": {"review_at": "2001-01-01"}, "plan": {"at": "2001-01-01"}}[decision]
        answer = await ours.submit(await ours.open(at_here), f"{at_here}/{decision}", **entered, **wrong)
        assert answer.status_code == 422
        form = answer.text.split(f'id="{decision}"', 1)[1].split("</form>", 1)[0]
        assert 'role="alert"' in form
        assert all(f'value="{value}"' in form for value in (entered | wrong).values())
        assert answer.text.count('role="alert"') == 1
    assert "That is saved." in await done(ours, at_here, "change", **fields)
    assert "That is saved." not in (await ours.open(at_here)).text

    await done(theirs, at_there, "suspend", reason="A drill")
    page = (await ours.open(at_here)).text
    assert "suspended by them" in page
    # Whoever cannot see the button below a field hears what the form is for.
    assert all(f'aria-label="{words}"' in page for words in ("Suspend now", "Plan a suspension"))
    page = await done(ours, at_here, "suspend", reason="A drill")
    assert "suspended by both sides" in page
    assert not any(words in page for words in ("Suspend now", "Plan a suspension"))
    await done(theirs, at_there, "resume")
    for path in (at_here, "/admin/partnerships"):
        assert "suspended by us" in (await ours.open(path)).text

    page = await done(ours, at_here, "revoke", confirmed="1")
    assert "The partnership is over." in page
    assert 'href="/admin/partnerships"' in page
    (again,) = re.findall(r'href="(/admin/partnerships\?domain=[^"]+)#invite"', page)
    assert f'name="domain" value="{domain(pair.there)}"' in (await ours.open(again)).text


async def test_administrators_come_to_terms_in_a_browser(pair: Pair) -> None:
    """Invited, accepted, approved, suspended, resumed and revoked by forms; what is not confirmed does not happen."""
    (ours, at_here), (theirs, at_there) = await owners_in_browsers(pair)

    page = await ours.open("/admin/partnerships")
    assert "Nothing was agreed" in page.text
    wrong = await ours.submit(page, "/admin/partnerships", domain="no domain", tier="partner", largest_reach="public")
    assert wrong.status_code == 422
    assert "is not a domain" in wrong.text
    fields = {"domain": domain(pair.there), "tier": "partner", "largest_reach": "public", "direct_messages": "1"}
    fields |= {"contact": "security@here.example"}
    assert (await ours.submit(page, "/admin/partnerships", **fields)).headers["Location"] == at_here
    await pair.settle()
    page = await theirs.open(at_there)
    assert "<dd>security@here.example</dd>" in page.text
    assert 'name="contact" value=""' in page.text, "whom to ask here is not whom to ask there"
    assert (await theirs.submit(page, f"{at_there}/accept", media="1")).status_code == 303
    await pair.settle()
    for browser, at in ((ours, at_here), (theirs, at_there)):
        page = await browser.open(at)
        assert "Nothing was done" in (await browser.submit(page, f"{at}/approve")).text
        assert (await browser.submit(page, f"{at}/approve", confirmed="1")).status_code == 303
    await pair.settle()
    assert await pair.states() == {PartnershipState.ACTIVE}

    for decision, words in (("suspend", "suspended"), ("resume", "active")):
        page = await ours.open(at_here)
        await ours.submit(page, f"{at_here}/{decision}", reason="Fire drill")
        assert words in (await ours.open(at_here)).text
    page = await ours.open(at_here)
    assert "Nothing was done" in (await ours.submit(page, f"{at_here}/revoke")).text
    assert (await ours.submit(page, f"{at_here}/moonwalk")).status_code == 404
    await ours.submit(page, f"{at_here}/revoke", confirmed="1", reason="Over")
    page = await ours.open(at_here)
    assert "revoked" in page.text
    assert "<form" not in page.text.split("<main", 1)[1]


async def test_whom_to_tell_of_a_weakness(serve: Callable[..., Awaitable[NodeServer]]) -> None:
    """security.txt has what RFC 9116 asks for, and is not there without an address."""
    server = await serve(contact_email="security@here.example")

    answer = await server.anonymous.get("/.well-known/security.txt")

    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    fields = dict(line.split(": ", 1) for line in answer.text.splitlines())
    assert fields["Contact"] == "mailto:security@here.example"
    assert timedelta() < datetime.fromisoformat(fields["Expires"]) - server.clock() < timedelta(days=365)
    assert fields["Canonical"] == f"{server.url}/.well-known/security.txt"


@pytest.mark.parametrize(
    ("mode", "forbidden"), [("partners", ["/"]), ("open", ["/admin/", "/api/", "/auth/", "/oauth/"])]
)
async def test_what_crawlers_may_read(
    serve: Callable[..., Awaitable[NodeServer]], mode: str, forbidden: list[str]
) -> None:
    """Public pages, where the node federates with everybody; else nothing (RFC 9309)."""
    server = await serve(federation_mode=mode, default_reach="partners")

    answer = await server.anonymous.get("/robots.txt")

    assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert answer.text.splitlines() == ["User-agent: *", *(f"Disallow: {path}" for path in forbidden)]


async def test_one_address_cannot_ask_who_speaks_for_ever_new_servers(
    serve: Callable[..., Awaitable[NodeServer]], stranger: FakePeer
) -> None:
    """Offers cost this node a look at who sends them, so that each address has few."""
    server = await serve(**PARTNERS, rate_limits=1)

    body = json.dumps(offer_of(stranger, server, 1)).encode()
    headers = {"Content-Type": ACTIVITY_JSON}
    answers = [(await server.anonymous.post("/inbox", content=body, headers=headers)).status_code for _ in range(62)]

    assert set(answers[:60]) == {401}
    assert answers[61] == 429
    assert not stranger.asked
