"""Servers that a node federates with because somebody said so, over the admin API."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

import pytest

from fedorg.domain.accounts import UserRole
from fedorg.domain.partnerships import GrantChange
from fedorg.domain.visibility import Tier
from fedorg.jobs import upkeep
from fedorg.services import auditing, peers
from tests.node.serving import NodeServer
from tests.node.talking import NOBODYS_ID, entities, entity, links, refusal, success

ALLOWS: Final = "/api/v1/admin/domain_allows"
SCOPES: Final = "read admin:read admin:write"


async def test_who_is_allowed_is_a_partner(serve: Callable[..., Awaitable[NodeServer]]) -> None:
    """Once or twice is the same; siblings are listed and stay; what is decided about a server outlives upkeep."""
    server = await serve(federation_mode="partners", default_reach="partners")
    boss = await server.person("boss", scopes=SCOPES, role=UserRole.ADMIN)
    await peers.set_tier(server.node, "sales.example", Tier.SIBLING)
    await peers.set_tier(server.node, "bad.example", Tier.BLOCKED)

    made = entity(await boss.api.post(ALLOWS, data={"domain": "Acme.EXAMPLE"}), "AdminDomainAllow")

    assert made["domain"] == "acme.example"
    assert success(await boss.api.post(ALLOWS, data={"domain": "acme.example"})) == made
    assert (await peers.get_peer(server.node, "acme.example")).peer.tier is Tier.PARTNER
    page = await boss.api.get(ALLOWS, params={"limit": 1})
    assert entities(page, "AdminDomainAllow") == [made]
    (sibling,) = success(await boss.api.get(links(page)["next"]))
    assert sibling["domain"] == "sales.example"
    assert success(await boss.api.post(ALLOWS, data={"domain": "sales.example"})) == sibling
    assert success(await boss.api.get(f"{ALLOWS}/{made['id']}")) == made
    assert "belongs to this organisation" in refusal(await boss.api.delete(f"{ALLOWS}/{sibling['id']}"), 422)
    for domain, words in (
        ("bad.example", "is blocked"),
        ("a.bad.example", "is blocked"),
        ("no domain", "not a valid domain"),
        ("", "blank"),
        (server.node.settings.domain, "not a valid domain"),
    ):
        assert words in refusal(await boss.api.post(ALLOWS, data={"domain": domain}), 422)
    noop = {"domain": "odd.example", "severity": "noop"}
    success(await boss.api.post("/api/v1/admin/domain_blocks", json=noop))
    for domain in ("capped.example", "stranger.example"):
        await peers.set_tier(server.node, domain, Tier.OPEN)
    await peers.change_ceilings(server.node, "capped.example", GrantChange(media=False))
    server.clock.advance(timedelta(days=400))
    await upkeep.keep_up(server.node)
    known = {one.peer.domain for one in await peers.list_peers(server.node)}
    assert known == {"sales.example", "bad.example", "acme.example", "odd.example", "capped.example"}
    api = await server.api(await server.token(boss.user, SCOPES))

    assert success(await api.delete(f"{ALLOWS}/{made['id']}")) == {}

    assert (await peers.get_peer(server.node, "acme.example")).peer.tier is Tier.OPEN
    assert success(await api.get(ALLOWS)) == [sibling]
    for method in ("GET", "DELETE"):
        assert refusal(await api.request(method, f"{ALLOWS}/{NOBODYS_ID}"), 404) == "Record not found"
    lines = await auditing.list_lines(server.node, by="boss", action="domain_allow.")
    assert [line.action for line in lines] == ["domain_allow.removed", "domain_allow.added"]


@pytest.mark.parametrize(
    ("mode", "words"),
    [
        ("organisation", "own organisation only"),
        ("open", "every server that is not blocked"),
    ],
)
async def test_where_the_mode_leaves_nothing_to_allow_that_is_said(
    serve: Callable[..., Awaitable[NodeServer]], mode: str, words: str
) -> None:
    """No list of the API changes with whom a node federates at all."""
    server = await serve(federation_mode=mode, default_reach="organisation")
    boss = await server.person("boss", scopes=SCOPES, role=UserRole.ADMIN)

    assert words in refusal(await boss.api.post(ALLOWS, data={"domain": "acme.example"}), 422)
    assert success(await boss.api.get(ALLOWS)) == []
