"""A server that only looks like one: it serves actor documents on loopback, signs what it is told to, and keeps a list.

It speaks raw HTTP and builds its signatures with the protocol library, so that a test can break one thing at a time.
"""

import asyncio
import json
import re
import ssl
from collections import Counter
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import httpx
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from federation.integrity import add_proof
from federation.keys import (
    PrivateKey,
    SigningKey,
    generate_ed25519,
    generate_rsa,
    public_to_multikey,
    public_to_pem,
)
from federation.signatures import Headers, Request, Scheme, sign
from tests.fediverse.nodes import WAIT_SECONDS

_KEY_ID: Final = re.compile(r'key[iI]d="([^"]+)"')
ACTIVITY_JSON: Final = "application/activity+json"


@cache
def key(name: str) -> PrivateKey:
    """One RSA key per name for a whole run: making them is slow."""
    assert name
    return generate_rsa()


@cache
def proof_key(name: str) -> Ed25519PrivateKey:
    """One Ed25519 key per name likewise."""
    assert name
    return generate_ed25519()


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A signed POST, ready to be sent or spoilt."""

    headers: Mapping[str, str]
    body: bytes

    def without(self, *names: str) -> "Message":
        """The same without some headers."""
        kept = {name: value for name, value in self.headers.items() if name.lower() not in names}
        return Message(headers=kept, body=self.body)

    def with_headers(self, **headers: str) -> "Message":
        """The same with other headers, set after it was signed."""
        changed = {name.replace("_", "-"): value for name, value in headers.items()}
        return Message(headers={**self.without(*changed).headers, **changed}, body=self.body)

    def with_body(self, body: bytes) -> "Message":
        """The same with another body, changed after it was signed."""
        return Message(headers=self.headers, body=body)


@dataclass(slots=True, kw_only=True)
class FakePeer:
    """The peer: ``users`` exist, ``keys`` names the key each of them shows now."""

    domain: str
    scheme: str = "http"
    documents: dict[str, dict[str, Any]] = field(default_factory=dict)
    handles: dict[str, str] = field(default_factory=dict)
    subjects: dict[str, str] = field(default_factory=dict)
    """What WebFinger calls a handle instead of by its own name."""
    asked: Counter[str] = field(default_factory=Counter)
    received: list[dict[str, Any]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    """What was received, as it came."""
    schemes: list[Scheme] = field(default_factory=list)
    """How each POST was signed, the refused ones too."""
    headers: list[Mapping[str, str]] = field(default_factory=list)
    """Of each POST that was taken."""
    keys_seen: list[str] = field(default_factory=list)
    """The id of the key that signed each POST that was taken."""
    refusals: dict[str, int] = field(default_factory=dict)
    """The status an inbox (by path) answers with instead of 202."""
    refused_scheme: Scheme | None = None
    """The signature scheme this peer answers with 401."""
    refused_keys: set[str] = field(default_factory=set)
    """Ids of keys whose signatures this peer answers with 401."""
    content_types: dict[str, str] = field(default_factory=dict)
    redirects: dict[str, str] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    """Addresses that are answered with 410."""
    stalled: asyncio.Event | None = None
    """While set to an event, documents are answered only after it."""
    is_ill: bool = False
    """While it is, every document is answered with 503."""

    @property
    def url(self) -> str:
        """Where it is."""
        return f"{self.scheme}://{self.domain}"

    def actor(self, name: str) -> str:
        """The id of a user."""
        return f"{self.url}/users/{name}"

    def add_user(self, name: str, *, key_name: str = "") -> str:
        """Make a user, or give one another key; its id."""
        uri = self.actor(name)
        pem = public_to_pem(key(key_name or name).public_key())
        self.handles[f"{name}@{self.domain}"] = uri
        self.documents[f"/users/{name}"] = {
            "@context": ["https://www.w3.org/ns/activitystreams", "https://w3id.org/security/v1"],
            "id": uri,
            "type": "Person",
            "preferredUsername": name,
            "inbox": f"{uri}/inbox",
            "followers": f"{uri}/followers",
            "publicKey": {"id": f"{uri}#main-key", "owner": uri, "publicKeyPem": pem},
            "assertionMethod": [
                {
                    "id": f"{uri}#ed25519-key",
                    "type": "Multikey",
                    "controller": uri,
                    "publicKeyMultibase": public_to_multikey(proof_key(key_name or name).public_key()),
                }
            ],
        }
        return uri

    def activity(self, kind: str, actor: str, object_: object, number: int) -> dict[str, Any]:
        """An activity of one of our users."""
        return {
            "@context": "https://www.w3.org/ns/activitystreams",
            "id": f"{self.url}/activities/{kind.lower()}-{number}",
            "type": kind,
            "actor": actor,
            "object": object_,
        }

    def prove(
        self, document: Mapping[str, Any], *, by: str, key_name: str = "", at: datetime | None = None
    ) -> dict[str, Any]:
        """The document with a proof by user ``by``, made with the key called ``key_name`` (its own by default)."""
        key = SigningKey(key_id=f"{self.actor(by)}#ed25519-key", private=proof_key(key_name or by))
        return add_proof(document, key, now=at or datetime.now(UTC))

    def sign(
        self,
        inbox: str,
        activity: Mapping[str, Any] | bytes,
        *,
        by: str,
        key_name: str = "",
        key_id: str = "",
        scheme: Scheme = Scheme.RFC9421,
        at: datetime | None = None,
        content_type: str = ACTIVITY_JSON,
        more: Mapping[str, str] | None = None,
    ) -> Message:
        """The activity as a signed POST by user ``by``, under the key called ``key_name`` (its own by default).

        ``key_id`` is the name that the key goes by, ``…#main-key`` of the user by default; ``more`` are headers beside
        the usual ones.
        """
        url = httpx.URL(inbox)
        body = activity if isinstance(activity, bytes) else json.dumps(activity).encode()
        headers = {"Host": url.netloc.decode(), "Content-Type": content_type, **(more or {})}
        request = Request(
            method="POST",
            target_uri=inbox,
            path=url.raw_path.decode(),
            headers=Headers.of(headers.items()),
            body=body,
        )
        signing = SigningKey(key_id=key_id or f"{self.actor(by)}#main-key", private=key(key_name or by))
        added = sign(request, signing, scheme, now=at or datetime.now(UTC))
        return Message(headers={**headers, **dict(added)}, body=body)

    def sign_get(self, url: str, *, by: str, key_name: str = "") -> dict[str, str]:
        """The headers of a signed fetch by user ``by``."""
        address = httpx.URL(url)
        headers = {"Host": address.netloc.decode(), "Accept": ACTIVITY_JSON}
        request = Request(
            method="GET", target_uri=url, path=address.raw_path.decode(), headers=Headers.of(headers.items())
        )
        signing = SigningKey(key_id=f"{self.actor(by)}#main-key", private=key(key_name or by))
        return {**headers, **dict(sign(request, signing, Scheme.RFC9421, now=datetime.now(UTC)))}

    async def _answer(self, request: web.Request) -> web.Response:
        self.asked[request.path] += 1
        if self.stalled is not None:
            await self.stalled.wait()
        if self.is_ill:
            return web.Response(status=503)
        if request.path == "/.well-known/webfinger":
            return self._answer_webfinger(request.query["resource"].removeprefix("acct:"))
        if request.path in self.gone:
            return web.Response(status=410)
        if request.path in self.redirects:
            return web.Response(status=302, headers={"Location": self.redirects[request.path]})
        document = self.documents.get(request.path)
        if document is None:
            return web.Response(status=404)
        content_type = self.content_types.get(request.path, ACTIVITY_JSON)
        return web.Response(text=json.dumps(document), content_type=content_type)

    def _answer_webfinger(self, handle: str) -> web.Response:
        if handle not in self.handles:
            return web.Response(status=404)
        link = {"rel": "self", "type": ACTIVITY_JSON, "href": self.handles[handle]}
        jrd = {"subject": f"acct:{self.subjects.get(handle, handle)}", "links": [link]}
        return web.json_response(jrd, content_type="application/jrd+json")

    async def _take(self, request: web.Request) -> web.Response:
        scheme = Scheme.RFC9421 if "Signature-Input" in request.headers else Scheme.CAVAGE
        self.schemes.append(scheme)
        if scheme is self.refused_scheme:
            return web.Response(status=401)
        key_id = _KEY_ID.search(request.headers.get("Signature-Input", request.headers["Signature"]))
        if key_id and key_id[1] in self.refused_keys:
            return web.Response(status=401)
        if request.path in self.refusals:
            return web.Response(status=self.refusals[request.path])
        self.keys_seen.append(key_id[1] if key_id else "")
        self.headers.append(request.headers)
        self.bodies.append(await request.read())
        self.received.append(json.loads(self.bodies[-1]))
        return web.Response(status=202)

    async def wait_for(self, kind: str, words: str = "", seconds: float = WAIT_SECONDS) -> dict[str, Any]:
        """The first activity of a type, with these words in it, that came to one of our inboxes."""
        async with asyncio.timeout(seconds):
            while True:
                found = next((one for one in self.received if one["type"] == kind and words in json.dumps(one)), None)
                if found is not None:
                    return found
                await asyncio.sleep(0.02)


@asynccontextmanager
async def running_peer(host: str = "localhost", tls: ssl.SSLContext | None = None) -> AsyncIterator[FakePeer]:
    """A peer on a free port of this machine, which calls itself ``host``."""
    peer = FakePeer(domain="", scheme="http" if tls is None else "https")
    application = web.Application()
    application.router.add_get("/{path:.*}", peer._answer)
    application.router.add_post("/{path:.*}", peer._take)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls)
    await site.start()
    ((_, port),) = _addresses(runner.addresses)
    peer.domain = f"{host}:{port}"
    try:
        yield peer
    finally:
        await runner.cleanup()


def _addresses(addresses: Iterable[Any]) -> list[tuple[str, int]]:
    return [(address[0], address[1]) for address in addresses]
