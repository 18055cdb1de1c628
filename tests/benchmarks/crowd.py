"""Other people's servers: as many hosts as wanted behind one TLS socket of this machine, each with an actor that signs.

All of them answer from memory and keep nothing but counts, so that what is measured is the node.
"""

import asyncio
import contextlib
import json
import ssl
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import httpx
import trustme
from aiohttp import web

from tests.node.fake_peer import FakePeer

# A wildcard of a certificate stands for one label, and not directly below the top.
_ROOF: Final = "crowd.localhost"
USER: Final = "ulla"
_KEY: Final = "crowd"
_PATIENCE_SECONDS: Final = 120


@dataclass(slots=True, kw_only=True)
class Crowd:
    """The hosts by number.

    ``asked`` counts requests by host, ``taken`` what came to inboxes by type; ``callers`` are the ends of connections.
    """

    port: int = 0
    authority: Path
    peers: list[FakePeer] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    callers: defaultdict[str, set[object]] = field(default_factory=lambda: defaultdict(set))
    taken: Counter[str] = field(default_factory=Counter)
    numbers: int = 0
    _answering: set[asyncio.Task[None]] = field(default_factory=set)
    _http: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=60, trust_env=False))

    def grow(self, hosts: int) -> None:
        """Let there be at least so many hosts."""
        while len(self.peers) < hosts:
            peer = FakePeer(domain=f"h{len(self.peers):05}.{_ROOF}:{self.port}", scheme="https")
            peer.add_user(USER, key_name=_KEY)
            self.peers.append(peer)

    def sign(self, host: int, inbox: str, kind: str, object_: Any) -> tuple[dict[str, str], bytes]:  # noqa: ANN401 - JSON
        """Headers and body of an activity by the actor of a host, with an id of its own."""
        self.numbers += 1
        peer = self.peers[host]
        activity = peer.activity(kind, peer.actor(USER), object_, self.numbers)
        if kind == "Create":
            activity |= {"to": object_["to"], "cc": object_["cc"]}
        message = peer.sign(inbox, activity, by=USER, key_name=_KEY)
        return dict(message.headers), message.body

    def note(self, host: int, words: str) -> dict[str, Any]:
        """A new public note of the actor of a host."""
        self.numbers += 1
        peer = self.peers[host]
        actor = peer.actor(USER)
        return {
            "id": f"{peer.url}/notes/{self.numbers}",
            "type": "Note",
            "attributedTo": actor,
            "content": f"<p>{words}</p>",
            "to": ["https://www.w3.org/ns/activitystreams#Public"],
            "cc": [f"{actor}/followers"],
            "published": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }

    async def wait_for(self, kind: str, number: int) -> None:
        """Return once so many activities of a type were taken."""
        async with asyncio.timeout(_PATIENCE_SECONDS):
            while self.taken[kind] < number:  # noqa: ASYNC110 - the answers of 500 hosts, none of them the last
                await asyncio.sleep(0.01)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """A document of the host that is asked, or the receipt for what came to its inbox."""
        self.asked[request.host] += 1
        self.callers[request.host].add(request.get_extra_info("peername"))
        peer = self.peers[int(request.host[1:6])]
        if request.method != "POST":
            return await peer._answer(request)
        activity = json.loads(await request.read())
        self.taken[activity["type"]] += 1
        if activity["type"] == "Follow":
            task = asyncio.create_task(self._accept(peer, activity))
            self._answering.add(task)
            task.add_done_callback(self._answering.discard)
        return web.Response(status=202)

    async def close(self) -> None:
        """Let answers that are under way arrive."""
        await asyncio.gather(*self._answering, return_exceptions=True)
        await self._http.aclose()

    async def _accept(self, peer: FakePeer, follow: dict[str, Any]) -> None:
        inbox = f"{follow['actor'].partition('/users/')[0]}/inbox"
        headers, body = self.sign(self.peers.index(peer), inbox, "Accept", follow)
        await self._http.post(inbox, headers=headers, content=body)


@contextlib.asynccontextmanager
async def running_crowd(folder: Path) -> AsyncIterator[Crowd]:
    """A crowd on a free port; the authority that vouches for its hosts lies in ``folder``."""
    made = trustme.CA()
    authority = folder / "authority.pem"
    made.cert_pem.write_to_path(str(authority))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.issue_cert(f"*.{_ROOF}").configure_cert(context)
    crowd = Crowd(authority=authority)
    application = web.Application()
    application.router.add_route("*", "/{path:.*}", crowd.answer)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context, backlog=1024)
    await site.start()
    crowd.port = runner.addresses[0][1]
    try:
        yield crowd
    finally:
        await crowd.close()
        await runner.cleanup()
