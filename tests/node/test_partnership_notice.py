"""A suspension that is planned: told before with date and reason, called off, moved, in force by itself at its date."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
from sqlalchemy import Connection, delete

from fedorg.domain.accounts import UserRole
from fedorg.domain.ceilings import NOTHING, Ceilings
from fedorg.domain.partnerships import GrantChange, PartnershipState, Side
from fedorg.domain.visibility import Reach, Tier
from fedorg.errors import Conflict, Invalid
from fedorg.jobs.upkeep import keep_up
from fedorg.services import auditing, partnerships, peers
from fedorg.store.tables import jobs
from tests.databases import SqliteFiles
from tests.node.offering import offer_of, post, running_stranger
from tests.node.pairing import NO_CHANGE, PARTNERS, Pair, domain, in_force, run_pair
from tests.node.serving import NodeServer
from tests.node.talking import WorkingServer, refusal, run_jobs, success
from tests.node.test_mail import Postbox, mailing, smtp_url

__all__ = ["smtp_url"]
Serve = Callable[..., Awaitable[NodeServer]]
API: Final = "/api/fedorg/v1/admin/partnerships"


@pytest.fixture
async def pair(serve: Serve, sqlite_files: SqliteFiles, tmp_path: Path) -> AsyncIterator[Pair]:
    """Two nodes that are partners."""
    async with run_pair(await serve(**PARTNERS), sqlite_files, tmp_path) as running:
        await running.agree()
        yield running


@pytest.fixture
def postbox() -> Postbox:
    """The mail server of a test."""
    return Postbox()


def later(working: WorkingServer, **by: int) -> datetime:
    """A moment to come, on the node's clock, as forms and commands write it."""
    return (working.server.clock() + timedelta(**by)).replace(second=0, microsecond=0)


def wait(pair: Pair, **by: int) -> None:
    """Let time pass on both nodes."""
    for one in (pair.here, pair.there):
        one.server.clock.advance(timedelta(**by))


async def test_a_planned_suspension_is_told_and_takes_effect_by_itself(pair: Pair) -> None:
    """Until the date everything passes, then nothing; both sides always say the same, and it ends as any other does."""
    here, there = pair.here.server.node, pair.there.server.node
    at = later(pair.here, days=10)

    await partnerships.plan_suspension(here, domain(pair.there), at, "We move")
    await pair.settle()

    ours, theirs = await pair.seen()
    for seen, planning in ((ours, Side.HERE), (theirs, Side.THERE)):
        assert seen.state is PartnershipState.ACTIVE
        assert {who: (plan.at, plan.reason) for who, plan in seen.planned.items()} == {planning: (at, "We move")}
    # What is said of other things meanwhile leaves it as it is.
    await partnerships.change(here, domain(pair.there), GrantChange(media=False))
    await partnerships.change(there, domain(pair.here), GrantChange(directory=False))
    await pair.settle()
    assert [len(one.planned) for one in await pair.seen()] == [1, 1]
    agreed = Ceilings(largest_reach=Reach.PUBLIC, directory=False, media=False)
    assert await in_force(pair.here, pair.there) == await in_force(pair.there, pair.here) == (Tier.PARTNER, agreed)

    wait(pair, days=9)
    await pair.settle()
    assert await pair.states() == {PartnershipState.ACTIVE}
    wait(pair, days=1, minutes=1)
    await pair.settle()
    ours, theirs = await pair.seen()
    assert (ours.state, theirs.state) == (PartnershipState.SUSPENDED, PartnershipState.SUSPENDED)
    assert (ours.reason, theirs.reason) == ("We move", "We move")
    assert [dict(one.planned) for one in (ours, theirs)] == [{}, {}]
    assert await in_force(pair.here, pair.there) == await in_force(pair.there, pair.here) == (Tier.OPEN, NOTHING)
    with pytest.raises(Conflict, match="suspended by that side already"):
        await partnerships.plan_suspension(here, domain(pair.there), later(pair.here, days=1), "")
    await partnerships.resume(here, domain(pair.there))
    await pair.settle()
    assert await pair.states() == {PartnershipState.ACTIVE}

    for node, other, side in ((here, pair.there, "here"), (there, pair.here, "there")):
        lines = await auditing.list_lines(node, action="partnership.planned", target=domain(other))
        assert [(one.details["side"], one.details["at"], one.details["reason"]) for one in lines] == [
            (side, at.isoformat(), "We move")
        ]


async def test_a_plan_outlives_a_clock_that_is_set_back_when_it_is_due(pair: Pair) -> None:
    """Its job is begun, and finds that it is too early: the partnership is suspended at the date all the same."""
    here = pair.here.server.node
    seen = await partnerships.plan_suspension(here, domain(pair.there), later(pair.here, days=2), "Soon")

    def begun(conn: Connection) -> None:
        assert conn.execute(delete(jobs).where(jobs.c.payload.contains("SuspendAsPlanned"))).rowcount == 1

    await here.write(begun)
    await partnerships.suspend_as_planned(here, seen.partnership.id)
    await pair.settle()
    assert [one.state for one in await pair.seen()] == [PartnershipState.ACTIVE] * 2

    wait(pair, days=3)
    await pair.settle()
    assert [one.state for one in await pair.seen()] == [PartnershipState.SUSPENDED] * 2


async def test_a_plan_is_called_off_moved_and_overtaken(pair: Pair) -> None:
    """Only the last plan counts; what is called off does not happen; at once is still at once; an end ends it."""
    here = pair.here.server.node
    await partnerships.plan_suspension(here, domain(pair.there), later(pair.here, days=2), "Soon")
    await pair.settle()
    with pytest.raises(Conflict, match="cannot be resumed"):
        await partnerships.resume(pair.there.server.node, domain(pair.here))
    await partnerships.resume(here, domain(pair.there))
    await pair.settle()
    assert [dict(one.planned) for one in await pair.seen()] == [{}, {}]
    wait(pair, days=3)
    await pair.settle()
    assert await pair.states() == {PartnershipState.ACTIVE}

    await partnerships.plan_suspension(here, domain(pair.there), later(pair.here, days=2), "Soon")
    await pair.settle()
    moved = later(pair.here, days=5)
    await partnerships.plan_suspension(here, domain(pair.there), moved, "Later")
    await pair.settle()
    assert (await pair.seen())[1].planned[Side.THERE].at == moved
    wait(pair, days=3)
    await pair.settle()
    assert await pair.states() == {PartnershipState.ACTIVE}

    # The other side stops at once, and what is planned here happens beside that.
    await partnerships.suspend(pair.there.server.node, domain(pair.here), "Now")
    await pair.settle()
    wait(pair, days=3)
    await pair.settle()
    assert [one.suspended for one in await pair.seen()] == [frozenset(Side), frozenset(Side)]
    for one, other in ((pair.here, pair.there), (pair.there, pair.here)):
        await partnerships.resume(one.server.node, domain(other))
        await pair.settle()

    await partnerships.plan_suspension(here, domain(pair.there), later(pair.here, days=2), "Soon")
    await partnerships.suspend(here, domain(pair.there), "At once after all")
    await partnerships.resume(here, domain(pair.there))
    await partnerships.plan_suspension(here, domain(pair.there), later(pair.here, days=2), "Soon")
    await partnerships.revoke(here, domain(pair.there), "Over")
    wait(pair, days=3)
    await pair.settle()
    assert await pair.states() == {PartnershipState.REVOKED}
    with pytest.raises(Invalid, match="moment to come"):
        await partnerships.plan_suspension(here, domain(pair.there), later(pair.here, minutes=-5), "")
    with pytest.raises(Invalid, match="within a year"):
        await partnerships.plan_suspension(here, domain(pair.there), later(pair.here, days=400), "")


async def test_administrators_plan_it_by_page_and_api(pair: Pair) -> None:
    """Both pages and both answers name the day and the reason; what cannot be read is refused."""
    scopes = "admin:read admin:write"
    owners = [await one.person("owner", role=UserRole.OWNER, scopes=scopes) for one in (pair.here, pair.there)]
    at_here, at_there = (f"{API}/{domain(one)}" for one in (pair.there, pair.here))
    pages = [f"/admin/partnerships/{domain(one)}" for one in (pair.there, pair.here)]
    browsers = [await one.server.browser() for one in (pair.here, pair.there)]
    for browser in browsers:
        await browser.sign_in("owner")
    day = later(pair.here, days=20).date()

    page = await browsers[0].open(pages[0])
    for wrong in ("", "soon", "2001-01-01"):
        assert (await browsers[0].submit(page, f"{pages[0]}/plan", at=wrong)).status_code == 422
    await browsers[0].submit(page, f"{pages[0]}/plan", at=day.isoformat(), reason="The bridge is built")
    await pair.settle()
    for browser, path, who in zip(browsers, pages, ("We suspend it", "They suspend it"), strict=True):
        text = (await browser.open(path)).text
        assert all(words in text for words in (who, f"{day:%-d %b %Y}, 00:00", "The bridge is built"))
    assert "Call off" not in (await browsers[1].open(pages[1])).text
    shown = success(await owners[1].api.get(at_there))
    assert shown["planned_there"] == {"at": f"{day}T00:00:00.000Z", "reason": "The bridge is built"}
    assert shown["planned_here"] is None
    page = await browsers[0].open(pages[0])
    assert (await browsers[0].submit(page, f"{pages[0]}/call_off")).status_code == 303
    await pair.settle()
    assert success(await owners[1].api.get(at_there))["planned_there"] is None

    assert "moment to come" in refusal(await owners[0].api.post(f"{at_here}/suspend", data={"at": "2001-01-01"}), 422)
    told = {"at": f"{day}T10:30:00Z", "reason": "Again"}
    assert success(await owners[0].api.post(f"{at_here}/suspend", data=told))["planned_here"]["reason"] == "Again"
    assert success(await owners[0].api.post(f"{at_here}/resume"))["planned_here"] is None


async def test_who_knows_no_plans_is_unharmed(serve: Serve) -> None:
    """A partner hears of it by a new term alone: all that an older node reads in the message is as it was before."""
    async with running_stranger() as peer, run_jobs(await serve(**PARTNERS)) as working:
        node = working.server.node
        assert await post(working.server, peer, offer_of(peer, working.server, 1, largestReach="public")) == 202
        await working.settle()
        await partnerships.accept(node, peer.domain, NO_CHANGE)
        view = await partnerships.get_view(node, peer.domain)
        await partnerships.approve(node, peer.domain, view.fingerprint or "")
        approved = offer_of(peer, working.server, 1, largestReach="public", approved=True)["object"]
        assert await post(working.server, peer, peer.activity("Update", peer.actor("node"), approved, 2)) == 202
        await working.settle()
        at = later(working, days=3)
        await partnerships.plan_suspension(node, peer.domain, at, "We move")
        await working.settle()
        await working.deliver_all()

        before, told = [one for one in peer.received if one["type"] == "Update"]
        assert datetime.fromisoformat(told["object"].pop("suspendsAt")) == at
        assert told["object"].pop("content") == "We move"
        assert told["object"] == before["object"]

        theirs = approved | {"suspendsAt": "9999-12-31T23:59:59.999999Z", "content": "Some day"}
        assert await post(working.server, peer, peer.activity("Update", peer.actor("node"), theirs, 3)) == 202
        await working.settle()
        known = (await partnerships.get_view(node, peer.domain)).partnership
        assert known.planned[Side.THERE].reason == "Some day"
        await keep_up(node)
        assert known.state is PartnershipState.ACTIVE


async def test_letters_tell_administrators_and_the_contact(serve: Serve, smtp_url: str, postbox: Postbox) -> None:
    """When it is planned, three days before, and when it is called off; nothing of it goes to others."""
    async with (
        running_stranger() as peer,
        mailing(serve, smtp_url, federation_mode="partners", default_reach="node") as working,
    ):
        node = working.server.node
        await working.person("owner", role=UserRole.OWNER)
        await working.person("member")
        offer: dict[str, Any] = offer_of(peer, working.server, 1)
        assert await post(working.server, peer, offer) == 202
        await working.settle()
        await partnerships.accept(node, peer.domain, GrantChange(contact="incidents@people.example"))
        view = await partnerships.get_view(node, peer.domain)
        await partnerships.approve(node, peer.domain, view.fingerprint or "")

        async def told(number: int, **changes: object) -> None:
            own = offer["object"] | {"approved": True, **changes}
            update = peer.activity("Update", peer.actor("node"), own, number)
            assert await post(working.server, peer, update) == 202
            await working.settle()

        def read() -> list[tuple[str, str]]:
            letters = sorted((one["To"], str(one.get_body(("plain",)))) for one in postbox.letters)
            postbox.letters.clear()
            return letters

        await told(2)
        at = later(working, days=10)
        await told(3, suspendsAt=at.isoformat(), content="We <move>")
        (to_contact, for_contact), (to_owner, for_owner) = read()
        assert (to_contact, to_owner) == ("incidents@people.example", "owner@people.example")
        for text in (for_contact, for_owner):
            assert all(words in text for words in (peer.domain, f"{at:%Y-%m-%d %H:%M} UTC", "They say: We"))
        await told(4, suspendsAt=at.isoformat(), content="We <move>")
        assert read() == []
        for days, letters in ((6, 0), (2, 1), (1, 0)):
            working.server.clock.advance(timedelta(days=days))
            await keep_up(node)
            await working.settle()
            assert len(read()) == letters, days
        await told(5)
        assert ["after all" in " ".join(text.split()) for _, text in read()] == [True, True]


async def test_ceilings_said_by_hand_hold_again_when_a_partnership_ends(pair: Pair) -> None:
    """What an administrator said of a server before it was a partner is not lost."""
    here, there = pair.here.server.node, pair.there.server.node
    await partnerships.revoke(here, domain(pair.there), "To begin anew")
    await pair.settle()
    by_hand = Ceilings(media=False, direct_messages=False)
    await peers.change_ceilings(here, domain(pair.there), GrantChange(media=False, direct_messages=False))
    assert await in_force(pair.here, pair.there) == (Tier.OPEN, by_hand)

    await pair.agree()
    assert (await in_force(pair.here, pair.there))[1] != by_hand
    with pytest.raises(Conflict):
        await peers.change_ceilings(here, domain(pair.there), GrantChange(media=True))
    await partnerships.suspend(here, domain(pair.there), "")
    await pair.settle()
    assert (await in_force(pair.here, pair.there))[1] == NOTHING
    await partnerships.revoke(there, domain(pair.here), "Over")
    await pair.settle()

    assert await in_force(pair.here, pair.there) == (Tier.OPEN, by_hand)
    assert await in_force(pair.there, pair.here) == (Tier.OPEN, Ceilings())
