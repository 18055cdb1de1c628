"""Peers that never answer, never stop, drip, or hang up: others get their deliveries, people notice nothing."""

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, cast

from aiohttp import web
from sqlalchemy import NullPool, create_engine, text

from tests.fediverse.ledger import database_of
from tests.fediverse.nodes import Member, RunningNode, wait_for
from tests.fediverse.test_faults_database import two_people
from tests.fediverse.traffic import Traffic, traffic
from tests.node.fake_peer import FakePeer

USER: Final = "ulla"
OF_EACH = 3
ENTRIES = 15
_CHUNK: Final = b"x" * 16_384


async def never(_transport: asyncio.Transport) -> None:
    """Take the request and say nothing."""
    await asyncio.Event().wait()


async def endless_headers(transport: asyncio.Transport) -> None:
    """Begin an answer whose headers have no end."""
    transport.write(b"HTTP/1.1 202 Accepted\r\n")
    while not transport.is_closing():
        transport.write(b"X-More: " + _CHUNK + b"\r\n")
        await asyncio.sleep(0.01)


async def endless_body(transport: asyncio.Transport) -> None:
    """Refuse for now, at endless length."""
    transport.write(b"HTTP/1.1 503 Busy\r\nTransfer-Encoding: chunked\r\n\r\n")
    while not transport.is_closing():
        transport.write(b"4000\r\n" + _CHUNK + b"\r\n")
        await asyncio.sleep(0.01)


async def drip(transport: asyncio.Transport) -> None:
    """Answer a byte a second."""
    for byte in b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n" + b"X-Slow: " + _CHUNK:
        if transport.is_closing():
            return
        transport.write(bytes([byte]))
        await asyncio.sleep(1)


async def hang_up(transport: asyncio.Transport) -> None:
    """Cut the connection in the middle of a line."""
    transport.write(b"HTTP/1.1 2")
    transport.abort()


MOODS: Final = (never, endless_headers, endless_body, drip, hang_up)
WELL: Final = tuple(f"well{number}" for number in range(OF_EACH))
ILL: Final = {f"{mood.__name__.replace('_', '-')}{number}": mood for mood in MOODS for number in range(OF_EACH)}


@dataclass(slots=True)
class Peers:
    """Servers below ``localhost`` behind one socket, told apart by name; those in ``ILL`` are so until they recover."""

    port: int = 0
    are_well: bool = False
    taken: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    _peers: dict[str, FakePeer] = field(default_factory=dict)
    _kept_waiting: set[asyncio.Transport] = field(default_factory=set)

    def recover(self) -> None:
        """Be well from now on; as by a new start, what waits for an answer is cut off."""
        self.are_well = True
        for transport in self._kept_waiting:
            transport.abort()

    def peer(self, name: str) -> FakePeer:
        """The server of a name, with one user."""
        if name not in self._peers:
            self._peers[name] = FakePeer(domain=f"{name}.localhost:{self.port}")
            self._peers[name].add_user(USER, key_name="peers")
        return self._peers[name]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """A document, or what the server does with a delivery."""
        name = request.host.partition(".")[0]
        if request.method != "POST":
            return await self.peer(name)._answer(request)
        activity = json.loads(await request.read())
        if name in ILL and not self.are_well:
            # That of uvloop is one by its methods, and not by its class.
            transport = cast("asyncio.Transport", request.transport)
            self._kept_waiting.add(transport)
            with suppress(ConnectionError):
                await ILL[name](transport)
            return web.Response()
        if activity["type"] == "Create":
            self.taken[name].add(activity["object"]["id"].rpartition("/")[2])
        return web.Response(status=202)

    async def follow(self, name: str, target: Member) -> None:
        """The user of a server follows a member, who lets everybody in."""
        peer, node = self.peer(name), target.node
        followed = f"{node.url}/users/{target.username}"
        message = peer.sign(
            f"{node.url}/inbox",
            peer.activity("Follow", peer.actor(USER), followed, 1),
            by=USER,
            key_name="peers",
        )
        answer = await target.http.post("/inbox", content=message.body, headers=dict(message.headers))
        assert answer.status_code == 202, answer.text


@asynccontextmanager
async def running_peers() -> AsyncIterator[Peers]:
    """Those servers, until the block ends."""
    peers = Peers()
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", peers.answer)
    runner = web.AppRunner(application, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    peers.port = runner.addresses[0][1]
    try:
        yield peers
    finally:
        await runner.cleanup()


async def test_ill_peers_hold_up_nobody_else(tmp_path: Path) -> None:
    """Those that are well get everything at once, people notice nothing, and the ill get it when they are well."""
    node = RunningNode(name="aster", folder=tmp_path / "aster")
    async with running_peers() as peers, two_people(node) as (alice, bob):
        for name in (*WELL, *ILL):
            await peers.follow(name, alice)
        await _followers(alice, len(WELL) + len(ILL) + 1)
        async with traffic(alice, bob) as going:
            await going.goes_on(ENTRIES)
        await wait_for(lambda: _have_all(peers, going, WELL), "those that are well to have everything")
        assert not any(peers.taken[name] for name in ILL)
        assert set(going.statuses("GET")) == set(going.statuses("POST")) == {200}
        going.tell("ill peers", well=len(WELL), ill=len(ILL))

        peers.recover()
        # What fails with that waits a minute, unless it is there to be retried.
        await wait_for(lambda: _none_is_under_way(node), "what was under way to end")
        await node.prepare(*(("peer", "retry", peers.peer(name).domain) for name in ILL))
        await wait_for(lambda: _have_all(peers, going, ILL), "the others to have everything")
        await going.nothing_is_lost()


async def _followers(member: Member, count: int) -> None:
    async def look() -> bool | None:
        me: dict[str, Any] = await member.get("/api/v1/accounts/verify_credentials")
        return me["followers_count"] == count or None

    await wait_for(look, f"{count} followers")


async def _none_is_under_way(node: RunningNode) -> bool | None:
    engine = create_engine(database_of(node), poolclass=NullPool)
    with engine.connect() as conn:
        held = conn.execute(text("SELECT count(*) FROM deliveries WHERE leased_until IS NOT NULL")).scalar()
    return held == 0 or None


async def _have_all(peers: Peers, going: Traffic, names: "tuple[str, ...] | dict[str, Any]") -> bool | None:
    written = set(going.acknowledged.values())
    return all(peers.taken[name] >= written for name in names) or None
