"""Handles lead to actors and back, or nowhere; WebFinger, host-meta and NodeInfo are asked and answered."""

import dataclasses
import json
import ssl
from collections.abc import Callable, Mapping
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import trustme

from federation.addresses import AddressPolicy
from federation.client import Client
from federation.discovery import (
    JRD_TYPE,
    SUBSCRIBE_REL,
    XRD_TYPE,
    Handle,
    Jrd,
    Link,
    actor_jrd,
    base_urls,
    confirm_handle,
    find_actor,
    parse_handle,
    parse_host_meta_xrd,
    parse_jrd,
    parse_resource,
    render_host_meta_json,
    render_host_meta_xrd,
    render_jrd,
)
from federation.errors import (
    AddressRefused,
    MalformedDocument,
    OriginMismatch,
    PeerAnswered,
    PeerUnreachable,
    WrongContentType,
)
from federation.nodeinfo import (
    VERSIONS,
    NodeInfo,
    Version,
    content_type,
    fetch_nodeinfo,
    parse_links,
    parse_nodeinfo,
    render_links,
    render_nodeinfo,
)
from federation.vocabulary import ACTIVITY_JSON
from tests.federation.signing import NOW
from tests.federation.wire import Received, http, peer

STRICT = AddressPolicy()
LOOPBACK = AddressPolicy(allow_http_loopback=True)
LOOPBACK_WITH_TLS = dataclasses.replace(LOOPBACK, loopback_has_tls=True)


def client(ca_file: Path | None = None, policy: AddressPolicy = LOOPBACK) -> Client:
    return Client(policy, "fedorg-test/1.0", now=lambda: NOW, ca_file=ca_file)


def jrd(subject: str | None, actor_url: str | None, content_type: str = JRD_TYPE) -> bytes:
    links = () if actor_url is None else (Link(rel="self", type=ACTIVITY_JSON, href=actor_url),)
    body = json.dumps(render_jrd(Jrd(subject=subject, links=links))).encode()
    return http(body=body, content_type=content_type)


def webfinger(answers: Mapping[str, bytes]) -> Callable[[Received], bytes]:
    """Answers by the resource that is asked for; others are not found."""

    def answer(received: Received) -> bytes:
        url = urlsplit(received.target)
        resource = parse_qs(url.query).get("resource", [url.path])[0]
        return answers.get(resource, http(404))

    return answer


# Handles -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "handle"),
    [
        ("@alice@Example.org", "alice@example.org"),
        ("alice@example.org", "alice@example.org"),
        ("acct:alice@example.org", "alice@example.org"),
        (" @Alice.B-c_1@bücher.example ", "Alice.B-c_1@xn--bcher-kva.example"),
        ("@a@example.org:443", "a@example.org"),
    ],
)
def test_handles_people_write(text: str, handle: str) -> None:
    """With and without the first @, in any spelling of the domain."""
    parsed = parse_handle(text, STRICT)

    assert parsed.text == handle
    assert parsed.acct == f"acct:{handle}"


def test_ports_in_handles_need_the_loopback_setting() -> None:
    """On one machine a port is part of the domain."""
    assert parse_handle("@alice@localhost:8001", LOOPBACK).domain == "localhost:8001"
    with pytest.raises(MalformedDocument):
        parse_handle("@alice@localhost:8001", STRICT)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "@",
        "@alice",
        "alice@",
        "@@example.org",
        "a b@example.org",
        ".a@example.org",
        "a.@example.org",
        "a/b@example.org",
        "a@b@example.org",
        "alice@example.org/path",
        "alice@example.org?x",
        "alice@user@example.org",
        "alice@10.0.0.1",
        "alice@exa mple.org",
        "a" * 65 + "@example.org",
        "ä@example.org",
    ],
)
def test_what_is_not_a_handle(text: str) -> None:
    """Names, paths, private addresses and broken domains are refused with a sentence for the one who typed it."""
    with pytest.raises(MalformedDocument, match="This is not a handle"):
        parse_handle(text, STRICT)


def test_handles_are_compared_without_case() -> None:
    """Alice and alice are one account."""
    assert Handle(username="Alice", domain="a.example").is_same_as(Handle(username="alice", domain="a.example"))
    assert not Handle(username="alice", domain="b.example").is_same_as(Handle(username="alice", domain="a.example"))


def test_resources_of_a_query() -> None:
    """WebFinger is asked about handles and about URLs."""
    assert parse_resource("acct:alice@example.org", STRICT) == Handle(username="alice", domain="example.org")
    assert parse_resource("https://Example.org/users/1#x", STRICT) == "https://example.org/users/1"


# Documents -----------------------------------------------------------------------------------------------------------


def test_our_answer_about_an_account() -> None:
    """Subject, both addresses, page, actor and the form to follow from elsewhere; it reads back as it was."""
    handle = Handle(username="alice", domain="example.org")
    made = actor_jrd(
        handle,
        actor_url="https://social.example.org/users/1",
        profile_url="https://social.example.org/@alice",
        subscribe_template="https://social.example.org/authorize_interaction?uri={uri}",
    )

    document = json.loads(json.dumps(render_jrd(made)))

    assert document["subject"] == "acct:alice@example.org"
    assert document["aliases"] == ["https://social.example.org/@alice", "https://social.example.org/users/1"]
    assert {link["rel"] for link in document["links"]} >= {"self", SUBSCRIBE_REL}
    assert parse_jrd(document) == made
    assert made.actor_url == "https://social.example.org/users/1"


def test_our_answer_about_the_node_itself() -> None:
    """Without a form to follow, and one alias where page and actor are the same."""
    url = "https://example.org/actor"
    made = actor_jrd(
        Handle(username="node", domain="example.org"), actor_url=url, profile_url=url, subscribe_template=None
    )

    assert made.aliases == (url,)
    assert len(made.links) == 2


def test_what_others_answer() -> None:
    """Links without a relation, other types and overlong texts are dropped; the document stays readable."""
    parsed = parse_jrd(
        {
            "subject": 7,
            "aliases": ["https://a.example/", 1, None],
            "links": [1, {}, {"rel": "self", "type": "text/html", "href": "h"}, {"rel": "x", "href": "y" * 3000}],
        }
    )

    assert parsed == Jrd(
        subject=None,
        aliases=("https://a.example/",),
        links=(Link(rel="self", type="text/html", href="h"), Link(rel="x")),
    )
    assert parsed.actor_url is None
    with pytest.raises(MalformedDocument):
        parse_jrd([])


def test_host_meta_reads_back() -> None:
    """The template in our document is found again, also with characters that XML treats specially."""
    template = 'https://social.example.org/.well-known/webfinger?a=1&resource={uri}"'

    assert parse_host_meta_xrd(render_host_meta_xrd(template).encode()) == template
    assert render_host_meta_json(template) == {"links": [{"rel": "lrdd", "type": JRD_TYPE, "template": template}]}


XRD = '<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">{}</XRD>'


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"<XRD",
        b"\xff\xfe",
        XRD.format("").encode(),
        XRD.format('<Link rel="lrdd"/>').encode(),
        XRD.format('<Link rel="lrdd" template="https://a.example/"/>').encode(),
        XRD.format('<Link rel="other" template="https://a.example/{uri}"/>').encode(),
        ('<!DOCTYPE x [<!ENTITY a "b">]>' + XRD.format('<Link rel="lrdd" template="&a;{uri}"/>')).encode(),
        ("<<!--!DOCTYPE x>" + XRD.format("")).encode(),
        ('<!DOCTYPE x [<!ENTITY a "b">]>' + XRD.format("&a;")).encode("utf-16"),
    ],
)
def test_host_meta_that_is_refused(body: bytes) -> None:
    """No template, no XML, and no declarations: entities cannot grow here."""
    with pytest.raises(MalformedDocument):
        parse_host_meta_xrd(body)


# Finding actors ------------------------------------------------------------------------------------------------------


async def test_an_actor_is_found_by_its_handle() -> None:
    """The server of the handle names the actor; its spelling of the name is taken over."""
    async with peer(lambda _: b"") as other, client() as here:
        domain = f"localhost:{other.port}"
        other.answer = webfinger({f"acct:ALICE@{domain}": jrd(f"acct:alice@{domain}", f"{other.http}/users/1")})
        found = await find_actor(here, Handle(username="ALICE", domain=domain))
        other.answer = webfinger({f"acct:bob@{domain}": jrd(None, f"{other.http}/users/2")})
        without_subject = await find_actor(here, Handle(username="bob", domain=domain))

    assert (found.handle.text, found.actor_url) == (f"alice@{domain}", f"{other.http}/users/1")
    assert without_subject.handle.username == "bob"
    assert other.received[0].target == f"/.well-known/webfinger?resource=acct%3AALICE%40localhost%3A{other.port}"


async def test_handle_domain_and_web_domain_differ() -> None:
    """A subject on another domain counts when that domain says the same."""
    async with peer(lambda _: b"") as web, peer(lambda _: b"") as short, client() as here:
        asked, subject = f"alice@localhost:{web.port}", f"alice@localhost:{short.port}"
        actor = f"{web.http}/users/1"
        web.answer = webfinger({f"acct:{asked}": jrd(f"acct:{subject}", actor)})
        short.answer = webfinger({f"acct:{subject}": jrd(f"acct:{subject}", actor)})

        found = await find_actor(here, parse_handle(asked, LOOPBACK))
        confirmed = await confirm_handle(here, actor, "alice")
        web.answer = short.answer = lambda _: b""
        again = await confirm_handle(here, actor, "Alice", heard=(parse_handle(asked, LOOPBACK), found))
        with pytest.raises(OriginMismatch):
            await confirm_handle(here, f"{web.http}/users/2", "alice", heard=(parse_handle(asked, LOOPBACK), found))

    assert found.handle.text == subject
    assert confirmed == again == found.handle


@pytest.mark.parametrize("content_type", ["application/octet-stream", "text/plain; charset=utf-8", ""])
async def test_the_answer_may_be_a_file(content_type: str) -> None:
    """Who has a domain without a server keeps the answer of another there, as a file whose type nobody can tell."""
    async with peer(lambda _: b"") as web, peer(lambda _: b"") as files, client() as here:
        subject = f"acct:alice@localhost:{web.port}"
        web.answer = webfinger({subject: jrd(subject, f"{web.http}/users/1")})
        files.answer = lambda _: jrd(subject, f"{web.http}/users/1", content_type)

        found = await find_actor(here, parse_handle(f"me@localhost:{files.port}", LOOPBACK))

        files.answer = lambda _: jrd(subject, f"{web.http}/users/1", "text/html")
        with pytest.raises(WrongContentType):
            await find_actor(here, parse_handle(f"me@localhost:{files.port}", LOOPBACK))

    assert found.handle.acct == subject


@pytest.mark.parametrize("lie", ["another actor", "another subject"])
async def test_a_server_cannot_claim_a_handle_of_another(lie: str) -> None:
    """A subject on a domain that says something else belongs to nobody here."""
    async with peer(lambda _: b"") as evil, peer(lambda _: b"") as victim, client() as here:
        asked, subject = f"alice@localhost:{evil.port}", f"alice@localhost:{victim.port}"
        evil.answer = webfinger({f"acct:{asked}": jrd(f"acct:{subject}", f"{evil.http}/users/1")})
        said = (
            jrd(f"acct:{subject}", f"{victim.http}/users/1")
            if lie == "another actor"
            else jrd(f"acct:bob@localhost:{victim.port}", f"{evil.http}/users/1")
        )
        victim.answer = webfinger({f"acct:{subject}": said})

        with pytest.raises(OriginMismatch):
            await find_actor(here, parse_handle(asked, LOOPBACK))
        with pytest.raises(OriginMismatch):
            await confirm_handle(here, f"{evil.http}/users/1", "alice")


async def test_an_actor_must_be_named_by_its_own_server() -> None:
    """An actor whose server names another one under this username, or another name, has no handle."""
    async with peer(lambda _: b"") as other, client() as here:
        acct = f"acct:alice@localhost:{other.port}"
        other.answer = webfinger({acct: jrd(acct, f"{other.http}/users/2")})
        with pytest.raises(OriginMismatch):
            await confirm_handle(here, f"{other.http}/users/1", "alice")

        renamed = f"acct:bob@localhost:{other.port}"
        answer = jrd(renamed, f"{other.http}/users/1")
        other.answer = webfinger({acct: answer, renamed: answer})
        with pytest.raises(OriginMismatch):
            await confirm_handle(here, f"{other.http}/users/1", "alice")


async def test_host_meta_leads_to_webfinger() -> None:
    """A domain that has only host-meta is found through its template."""
    async with peer(lambda _: b"") as web, peer(lambda _: b"") as short, client() as here:
        handle = f"alice@localhost:{short.port}"
        template = f"{web.http}/finger?resource={{uri}}"
        short.answer = webfinger(
            {"/.well-known/host-meta": http(body=render_host_meta_xrd(template).encode(), content_type=XRD_TYPE)}
        )
        web.answer = webfinger({f"acct:{handle}": jrd(f"acct:{handle}", f"{web.http}/users/1")})

        found = await find_actor(here, parse_handle(handle, LOOPBACK))

    assert found.actor_url == f"{web.http}/users/1"


async def test_accounts_that_are_not_there() -> None:
    """Unknown, gone and without an actor are told apart."""
    async with peer(lambda _: http(404)) as other, client() as here:
        handle = Handle(username="alice", domain=f"localhost:{other.port}")
        with pytest.raises(PeerAnswered) as absent:
            await find_actor(here, handle)
        other.answer = lambda _: http(410)
        with pytest.raises(PeerAnswered) as gone:
            await find_actor(here, handle)
        other.answer = lambda _: jrd(handle.acct, None)
        with pytest.raises(MalformedDocument, match="no ActivityPub actor"):
            await find_actor(here, handle)

    assert (absent.value.status, gone.value.status) == (404, 410)


def test_where_a_domain_is_asked() -> None:
    """https, except for loopback under its setting, where plain http comes first."""
    assert base_urls("example.org", LOOPBACK) == ("https://example.org",)
    assert base_urls("localhost:8001", LOOPBACK) == ("http://localhost:8001", "https://localhost:8001")
    assert base_urls("localhost", STRICT) == ("https://localhost",)
    assert base_urls("localhost:8001", LOOPBACK_WITH_TLS) == ("https://localhost:8001", "http://localhost:8001")
    assert base_urls("example.org", LOOPBACK_WITH_TLS) == ("https://example.org",)


@pytest.mark.parametrize("policy", [LOOPBACK, LOOPBACK_WITH_TLS])
@pytest.mark.parametrize("speaks_tls", [True, False])
async def test_a_loopback_server_with_tls_or_without(
    tmp_path: Path, policy: AddressPolicy, *, speaks_tls: bool
) -> None:
    """It is found whichever of the two is tried first."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(tls)
    async with (
        peer(lambda _: b"", tls=tls if speaks_tls else None) as other,
        client(tmp_path / "ca.pem", policy) as here,
    ):
        base, domain = other.https if speaks_tls else other.http, f"localhost:{other.port}"
        other.answer = webfinger(
            {
                f"acct:alice@{domain}": jrd(f"acct:alice@{domain}", f"{base}/users/1"),
                "/.well-known/nodeinfo": as_json(render_links(base)),
                "/nodeinfo/2.1": as_json(render_nodeinfo(INFO, "2.1")),
            }
        )
        found = await find_actor(here, Handle(username="alice", domain=domain))
        info = await fetch_nodeinfo(here, domain)

    assert found.actor_url == f"{base}/users/1"
    assert info == INFO


async def test_a_domain_that_is_down() -> None:
    """Neither with nor without TLS."""
    async with peer(lambda _: b"") as other:
        domain = f"localhost:{other.port}"
    async with client() as here:
        with pytest.raises(PeerUnreachable):
            await find_actor(here, Handle(username="alice", domain=domain))
        with pytest.raises(PeerUnreachable):
            await fetch_nodeinfo(here, domain)


# NodeInfo ------------------------------------------------------------------------------------------------------------

INFO = NodeInfo(
    software_name="fedorg",
    software_version="0.1.0",
    open_registrations=True,
    users_total=3,
    users_active_month=2,
    users_active_halfyear=2,
    local_posts=40,
    node_name="Engineering",
    node_description="Who builds what",
    repository="https://code.example/fedorg",
    homepage="https://fedorg.example/",
)


def as_json(document: Mapping[str, object]) -> bytes:
    return http(body=json.dumps(document).encode(), content_type=content_type("2.0"))


@pytest.mark.parametrize("version", VERSIONS)
def test_our_nodeinfo_reads_back(version: Version) -> None:
    """Everything that a version can say is said and read again."""
    document = json.loads(json.dumps(render_nodeinfo(INFO, version)))
    expected = INFO if version == "2.1" else dataclasses.replace(INFO, repository=None, homepage=None)

    assert document["version"] == version
    assert document.keys() >= {"software", "protocols", "services", "openRegistrations", "usage", "metadata"}
    assert parse_nodeinfo(document) == expected


def test_nodeinfo_says_nothing_it_does_not_know() -> None:
    """What is not known is left out, not null."""
    document = render_nodeinfo(NodeInfo(software_name="x", software_version="1"), "2.1")

    assert document["usage"] == {"users": {}}
    assert document["metadata"] == {}
    assert document["software"] == {"name": "x", "version": "1"}


def test_nodeinfo_of_others() -> None:
    """Wrong types count as not said; without the software it is no NodeInfo."""
    document = {
        "software": {"name": "Mastodon", "version": "4.5.0"},
        "protocols": ["activitypub", 7],
        "openRegistrations": "yes",
        "usage": {"users": {"total": -1, "activeMonth": True, "activeHalfyear": "3"}, "localPosts": None},
        "metadata": [],
    }

    assert parse_nodeinfo(document) == NodeInfo(software_name="mastodon", software_version="4.5.0")
    broken_documents: list[object] = [{}, {"software": {"name": "x"}}, {"software": {"version": "1"}}, []]
    for broken in broken_documents:
        with pytest.raises(MalformedDocument):
            parse_nodeinfo(broken)


def test_the_newest_nodeinfo_is_chosen() -> None:
    """2.1 before 2.0; other versions and broken links are passed over."""
    base = "http://nodeinfo.diaspora.software/ns/schema/"
    old, new = (
        {"rel": f"{base}2.0", "href": "https://a.example/0"},
        {"rel": f"{base}2.1", "href": "https://a.example/1"},
    )

    assert parse_links({"links": [old, 5, {"rel": f"{base}1.0", "href": "x"}, {"rel": "x"}, new]}).endswith("/1")
    assert parse_links({"links": [old]}).endswith("/0")
    with pytest.raises(MalformedDocument):
        parse_links({"links": [{"rel": f"{base}1.0", "href": "x"}]})


async def test_s22_nodeinfo_links_are_checked() -> None:
    """A list of documents cannot lead the client inside."""
    base = "http://nodeinfo.diaspora.software/ns/schema/"
    async with peer(lambda _: b"") as other, client() as here:
        for href in ("https://10.0.0.1/", "data:application/json,{}", "file:///etc/passwd"):
            other.answer = lambda _, href=href: as_json({"links": [{"rel": f"{base}2.0", "href": href}]})  # type: ignore[misc]
            with pytest.raises(AddressRefused):
                await fetch_nodeinfo(here, f"localhost:{other.port}")
