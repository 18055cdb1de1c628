"""Siblings introduce nodes to each other: what lists say, what administrators make of it, and what lists cannot do."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final

import pytest

from federation import integrity
from fedorg.domain.accounts import UserRole
from fedorg.domain.domain_blocks import Severity
from fedorg.domain.introductions import Introduction, Policy
from fedorg.domain.partnerships import GrantChange, PartnershipState, Side
from fedorg.domain.visibility import Tier
from fedorg.errors import Conflict, FedorgError, Invalid, NotFound
from fedorg.jobs import upkeep
from fedorg.node import Node
from fedorg.services import auditing, introductions, partnerships, peers
from fedorg.services.moderation import domain_blocks
from fedorg.services.moderation.domain_blocks import DomainBlockDraft
from fedorg.services.partnerships import Invitation
from tests.databases import SqliteFiles
from tests.fediverse.nodes import wait_for
from tests.node.fake_peer import ACTIVITY_JSON, FakePeer
from tests.node.offering import running_stranger
from tests.node.peering import fetch, signed_fetch
from tests.node.serving import NodeServer, serve_node
from tests.node.talking import WorkingServer, refusal, run_jobs, success

SETTINGS: Final = {"federation_mode": "organisation", "default_reach": "organisation"}
API: Final = "/api/fedorg/v1/admin"
GHOST: Final = "https://ghost.example/actor"


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """A node, its sibling ``hq`` whose list a test writes, and ``lab``, which nobody knows."""

    working: WorkingServer
    hq: FakePeer
    lab: FakePeer

    async def read(self, *named: str, by: FakePeer | None = None, **changes: object) -> None:
        """A day later the node has read a list that names these."""
        peer = by or self.hq
        self.publish(*named, by=peer, **changes)
        self.working.server.clock.advance(timedelta(hours=25))
        await upkeep.keep_up(self.working.server.node)
        await self.working.settle()

    def publish(self, *named: str, by: FakePeer, **changes: object) -> None:
        """What a sibling answers from now on."""
        own = by.actor("node")
        document = {
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": f"{by.url}/organisation",
            "type": "Collection",
            "attributedTo": own,
            "totalItems": len(named) + 1,
            "items": [own, *named],
        }
        made_at = self.working.server.clock() + timedelta(hours=25)
        by.documents["/organisation"] = by.prove(document | changes, by="node", at=made_at - timedelta(minutes=5))

    async def waiting(self) -> list[tuple[str, str]]:
        """What administrators are asked: domain and state."""
        found = await introductions.list_introductions(self.working.server.node, is_open=True)
        return [(one.domain, one.state.value) for one in found]

    async def states(self, domain: str) -> list[str]:
        """What became of the introductions of a node, by introducer."""
        found = await introductions.list_introductions(self.working.server.node, is_open=False)
        return [one.state.value for one in found if one.domain == domain]


@pytest.fixture
async def office(serve: Callable[..., Awaitable[NodeServer]]) -> AsyncIterator[Office]:
    """The three of them."""
    async with AsyncExitStack() as stack:
        working = await stack.enter_async_context(run_jobs(await serve(**SETTINGS)))
        hq, lab = [await stack.enter_async_context(running_stranger()) for _ in range(2)]
        capability = {"name": "Partnerships", "href": "https://w3id.org/fedorg/ns#Partnership"}
        lab.documents["/users/node"]["implements"] = [capability]
        await peers.set_tier(working.server.node, hq.domain, Tier.SIBLING)
        await working.settle()
        yield Office(working=working, hq=hq, lab=lab)


async def test_a_list_is_for_siblings_and_can_be_shown_as_evidence(office: Office) -> None:
    """It is sealed by the node's actor, names whom this node knows by itself, and is nothing to everybody else."""
    server, hq = office.working.server, office.hq
    address = f"{server.url}/organisation"

    document = (await signed_fetch(server, hq, address, by="node")).raise_for_status().json()
    actor = (await fetch(server, f"{server.url}/actor")).json()
    assert document["items"] == [actor["id"], hq.actor("node")]
    assert (document["id"], document["totalItems"], document["attributedTo"]) == (address, 2, actor["id"])
    assert integrity.read(document).key_id in {key["id"] for key in actor["assertionMethod"]}

    assert (await fetch(server, address)).status_code == 404
    stranger = await signed_fetch(server, office.lab, address, by="node")
    assert stranger.status_code in (401, 403, 404)
    assert ACTIVITY_JSON not in stranger.headers["Content-Type"]


async def test_drafts_wait_for_an_administrator_and_dismissals_are_remembered(office: Office) -> None:
    """Policy ``queue``: nothing happens before somebody approves; what was dismissed is not proposed again."""
    node, hq, lab = office.working.server.node, office.hq, office.lab

    await office.read(lab.actor("node"), GHOST, f"{office.working.server.url}/actor")
    assert await office.waiting() == [("ghost.example", "draft"), (lab.domain, "draft")]
    assert lab.received == []
    with pytest.raises(FedorgError):
        await introductions.approve(node, "ghost.example")
    await introductions.dismiss(node, "ghost.example")
    await office.read(lab.actor("node"), GHOST)
    await office.read(lab.actor("node"))
    await office.read(lab.actor("node"), GHOST)
    assert await office.waiting() == [(lab.domain, "draft")]
    with pytest.raises(NotFound):
        await introductions.dismiss(node, "ghost.example")

    await introductions.approve(node, lab.domain)
    offer = await lab.wait_for("Offer")
    assert (offer["object"]["tier"], offer["object"]["content"]) == ("sibling", f"Introduced by {hq.domain}")
    assert await office.waiting() == []
    await partnerships.withdraw(node, lab.domain, "No, rather not")
    await office.read(lab.actor("node"))
    assert await office.states(lab.domain) == ["dismissed"]

    lines = await auditing.list_lines(node, action="introduction.")
    assert {line.action for line in lines} == {
        *("introduction.received", "introduction.approved", "introduction.dismissed")
    }


async def test_what_a_list_may_not_do(office: Office) -> None:
    """A block is stronger, other partnerships are not touched, and a list that is not whole or proven says nothing."""
    node, hq, lab = office.working.server.node, office.hq, office.lab
    await introductions.change_policy(node, hq.domain, Policy.ACCEPT)
    await peers.set_tier(node, "ghost.example", Tier.BLOCKED)
    await peers.set_tier(node, "acme.example", Tier.PARTNER)
    everybody = (GHOST, "https://acme.example/actor")

    await office.read(*everybody, lab.actor("node"), totalItems=9)
    await office.read(*everybody, lab.actor("node"), attributedTo=lab.actor("node"))
    await office.read(*everybody, lab.actor("node"), first=f"{hq.url}/more")
    hq.documents["/organisation"].pop("proof")
    await introductions.ask(node, hq.domain)
    await office.working.settle()
    assert await introductions.list_introductions(node, is_open=False) == []

    await office.read(*everybody)
    assert [await office.states(name) for name in ("ghost.example", "acme.example")] == [["dismissed"], ["known"]]
    with pytest.raises(Conflict, match="blocked"):
        await introductions.approve(node, "ghost.example")
    await office.read()
    tiers = {one.peer.domain: one.peer.tier for one in await peers.list_peers(node)}
    assert (tiers["ghost.example"], tiers["acme.example"]) == (Tier.BLOCKED, Tier.PARTNER)

    await introductions.change_policy(node, hq.domain, Policy.IGNORE)
    asked = hq.asked["/organisation"]
    await office.read(lab.actor("node"))
    assert hq.asked["/organisation"] == asked
    assert await office.states(lab.domain) == []


async def test_siblings_hear_when_a_block_covers_one_of_them(office: Office) -> None:
    """With the servers above it or by name, by each door once; and again when the block is lifted."""
    node, hq = office.working.server.node, office.hq

    async def told() -> int:
        await office.working.settle()
        await office.working.deliver_all()
        return [one["type"] for one in hq.received].count("Update")

    async with running_stranger("lab.below.localhost") as lab:
        await peers.set_tier(node, lab.domain, Tier.SIBLING)
        before = await told()
        made = await domain_blocks.create(node, None, "below.localhost", DomainBlockDraft(severity=Severity.SUSPEND))
        assert await told() == before + 1
        await domain_blocks.change(node, None, made.id, DomainBlockDraft(severity=Severity.SILENCE))
        assert await told() == before + 2
        await domain_blocks.lift(node, None, made.id)
        await peers.set_tier(node, lab.domain, Tier.BLOCKED)
        assert await told() == before + 3


async def test_siblings_disagree(office: Office) -> None:
    """Where one introduces at once and a weightier one asks for a decision, somebody decides; a dismissal lasts."""
    node, hq, lab = office.working.server.node, office.hq, office.lab
    async with running_stranger() as sales:
        await peers.set_tier(node, sales.domain, Tier.SIBLING)
        await introductions.change_policy(node, hq.domain, Policy.QUEUE, 200)
        await introductions.change_policy(node, sales.domain, Policy.ACCEPT)
        with pytest.raises(Invalid):
            await introductions.change_policy(node, sales.domain, Policy.ACCEPT, 256)
        await office.read(lab.actor("node"), GHOST)
        office.publish(lab.actor("node"), GHOST, by=hq)
        await office.read(lab.actor("node"), by=sales)
        assert set(await office.states(lab.domain)) == {"draft"}
        assert lab.received == []

        await introductions.dismiss(node, "ghost.example")
        await introductions.change_policy(node, hq.domain, Policy.QUEUE, 0)
        office.publish(lab.actor("node"), GHOST, by=hq)
        await office.read(lab.actor("node"), GHOST, by=sales)
        assert sorted(await office.states("ghost.example")) == ["dismissed", "draft"]
        await lab.wait_for("Offer")
        assert sorted(await office.states(lab.domain)) == ["accepted", "draft"]


async def test_administrators_decide_over_the_api(office: Office) -> None:
    """Those who may write agreements; members and narrow tokens are refused."""
    scopes = "read write admin:read admin:write"
    owner = await office.working.person("owner", role=UserRole.OWNER, scopes=scopes)
    member = await office.working.person("mia", scopes=scopes)
    reader = await office.working.server.api(await office.working.server.token(owner.user, "read admin:read"))
    await office.read(GHOST)
    policy, ghost = f"{API}/introducers/{office.hq.domain}", f"{API}/introductions/ghost.example"

    (shown,) = success(await owner.api.get(f"{API}/introductions", params={"waiting": "true"}))
    assert (shown["domain"], shown["introduced_by"], shown["state"], shown["waits"]) == (
        *("ghost.example", office.hq.domain, "draft", True),
    )
    assert [one["policy"] for one in success(await reader.get(f"{API}/introducers"))] == ["queue"]
    for api in (member.api, reader):
        assert refusal(await api.post(f"{ghost}/dismiss"), 403)
        assert refusal(await api.patch(policy, data={"policy": "accept"}), 403)
    assert refusal(await member.api.get(f"{API}/introductions"), 403)
    assert "policy" in refusal(await owner.api.patch(policy), 422)
    assert "0 to 255" in refusal(await owner.api.patch(policy, data={"policy": "queue", "priority": "256"}), 422)
    assert success(await owner.api.patch(policy, data={"policy": "queue", "priority": "7"}))["priority"] == 7
    assert [one["state"] for one in success(await owner.api.post(f"{ghost}/dismiss"))] == ["dismissed"]
    assert refusal(await owner.api.post(f"{API}/introductions/nobody.example/approve"), 404)
    (line, *_) = await auditing.list_lines(office.working.server.node, action="introduction.dismissed")
    assert (line.by, line.details["introducer"]) == ("owner", office.hq.domain)


async def test_administrators_decide_in_a_browser(office: Office) -> None:
    """Beside the partnerships: nothing by members, by forms from elsewhere, or unconfirmed."""
    node, hq, lab = office.working.server.node, office.hq, office.lab
    await office.working.person("owner", role=UserRole.OWNER)
    await office.working.person("mia")
    browser, member = await office.working.server.browser(), await office.working.server.browser()
    await browser.sign_in("owner")
    await member.sign_in("mia")
    home = "/admin/partnerships"
    ghost, policy = "/admin/introductions/ghost.example", f"/admin/introducers/{hq.domain}"

    assert "Nobody waits" in (await browser.open(home)).text
    await office.read(GHOST, lab.actor("node"))
    page = await browser.open(home)
    assert f"{hq.domain} names it since" in page.text
    own = await member.open("/people")
    assert 'name="csrf_token"' in own.text
    for address in (f"{ghost}/approve", f"{ghost}/dismiss", policy):
        answer = await member.submit(own, address, confirmed="1", policy="accept")
        assert (answer.status_code, "Only administrators" in answer.text) == (403, True)
    forged = await browser.http.post(f"{ghost}/dismiss", data={"csrf_token": "forged"})
    assert (forged.status_code, "This form has expired" in forged.text) == (403, True)
    assert "Nothing was done" in (await browser.submit(page, f"{ghost}/approve")).text
    assert (await browser.submit(page, f"{ghost}/moonwalk")).status_code == 404
    for refused in (
        {"policy": "owner"},
        {"policy": "accept", "priority": "-1"},
        {"policy": "accept", "priority": "256"},
    ):
        assert (await browser.submit(page, policy, **refused)).status_code == 422
    assert (await introductions.list_introducers(node))[0].policy is Policy.QUEUE
    assert await office.waiting() == [("ghost.example", "draft"), (lab.domain, "draft")]

    away = await browser.submit(page, f"{ghost}/approve", confirmed="1")
    assert away.status_code == 422
    assert 'role="alert"' in away.text.split('id="introductions"', 1)[1]
    assert (await browser.submit(page, f"{ghost}/dismiss")).headers["Location"] == f"{home}#main"
    assert "That is decided." in (await browser.open(home)).text
    assert (await browser.submit(page, f"{ghost}/dismiss")).status_code == 422
    await browser.submit(page, f"/admin/introductions/{lab.domain}/approve", confirmed="1")
    assert (await lab.wait_for("Offer"))["object"]["tier"] == "sibling"
    assert (await browser.submit(page, policy, policy="ignore", priority="7")).status_code == 303
    text = (await browser.open(home)).text
    assert "Nobody waits" in text
    assert f"{hq.domain}: dismissed" in text
    assert 'value="7"' in text
    assert "That is saved." in text
    (line, *_) = await auditing.list_lines(node, action="introduction.dismissed")
    assert line.by == "owner"


# Real nodes


def name_of(working: WorkingServer) -> str:
    """The name of a node among peers."""
    return working.server.url.removeprefix("http://")


async def settle(*nodes: WorkingServer) -> None:
    """Wait until nothing is on its way between nodes, in some rounds, since one's deliveries are the other's jobs.

    What a node says just when it is suspended may be refused: that is not waited for.
    """
    for _ in range(4):
        for one in nodes:
            await one.settle()
            await wait_for(partial(is_silent, one.server.node), "deliveries to be made", every=0.01)


async def is_silent(node: Node) -> bool | None:
    """Whether nothing waits to be delivered."""
    return None if any(peer.deliveries_waiting for peer in await peers.list_peers(node)) else True


async def agree(one: WorkingServer, other: WorkingServer, nodes: Sequence[WorkingServer]) -> None:
    """Two nodes become siblings, by the hands of their administrators."""
    draft = Invitation(domain=name_of(other), tier=Tier.SIBLING, change=GrantChange())
    await partnerships.invite(one.server.node, draft)
    await settle(one, other)
    await partnerships.accept(other.server.node, name_of(one), GrantChange())
    await settle(one, other)
    for this, that in ((one, other), (other, one)):
        view = await partnerships.get_view(this.server.node, name_of(that))
        await partnerships.approve(this.server.node, name_of(that), view.fingerprint or "")
    await settle(*nodes)


async def state(one: WorkingServer, other: WorkingServer) -> PartnershipState | None:
    """How the partnership of a node with another stands there."""
    found = await partnerships.find_latest(one.server.node, name_of(other))
    return None if found is None else found.partnership.state


async def test_a_new_department_joins_by_one_invitation_and_leaves_by_one(
    serve: Callable[..., Awaitable[NodeServer]], sqlite_files: SqliteFiles, tmp_path: Path
) -> None:
    """Three nodes of which one invites: all become siblings; what it takes back is suspended, never deleted."""
    async with AsyncExitStack() as stack:
        accepting: Any = SETTINGS | {"introductions": "accept"}
        sales = await stack.enter_async_context(run_jobs(await serve(**accepting)))
        hq, lab = [
            await stack.enter_async_context(
                run_jobs(
                    await stack.enter_async_context(
                        serve_node(sqlite_files.create_migrated(tmp_path / f"{name}.db"), tmp_path / name, **settings)
                    )
                )
            )
            for name, settings in (("hq", SETTINGS), ("lab", SETTINGS))
        ]
        nodes = (hq, sales, lab)
        await agree(hq, sales, nodes)

        await agree(hq, lab, nodes)
        assert await state(hq, lab) is PartnershipState.ACTIVE
        # The lab asks its administrators, and tells them who vouches for the node that knocks.
        view = await partnerships.get_view(lab.server.node, name_of(sales))
        assert (view.partnership.state, view.introduced_by) == (PartnershipState.OFFERED, (name_of(hq),))
        await introductions.approve(lab.server.node, name_of(sales))
        await settle(*nodes)
        assert {await state(sales, lab), await state(lab, sales)} == {PartnershipState.ACTIVE}
        assert await introductions.list_vouched(sales.server.node) == [f"{hq.server.url}/actor"]

        await partnerships.suspend(hq.server.node, name_of(lab), "A drill")
        await settle(*nodes)
        found = (await partnerships.get_view(sales.server.node, name_of(lab))).partnership
        assert (found.state, found.suspended) == (PartnershipState.SUSPENDED, frozenset({Side.HERE}))
        assert found.reason == "no sibling vouches for it any more"
        assert await state(sales, hq) is PartnershipState.ACTIVE
        await partnerships.resume(hq.server.node, name_of(lab))
        await settle(*nodes)
        assert {await state(sales, lab), await state(lab, sales)} == {PartnershipState.ACTIVE}

        # Whoever is no sibling any more vouches for nobody, until they are back.
        await partnerships.suspend(sales.server.node, name_of(hq), "An incident")
        await upkeep.keep_up(sales.server.node)
        await settle(*nodes)
        found = (await partnerships.get_view(sales.server.node, name_of(lab))).partnership
        assert (found.state, found.reason) == (PartnershipState.SUSPENDED, "no sibling vouches for it any more")
        await partnerships.resume(sales.server.node, name_of(hq))
        await settle(*nodes)
        assert {await state(sales, lab), await state(lab, sales)} == {PartnershipState.ACTIVE}

        await introductions.change_policy(sales.server.node, name_of(hq), Policy.QUEUE)
        await partnerships.revoke(hq.server.node, name_of(lab), "Closed")
        await settle(*nodes)
        assert await state(sales, lab) is PartnershipState.ACTIVE
        assert await waiting(sales) == [(name_of(lab), "retracted")]
        await introductions.approve(sales.server.node, name_of(lab))
        await settle(*nodes)
        assert {await state(sales, lab), await state(lab, sales)} == {PartnershipState.SUSPENDED}
        await partnerships.revoke(sales.server.node, name_of(lab), "Closed")
        await settle(*nodes)
        assert await state(lab, sales) is PartnershipState.REVOKED
        assert [one.state.value for one in await all_of(sales)] == ["dismissed"]


async def all_of(working: WorkingServer) -> list[Introduction]:
    """All introductions that a node knows."""
    return await introductions.list_introductions(working.server.node, is_open=False)


async def waiting(working: WorkingServer) -> list[tuple[str, str]]:
    """Those that wait for a decision."""
    return [(one.domain, one.state.value) for one in await all_of(working) if one.is_open]
