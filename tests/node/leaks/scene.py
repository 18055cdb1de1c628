"""One served node, statuses for every audience, and everybody who might look at them.

Anna posts, Bert follows her, answers, boosts and quotes; Carl has nothing to do with her, she has blocked Dora; Mona
moderates. Of the servers some have a follower of both, some none; two of them were siblings when everything was posted,
are named in it and have it, and are none any more: one is a stranger, one is blocked.
"""

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count, product
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
import trustme
from sqlalchemy import Connection
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from fedorg.domain.accounts import UserRole
from fedorg.domain.visibility import Tier
from fedorg.services.peers import set_tier
from fedorg.store.tables import quotes
from tests.node.fake_peer import FakePeer, running_peer
from tests.node.fake_push_service import FakePushService, running_push_service
from tests.node.leaks.audiences import INSIDE, VISIBILITIES, Ledger, Mark, Viewer
from tests.node.peering import deliver, find
from tests.node.serving import Member, serve_node
from tests.node.talking import WorkingServer, picture, run_jobs, success

BOTH: Final = frozenset({"anna", "bert"})
STANDINGS: Final[Mapping[str, tuple[str, Tier, bool]]] = {
    # Who it is to the oracle, what the node is told, and whether somebody there follows.
    "sister": ("sibling", Tier.SIBLING, True),
    "cousin": ("sibling", Tier.SIBLING, False),
    "acme": ("named partner", Tier.PARTNER, True),
    "agency": ("named partner", Tier.PARTNER, False),
    "rival": ("partner", Tier.PARTNER, True),
    "fan": ("open", Tier.OPEN, True),
    "stranger": ("open", Tier.OPEN, False),
    "former": ("open", Tier.SIBLING, True),
    "outcast": ("blocked", Tier.SIBLING, True),
}
MEMBERS: Final = (
    Viewer(name="nobody", standing="nobody"),
    Viewer(name="bert", standing="member", follows=BOTH),
    Viewer(name="carl", standing="member"),
    Viewer(name="dora", standing="member", is_blocked_by=frozenset({"anna"})),
    Viewer(name="mona", standing="member"),
)
STREAMS: Final = ("user", "public", "public:local", "public:remote", "public:node", "public:organisation",
                  "public:partners", "public:media", "direct")  # fmt: skip


@dataclass(slots=True, kw_only=True)
class Scene:
    """Everything there is, and what is known of it. ``quotes`` are the numbers of the stamps."""

    working: WorkingServer
    people: dict[str, Member]
    peers: dict[str, FakePeer]
    service: FakePushService
    ledger: Ledger = field(default_factory=Ledger)
    posted: dict[str, dict[str, Any]] = field(default_factory=dict)
    objects: dict[str, str] = field(default_factory=dict)
    quotes: list[int] = field(default_factory=list)
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    @property
    def roots(self) -> list[Mark]:
        """What Anna began."""
        return [mark for mark in self.ledger.marks if mark.author == "anna" and mark.kind == "status"]

    @property
    def statuses(self) -> list[Mark]:
        """Every status and boost."""
        return [mark for mark in self.ledger.marks if mark.number is not None and mark.kind != "draft"]

    def viewers(self) -> list[Viewer]:
        """Everybody of another server, somebody whom Anna blocked at a sibling among them."""
        found = [
            Viewer(name=name, standing=standing, follows=BOTH if is_host else frozenset())
            for name, (standing, _, is_host) in STANDINGS.items()
        ]
        return [
            *found,
            Viewer(name="enemy", standing="sibling", follows=BOTH, is_blocked_by=frozenset({"anna"})),
        ]

    def peer_of(self, name: str) -> tuple[FakePeer, str]:
        """The server of a viewer, and what they are called there."""
        return (self.peers["sister"], "enemy") if name == "enemy" else (self.peers[name], "fred")

    def words(self) -> str:
        """Words that stand nowhere else."""
        return f"mark{next(self.numbers):03d}s"

    async def post(self, author: str, ring: str, visibility: str, addressees: frozenset[str], **more: Any) -> Mark:  # noqa: ANN401 - JSON
        """A status of a member with words of its own, in its text and in whatever it carries."""
        words = self.words()
        handles = " ".join(f"@fred@{self.peers[name].domain}" for name in sorted(addressees & STANDINGS.keys()))
        # Whoever is blocked learns of nothing, named or not.
        local = f"{'@dora' if author == 'anna' else ''} {'@bert' if 'bert' in addressees else ''}"
        form: dict[str, Any] = {
            "status": f"{words} kestrel #leak {local} {handles}",
            "visibility": visibility,
            "spoiler_text": f"{words} warning",
            **_ring(self, ring),
            **more,
        }
        if "poll" in more:
            form["poll"] = {"options": [f"{words} yes", "no"], "expires_in": 86400}
        if "media" in more:
            files = {"file": ("picture.png", picture(), "image/png")}
            made = success(
                await self.people[author].api.post("/api/v2/media", files=files, data={"description": f"{words} seen"})
            )
            form["media_ids"] = [made["id"]]
            self.objects.setdefault("media_id", made["id"])
        entity = success(await self.people[author].api.post("/api/v1/statuses", json=form))
        mark = Mark(
            words=words, number=entity["id"], uri=entity["uri"], author=author, ring=ring, visibility=visibility,
            addressees=addressees,
        )  # fmt: skip
        self.ledger.marks.append(mark)
        self.posted[entity["id"]] = entity
        return mark


def _ring(scene: Scene, ring: str) -> dict[str, Any]:
    if ring != "named":
        return {"reach": ring}
    return {"reach": "partners", "partners": [scene.peers["acme"].domain, scene.peers["agency"].domain]}


def _addressees(ring: str, visibility: str) -> frozenset[str]:
    """Those who were siblings are named in everything that they could be; a message names others as well."""
    if ring == "node":
        return frozenset({"bert"}) if visibility == "direct" else frozenset()
    named = {"former", "outcast"}
    if visibility == "direct":
        named |= {name for name in ("sister", "acme", "fan") if STANDINGS[name][0] in INSIDE[ring]}
    return frozenset(named)


@asynccontextmanager
async def open_scene(url: str, folder: Path) -> AsyncIterator[Scene]:
    """The node, its people and servers, and everything posted, sent and heard."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(folder / "ca.pem")
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(tls)
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(running_push_service(tls))
        server = await stack.enter_async_context(
            serve_node(url, folder, ca_file=str(folder / "ca.pem"), contact_email="post@here.example")
        )
        working = await stack.enter_async_context(run_jobs(server))
        peers = {name: await stack.enter_async_context(running_peer()) for name in STANDINGS}
        people = {name: await server.person(name) for name in ("anna", "bert", "carl", "dora")}
        people["mona"] = await server.person("mona", scopes="read write admin:read", role=UserRole.MODERATOR)
        scene = Scene(working=working, people=people, peers=peers, service=service)
        await _acquaint(scene)
        async with AsyncExitStack() as listening:
            heard = [await listening.enter_async_context(_converse(scene, name)) for name in ("carl", "dora", "nobody")]
            for name, stream in product(("carl", "dora"), ("user", "public")):
                heard.append(await listening.enter_async_context(_listen(scene, name, stream)))
            await _post_everything(scene)
            await _change_standings(scene)
            await _act_afterwards(scene)
            await working.settle()
            await working.deliver_all()
        _hold_what_was_heard(scene, heard)
        await _look_up_objects(scene)
        yield scene


async def _acquaint(scene: Scene) -> None:
    node, server = scene.working.server.node, scene.working.server
    anna, bert, dora = (scene.people[name] for name in ("anna", "bert", "dora"))
    for name, peer in scene.peers.items():
        peer.add_user("fred")
        await set_tier(node, peer.domain, STANDINGS[name][1])
    scene.peers["sister"].add_user("enemy", key_name="fred")
    for name, peer in scene.peers.items():
        await find(anna, peer.actor("fred"))
        if STANDINGS[name][2]:
            for followed in ("anna", "bert"):
                follow = peer.activity(
                    "Follow", peer.actor("fred"), f"{server.url}/users/{followed}", next(scene.numbers)
                )
                await deliver(server, peer, follow | {"id": f"{follow['id']}-{followed}"}, by="fred")
    enemy = await find(anna, scene.peers["sister"].actor("enemy"))
    success(await anna.api.post(f"/api/v1/accounts/{enemy['id']}/block"))
    success(await bert.api.post(f"/api/v1/accounts/{anna.id}/follow"))
    success(await dora.api.post(f"/api/v1/accounts/{anna.id}/follow"))
    success(await anna.api.post(f"/api/v1/accounts/{dora.id}/block"))
    for member in (anna, bert):
        await member.api.patch("/api/v1/accounts/update_credentials", data={"indexable": "1", "discoverable": "1"})
    for name in ("carl", "dora"):
        body = {"subscription": scene.service.subscription(name), "data": {"alerts": _ALERTS, "policy": "all"}}
        success(await scene.people[name].api.post("/api/v1/push/subscription", json=body))
    await scene.working.settle()


_ALERTS: Final = dict.fromkeys(("mention", "status", "reblog", "follow", "favourite", "poll", "update", "quote"), True)


async def _post_everything(scene: Scene) -> None:
    """Of every ring and visibility one of Anna's; below and around it what Bert makes of it."""
    bert = scene.people["bert"]
    for ring in INSIDE:
        for visibility in VISIBILITIES:
            more: dict[str, Any] = {"public": {"poll": True}, "unlisted": {"media": True}}.get(visibility, {})
            root = await scene.post("anna", ring, visibility, _addressees(ring, visibility), **more)
            if visibility == "direct":
                continue
            for deed in ("favourite", "bookmark"):
                success(await bert.api.post(f"/api/v1/statuses/{root.number}/{deed}"))
            # Nothing is said of the ring: it is inherited.
            inherited: dict[str, Any] = {"reach": None, "partners": None}
            if visibility != "unlisted":
                await scene.post("bert", ring, visibility, frozenset(), in_reply_to_id=root.number, **inherited)
            if visibility != "public":
                continue
            await scene.post("bert", ring, visibility, frozenset(), quoted_status_id=root.number, **inherited)
            boost = success(await bert.api.post(f"/api/v1/statuses/{root.number}/reblog"))
            scene.ledger.marks.append(
                Mark(words="", number=boost["id"], uri=boost["uri"], author="bert", ring=ring, visibility="public",
                     kind="boost")
            )  # fmt: skip
    await scene.working.settle()
    await scene.working.deliver_all()


async def _change_standings(scene: Scene) -> None:
    """Two siblings are none any more; what they were sent before was for them."""
    node = scene.working.server.node
    await set_tier(node, scene.peers["former"].domain, Tier.OPEN)
    await set_tier(node, scene.peers["outcast"].domain, Tier.BLOCKED)
    await scene.working.settle()
    await scene.working.deliver_all()
    for name in ("former", "outcast"):
        scene.peers[name].bodies.clear()


async def _act_afterwards(scene: Scene) -> None:
    """Edits, pins, votes, answers to old statuses, one that waits for its time: of all this, too, nobody else hears."""
    anna, bert = scene.people["anna"], scene.people["bert"]
    for mark in [one for one in scene.roots if one.visibility in ("private", "public")]:
        before = scene.posted[str(mark.number)]
        path = f"/api/v1/statuses/{mark.number}"
        if mark.visibility == "private":
            source = success(await anna.api.get(f"{path}/source"))
            words = scene.words()
            scene.ledger.marks.append(
                Mark(words=words, number=None, uri=mark.uri, author="anna", ring=mark.ring, visibility="private",
                     kind="version", addressees=mark.addressees)
            )  # fmt: skip
            for text in (f"{words} {source['text']}", source["text"]):
                success(await anna.api.put(path, json={"status": text, "spoiler_text": source["spoiler_text"]}))
        else:
            success(await anna.api.post(f"{path}/pin"))
            success(await bert.api.post(f"/api/v1/polls/{before['poll']['id']}/votes", json={"choices": [0]}))
            inherited: dict[str, Any] = {"reach": None, "partners": None}
            await scene.post("bert", mark.ring, "public", frozenset(), in_reply_to_id=mark.number, **inherited)
    words = scene.words()
    moment = (scene.working.server.clock() + timedelta(days=1)).isoformat()
    form = {"status": f"{words} kestrel #leak", "scheduled_at": moment}
    draft = success(await anna.api.post("/api/v1/statuses", json=form))
    scene.ledger.marks.append(
        Mark(words=words, number=draft["id"], uri="", author="anna", ring="public", visibility="public", kind="draft")
    )
    scene.objects["scheduled_id"] = draft["id"]
    # A stranger's claim to what it may not see: reported by somebody of the node who may not see it either.
    hidden = [str(mark.number) for mark in scene.roots if mark.visibility in ("private", "direct")]
    told = {"account_id": anna.id, "status_ids": hidden, "comment": "guessed"}
    await scene.people["carl"].api.post("/api/v1/reports", json=told)


@asynccontextmanager
async def _converse(scene: Scene, name: str) -> AsyncIterator[tuple[str, str, list[str]]]:
    """All streams of somebody over one socket; what was heard on them. Who brings no token is not let in."""
    heard: list[str] = []
    token = scene.people[name].token if name in scene.people else ""
    url = f"{scene.working.server.url.replace('http', 'ws', 1)}/api/v1/streaming?access_token={token}"
    async with AsyncExitStack() as stack:
        try:
            opened = await stack.enter_async_context(connect(url, proxy=None))
        except InvalidStatus as refused:
            assert (name, refused.response.status_code) == ("nobody", 401)  # noqa: PT017 - of the others none is refused
            yield "streaming.converse", name, heard
            return
        for stream in STREAMS:
            await opened.send(json.dumps({"type": "subscribe", "stream": stream}))
        await opened.send(json.dumps({"type": "subscribe", "stream": "hashtag", "tag": "leak"}))
        async with _taking(heard, opened):
            yield "streaming.converse", name, heard


@asynccontextmanager
async def _listen(scene: Scene, name: str, stream: str) -> AsyncIterator[tuple[str, str, list[str]]]:
    """One stream of somebody as server-sent events; what was heard on it."""
    heard: list[str] = []
    async with (
        scene.people[name].api.stream("GET", f"/api/v1/streaming/{stream}") as response,
        _taking(heard, response.aiter_lines()),
    ):
        yield "streaming.stream_events", name, heard


@asynccontextmanager
async def _taking(heard: list[str], messages: AsyncIterable[str | bytes]) -> AsyncIterator[None]:
    async def take() -> None:
        async for message in messages:
            heard.append(str(message))  # noqa: PERF401 - each is there as soon as it was heard

    taking = asyncio.create_task(take())
    yield
    taking.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await taking


def _hold_what_was_heard(scene: Scene, heard: list[tuple[str, str, list[str]]]) -> None:
    members = {viewer.name: viewer for viewer in MEMBERS}
    for door, name, messages in heard:
        scene.ledger.note(door, members[name], "\n".join(messages))
        assert bool(messages) is (name != "nobody"), f"{name} heard {messages}"
    for viewer in scene.viewers():
        peer, _ = scene.peer_of(viewer.name)
        if viewer.name != "enemy":
            scene.ledger.note("delivery", viewer, b"\n".join(peer.bodies).decode())
    names = {scene.people[name].token: name for name in ("carl", "dora")}
    for message in scene.service.opened:
        viewer = members[names[message["access_token"]]]
        scene.ledger.note("push", viewer, json.dumps({**message, "notification_id": None}))


async def _look_up_objects(scene: Scene) -> None:
    """Numbers of things that others own and somebody might guess."""
    anna, bert = scene.people["anna"], scene.people["bert"]
    scene.quotes = await scene.working.server.node.read(_quote_ids)
    told = success(await anna.api.get("/api/v1/notifications", params={"limit": 1}))
    made = success(await bert.api.post("/api/v1/lists", json={"title": "hers"}))
    success(await bert.api.post(f"/api/v1/lists/{made['id']}/accounts", json={"account_ids": [anna.id]}))
    (talk, *_) = success(await bert.api.get("/api/v1/conversations"))
    polls = [entity["poll"]["id"] for entity in scene.posted.values() if entity["poll"]]
    scene.objects |= {
        "account_id": anna.id,
        "notification_id": told[0]["id"],
        "group_key": success(await anna.api.get("/api/v2/notifications"))["notification_groups"][0]["group_key"],
        "list_id": made["id"],
        "conversation_id": talk["id"],
        "poll_id": polls[0],
    }


def _quote_ids(conn: Connection) -> list[int]:
    return list(conn.execute(sa.select(quotes.c.id)).scalars())
