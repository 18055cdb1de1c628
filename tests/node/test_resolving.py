"""What a node takes from servers it asks, and what it does not believe them: seen through a member's search."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.fediverse.nodes import Member, RunningNode, settle
from tests.node.fake_peer import FakePeer, running_peer

pytestmark = pytest.mark.asyncio(loop_scope="module")

NUMBERS = count(1)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def node(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[RunningNode]:
    """A node with one member."""
    running = RunningNode(name="here", folder=Path(tmp_path_factory.mktemp("resolving")) / "here")
    await running.create("alice")
    await running.start()
    yield running
    await running.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def alice(node: RunningNode) -> AsyncIterator[Member]:
    """The member, signed in."""
    async with node.member("alice") as member:
        yield member


@pytest_asyncio.fixture(loop_scope="module")
async def peer() -> AsyncIterator[FakePeer]:
    """A server with one user, fred."""
    async with running_peer() as running:
        running.add_user("fred")
        yield running


@pytest_asyncio.fixture(loop_scope="module")
async def other() -> AsyncIterator[FakePeer]:
    """Another server with one user, olga."""
    async with running_peer() as running:
        running.add_user("olga")
        yield running


def add_note(peer: FakePeer, **changes: object) -> str:
    """The address of a new note by fred; ``changes`` replace its members."""
    path = f"/notes/{next(NUMBERS)}"
    peer.documents[path] = {
        "@context": "https://www.w3.org/ns/activitystreams",
        "id": f"{peer.url}{path}",
        "type": "Note",
        "attributedTo": peer.actor("fred"),
        "content": "<p>Hello</p>",
        "published": "2026-01-05T10:00:00Z",
        "to": ["https://www.w3.org/ns/activitystreams#Public"],
        **changes,
    }
    return f"{peer.url}{path}"


async def find_account(alice: Member, query: str) -> dict[str, Any] | None:
    found = await alice.get("/api/v2/search", {"q": query, "type": "accounts", "resolve": "true"})
    return next(iter(found["accounts"]), None)


async def find_status(alice: Member, uri: str) -> dict[str, Any] | None:
    found = await alice.get("/api/v2/search", {"q": uri, "type": "statuses", "resolve": "true"})
    return next(iter(found["statuses"]), None)


async def test_a_handle_is_resolved_and_cleaned(alice: Member, peer: FakePeer) -> None:
    """An account is found by its handle, with safe HTML in note and fields (S54, S55)."""
    peer.documents["/users/fred"] |= {
        "name": "Fred",
        "summary": "<p onclick=alert(1)>Hi<script>alert(1)</script></p>",
        "attachment": [{"type": "PropertyValue", "name": "Site", "value": "<img src=x onerror=alert(1)>here"}],
    }

    account = await find_account(alice, f"@fred@{peer.domain}")

    assert account is not None
    assert (account["acct"], account["display_name"]) == (f"fred@{peer.domain}", "Fred")
    assert account["note"] == "<p>Hi</p>"
    assert account["fields"] == [{"name": "Site", "value": "here", "verified_at": None}]


async def test_a_status_is_resolved_and_cleaned(alice: Member, peer: FakePeer) -> None:
    """A status is found by its address, its HTML made safe, its words kept."""
    uri = add_note(peer, content='<p>Look <a href="javascript:alert(1)">here</a><script>x</script></p>')

    status = await find_status(alice, uri)

    assert status is not None
    assert (status["uri"], status["account"]["acct"]) == (uri, f"fred@{peer.domain}")
    assert "script" not in status["content"]
    assert "Look" in status["content"]


@pytest.mark.parametrize(
    ("kind", "sensitive", "warning"),
    [
        ("Note", False, "In short"),
        ("Question", False, "In short"),
        ("Article", False, ""),
        ("Article", True, "In short"),
    ],
)
async def test_an_excerpt_is_no_content_warning(
    alice: Member, peer: FakePeer, kind: str, warning: str, *, sensitive: bool
) -> None:
    """The summary of a note hides it; that of an article tells what is in it, unless the article is sensitive."""
    options = {"oneOf": [{"type": "Note", "name": "yes"}, {"type": "Note", "name": "no"}]} if kind == "Question" else {}
    note = add_note(peer, type=kind, summary="In short", sensitive=sensitive, **options)

    status = await find_status(alice, note)

    assert status is not None
    assert status["spoiler_text"] == warning


async def test_an_id_elsewhere_is_not_believed(alice: Member, peer: FakePeer, other: FakePeer) -> None:
    """A document that calls itself by an id of another server is not taken (S1)."""
    uri = add_note(peer, id=f"{other.url}/notes/1")

    assert await find_status(alice, uri) is None
    assert await find_status(alice, f"{other.url}/notes/1") is None


async def test_another_id_on_the_same_server_is_asked_there(alice: Member, peer: FakePeer) -> None:
    """A page address that shows the document of a status leads to the status at its own id (S1)."""
    uri = add_note(peer)
    peer.documents["/@fred/1"] = peer.documents[uri.removeprefix(peer.url)]

    status = await find_status(alice, f"{peer.url}/@fred/1")

    assert status is not None
    assert status["uri"] == uri


async def test_a_false_id_on_the_same_server_is_not_believed(alice: Member, peer: FakePeer) -> None:
    """An uploaded document cannot take the place of a status that says otherwise (S1)."""
    true = add_note(peer, content="<p>True</p>")
    false = add_note(peer, id=true, content="<p>False</p>")

    status = await find_status(alice, false)

    assert status is not None
    assert status["content"] == "<p>True</p>"


@pytest.mark.parametrize("content_type", ["application/json", "text/html", "application/ld+json", "image/png"])
async def test_a_document_of_another_type_is_none(alice: Member, peer: FakePeer, content_type: str) -> None:
    """What a server serves as a file is not a status (S2)."""
    uri = add_note(peer)
    peer.content_types[uri.removeprefix(peer.url)] = content_type

    assert await find_status(alice, uri) is None


async def test_an_author_of_another_server_is_not_believed(alice: Member, peer: FakePeer, other: FakePeer) -> None:
    """A server speaks for its own people only (S12)."""
    assert await find_status(alice, add_note(peer, attributedTo=other.actor("olga"))) is None


async def test_a_redirect_to_another_server_brings_nothing_under_the_old_name(
    alice: Member, peer: FakePeer, other: FakePeer
) -> None:
    """A redirect is followed, and what is found is what it is where it was found."""
    peer.redirects["/users/moved"] = other.actor("olga")

    account = await find_account(alice, peer.actor("moved"))

    assert account is not None
    assert account["uri"] == other.actor("olga")


async def test_redirects_in_a_circle_end(alice: Member, peer: FakePeer) -> None:
    """A circle of redirects is left at once (S23)."""
    peer.redirects |= {"/a": f"{peer.url}/b", "/b": f"{peer.url}/a"}

    assert await find_account(alice, f"{peer.url}/a") is None
    assert peer.asked["/a"] + peer.asked["/b"] <= 4


async def test_a_status_from_the_future_is_not_taken(alice: Member, peer: FakePeer) -> None:
    """Nothing sticks to the top of a timeline by claiming a later day (S14)."""
    later = (datetime.now(UTC) + timedelta(days=2)).isoformat()

    assert await find_status(alice, add_note(peer, published=later)) is None


async def test_a_handle_that_does_not_lead_back_is_not_believed(alice: Member, peer: FakePeer, other: FakePeer) -> None:
    """A server cannot give its handle to somebody else's actor, nor an actor take another's name (S7, S13)."""
    peer.handles[f"star@{peer.domain}"] = other.actor("olga")
    peer.add_user("liar")
    peer.documents["/users/liar"]["preferredUsername"] = "fred"

    star = await find_account(alice, f"@star@{peer.domain}")

    assert star is not None
    assert star["acct"] == f"olga@{other.domain}"
    assert await find_account(alice, peer.actor("liar")) is None


async def test_an_inbox_on_another_server_is_refused(alice: Member, peer: FakePeer, other: FakePeer) -> None:
    """Nobody can point our deliveries at somebody else."""
    peer.documents["/users/fred"]["inbox"] = f"{other.url}/users/olga/inbox"

    assert await find_account(alice, f"@fred@{peer.domain}") is None


async def test_a_shared_inbox_on_another_server_is_not_used(
    node: RunningNode, alice: Member, peer: FakePeer, other: FakePeer
) -> None:
    """An actor keeps its own inbox, and what is meant for it never goes to another server."""
    peer.documents["/users/fred"]["endpoints"] = {"sharedInbox": f"{other.url}/inbox"}

    await alice.post("/api/v1/statuses", {"status": f"@fred@{peer.domain} psst", "visibility": "direct"})

    await peer.wait_for("Create", "psst")
    await settle(node)
    assert other.received == []


async def test_a_blocked_server_is_not_asked(node: RunningNode, alice: Member, peer: FakePeer) -> None:
    """Nothing is fetched from a server that is blocked, neither directly nor by a redirect (S15)."""
    await node.command("peer", "tier", peer.domain, "blocked")

    assert await find_status(alice, add_note(peer)) is None
    assert await find_account(alice, f"@fred@{peer.domain}") is None
    assert await find_account(alice, peer.actor("fred")) is None
    assert not peer.asked


async def test_a_thread_without_end_is_followed_so_far(node: RunningNode, alice: Member, peer: FakePeer) -> None:
    """A chain of replies is fetched up to a bound, not for ever (S28)."""
    above: str | None = None
    for _ in range(40):
        above = add_note(peer, **({"inReplyTo": above} if above else {}))
    assert above is not None

    status = await find_status(alice, above)

    assert status is not None
    await settle(node)
    assert sum(number for path, number in peer.asked.items() if path.startswith("/notes/")) <= 25
    assert node.process is not None
    assert node.process.returncode is None
