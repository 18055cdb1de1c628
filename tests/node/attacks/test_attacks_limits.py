"""Attacks by number: how much anybody may make a node fetch, keep, read and answer."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import pytest_asyncio
import sqlalchemy as sa
from sqlalchemy import Connection

from federation.signatures import Scheme
from fedorg.jobs.upkeep import keep_up
from fedorg.store.tables import accounts, peers
from tests.databases import SqliteFiles
from tests.node.attacks.ground import NUMBERS, PUBLIC, Ground, note, take_ground
from tests.node.attacks.raw import close
from tests.node.fake_peer import FakePeer, running_peer

pytestmark = pytest.mark.asyncio(loop_scope="module")

ANYBODY: Final = "203.0.113.7"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def limited(sqlite_files: SqliteFiles, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ground]:
    """A node behind a proxy with little patience: its inbox takes 9 from an address and 6 of a peer."""
    settings = {"rate_limits": 0.001, "trusted_proxies": ("127.0.0.0/8", "::1/128")}
    async with AsyncExitStack() as stack:
        folder = tmp_path_factory.mktemp("limited")
        yield await stack.enter_async_context(take_ground(sqlite_files, folder, **settings))


def mentions(peer: FakePeer, count: int) -> list[dict[str, str]]:
    return [{"type": "Mention", "href": peer.actor(f"m{number}"), "name": f"@m{number}"} for number in range(count)]


async def test_s28_a_stranger_makes_this_node_ask_nobody(ground: Ground, peer: FakePeer, third: FakePeer) -> None:
    """S28: what concerns nobody here costs no third server a request, whatever it names, mentions and answers."""
    olgas = note(third, "olga")
    stranger = peer.actor("mallory")
    group = peer.add_user("group")
    peer.documents["/users/group"]["type"] = "Group"
    await ground.do_what_was_put_off()
    before = third.asked.total()
    for kind, object_, by in (
        ("Create", note(peer, "mallory", tag=mentions(third, 20), inReplyTo=olgas["id"]), "mallory"),
        ("Update", note(peer, "mallory", tag=mentions(third, 20), updated="2026-01-01T00:00:00Z"), "mallory"),
        ("Create", olgas["id"], "mallory"),
        ("Create", olgas, "mallory"),
        ("Announce", olgas["id"], "mallory"),
        ("Announce", olgas, "mallory"),
        ("Like", olgas["id"], "mallory"),
        ("Add", olgas["id"], "mallory"),
        ("Announce", third.activity("Update", third.actor("olga"), olgas["id"], 1), "group"),
        ("Announce", third.activity("Create", third.actor("olga"), olgas["id"], 2), "group"),
        ("Announce", third.activity("Delete", third.actor("olga"), olgas["id"], 3), "group"),
        ("Undo", third.activity("Like", third.actor("olga"), olgas["id"], 4), "mallory"),
        ("Flag", [ground.alice_uri, olgas["id"]], "mallory"),
        ("Follow", third.actor("olga"), "mallory"),
        ("Move", stranger, "mallory"),
    ):
        activity = peer.activity(kind, group if by == "group" else stranger, object_, next(NUMBERS))
        target = third.actor("olga") if kind == "Move" else f"{stranger}/collections/featured"
        activity |= {"to": [PUBLIC], "target": target}
        answer = await ground.post(peer.sign(ground.inbox, activity, by=by))
        assert answer.status_code in (202, 403), (kind, answer.text)
    await ground.working.settle()

    assert third.asked.total() == before


async def test_s28_one_activity_leads_to_few_fetches(ground: Ground, peer: FakePeer, third: FakePeer) -> None:
    """S28, S26: five hundred mentions of people who exist make this node ask for a handful, and name no more."""
    for number in range(60):
        third.add_user(f"m{number}", key_name="m")
    before = third.asked.total()

    uri = await ground.create(peer, tag=mentions(third, 500))

    assert third.asked.total() - before <= 20
    status = await ground.status(uri)
    assert status is not None
    # Five who were asked for, and Alice.
    assert len(status["mentions"]) == 6


async def test_s28_a_hall_of_mirrors_ends(ground: Ground, peer: FakePeer) -> None:
    """S28: a thread that goes up for ever is followed so far, and asked for no more."""
    above = None
    for _ in range(60):
        above = str(note(peer, "mallory", **({"inReplyTo": above} if above else {}))["id"])
    before = peer.asked.total()

    await ground.create(peer, inReplyTo=above)

    assert peer.asked.total() - before <= 45


async def test_s28_what_cannot_be_had_is_not_asked_for_again_and_again(ground: Ground, peer: FakePeer) -> None:
    """S28: a reply to what its server refuses, or what is no document, costs one question and no job that stays."""
    peer.documents["/notes/page"] = {"type": "Page"}
    peer.content_types["/notes/page"] = "text/html"
    for path in ("/notes/nothing", "/notes/page"):
        await ground.create(peer, inReplyTo=f"{peer.url}{path}")
        # The first knock, and the second one where a server may have refused the signature.
        assert peer.asked[path] <= 2


async def test_s23_the_farewell_of_a_stranger_costs_nothing(ground: Ground, peer: FakePeer) -> None:
    """S23: thousands of servers are told when an account ends; who never met it answers 202 and asks nobody."""
    gone = peer.actor("neverseen")
    await ground.do_what_was_put_off()
    before, taken = peer.asked.total(), await ground.taken()
    for scheme in Scheme:
        farewell = peer.activity("Delete", gone, gone, next(NUMBERS))
        message = peer.sign(ground.inbox, farewell, by="neverseen", key_name="x", scheme=scheme)
        assert (await ground.post(message)).status_code == 202
        assert (await ground.post(message.without("signature"))).status_code == 202

    assert (peer.asked.total(), await ground.taken()) == (before, taken)


async def test_an_address_and_a_peer_have_their_limits_at_the_inbox(limited: Ground) -> None:
    """429 with Retry-After, before anything is proven for the address, after it for the peer; others are let in."""
    async with running_peer() as peer:
        peer.add_user("mallory")

        async def post(address: str, **changes: str) -> Any:  # noqa: ANN401 - httpx's own
            activity = peer.activity("Follow", peer.actor("mallory"), limited.alice_uri, next(NUMBERS))
            message = peer.sign(limited.inbox, activity, by="mallory").with_headers(x_forwarded_for=address, **changes)
            return await limited.post(message)

        forged = [(await post(ANYBODY, signature="sig1=:AAAA:")).status_code for _ in range(12)]
        honest = [await post(f"198.51.100.{number}") for number in range(8)]

    assert forged == [401] * 9 + [429] * 3
    assert [answer.status_code for answer in honest] == [202] * 6 + [429] * 2
    assert 0 < int(honest[-1].headers["Retry-After"]) <= 300


async def test_an_address_has_its_limit_at_documents_and_pages(limited: Ground) -> None:
    """Questions of servers and visitors are counted as well; another address is not kept out with it."""
    for path, accept, most in (
        ("/users/alice", "application/activity+json", 3),
        ("/@alice", "text/html", 2),
    ):
        answers = [
            await limited.server.anonymous.get(path, headers={"Accept": accept, "X-Forwarded-For": ANYBODY})
            for _ in range(most + 1)
        ]
        assert [answer.status_code for answer in answers] == [200] * most + [429]
        assert int(answers[-1].headers["Retry-After"]) > 0
        other = await limited.server.anonymous.get(path, headers={"Accept": accept, "X-Forwarded-For": "192.0.2.9"})
        assert other.status_code == 200


async def test_claims_about_third_servers_are_few(limited: Ground, peer: FakePeer, third: FakePeer) -> None:
    """S28: what a peer says others said makes this node look there less often than what it says itself."""
    olgas = note(third, "olga")
    third.documents.pop(str(olgas["id"]).removeprefix(third.url))
    answers = []
    for number in range(3):
        activity = third.activity("Create", third.actor("olga"), olgas, number) | {"to": [PUBLIC]}
        message = peer.sign(limited.inbox, activity, by="mallory").with_headers(x_forwarded_for=f"192.0.2.{number}")
        answers.append(await limited.post(message))

    assert [answer.status_code for answer in answers] == [202, 429, 429]


async def test_s23_for_one_address_few_unknown_keys_are_asked_for(
    limited: Ground, peer: FakePeer, third: FakePeer
) -> None:
    """S23: names for keys that are none, one after the other, cost their server few questions, and others nothing."""
    limited.server.clock.begin_window()
    peer.add_user("known", key_name="mallory")
    known = peer.activity("View", peer.actor("known"), f"{limited.url}/x", next(NUMBERS))
    greeting = peer.sign(limited.inbox, known, by="known", key_name="mallory")
    assert (await limited.post(greeting.with_headers(x_forwarded_for="192.0.2.77"))).status_code == 202
    before = third.asked.total()

    async def forge(number: int) -> int:
        like = third.activity("Like", third.actor("olga"), f"{limited.url}/x", number)
        key_id = f"{third.actor('olga')}?{number}#main-key"
        message = third.sign(limited.inbox, like, by="olga", key_name="mallory", key_id=key_id)
        return (await limited.post(message.with_headers(x_forwarded_for="198.51.100.77"))).status_code

    answers = [await forge(number) for number in range(5)]
    known = peer.activity("View", peer.actor("known"), f"{limited.url}/x", next(NUMBERS))
    message = peer.sign(limited.inbox, known, by="known", key_name="mallory")

    assert answers == [401, 429, 429, 429, 429]
    # The address without the query, then with it, and whether the handle is true.
    assert third.asked.total() - before <= 3
    assert (await limited.post(message.with_headers(x_forwarded_for="198.51.100.77"))).status_code == 202


@pytest.mark.parametrize("framing", ["announced", "chunked", "chunked and lying", "two lengths"])
async def test_s29_an_oversize_body_is_refused_before_it_is_read(ground: Ground, peer: FakePeer, framing: str) -> None:
    """S29: 413 for more than a megabyte, announced or not; the sender does not get rid of much more than that."""
    message = peer.sign(ground.inbox, peer.activity("Follow", peer.actor("mallory"), ground.alice_uri, 1), by="mallory")
    lines = [f"{name}: {value}" for name, value in message.headers.items()]
    size = 64 * 1_048_576
    framed = {
        "announced": [f"Content-Length: {size}"],
        "chunked": ["Transfer-Encoding: chunked"],
        "chunked and lying": ["Transfer-Encoding: chunked", "Content-Length: 10"],
        "two lengths": ["Content-Length: 10", f"Content-Length: {size}"],
    }[framing]
    head = "\r\n".join(["POST /inbox HTTP/1.1", *lines, *framed, "Connection: close", "", ""]).encode()
    reader, writer = await asyncio.open_connection("127.0.0.1", int(ground.url.rpartition(":")[2]))
    sent = 0
    async with asyncio.timeout(60):
        writer.write(head)
        chunk = b"x" * 65_536
        with contextlib.suppress(ConnectionError):
            while sent < size:
                writer.write(b"10000\r\n" + chunk + b"\r\n" if "chunked" in framing else chunk)
                await writer.drain()
                sent += len(chunk)
        # Who goes on sending may be hung up on before the answer is read.
        answer = b""
        with contextlib.suppress(ConnectionError):
            answer = await reader.read(4096)
    await close(writer)

    assert answer.split(b" ", 2)[1:2] in ([b"413"], [b"400"], []), answer
    assert sent < 32 * 1_048_576
    await ground.assert_well()


async def test_s29_an_announced_oversize_is_refused_before_anything_of_it_came(ground: Ground, peer: FakePeer) -> None:
    """S29: who announces more than a megabyte is told 413 while not one byte of the body was sent."""
    message = peer.sign(ground.inbox, peer.activity("Follow", peer.actor("mallory"), ground.alice_uri, 1), by="mallory")
    lines = [f"{name}: {value}" for name, value in message.headers.items()]
    for path in ("/inbox", "/users/alice/inbox"):
        head = [f"POST {path} HTTP/1.1", *lines, "Content-Length: 1048577", "", ""]
        reader, writer = await asyncio.open_connection("127.0.0.1", int(ground.url.rpartition(":")[2]))
        writer.write("\r\n".join(head).encode())
        async with asyncio.timeout(30):
            answer = await reader.readuntil(b"\r\n")
        await close(writer)

        assert answer.split(b" ", 2)[1] == b"413", answer


async def test_s32_who_only_knocked_is_forgotten(sqlite_files: SqliteFiles, tmp_path: Path) -> None:
    """S32: accounts and servers that came to nothing leave no row; those one has to do with, or decided on, stay."""

    def known(conn: Connection) -> tuple[set[str], set[str]]:
        found = conn.execute(sa.select(accounts.c.username).where(accounts.c.domain.is_not(None)))
        return set(found.scalars()), set(conn.execute(sa.select(peers.c.domain)).scalars())

    async with take_ground(sqlite_files, tmp_path) as ground, running_peer() as knocking, running_peer() as friend:
        for name in ("stranger", "other"):
            knocking.add_user(name, key_name="mallory")
            activity = knocking.activity("View", knocking.actor(name), f"{ground.url}/x", next(NUMBERS))
            assert (await ground.post(knocking.sign(ground.inbox, activity, by=name, key_name="mallory"))).is_success
        for name in ("follower", "fan", "author"):
            friend.add_user(name)
        await ground.do(friend, "Follow", ground.alice_uri, "follower")
        await ground.do(friend, "Like", (await ground.posted("Liked"))["uri"], "fan")
        await ground.create(friend, "author")
        before = await ground.server.node.read(known)

        ground.server.clock.advance(timedelta(days=31))
        await keep_up(ground.server.node)
        after = await ground.server.node.read(known)
        ground.server.clock.advance(timedelta(days=90))
        await keep_up(ground.server.node)
        at_last = await ground.server.node.read(known)

    assert before == ({"stranger", "other", "follower", "fan", "author"}, {knocking.domain, friend.domain})
    assert after == ({"follower", "fan", "author"}, {knocking.domain, friend.domain})
    assert at_last == ({"follower", "fan", "author"}, {friend.domain})
