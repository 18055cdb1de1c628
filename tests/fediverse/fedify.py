"""An ActivityPub server built on Fedify, as a test drives it.

The server itself is ``tests/fediverse/fedify/server.mjs``: foreign code decides about every signature, WebFinger
answer and JSON-LD document. Where its npm packages cannot be installed, the test is skipped with the reason, and fails
under CI.
"""

import asyncio
import contextlib
import json
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, NoReturn, TypeAlias

import httpx
import msgspec
import pytest

from tests.fediverse import node_js

HttpScheme: TypeAlias = Literal["rfc9421", "draft-cavage-http-signatures-12"]
Visibility: TypeAlias = Literal["public", "unlisted", "private", "direct"]
EventKind: TypeAlias = Literal["received", "requested", "handled", "delivered", "delivery_failed", "error"]
Forgery: TypeAlias = Literal["genuine", "unsigned", "wrong_key", "stale", "body", "digest", "signature", "other_target"]
Document: TypeAlias = dict[str, Any]

HOME: Final = Path(__file__).with_name("fedify")
START_SECONDS: Final = 30
STOP_SECONDS: Final = 5
POLL_SECONDS: Final = 5
LOG_LINES_SHOWN: Final = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What an https origin needs: PEM files of the chain, its key and the authority all peers trust."""

    chain: Path
    key: Path
    authority: Path


@dataclass(frozen=True, slots=True, kw_only=True)
class FedifyOptions:
    """How a peer is started; port 0 in ``origin`` lets it choose one."""

    origin: str = "http://localhost:0"
    first_knock: HttpScheme = "rfc9421"
    understands: tuple[HttpScheme, ...] = ("rfc9421", "draft-cavage-http-signatures-12")
    """A signature of another scheme is none to the peer."""
    keys: tuple[Literal["rsa", "ed25519"], ...] = ("rsa", "ed25519")
    actors: tuple[str, ...] = ("fern",)
    accepts_follows: Literal["auto", "manual"] = "auto"
    speaker: str | None = None
    """One more actor, an Application, that WebFinger names for the server itself and that knows partnerships."""
    certificate: Certificate | None = None
    log_level: Literal["debug", "info", "warning"] = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerNote:
    """A note as Fedify understood it."""

    id: str
    type: str
    attributed_to: str | None
    content: str | None
    summary: str | None
    sensitive: bool
    in_reply_to: str | None
    to: tuple[str, ...]
    cc: tuple[str, ...]
    mentions: tuple[str, ...]
    hashtags: tuple[str, ...]
    attachments: tuple[str | None, ...]
    descriptions: tuple[str | None, ...] = ()
    name: str | None = None
    quote: str | None = None
    quote_authorization: str | None = None
    multiple: bool = False
    options: tuple[str, ...] = ()
    votes: tuple[int | None, ...] = ()
    voters: int | None = None
    end_time: str | None = None
    closed: bool = False
    published: str | None = None
    updated: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerEvent:
    """Something that happened at the peer, numbered from 1; which fields are set depends on the kind.

    ``handled`` means verified: ``verified_by`` names the check that Fedify says succeeded, ``http_scheme`` and
    ``key_id`` are set if it was the HTTP signature. In ``received`` and ``requested``, ``http_scheme`` is only what the
    request claims.
    """

    n: int
    kind: EventKind
    type: str | None = None
    activity: str | None = None
    actor: str | None = None
    object: str | None = None
    outcome: str | None = None
    reason: str | None = None
    verified_by: Literal["http", "proof", "ld"] | None = None
    http_scheme: HttpScheme | None = None
    key_id: str | None = None
    note: PeerNote | None = None
    undone: str | None = None
    undone_object: str | None = None
    updated_actor: Document | None = None
    choice: str | None = None
    target: str | None = None
    objects: tuple[str, ...] = ()
    agreed: dict[str, str | None] | None = None
    content: str | None = None
    document: Any = None
    method: str | None = None
    path: str | None = None
    status: int | None = None
    inbox: str | None = None
    message: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PeerState:
    """What a local actor of the peer has and knows."""

    actor: str
    followers: tuple[str, ...]
    follow_requests: tuple[str, ...]
    following: tuple[str, ...]
    posts: tuple[str, ...]
    notes_received: tuple[PeerNote, ...]
    likes: dict[str, tuple[str, ...]]
    announces: dict[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Posted:
    """The ids of a note of the peer and of the Create that carried it."""

    id: str
    activity: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """How an inbox answered a forged request."""

    status: int
    body: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An actor or note of another server, looked up by the peer with signed requests."""

    id: str
    type: str
    document: Document
    username: str | None = None
    inbox: str | None = None
    shared_inbox: str | None = None
    public_keys: tuple[str, ...] = ()
    assertion_methods: tuple[str, ...] = ()
    content: str | None = None


class PeerRefused(Exception):
    """The peer could not do what the test asked; the message says why."""


def any_event(_event: PeerEvent) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class FedifyPeer:
    """A running Fedify server: ``async with FedifyPeer.running(tmp_path / "fern.log") as fern``."""

    origin: str
    actors: Mapping[str, str]
    control: httpx.AsyncClient = field(repr=False)

    @classmethod
    @contextlib.asynccontextmanager
    async def running(cls, log: Path, options: FedifyOptions | None = None) -> AsyncIterator["FedifyPeer"]:
        """Starts a peer that ends with the block; what it logged is shown if the test fails."""
        reason = await asyncio.to_thread(node_js.why_not_installed, HOME)
        if reason is not None:
            _give_up(reason)
        async with (
            _process(log, options or FedifyOptions()) as ready,
            httpx.AsyncClient(base_url=ready.control, trust_env=False, timeout=START_SECONDS) as control,
        ):
            yield cls(origin=ready.origin, actors=ready.actors, control=control)

    @property
    def domain(self) -> str:
        return self.origin.partition("://")[2]

    def handle(self, name: str = "fern") -> str:
        return f"@{name}@{self.domain}"

    async def lookup(self, handle: str) -> Found:
        """The actor or object behind a handle or URI, fetched with signed requests."""
        return msgspec.convert(await self._command("lookup", handle=handle), Found)

    async def follow(self, handle: str) -> str:
        """Sends a Follow; returns its id."""
        return await self._activity("follow", handle=handle)

    async def unfollow(self, handle: str) -> str:
        return await self._activity("unfollow", handle=handle)

    async def accept_follows(self, how: Literal["auto", "manual"]) -> None:
        """Decides whether follow requests that come from now on wait for ``accept`` or ``reject``."""
        await self._command("settings", accepts_follows=how)

    async def accept(self, follower: str) -> str:
        """Accepts the waiting request of the actor with this id."""
        return await self._activity("accept", follower=follower)

    async def reject(self, follower: str) -> str:
        return await self._activity("reject", follower=follower)

    async def post(
        self,
        text: str,
        *,
        visibility: Visibility = "public",
        summary: str | None = None,
        mention: Sequence[str] = (),
        to: Sequence[str] = (),
        in_reply_to: str | None = None,
        by: str | None = None,
        **more: object,
    ) -> Posted:
        """Posts a note; ``mention`` tags and addresses actors, ``to`` addresses them without a tag.

        Of ``more``: ``kind`` ("articles", "questions"), ``title``, ``hashtags``, ``images`` (each with ``alt``),
        ``poll`` (``options``, ``multiple``, ``seconds``), ``quote`` (an id), ``quotable``, and
        ``refuses`` (what its policy allows).
        """
        answer = await self._command(
            "post",
            text=text,
            visibility=visibility,
            summary=summary,
            mention=list(mention),
            to=list(to),
            in_reply_to=in_reply_to,
            **_by(by),
            **more,
        )
        return msgspec.convert(answer, Posted)

    async def edit(self, note: str, text: str) -> str:
        return await self._activity("edit", id=note, text=text)

    async def delete(self, note: str) -> str:
        return await self._activity("delete", id=note)

    async def like(self, note: str) -> str:
        return await self._activity("like", id=note)

    async def unlike(self, note: str) -> str:
        return await self._activity("unlike", id=note)

    async def announce(self, note: str) -> str:
        return await self._activity("announce", id=note)

    async def unannounce(self, note: str) -> str:
        return await self._activity("unannounce", id=note)

    async def pin(self, note: str) -> str:
        return await self._activity("pin", id=note)

    async def unpin(self, note: str) -> str:
        return await self._activity("unpin", id=note)

    async def tally(self, question: str, *, closed: bool = False) -> str:
        """Sends everybody who has a poll of the peer how it stands, or its end."""
        return await self._activity("tally", id=question, closed=closed)

    async def stamp(self, note: str, stamp: str) -> str:
        """Sends an Update of a note of the peer that shows that its quote is allowed."""
        return await self._activity("stamp", id=note, stamp=stamp)

    async def revoke(self, stamp: str, *, to: Sequence[str]) -> str:
        """Takes a stamp of the peer back, and tells ``to``."""
        return await self._activity("revoke", stamp=stamp, to=list(to))

    async def alias(self, name: str, of: str) -> None:
        """Lets an actor of the peer say that it is also another one."""
        await self._command("alias", **{"as": name, "of": of})

    async def rename(self, name: str) -> str:
        """Gives the first actor another name, and tells its followers."""
        return await self._activity("rename", name=name)

    async def send(self, activity: Document, *, to: Sequence[str] = (), by: str | None = None) -> str:
        """Sends what Fedify's vocabulary makes of an activity; its id and actor are filled in."""
        return await self._activity("send", to=list(to), activity=activity, **_by(by))

    async def forge(
        self,
        kind: Forgery,
        inbox: str,
        *,
        scheme: HttpScheme = "rfc9421",
        document: Document | None = None,
        by: str | None = None,
    ) -> Answer:
        """Posts ``document``, by default a new public note, to ``inbox``: properly signed, then spoilt in one way."""
        wanted = {"kind": kind, "inbox": inbox, "scheme": scheme} | _by(by)
        content = {} if document is None else {"document": document}
        return msgspec.convert(await self._command("forge", **wanted, **content), Answer)

    async def state(self) -> PeerState:
        answer = await self.control.get("/state")
        return msgspec.json.decode(_content(answer), type=PeerState)

    async def events(self, *, after: int = 0, wait_seconds: float = 0) -> tuple[PeerEvent, ...]:
        """The events after number ``after``; waits up to ``wait_seconds`` for the first of them."""
        answer = await self.control.get("/events", params={"after": after, "wait": wait_seconds})
        return msgspec.json.decode(_content(answer), type=_Events).events

    async def wait_for(
        self,
        kind: EventKind,
        type_name: str | None = None,
        *,
        where: Callable[[PeerEvent], bool] = any_event,
        after: int = 0,
        seconds: float = 20,
    ) -> PeerEvent:
        """The first event of this kind and activity type; an assertion with all events seen when time is up."""
        deadline = time.monotonic() + seconds
        seen: list[PeerEvent] = []
        while (left := deadline - time.monotonic()) > 0:
            fresh = await self.events(after=seen[-1].n if seen else after, wait_seconds=min(left, POLL_SECONDS))
            for event in fresh:
                if event.kind == kind and type_name in {None, event.type} and where(event):
                    return event
            seen.extend(fresh)
        listing = "\n".join(f"  {event.n} {event.kind} {event.type} {event.outcome} {event.reason}" for event in seen)
        raise AssertionError(f"{self.origin}: no {kind} {type_name or 'event'} within {seconds} s; seen:\n{listing}")

    async def _activity(self, command: str, **body: object) -> str:
        answer = await self._command(command, **body)
        return str(answer["activity"])

    async def _command(self, command: str, **body: object) -> Document:
        answer = await self.control.post(f"/{command}", json=body)
        return msgspec.json.decode(_content(answer), type=Document)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Events:
    events: tuple[PeerEvent, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ready:
    origin: str
    control: str
    actors: dict[str, str]


@contextlib.asynccontextmanager
async def _process(log: Path, options: FedifyOptions) -> AsyncIterator[_Ready]:
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            str(node_js.executable()),
            str(HOME / "server.mjs"),
            *_arguments(options),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=output,
            env=_environment(options),
        )
    try:
        yield await _ready(process, log)
    finally:
        await _stop(process)
        # Captured by pytest, which shows it only for a test that fails.
        print(f"--- log of the Fedify peer, {log}\n{_tail(log)}")  # noqa: T201


async def _ready(process: asyncio.subprocess.Process, log: Path) -> _Ready:
    assert process.stdout is not None
    line = b""
    with contextlib.suppress(TimeoutError):
        line = await asyncio.wait_for(process.stdout.readline(), START_SECONDS)
    if not line.startswith(b"READY "):
        raise AssertionError(f"the Fedify peer did not start within {START_SECONDS} s:\n{_tail(log)}")
    return msgspec.json.decode(line.removeprefix(b"READY "), type=_Ready)


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        # Reads what is left of standard output too, so that both pipes are closed.
        await asyncio.wait_for(process.communicate(), STOP_SECONDS)
    except TimeoutError:
        process.kill()
        await process.communicate()


def _arguments(options: FedifyOptions) -> Iterator[str]:
    yield from ("--origin", options.origin, "--first-knock", options.first_knock)
    yield from ("--understands", ",".join(options.understands))
    yield from ("--keys", ",".join(options.keys), "--actors", ",".join(options.actors))
    yield from ("--accepts-follows", options.accepts_follows, "--log-level", options.log_level)
    if options.speaker is not None:
        yield from ("--speaker", options.speaker)
    if options.certificate is not None:
        yield from ("--cert", str(options.certificate.chain), "--key", str(options.certificate.key))


def _by(name: str | None) -> dict[str, str]:
    return {} if name is None else {"as": name}


def _environment(options: FedifyOptions) -> dict[str, str]:
    if options.certificate is None:
        return dict(os.environ)
    return dict(os.environ) | {"NODE_EXTRA_CA_CERTS": str(options.certificate.authority)}


def _content(answer: httpx.Response) -> bytes:
    if answer.is_error:
        raise PeerRefused(json.loads(answer.content)["error"])
    return answer.content


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-LOG_LINES_SHOWN:])


def _give_up(reason: str) -> NoReturn:
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
