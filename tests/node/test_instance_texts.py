"""Rules and texts: written on the command line's services, read by clients and on pages."""

from collections.abc import Awaitable, Callable
from datetime import date, timedelta

import pytest

from fedorg.domain.instance import TextKind
from fedorg.domain.visibility import Tier
from fedorg.errors import Invalid, NotFound
from fedorg.services import instance_texts, peers
from tests.contract import assert_valid
from tests.node.serving import NodeServer
from tests.node.talking import entities, entity, refusal, success

INSTANCE = "/api/v1/instance"


async def test_rules_are_told_in_their_order(node_server: NodeServer) -> None:
    """By every method that tells them, and on the page; a removed rule is gone."""
    node, api = node_server.node, node_server.anonymous
    first = await instance_texts.add_rule(node, "Be kind <b>", "Also when you disagree")
    second = await instance_texts.add_rule(node, "No spam", "")

    told = entities(await api.get(f"{INSTANCE}/rules"), "Rule")

    assert [(one["text"], one["hint"]) for one in told] == [("Be kind <b>", "Also when you disagree"), ("No spam", "")]
    assert entity(await api.get("/api/v2/instance"), "Instance")["rules"] == told
    assert entity(await api.get(INSTANCE), "V1Instance")["rules"] == told
    assert "Be kind &lt;b&gt;" in (await (await node_server.browser()).open("/about")).text
    await instance_texts.remove_rule(node, first.id)
    assert [one["id"] for one in entities(await api.get(f"{INSTANCE}/rules"), "Rule")] == [str(second.id)]
    with pytest.raises(NotFound, match="no rule"):
        await instance_texts.remove_rule(node, first.id)
    for text, hint in (("", ""), ("x" * 301, ""), ("x", "x" * 1001)):
        with pytest.raises(Invalid, match="characters"):
            await instance_texts.add_rule(node, text, hint)


async def test_texts_are_markdown_and_safe(node_server: NodeServer) -> None:
    """S54: HTML and scripts in a text stay text, in the API and on the page; what was never written is not found."""
    node, api = node_server.node, node_server.anonymous
    source = (
        "# Ours\n\nWe **keep** little. <script>alert(1)</script> [evil](javascript:alert(1)) [good](https://a.example)"
    )
    browser = await node_server.browser()
    assert refusal(await api.get(f"{INSTANCE}/privacy_policy"), 404) == "Record not found"
    assert (await browser.open("/privacy-policy")).status_code == 404
    assert "/privacy-policy" not in (await browser.open("/about")).text

    await instance_texts.set_text(node, TextKind.PRIVACY_POLICY, source)
    await instance_texts.set_text(node, TextKind.EXTENDED_DESCRIPTION, "Who we *are*")

    policy = entity(await api.get(f"{INSTANCE}/privacy_policy"), "PrivacyPolicy")
    page = (await browser.open("/privacy-policy")).text
    assert 'href="/privacy-policy"' in (await browser.open("/about")).text
    assert 'href="/privacy-policy"' in (await browser.open("/auth/sign_up")).text
    for html in (policy["content"], page):
        assert "<strong>keep</strong>" in html
        assert "<script>alert" not in html
        assert 'href="javascript:' not in html
        assert 'href="https://a.example"' in html
    described = entity(await api.get(f"{INSTANCE}/extended_description"), "ExtendedDescription")
    assert "<em>are</em>" in described["content"]
    urls = success(await api.get("/api/v2/instance"))["configuration"]["urls"]
    assert urls["privacy_policy"] == f"{node_server.url}/privacy-policy"
    assert urls["terms_of_service"] is None
    await instance_texts.clear_text(node, TextKind.PRIVACY_POLICY)
    assert refusal(await api.get(f"{INSTANCE}/privacy_policy"), 404)


async def test_terms_hold_from_a_day_on(node_server: NodeServer) -> None:
    """Those of today are told, those to come by their day, and each names its successor."""
    node, api = node_server.node, node_server.anonymous
    today: date = node.now().date()
    later = today + timedelta(days=30)
    await instance_texts.set_text(node, TextKind.TERMS_OF_SERVICE, "Now", today - timedelta(days=10))
    await instance_texts.set_text(node, TextKind.TERMS_OF_SERVICE, "Later", later)

    now = entity(await api.get(f"{INSTANCE}/terms_of_service"), "TermsOfService")
    coming = entity(await api.get(f"{INSTANCE}/terms_of_service/{later}"), "TermsOfService")

    assert (now["content"], now["effective"], now["succeeded_by"]) == ("<p>Now</p>", True, later.isoformat())
    assert (coming["effective"], coming["effective_date"]) == (False, later.isoformat())
    for day in ("1999-01-01", "tomorrow", f"{today}x"):
        assert refusal(await api.get(f"{INSTANCE}/terms_of_service/{day}"), 404) == "Record not found"
    node_server.clock.advance(timedelta(days=31))
    assert entity(await api.get(f"{INSTANCE}/terms_of_service"), "TermsOfService")["content"] == "<p>Later</p>"


@pytest.mark.parametrize(
    ("told", "members", "visitors"), [("nobody", 404, 404), ("members", 200, 404), ("everybody", 200, 200)]
)
async def test_blocked_servers_are_told_to_whom_the_node_says(
    serve: Callable[..., Awaitable[NodeServer]], told: str, members: int, visitors: int
) -> None:
    """By default to members only: a list of enemies is nobody else's business."""
    server = await serve(show_domain_blocks=told)
    await peers.set_tier(server.node, "blocked.example", Tier.BLOCKED)
    await peers.set_tier(server.node, "partner.example", Tier.PARTNER)
    anna = await server.person("anna")

    answers = [await api.get(f"{INSTANCE}/domain_blocks") for api in (anna.api, server.anonymous)]

    assert [answer.status_code for answer in answers] == [members, visitors]
    for answer in answers:
        if answer.is_success:
            assert_valid(answer.json()[0], "DomainBlock")
            assert [one["domain"] for one in answer.json()] == ["blocked.example"]
