"""Addresses that nobody may register with, over the admin API and at the door."""

import hashlib
from typing import Any

import pytest

from fedorg.domain.accounts import UserRole
from fedorg.errors import Invalid
from fedorg.services import auditing, registration
from fedorg.services.registration import SignUp
from tests.node.serving import PASSWORD, Member, NodeServer
from tests.node.talking import NOBODYS_ID, entities, entity, links, refusal, success
from tests.node.test_api_admin_accounts import staff

DOMAINS = "/api/v1/admin/email_domain_blocks"
ADDRESSES = "/api/v1/admin/canonical_email_blocks"


async def register(server: NodeServer, name: str, email: str) -> None:
    await registration.sign_up(server.node, SignUp(username=name, email=email, password=PASSWORD, agreement=True))


async def made(by: Member, path: str, schema: str, **fields: str) -> Any:  # noqa: ANN401 - JSON
    return entity(await by.api.post(path, json=fields), schema)


async def test_nobody_registers_from_a_blocked_domain(node_server: NodeServer) -> None:
    """The domain and those below it are refused, others are not; unblocking opens the door again."""
    boss = await staff(node_server, "boss", UserRole.ADMIN)
    block = await made(boss, DOMAINS, "AdminEmailDomainBlock", domain="Spam.example")
    assert block["domain"] == "spam.example"

    for number, email in enumerate(("a@spam.example", "b@mail.SPAM.example")):
        with pytest.raises(Invalid, match="disallowed e-mail provider"):
            await register(node_server, f"bad{number}", email)
    await register(node_server, "good", "a@notspam.example")

    assert entities(await boss.api.get(DOMAINS), "AdminEmailDomainBlock") == [block]
    assert entity(await boss.api.get(f"{DOMAINS}/{block['id']}"), "AdminEmailDomainBlock") == block
    assert success(await boss.api.delete(f"{DOMAINS}/{block['id']}")) == {}
    await register(node_server, "late", "a@spam.example")
    lines = await auditing.list_lines(node_server.node, by="boss", action="email_domain_block.")
    assert [line.action for line in lines] == ["email_domain_block.removed", "email_domain_block.added"]


async def test_a_blocked_address_is_known_in_every_spelling(node_server: NodeServer) -> None:
    """Dots, case and what follows a + make no other address; only the hash is kept."""
    boss = await staff(node_server, "boss", UserRole.ADMIN)
    block = await made(boss, ADDRESSES, "AdminCanonicalEmailBlock", email="Foo.Bar+news@mail.example")
    assert block["canonical_email_hash"] == hashlib.sha256(b"foobar@mail.example").hexdigest()

    with pytest.raises(Invalid, match="disallowed"):
        await register(node_server, "foo", "f.o.o.bar@mail.example")
    await register(node_server, "other", "foobaz@mail.example")
    tested = await boss.api.post(f"{ADDRESSES}/test", json={"email": "FOOBAR@mail.example"})
    assert entities(tested, "AdminCanonicalEmailBlock") == [block]
    assert success(await boss.api.post(f"{ADDRESSES}/test", json={"email": "x@mail.example"})) == []
    assert success(await boss.api.get(ADDRESSES)) == [block]
    assert success(await boss.api.get(f"{ADDRESSES}/{block['id']}")) == block

    success(await boss.api.delete(f"{ADDRESSES}/{block['id']}"))
    again = await made(boss, ADDRESSES, "AdminCanonicalEmailBlock", canonical_email_hash=block["canonical_email_hash"])
    assert again["canonical_email_hash"] == block["canonical_email_hash"]


async def test_what_is_no_address_is_refused(node_server: NodeServer) -> None:
    """No domain, no address, no hash, one that is blocked already, and one that is not there."""
    boss = await staff(node_server, "boss", UserRole.ADMIN)
    await made(boss, DOMAINS, "AdminEmailDomainBlock", domain="spam.example")

    for domain in ("", "a b", "spam.example", "spam.example:80"):
        assert refusal(await boss.api.post(DOMAINS, json={"domain": domain}), 422)
    for fields in ({}, {"email": "nobody"}, {"canonical_email_hash": "abc"}):
        assert refusal(await boss.api.post(ADDRESSES, json=fields), 422)
    for path in (DOMAINS, ADDRESSES):
        assert refusal(await boss.api.get(f"{path}/{NOBODYS_ID}"), 404)
        assert refusal(await boss.api.delete(f"{path}/{NOBODYS_ID}"), 404)


async def test_who_is_suspended_cannot_register_anew(node_server: NodeServer) -> None:
    """Their address is blocked in every spelling until the suspension ends; once they are deleted, for good."""
    boss = await staff(node_server, "boss", UserRole.ADMIN)
    anna, bert = [await node_server.person(name) for name in ("anna", "bert")]
    by_hand = await made(boss, ADDRESSES, "AdminCanonicalEmailBlock", email="Bert@people.example")

    for member in (anna, bert):
        success(await boss.api.post(f"/api/v1/admin/accounts/{member.id}/action", data={"type": "suspend"}))
    success(await boss.api.delete(f"/api/v1/admin/accounts/{anna.id}"))
    success(await boss.api.post(f"/api/v1/admin/accounts/{bert.id}/unsuspend"))

    with pytest.raises(Invalid, match="disallowed"):
        await register(node_server, "annie", "a.nna+again@people.example")
    of_anna, kept = entities(await boss.api.get(ADDRESSES), "AdminCanonicalEmailBlock")
    assert kept == by_hand
    assert of_anna["canonical_email_hash"] == hashlib.sha256(b"anna@people.example").hexdigest()
    carl = await node_server.person("carl")
    success(await boss.api.post(f"/api/v1/admin/accounts/{carl.id}/action", data={"type": "suspend"}))
    success(await boss.api.post(f"/api/v1/admin/accounts/{carl.id}/unsuspend"))
    assert success(await boss.api.get(ADDRESSES)) == [of_anna, kept]


async def test_blocks_come_in_pages(node_server: NodeServer) -> None:
    """Newest first, with links to the pages around."""
    boss = await staff(node_server, "boss", UserRole.ADMIN)
    for path, field, schema in (
        (DOMAINS, "domain", "AdminEmailDomainBlock"),
        (ADDRESSES, "email", "AdminCanonicalEmailBlock"),
    ):
        values = [f"{letter}@spam.example" if field == "email" else f"{letter}.example" for letter in "abc"]
        blocks = [await made(boss, path, schema, **{field: value}) for value in values]

        first = await boss.api.get(path, params={"limit": 2})

        assert success(first) == blocks[:0:-1]
        assert success(await boss.api.get(links(first)["next"])) == blocks[:1]
        assert success(await boss.api.get(links(first)["prev"])) == []
