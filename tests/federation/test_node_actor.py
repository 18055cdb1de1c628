"""A server's own actor is found by WebFinger or NodeInfo, and only where both sides agree (FEP-d556, FEP-2677)."""

import json
from collections.abc import Callable, Mapping
from urllib.parse import parse_qs, urlsplit

import pytest

from federation.addresses import AddressPolicy
from federation.client import Client
from federation.discovery import JRD_TYPE, Jrd, Link, parse_jrd, render_jrd
from federation.errors import MalformedDocument, OriginMismatch, PeerUnreachable
from federation.node_actor import (
    APPLICATION_REL,
    SERVICE_REL,
    actor_of_jrd,
    actor_of_links,
    application_link,
    find_node_actor,
    node_jrd,
)
from federation.nodeinfo import parse_links, render_links
from federation.vocabulary import ACTIVITY_JSON
from tests.federation.signing import NOW
from tests.federation.wire import Received, http, peer

# The examples of FEP-d556 and FEP-2677.
D556 = {
    "subject": "https://server.example/",
    "links": [
        {"rel": SERVICE_REL, "type": "application/activity+json", "href": "https://server.example/server-actor"},
        {"rel": "self", "type": "application/activity+json", "href": "https://server.example/user-actor"},
    ],
}
MASTODON = {
    "subject": "acct:mastodon.social@mastodon.social",
    "aliases": ["https://mastodon.social/actor"],
    "links": [
        {
            "rel": "http://webfinger.net/rel/profile-page",
            "type": "text/html",
            "href": "https://mastodon.social/about/more?instance_actor=true",
        },
        {"rel": "self", "type": "application/activity+json", "href": "https://mastodon.social/actor"},
        {
            "rel": "http://ostatus.org/schema/1.0/subscribe",
            "template": "https://mastodon.social/authorize_interaction?uri={uri}",
        },
    ],
}
FEP_2677 = {
    "links": [
        {"rel": "http://nodeinfo.diaspora.software/ns/schema/2.0", "href": "https://node.example/nodeinfo/2.0"},
        {"rel": "https://www.w3.org/ns/activitystreams#Application", "href": "https://node.example/actor"},
    ]
}


def client() -> Client:
    return Client(AddressPolicy(allow_http_loopback=True), "fedorg-test/1.0", now=lambda: NOW)


def serving(paths: Mapping[str, bytes]) -> Callable[[Received], bytes]:
    """Answers by path, or by the resource that WebFinger is asked for."""

    def answer(received: Received) -> bytes:
        url = urlsplit(received.target)
        return paths.get(parse_qs(url.query).get("resource", [url.path])[0], http(404))

    return answer


def as_jrd(jrd: Jrd) -> bytes:
    return http(body=json.dumps(render_jrd(jrd)).encode(), content_type=JRD_TYPE)


def as_json(document: object) -> bytes:
    return http(body=json.dumps(document).encode(), content_type="application/json")


def test_examples_of_the_feps() -> None:
    """The relation of FEP-d556 counts before `self`, which is what Mastodon answers."""
    assert actor_of_jrd(parse_jrd(D556)) == "https://server.example/server-actor"
    assert actor_of_jrd(parse_jrd(MASTODON)) == "https://mastodon.social/actor"
    assert actor_of_links(FEP_2677) == "https://node.example/actor"


def test_what_names_no_actor() -> None:
    """Pages, links without a type and lists without the relation name nobody."""
    assert (
        actor_of_jrd(Jrd(subject=None, links=(Link(rel="self", type="text/html", href="https://a.example/"),))) is None
    )
    assert actor_of_jrd(Jrd(subject=None, links=(Link(rel=SERVICE_REL, type=ACTIVITY_JSON),))) is None
    assert actor_of_jrd(Jrd(subject=None, links=(Link(rel="self", href="https://a.example/"),))) is None
    assert actor_of_links({"links": ["x", {"rel": "other", "href": "https://a.example/"}]}) is None
    assert actor_of_links({"links": [{"rel": APPLICATION_REL}]}) is None
    with pytest.raises(MalformedDocument):
        actor_of_links([])


def test_our_answers_read_back() -> None:
    """What we serve is what we would find."""
    actor_url = "https://a.example/actor"
    links = json.loads(json.dumps(render_links("https://a.example", application_link(actor_url))))

    assert actor_of_jrd(parse_jrd(render_jrd(node_jrd("https://a.example", actor_url)))) == actor_url
    assert actor_of_links(links) == actor_url
    assert parse_links(links) == "https://a.example/nodeinfo/2.1"


async def test_found_by_webfinger() -> None:
    """The server is asked about its own URL."""
    paths: dict[str, bytes] = {}
    async with peer(serving(paths)) as other, client() as here:
        paths[f"{other.http}/"] = as_jrd(node_jrd(other.http, f"{other.http}/actor"))

        assert await find_node_actor(here, f"localhost:{other.port}") == f"{other.http}/actor"


@pytest.mark.parametrize(
    "webfinger", [http(404), http(body=b"<html>", content_type="text/html"), as_json([]), as_json({"links": []})]
)
async def test_found_by_nodeinfo_when_webfinger_does_not_know(webfinger: bytes) -> None:
    """Servers that know nothing of the question may still have the link of FEP-2677."""
    paths: dict[str, bytes] = {}
    async with peer(serving(paths)) as other, client() as here:
        paths[f"{other.http}/"] = webfinger
        paths["/.well-known/nodeinfo"] = as_json(render_links(other.http, application_link(f"{other.http}/actor")))

        assert await find_node_actor(here, f"localhost:{other.port}") == f"{other.http}/actor"


async def test_a_server_may_name_none() -> None:
    """Then there is nobody to talk to, and no guess."""
    paths: dict[str, bytes] = {}
    async with peer(serving(paths)) as other, client() as here:
        paths["/.well-known/nodeinfo"] = as_json(render_links(other.http))

        with pytest.raises(MalformedDocument):
            await find_node_actor(here, f"localhost:{other.port}")


async def test_an_actor_elsewhere_is_confirmed_there() -> None:
    """A server cannot make the actor of another its own."""
    ours: dict[str, bytes] = {}
    theirs: dict[str, bytes] = {}
    async with peer(serving(ours)) as one, peer(serving(theirs)) as other, client() as here:
        ours[f"{one.http}/"] = as_jrd(node_jrd(one.http, f"{other.http}/actor"))
        theirs[f"{other.http}/"] = as_jrd(node_jrd(other.http, f"{other.http}/actor"))
        assert await find_node_actor(here, f"localhost:{one.port}") == f"{other.http}/actor"

        theirs[f"{other.http}/"] = as_jrd(node_jrd(other.http, f"{other.http}/someone-else"))
        with pytest.raises(OriginMismatch):
            await find_node_actor(here, f"localhost:{one.port}")


async def test_a_server_that_cannot_be_reached_is_no_server_without_an_actor() -> None:
    """Silence is told apart from an answer, over both schemes."""
    async with peer(lambda _: b"") as other, client() as here:
        with pytest.raises(PeerUnreachable):
            await find_node_actor(here, f"localhost:{other.port}")
