"""Streams from outside: who may listen, what is heard, and when a stream ends (S42, S43, S48, S60)."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from sqlalchemy import Connection
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.typing import Subprotocol

from fedorg import streaming
from fedorg.app import open_node
from fedorg.domain.events import EventKind
from fedorg.domain.statuses import StatusDraft
from fedorg.ids import AccountId
from fedorg.services import oauth, statuses, timelines, users
from fedorg.services.moderation import ip_blocks
from fedorg.services.moderation.ip_blocks import IpBlockDraft
from fedorg.store import accounts, events
from tests.contract import assert_valid
from tests.node.serving import Member, NodeServer, serve_node
from tests.node.talking import WAIT_SECONDS, WorkingServer, follow, listening, post, refusal, upload

# S42 says one second; the rest is for a busy machine. Nothing but the revocation would end a stream this soon.
REVOCATION_SECONDS = 5.0


def socket_url(working: WorkingServer, path: str = "") -> str:
    return working.server.url.replace("http://", "ws://") + f"/api/v1/streaming{path}"


@asynccontextmanager
async def conversation(working: WorkingServer, member: Member, query: str = "") -> AsyncIterator[ClientConnection]:
    """An open WebSocket of somebody."""
    url = f"{socket_url(working)}?access_token={member.token}{query}"
    async with connect(url, proxy=None) as opened:
        yield opened


async def say(opened: ClientConnection, kind: str, stream: str, **values: str) -> None:
    await opened.send(json.dumps({"type": kind, "stream": stream, **values}))


async def hear(opened: ClientConnection) -> Any:  # noqa: ANN401 - JSON
    async with asyncio.timeout(WAIT_SECONDS):
        return json.loads(await opened.recv())


async def test_the_health_of_streams_is_public(working: WorkingServer) -> None:
    """Clients ask before they connect."""
    assert (await working.server.anonymous.get("/api/v1/streaming/health")).text == "OK"


async def test_a_user_hears_home_notifications_edits_and_deletions(working: WorkingServer) -> None:
    """The stream of a user tells what happens on their home timeline and to them, as whole entities."""
    anna, bert, carl = [await working.person(name) for name in ("anna", "bert", "carl")]
    await follow(bert, anna)

    async with listening(bert.api, "user") as heard:
        made = await post(anna, "News")
        kind, status = await heard.next()
        assert (kind, status["id"]) == ("update", made["id"])
        assert_valid(status, "Status")
        await bert.api.post(f"/api/v1/statuses/{(await post(bert, 'Own'))['id']}/bookmark")
        kind, status = await heard.next()
        assert (kind, status["content"]) == ("update", "<p>Own</p>")
        await post(carl, "@bert look", visibility="direct")
        kind, notification = await heard.next()
        assert (kind, notification["type"]) == ("notification", "mention")
        assert_valid(notification, "Notification")
        await anna.api.put(f"/api/v1/statuses/{made['id']}", json={"status": "Old news"})
        kind, status = await heard.next()
        assert (kind, status["content"]) == ("status.update", "<p>Old news</p>")
        await anna.api.delete(f"/api/v1/statuses/{made['id']}")
        assert await heard.next() == ("delete", int(made["id"]))


async def test_public_and_hashtag_streams_carry_what_their_timelines_show(working: WorkingServer) -> None:
    """Each stream narrows as its timeline does; what is muted, private or a reply to others is not heard."""
    anna, bert, carl = [await working.person(name) for name in ("anna", "bert", "carl")]
    root = await post(anna, "Root")
    await working.settle()
    await carl.api.post(f"/api/v1/accounts/{bert.id}/mute")

    async with (
        listening(carl.api, "public", only_media="true") as pictures,
        listening(carl.api, "public/local") as local,
        listening(carl.api, "public/remote") as remote,
        listening(carl.api, "hashtag", tag="TEA") as tea,
    ):
        await post(bert, "Muted #tea")
        await post(anna, "Private #tea", visibility="private")
        await post(anna, "Unlisted #tea", visibility="unlisted")
        reply = await post(anna, "To myself", in_reply_to_id=root["id"])
        spoken = await post(anna, "Spoken #tea")
        shown = await post(anna, "Shown", media_ids=[(await upload(anna))["id"]])
        await working.settle()
        await anna.api.delete(f"/api/v1/statuses/{root['id']}")

        async def ids_until_deleted(heard: Any) -> list[str]:  # noqa: ANN401 - an Events
            found: list[str] = []
            while True:
                kind, payload = await heard.next()
                if kind == "delete":
                    assert payload == int(root["id"])
                    return found
                found.append(payload["id"])

        assert await ids_until_deleted(pictures) == [shown["id"]]
        # Statuses are distributed side by side.
        assert sorted(await ids_until_deleted(local)) == sorted([reply["id"], spoken["id"], shown["id"]])
        assert await ids_until_deleted(remote) == []
        assert await ids_until_deleted(tea) == [spoken["id"]]


async def test_each_listener_hears_its_own_view(working: WorkingServer) -> None:
    """S48: what one listener is told about a status says what that listener did, not what another did."""
    anna, bert, carl = [await working.person(name) for name in ("anna", "bert", "carl")]
    made = await post(anna, "Shared")
    await working.settle()
    await bert.api.post(f"/api/v1/statuses/{made['id']}/bookmark")

    async with listening(bert.api, "public") as berts, listening(carl.api, "public") as carls:
        await anna.api.put(f"/api/v1/statuses/{made['id']}", json={"status": "Shared again"})
        _, as_bert = await berts.next()
        _, as_carl = await carls.next()

    assert (as_bert["bookmarked"], as_carl["bookmarked"]) == (True, False)


async def test_a_block_between_two_silences_public_streams(working: WorkingServer) -> None:
    """S43: a stream asks the same question as REST: who is blocked hears nothing."""
    anna, bert = await working.person("anna"), await working.person("bert")
    await anna.api.post(f"/api/v1/accounts/{bert.id}/block")

    async with listening(bert.api, "public") as heard:
        await post(anna, "Not for Bert")
        await working.settle()
        own = await post(bert, "By Bert")
        kind, status = await heard.next()

    assert (kind, status["id"]) == ("update", own["id"])


async def test_several_streams_share_one_socket(working: WorkingServer) -> None:
    """Messages name their stream; one subscribes and unsubscribes as one goes."""
    anna = await working.person("anna")
    async with conversation(working, anna, "&stream=user") as opened:
        await say(opened, "subscribe", "hashtag", tag="Tea")
        await say(opened, "subscribe", "public:local")
        await say(opened, "nonsense", "user")
        assert (await hear(opened))["status"] == 400
        made = await post(anna, "#tea")
        messages = [await hear(opened) for _ in range(3)]
        assert sorted(message["stream"] for message in messages) == [["hashtag", "tea"], ["public:local"], ["user"]]
        for message in messages:
            assert message["event"] == "update"
            assert json.loads(message["payload"])["id"] == made["id"]

        await say(opened, "unsubscribe", "hashtag", tag="tea")
        await say(opened, "unsubscribe", "public:local")
        await say(opened, "nonsense", "user")
        await hear(opened)
        await working.settle()
        await anna.api.delete(f"/api/v1/statuses/{made['id']}")
        assert await hear(opened) == {"stream": ["user"], "event": "delete", "payload": made["id"]}


async def test_a_token_comes_in_three_ways(working: WorkingServer) -> None:
    """By header, query or, for browsers, as the protocol of a WebSocket, which is then given back."""
    anna = await working.person("anna")
    by_header = connect(socket_url(working), additional_headers={"Authorization": f"Bearer {anna.token}"}, proxy=None)
    by_protocol = connect(socket_url(working, "/?stream=user"), subprotocols=[Subprotocol(anna.token)], proxy=None)

    async with by_header as opened:
        assert opened.subprotocol is None
    async with by_protocol as opened:
        assert opened.subprotocol == anna.token
    async with listening(working.server.anonymous, "user", access_token=anna.token):
        pass


@pytest.mark.parametrize("path", ["user", "user/notification", "public", "public/local", "hashtag?tag=a"])
async def test_nobody_listens_without_a_good_token(working: WorkingServer, path: str) -> None:
    """S60: no token and a wrong token are 401 on every stream, and on the WebSocket."""
    for headers in ({}, {"Authorization": "Bearer wrong"}):
        answer = await working.server.anonymous.get(f"/api/v1/streaming/{path}", headers=headers)
        assert refusal(answer, 401)
    for query in ("", "?access_token=wrong", "?stream=public"):
        with pytest.raises(InvalidStatus) as refused:
            async with connect(socket_url(working, query), proxy=None):
                pass
        assert refused.value.response.status_code == 401


async def test_a_stream_needs_the_scope_of_its_timeline(working: WorkingServer) -> None:
    """S43: a token that may not read over REST may not listen; notifications are for tokens that may read them."""
    writer = await working.person("writer", scopes="write")
    reader = await working.person("reader", scopes="read:statuses write:statuses")
    watcher = await working.person("watcher", scopes="read:notifications")
    for member, path in ((writer, "user"), (writer, "public"), (reader, "user/notification"), (watcher, "user")):
        assert refusal(await member.api.get(f"/api/v1/streaming/{path}"), 403)
    with pytest.raises(InvalidStatus) as refused:
        async with conversation(working, writer):
            pass
    assert refused.value.response.status_code == 403

    async with conversation(working, watcher) as opened:
        await say(opened, "subscribe", "user")
        assert (await hear(opened))["status"] == 403
        await say(opened, "subscribe", "user:notification")
        await post(reader, "@watcher hello")
        assert (await hear(opened))["event"] == "notification"
    other = await working.person("other")
    async with listening(reader.api, "user") as heard:
        await post(other, "@reader not told")
        await working.settle()
        own = await post(reader, "Own")
        kind, status = await heard.next()
        assert (kind, status["id"]) == ("update", own["id"])


async def test_what_is_no_stream_is_refused(working: WorkingServer) -> None:
    """Unknown paths are 404; a hashtag without a name, and on a socket whatever is no request, are 400."""
    anna = await working.person("anna")
    for path in ("list?list=1", "direct/x", "everything", "user/"):
        assert refusal(await anna.api.get(f"/api/v1/streaming/{path}"), 404)
    assert refusal(await anna.api.get("/api/v1/streaming/hashtag"), 400)
    with pytest.raises(InvalidStatus) as refused:
        async with conversation(working, anna, "&stream=list"):
            pass
    assert refused.value.response.status_code == 400

    async with conversation(working, anna) as opened:
        for message in ("{", "[]", "1", "[" * 2000, "{}", '{"type":"subscribe"}', "x" * 5000):
            await opened.send(message)
            assert (await hear(opened))["status"] == 400, message
        await opened.send(b"\xff\xfe")
        assert (await hear(opened))["status"] == 400


async def test_streams_of_one_account_and_of_one_socket_are_counted(working: WorkingServer) -> None:
    """One account holds so many connections, one socket so many streams; the next one is 429."""
    anna = await working.person("anna")
    async with conversation(working, anna) as opened:
        for number in range(streaming.STREAMS_MAX + 1):
            await say(opened, "subscribe", "hashtag", tag=f"tag{number}")
        assert (await hear(opened))["status"] == 429
        others = [connect(f"{socket_url(working)}?access_token={anna.token}", proxy=None) for _ in range(31)]
        held = [await other for other in others]
        assert refusal(await anna.api.get("/api/v1/streaming/user"), 429)
        for other in held:
            await other.close()
    async with listening(anna.api, "user"):
        pass


async def test_news_are_loaded_once_for_all_streams_of_an_account(
    working: WorkingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One account may listen on 32 sockets to 32 hashtags of one status: that was loaded a thousand times."""
    anna, bert = await working.person("anna"), await working.person("bert")
    names = [f"tag{number}" for number in range(8)]
    asked: list[str] = []
    load = timelines.tag

    async def count(*given: Any, **narrowed: Any) -> Any:  # noqa: ANN401 - as the original takes them
        asked.append(given[2])
        return await load(*given, **narrowed)

    monkeypatch.setattr(timelines, "tag", count)
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(conversation(working, anna)) for _ in range(8)]
        for one in opened:
            for name in names:
                await say(one, "subscribe", "hashtag", tag=name)
            # Whoever is answered was heard.
            await say(one, "subscribe", "nothing")
            assert (await hear(one))["status"] == 400
        posted = await post(bert, " ".join(f"#{name}" for name in names))
        heard = [await hear(one) for one in opened for _ in names]

    assert {json.loads(one["payload"])["id"] for one in heard} == {posted["id"]}
    assert sorted(one["stream"][1] for one in heard) == sorted(names * 8)
    # What jobs write meanwhile makes it be loaded anew; on PostgreSQL, what is written in any database of the server.
    assert working.server.node.db.dialect == "postgresql" or len(asked) < len(heard) // 2


async def test_what_is_said_on_a_socket_is_counted_as_requests_are(serve: Callable[..., Awaitable[NodeServer]]) -> None:
    """Who subscribes and unsubscribes without end uses up a budget, and asks the database nothing after that."""
    server = await serve(rate_limits=0.004)
    anna = await server.person("anna")
    url = f"{server.url.replace('http://', 'ws://')}/api/v1/streaming?access_token={anna.token}"
    async with connect(url, proxy=None) as opened:
        for number in range(9):
            await say(opened, "subscribe", "list", list=str(number + 1))
        said = [(await hear(opened))["status"] for _ in range(9)]

    assert said == [404] * 5 + [429] * 4
    assert (await anna.api.get("/api/v1/preferences")).status_code == 429


@pytest.mark.parametrize("where", ["here", "another process"])
async def test_streams_end_within_a_second_of_a_revocation(working: WorkingServer, where: str) -> None:
    """S42: when a user is kept out, by this process or another one, each of their streams ends; others stay."""
    anna, bert = await working.person("anna"), await working.person("bert")
    node = working.server.node
    async with (
        listening(anna.api, "user") as heard,
        conversation(working, anna, "&stream=user") as opened,
        listening(bert.api, "user") as others,
    ):
        if where == "here":
            await users.disable(node, anna.user)
        else:
            async with open_node(node.settings) as other:
                await users.disable(other, anna.user)

        await heard.end(REVOCATION_SECONDS)
        with pytest.raises(ConnectionClosed) as closed:
            async with asyncio.timeout(REVOCATION_SECONDS):
                await opened.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008
        made = await post(bert, "Still here")
        assert (await others.next())[1]["id"] == made["id"]
    assert refusal(await anna.api.get("/api/v1/streaming/user"), 401)


async def test_a_network_that_is_kept_out_hears_nothing_more(working: WorkingServer) -> None:
    """Open streams tell nothing to whoever may not ask any more; they end with the next thing there is to tell."""
    anna, node = await working.person("anna"), working.server.node
    account = await node.read(accounts.get, anna.user.account_id)
    async with listening(anna.api, "user") as heard, conversation(working, anna, "&stream=user") as opened:
        await ip_blocks.create(node, None, IpBlockDraft(ip="127.0.0.1", severity="no_access"))
        await statuses.post_status(node, account, anna.user, StatusDraft(text="Not for that network"))

        told = await heard.end(REVOCATION_SECONDS)
        with pytest.raises(ConnectionClosed) as closed:
            async with asyncio.timeout(REVOCATION_SECONDS):
                await opened.recv()
    assert "Not for that network" not in "".join(told)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1008


async def test_one_token_ends_alone(working: WorkingServer) -> None:
    """S42: revoking one program's token ends the streams of that program and of no other of the same person."""
    anna, node = await working.person("anna"), working.server.node
    token = await working.server.token(anna.user)
    credentials = await oauth.authenticate(node, token)
    assert credentials is not None
    async with (
        listening(anna.api, "user") as kept,
        listening(await working.server.api(token), "user") as ended,
    ):
        await oauth.revoke_application(node, anna.user.id, credentials.token.application_id)

        await ended.end(REVOCATION_SECONDS)
        made = await post(anna, "Still here")
        assert (await kept.next())[1]["id"] == made["id"]


@pytest.mark.parametrize("kind", ["events", "socket"])
async def test_who_does_not_read_is_dropped_and_holds_nobody_up(working: WorkingServer, kind: str) -> None:
    """What waits for a client is bounded: one that stops reading is cut off; others hear their news meanwhile."""
    anna, bert = await working.person("anna"), await working.person("bert")
    made = await post(anna, "x" * 2000)
    await working.settle()

    def flood(conn: Connection) -> None:
        concerned: list[tuple[AccountId | None, int]] = [(anna.user.account_id, int(made["id"]))]
        events.insert_many(conn, datetime.now(UTC), EventKind.UPDATE, concerned * (streaming.QUEUE_MAX + 3000))

    with unread_connection(working, anna, kind) as unread:
        async with listening(bert.api, "user") as heard:
            await working.server.node.write(flood)
            own = await post(bert, "Not held up")
            assert (await heard.next())[1]["id"] == own["id"]
        received = await asyncio.to_thread(read_to_the_end, unread)

    assert made["id"].encode() in received


async def test_streams_end_when_the_node_stops(engine_url: str, tmp_path: Path) -> None:
    """Open streams end at once, with the code for going away, so that stopping waits for nobody."""
    async with AsyncExitStack() as stack:
        async with serve_node(engine_url, tmp_path) as server:
            anna = await server.person("anna")
            opened = await stack.enter_async_context(
                connect(f"{server.url.replace('http', 'ws')}/api/v1/streaming?access_token={anna.token}", proxy=None)
            )
            # The clients of the server are closed before it stops; this one is not.
            http = await stack.enter_async_context(httpx.AsyncClient(base_url=server.url, trust_env=False))
            heard = await stack.enter_async_context(listening(http, "user", access_token=anna.token))
            ending = asyncio.create_task(heard.end(WAIT_SECONDS))
            stopping = asyncio.get_running_loop().time()
        # Well before hypercorn would cut what is still open.
        assert asyncio.get_running_loop().time() - stopping < server.node.settings.shutdown_seconds / 2
        await ending
        with pytest.raises(ConnectionClosed) as closed:
            await opened.recv()
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1001


@contextmanager
def unread_connection(working: WorkingServer, member: Member, kind: str) -> Iterator[socket.socket]:
    """An open stream on a socket with a small buffer that nobody reads from."""
    url = urlsplit(working.server.url)
    unread = socket.socket()
    unread.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    with unread:
        unread.connect(("127.0.0.1", url.port))
        path = "/api/v1/streaming/user" if kind == "events" else "/api/v1/streaming?stream=user"
        lines = [f"GET {path} HTTP/1.1", f"Host: {url.netloc}", f"Authorization: Bearer {member.token}"]
        if kind == "events":
            # A stream that ends while it is read ends well, and its connection would wait for another request.
            lines += ["Connection: close"]
        else:
            lines += ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13"]
            lines += ["Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=="]
        unread.sendall("\r\n".join([*lines, "", ""]).encode())
        yield unread


def read_to_the_end(unread: socket.socket) -> bytes:
    """All that was sent before the server hung up; fails when it does not."""
    unread.settimeout(WAIT_SECONDS)
    deadline = time.monotonic() + WAIT_SECONDS
    received = bytearray()
    while chunk := unread.recv(65536):
        received += chunk
        # Heartbeats would go on for ever.
        assert time.monotonic() < deadline
    return bytes(received)
