"""What an inbox takes and what it refuses, seen from a peer that sends raw bytes to a running node."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from federation.signatures import Scheme
from tests.fediverse.nodes import RunningNode, settle, wait_for
from tests.node.fake_peer import FakePeer, Message, running_peer

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBERS = count(1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningNode]:
    """A node in a process of its own; its account ``owner`` is made at the first start."""
    running = RunningNode(name="here", folder=Path(tmp_path_factory.mktemp("inbox")) / "here")
    await running.start()
    yield running
    await running.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def peer() -> AsyncIterator[FakePeer]:
    """A server that the node may ask for actors and keys."""
    async with running_peer() as running:
        yield running


@pytest.fixture
def inbox(node: RunningNode) -> str:
    """The shared inbox."""
    return f"{node.url}/inbox"


@pytest.fixture
def mallory(peer: FakePeer) -> str:
    """The name of a new user of the peer."""
    name = f"mallory{next(NUMBERS)}"
    peer.add_user(name)
    return name


def follow(peer: FakePeer, node: RunningNode, name: str) -> dict[str, Any]:
    return peer.activity("Follow", peer.actor(name), f"{node.url}/users/owner", next(NUMBERS))


async def post(node: RunningNode, message: Message, path: str = "/inbox") -> httpx.Response:
    async with node.http() as http:
        return await http.post(path, content=message.body, headers=dict(message.headers))


async def assert_refused(node: RunningNode, message: Message, status: int) -> str:
    """The node refuses with a status and a reason, and queues nothing; the reason."""
    before = len(node.log_lines("activity.received"))

    answer = await post(node, message)

    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"error"}
    assert len(node.log_lines("activity.received")) == before
    return str(answer.json()["error"])


@pytest.mark.parametrize("scheme", list(Scheme))
async def test_a_signed_activity_is_taken_and_acted_on(
    node: RunningNode, peer: FakePeer, inbox: str, mallory: str, scheme: Scheme
) -> None:
    """A Follow signed in either scheme is answered 202, and accepted to the follower's inbox."""
    peer.received.clear()
    activity = follow(peer, node, mallory)

    answer = await post(node, peer.sign(inbox, activity, by=mallory, scheme=scheme))

    assert answer.status_code == 202
    accept = await peer.wait_for("Accept")
    assert accept["actor"] == f"{node.url}/users/owner"
    assert accept["object"]["id"] == activity["id"]


async def test_the_inbox_of_an_account_is_the_same_door(node: RunningNode, peer: FakePeer, mallory: str) -> None:
    """What is signed for an account's own inbox is taken there."""
    path = "/users/owner/inbox"

    answer = await post(node, peer.sign(f"{node.url}{path}", follow(peer, node, mallory), by=mallory), path)

    assert answer.status_code == 202


async def test_an_unsigned_activity_is_refused(node: RunningNode, peer: FakePeer, inbox: str, mallory: str) -> None:
    """Without a signature nothing is taken and nothing is fetched."""
    message = peer.sign(inbox, follow(peer, node, mallory), by=mallory).without("signature", "signature-input")

    await assert_refused(node, message, 401)

    assert peer.asked[f"/users/{mallory}"] == 0


async def test_a_signature_with_another_key_is_refused(
    node: RunningNode, peer: FakePeer, inbox: str, mallory: str
) -> None:
    """The key that the actor shows counts, not the one that signed."""
    await assert_refused(node, peer.sign(inbox, follow(peer, node, mallory), by=mallory, key_name="forged"), 401)


async def test_one_actor_cannot_speak_for_another(node: RunningNode, peer: FakePeer, inbox: str, mallory: str) -> None:
    """A valid signature of one actor under an activity of another does nothing (S4)."""
    peer.add_user("victim")

    await assert_refused(node, peer.sign(inbox, follow(peer, node, "victim"), by=mallory), 403)


async def test_a_key_that_its_owner_does_not_list_is_refused(
    node: RunningNode, peer: FakePeer, inbox: str, mallory: str
) -> None:
    """A key id on the actor's server is not enough (S8)."""
    message = peer.sign(inbox, follow(peer, node, mallory), by=mallory)
    peer.documents[f"/users/{mallory}"]["publicKey"]["id"] = f"{peer.actor(mallory)}#other-key"

    await assert_refused(node, message, 401)


async def test_a_key_may_be_called_by_the_id_of_its_actor(
    node: RunningNode, peer: FakePeer, inbox: str, mallory: str
) -> None:
    """As PeerTube does: the one RSA key is meant that the actor with this id lists; where it lists two, none is."""
    for _ in range(2):
        message = peer.sign(
            inbox, follow(peer, node, mallory), by=mallory, key_id=peer.actor(mallory), scheme=Scheme.CAVAGE
        )
        assert (await post(node, message)).status_code == 202
    forged = peer.sign(inbox, follow(peer, node, mallory), by=mallory, key_name="forged", key_id=peer.actor(mallory))
    await assert_refused(node, forged, 401)

    twofold = f"{mallory}x"
    uri = peer.add_user(twofold)
    listed = peer.documents[f"/users/{twofold}"]["publicKey"]
    peer.documents[f"/users/{twofold}"]["publicKey"] = [listed, {**listed, "id": f"{uri}#old"}]
    await assert_refused(node, peer.sign(inbox, follow(peer, node, twofold), by=twofold, key_id=uri), 401)


async def test_a_key_owned_by_somebody_else_is_refused(
    node: RunningNode, peer: FakePeer, inbox: str, mallory: str
) -> None:
    """A key whose document names another owner does not speak for the actor that shows it (S8)."""
    message = peer.sign(inbox, follow(peer, node, mallory), by=mallory)
    peer.documents[f"/users/{mallory}"]["publicKey"]["owner"] = "https://elsewhere.example/users/x"

    await assert_refused(node, message, 401)


@pytest.mark.parametrize(
    ("scheme", "header"),
    [
        (Scheme.RFC9421, "signature"),
        (Scheme.RFC9421, "signature-input"),
        (Scheme.RFC9421, "content-digest"),
        (Scheme.CAVAGE, "signature"),
        (Scheme.CAVAGE, "digest"),
        (Scheme.CAVAGE, "date"),
    ],
)
async def test_a_missing_header_is_refused(
    node: RunningNode, peer: FakePeer, inbox: str, mallory: str, scheme: Scheme, header: str
) -> None:
    """Every header that a signature rests on has to be there."""
    message = peer.sign(inbox, follow(peer, node, mallory), by=mallory, scheme=scheme)

    await assert_refused(node, message.without(header), 401)


@pytest.mark.parametrize("header", ["signature", "digest", "date"])
async def test_a_header_that_stands_twice_is_refused(
    node: RunningNode, peer: FakePeer, inbox: str, mallory: str, header: str
) -> None:
    """Two values of one header are two truths; none of them is taken (S10)."""
    message = peer.sign(inbox, follow(peer, node, mallory), by=mallory, scheme=Scheme.CAVAGE)
    twice = [
        *message.headers.items(),
        *((name, value) for name, value in message.headers.items() if name.lower() == header),
    ]

    async with node.http() as http:
        answer = await http.post("/inbox", content=message.body, headers=twice)

    assert answer.status_code == 401, answer.text


@pytest.mark.parametrize("scheme", list(Scheme))
@pytest.mark.parametrize("offset", [timedelta(days=-2), timedelta(days=2)])
async def test_an_old_or_future_signature_is_refused(
    node: RunningNode, peer: FakePeer, inbox: str, mallory: str, scheme: Scheme, offset: timedelta
) -> None:
    """A signature holds for hours around its time, so that a recorded request is worth little (S11)."""
    message = peer.sign(inbox, follow(peer, node, mallory), by=mallory, scheme=scheme, at=datetime.now(UTC) + offset)

    await assert_refused(node, message, 401)


@pytest.mark.parametrize("scheme", list(Scheme))
async def test_a_request_signed_for_another_server_is_refused(
    node: RunningNode, peer: FakePeer, mallory: str, scheme: Scheme
) -> None:
    """What somebody else received cannot be passed on here, whatever the Host header says."""
    message = peer.sign("http://localhost:1/inbox", follow(peer, node, mallory), by=mallory, scheme=scheme)

    await assert_refused(node, message, 401)
    await assert_refused(node, message.without("host"), 401)


@pytest.mark.parametrize("scheme", list(Scheme))
async def test_a_request_signed_for_another_path_is_refused(
    node: RunningNode, peer: FakePeer, mallory: str, scheme: Scheme
) -> None:
    """The path is part of what is signed."""
    message = peer.sign(f"{node.url}/users/owner/inbox", follow(peer, node, mallory), by=mallory, scheme=scheme)

    await assert_refused(node, message, 401)


@pytest.mark.parametrize("scheme", list(Scheme))
async def test_a_changed_body_is_refused(
    node: RunningNode, peer: FakePeer, inbox: str, mallory: str, scheme: Scheme
) -> None:
    """The digest is compared with the bytes that came."""
    message = peer.sign(inbox, follow(peer, node, mallory), by=mallory, scheme=scheme)

    await assert_refused(node, message.with_body(message.body.replace(b"Follow", b"Block ")), 401)


@pytest.mark.parametrize(
    ("scheme", "digest"),
    [
        (Scheme.RFC9421, {"content_digest": "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"}),
        (Scheme.CAVAGE, {"digest": "SHA-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}),
    ],
)
async def test_a_digest_of_something_else_is_refused(
    node: RunningNode, peer: FakePeer, inbox: str, mallory: str, scheme: Scheme, digest: dict[str, str]
) -> None:
    """A digest exchanged after signing fails, as does one that never fitted."""
    message = peer.sign(inbox, follow(peer, node, mallory), by=mallory, scheme=scheme)

    await assert_refused(node, message.with_headers(**digest), 401)


async def test_a_body_that_is_too_large_is_refused(node: RunningNode, peer: FakePeer, inbox: str, mallory: str) -> None:
    """More than a megabyte is refused before it is read."""
    message = peer.sign(inbox, follow(peer, node, mallory) | {"content": "x" * 1_100_000}, by=mallory)
    lines = [f"{name}: {value}" for name, value in message.headers.items()]
    head = ["POST /inbox HTTP/1.1", *lines, f"Content-Length: {len(message.body)}", "Connection: close", "", ""]

    reader, writer = await asyncio.open_connection(*node.listener.getsockname())
    writer.write("\r\n".join(head).encode())
    answer = await reader.read()
    writer.close()

    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b'{"error":' in answer


@pytest.mark.parametrize(
    "content_type", ["application/json", "text/plain", "application/ld+json", "multipart/form-data"]
)
async def test_another_content_type_is_refused(
    node: RunningNode, peer: FakePeer, inbox: str, mallory: str, content_type: str
) -> None:
    """Only what promises an activity is read as one (S2)."""
    await assert_refused(
        node, peer.sign(inbox, follow(peer, node, mallory), by=mallory, content_type=content_type), 400
    )


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"not json",
        b"[]",
        b'"text"',
        b"{}",
        b'{"type": "Follow"}',
        b'{"type": "Follow", "id": "https://a.example/1", "actor": 7, "object": "https://a.example/2"}',
        b'{"a":' * 40 + b"1" + b"}" * 40,
        b"\xff\xfe",
    ],
)
async def test_what_is_no_activity_is_refused(
    node: RunningNode, peer: FakePeer, inbox: str, mallory: str, body: bytes
) -> None:
    """Broken, shapeless and bottomless JSON are answered 400, and nothing is fetched."""
    await assert_refused(node, peer.sign(inbox, body, by=mallory), 400)

    assert peer.asked[f"/users/{mallory}"] == 0


async def test_an_activity_id_of_another_server_is_refused(
    node: RunningNode, peer: FakePeer, inbox: str, mallory: str
) -> None:
    """A peer cannot use up the ids of another server (S11)."""
    activity = follow(peer, node, mallory) | {"id": "https://elsewhere.example/activities/1"}

    await assert_refused(node, peer.sign(inbox, activity, by=mallory), 403)


async def test_an_unknown_type_is_taken_and_ignored_by_name(
    node: RunningNode, peer: FakePeer, inbox: str, mallory: str
) -> None:
    """What this node does not know is no fault of the peer."""
    activity = peer.activity("Frobnicate", peer.actor(mallory), f"{node.url}/users/owner", next(NUMBERS))

    answer = await post(node, peer.sign(inbox, activity, by=mallory))
    await settle(node)

    assert answer.status_code == 202
    assert any("Frobnicate" in line["reason"] for line in node.log_lines("activity.ignored"))


async def test_a_replay_is_answered_but_handled_once(
    node: RunningNode, peer: FakePeer, inbox: str, mallory: str
) -> None:
    """The same request again, and the same activity signed anew, change nothing."""
    activity = peer.activity("Like", peer.actor(mallory), f"{node.url}/users/owner/statuses/1", next(NUMBERS))
    message = peer.sign(inbox, activity, by=mallory)
    before = len(node.log_lines("activity.received"))

    answers = [await post(node, message), await post(node, message)]
    answers.append(await post(node, peer.sign(inbox, activity, by=mallory, scheme=Scheme.CAVAGE)))

    assert [answer.status_code for answer in answers] == [202, 202, 202]
    assert len(node.log_lines("activity.received")) == before + 1


async def test_the_farewell_of_a_stranger_is_answered_without_a_fetch(
    node: RunningNode, peer: FakePeer, inbox: str
) -> None:
    """A Delete of an actor nobody here knows is fine, and its key, gone with it, is not asked for."""
    gone = peer.actor("gone")

    answer = await post(node, peer.sign(inbox, peer.activity("Delete", gone, gone, next(NUMBERS)), by="gone"))

    assert answer.status_code == 202
    assert peer.asked["/users/gone"] == 0


async def test_a_key_that_cannot_be_had_is_asked_for_once(node: RunningNode, peer: FakePeer, inbox: str) -> None:
    """Many requests under a key that does not exist cost one fetch (S23)."""
    message = peer.sign(inbox, follow(peer, node, "nobody"), by="nobody")

    for _ in range(5):
        await assert_refused(node, message, 401)

    assert peer.asked["/users/nobody"] == 1


async def test_what_comes_while_a_key_is_fetched_waits_for_it(
    node: RunningNode, peer: FakePeer, inbox: str, mallory: str
) -> None:
    """Several requests at once under a key met for the first time are all taken, and cost one fetch."""
    messages = [peer.sign(inbox, follow(peer, node, mallory), by=mallory) for _ in range(5)]
    peer.stalled = asyncio.Event()
    posting = [asyncio.create_task(post(node, message)) for message in messages]

    async def asked() -> bool | None:
        return bool(peer.asked[f"/users/{mallory}"]) or None

    await wait_for(asked, "the node to ask for the key")
    # The others are at the door by then, or come while the answer is on its way: it is the same to them.
    peer.stalled.set()
    answers = await asyncio.gather(*posting)

    peer.stalled = None
    assert [answer.status_code for answer in answers] == [202] * 5
    assert peer.asked[f"/users/{mallory}"] == 1


async def test_a_changed_key_is_learnt_once_the_old_one_fails(
    node: RunningNode, peer: FakePeer, inbox: str, mallory: str
) -> None:
    """After an actor changed its key, what it signs with the new one is taken."""
    assert (await post(node, peer.sign(inbox, follow(peer, node, mallory), by=mallory))).status_code == 202
    peer.add_user(mallory, key_name="rotated")

    answer = await post(node, peer.sign(inbox, follow(peer, node, mallory), by=mallory, key_name="rotated"))

    assert answer.status_code == 202


async def test_a_blocked_peer_is_refused_whatever_it_signs(node: RunningNode, inbox: str) -> None:
    """A block beats everything, at once, and nothing is fetched from the blocked server any more."""
    async with running_peer() as blocked:
        blocked.add_user("eve")
        await node.command("peer", "tier", blocked.domain, "blocked")

        await assert_refused(node, blocked.sign(inbox, follow(blocked, node, "eve"), by="eve"), 403)

        assert not blocked.asked


async def test_a_document_that_is_not_its_own_is_not_taken(
    node: RunningNode, peer: FakePeer, inbox: str, mallory: str
) -> None:
    """A Create that brings a note of another server is no proof of that note: it is fetched from there, or dropped."""
    foreign = {
        "id": f"{node.url}/users/owner/statuses/1",
        "type": "Note",
        "attributedTo": f"{node.url}/users/owner",
        "content": "I never said this",
        "to": "as:Public",
    }
    activity = peer.activity("Create", peer.actor(mallory), foreign, next(NUMBERS))

    answer = await post(node, peer.sign(inbox, activity, by=mallory))
    await settle(node)

    assert answer.status_code == 202
    async with node.http() as http:
        page = await http.get("/users/owner/statuses/1", headers={"Accept": "application/activity+json"})
    assert page.status_code == 404
    assert "never said" not in json.dumps(node.log_lines("activity.handled"))
