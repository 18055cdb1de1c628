"""A revoked partner is not heard on any open stream any more, whatever it still says and whatever waited (S42)."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from itertools import count
from typing import Any, Final, TypeAlias

import pytest
from sqlalchemy import Connection
from websockets.asyncio.client import ClientConnection, connect

from fedorg.domain.accounts import UserRole
from fedorg.domain.jobs import DistributeEdit, DistributeStatus, DistributeToTagFollowers, RefreshStatus
from fedorg.domain.partnerships import GrantChange, PartnershipState
from fedorg.node import Node
from fedorg.services import partnerships
from fedorg.store import jobs, statuses
from tests.node.fake_peer import FakePeer
from tests.node.offering import offer_of, post, running_stranger
from tests.node.peering import follow_remote
from tests.node.serving import Member, NodeServer
from tests.node.talking import WAIT_SECONDS, Events, WorkingServer, follow, listening, run_jobs, success

Hear: TypeAlias = Callable[[], Awaitable[str]]
NUMBERS: Final = count(100)
SOCKET_STREAMS: Final = ("user", "public", "public:partners", "hashtag", "list")
EVENT_STREAMS: Final = ("user", "public", "public/partners", "hashtag", "list")
ALL_SCOPES: Final = "read write follow push profile admin:read admin:write"


async def terms_with(server: NodeServer, peer: FakePeer) -> None:
    """A partnership with the peer that is in force."""
    async with run_jobs(server) as working:
        assert await post(server, peer, offer_of(peer, server, 1)) == 202
        await working.settle()
        await partnerships.accept(server.node, peer.domain, GrantChange())
        view = await partnerships.get_view(server.node, peer.domain)
        await partnerships.approve(server.node, peer.domain, view.fingerprint or "")
        relationship = offer_of(peer, server, 1, approved=True)["object"]
        assert await post(server, peer, peer.activity("Update", peer.actor("node"), relationship, 2)) == 202
        await working.settle()
    assert (await partnerships.get_view(server.node, peer.domain)).partnership.state is PartnershipState.ACTIVE


async def revoke_by_command(server: NodeServer, peer: FakePeer, _owner: Member) -> None:
    """On the command line of the same machine: a process of its own."""
    settings = server.node.settings
    environment = {
        **os.environ,
        "FEDORG_PUBLIC_URL": settings.public_url,
        "FEDORG_DATA_DIR": str(settings.data_dir),
        "FEDORG_DATABASE_URL": str(settings.database_url),
        "FEDORG_FEDERATION_MODE": settings.federation_mode,
        "FEDORG_INSECURE_LOOPBACK": "true",
    }
    words = ("peer", "revoke", peer.domain, "--reason", "Over", "--yes")
    process = await asyncio.create_subprocess_exec(sys.executable, "-m", "fedorg", *words, env=environment)
    assert await process.wait() == 0


async def revoke_by_api(_server: NodeServer, peer: FakePeer, owner: Member) -> None:
    """By an administrator's client."""
    path = f"/api/fedorg/v1/admin/partnerships/{peer.domain}/revoke"
    assert success(await owner.api.post(path, data={"reason": "Over"}))["state"] == "revoked"


REVOCATIONS: Final[dict[str, Callable[[NodeServer, FakePeer, Member], Awaitable[None]]]] = {
    "by command": revoke_by_command,
    "by api": revoke_by_api,
}


def create(peer: FakePeer, words: str) -> dict[str, Any]:
    """A new post for partners with a hashtag by ``fred``."""
    number, author = next(NUMBERS), peer.actor("fred")
    note = {
        "id": f"{peer.url}/notes/{number}",
        "type": "Note",
        "attributedTo": author,
        "content": f"<p>{words}</p>",
        "to": [f"{author}/followers"],
        "cc": [f"{peer.url}/audiences/partners"],
        "reach": "partners",
        "tag": [{"type": "Hashtag", "name": "#tea", "href": f"{peer.url}/tags/tea"}],
    }
    return peer.activity("Create", author, note, number) | {"to": note["to"], "cc": note["cc"]}


def edited(peer: FakePeer, created: dict[str, Any], words: str) -> dict[str, Any]:
    """The same post with other words."""
    note = created["object"] | {"content": f"<p>{words}</p>", "updated": "2999-01-01T00:00:00Z"}
    return peer.activity("Update", peer.actor("fred"), note, next(NUMBERS)) | {"to": note["to"], "cc": note["cc"]}


def still_to_tell(conn: Connection, node: Node, uri: str) -> None:
    """What is queued when a status was taken, edited and voted on, and the machine is busy."""
    status = statuses.find_by_uri(conn, uri)
    assert status is not None
    for job in (
        DistributeStatus(status_id=status.id),
        DistributeToTagFollowers(status_id=status.id),
        DistributeEdit(status_id=status.id, edited_at=node.now()),
        RefreshStatus(status_id=status.id, at=node.now()),
    ):
        jobs.enqueue(conn, node.ids, node.now(), job)


async def until_local(heard: Hear) -> list[str]:
    """What is heard, as it came, up to the words that a member says last."""
    found: list[str] = []
    async with asyncio.timeout(WAIT_SECONDS):
        while not found or "Last words" not in found[-1]:
            found.append(await heard())
    return found


@asynccontextmanager
async def open_streams(server: NodeServer, member: Member, list_id: str) -> AsyncIterator[list[Hear]]:
    """Every stream on which the peer is heard, as events and on one socket each: what each hears next."""
    async with AsyncExitStack() as stack:
        heard: list[Hear] = []
        for name in EVENT_STREAMS:
            params = {"hashtag": {"tag": "tea"}, "list": {"list": list_id}}.get(name, {})
            events = await stack.enter_async_context(listening(member.api, name, **params))
            heard.append(partial(said, events))
        for name in SOCKET_STREAMS:
            more = {"hashtag": "&tag=tea", "list": f"&list={list_id}"}.get(name, "")
            url = server.url.replace("http://", "ws://")
            asked = f"{url}/api/v1/streaming?access_token={member.token}&stream={name}{more}"
            opened = await stack.enter_async_context(connect(asked, proxy=None))
            heard.append(partial(received, opened))
        yield heard


async def said(events: Events) -> str:
    kind, payload = await events.next()
    return f"{kind} {json.dumps(payload)}"


async def received(opened: ClientConnection) -> str:
    return str(await opened.recv())


@pytest.mark.parametrize("revoke", list(REVOCATIONS.values()), ids=list(REVOCATIONS))
async def test_no_open_stream_carries_a_revoked_partner(
    serve: Callable[..., Awaitable[NodeServer]], revoke: Callable[[NodeServer, FakePeer, Member], Awaitable[None]]
) -> None:
    """From the revocation on nothing of it arrives: not what it sends, not what was taken and waits to be handled."""
    server = await serve(federation_mode="partners", default_reach="partners")
    async with running_stranger() as peer, AsyncExitStack() as stack:
        peer.add_user("fred")
        await terms_with(server, peer)
        owner = await server.person("owner", role=UserRole.OWNER, scopes=ALL_SCOPES)
        anna, bert = await server.person("anna"), await server.person("bert")
        list_id = success(await anna.api.post("/api/v1/lists", data={"title": "All"}))["id"]
        async with run_jobs(server) as working:
            known = await follow_remote(working, anna, peer, "fred")
            await follow(anna, bert)
            success(await anna.api.post("/api/v1/tags/tea/follow"))
            await anna.api.post(f"/api/v1/lists/{list_id}/accounts", data={"account_ids[]": [known["id"], bert.id]})
            heard = await stack.enter_async_context(open_streams(server, anna, list_id))
            before = create(peer, "Before")
            assert await post(server, peer, before, by="fred") == 202
            for one in heard:
                assert "Before" in await one(), "the stream carries the partner while it is one"
            await working.settle()

        waiting = [create(peer, "Waited"), edited(peer, before, "Waited as an edit")]
        assert [await post(server, peer, one, by="fred") for one in waiting] == [202, 202]
        await server.node.write(still_to_tell, server.node, before["object"]["id"])
        await revoke(server, peer, owner)
        late = [create(peer, "Too late"), edited(peer, before, "Too late as an edit")]
        assert [await post(server, peer, one, by="fred") for one in late] == [403, 403]

        async with run_jobs(server) as working:
            await working.settle()
            assert [await post(server, peer, one, by="fred") for one in late] == [403, 403]
            await say_last_words(working, bert)
            for one in heard:
                found = "\n".join(await until_local(one))
                assert not [words for words in ("Before", "Waited", "Too late") if words in found]
        shown = success(await anna.api.get("/api/v1/timelines/home"))
        assert [one["content"] for one in shown if "late" in one["content"] or "Waited" in one["content"]] == []


async def say_last_words(working: WorkingServer, member: Member) -> None:
    """What is on every stream that is open, so that nothing before it is missed."""
    said = {"status": "Last words #tea", "reach": "partners"}
    success(await member.api.post("/api/v1/statuses", json=said))
    await working.settle()
