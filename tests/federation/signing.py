"""Signed requests to verify, and the faults to put into them."""

import dataclasses
from datetime import UTC, datetime

from federation import keys
from federation.signatures import Headers, Request, Scheme, Verified, read, sign, verify

NOW = datetime(2026, 5, 1, 12, 0, 0, tzinfo=UTC)
ACTOR = "https://a.example/users/1"
KEY_ID = f"{ACTOR}#main-key"
RSA_KEY = keys.SigningKey(key_id=KEY_ID, private=keys.generate_rsa())
ED25519_KEY = keys.SigningKey(key_id=KEY_ID, private=keys.generate_ed25519())
SIGNING_KEYS = {"rsa": RSA_KEY, "ed25519": ED25519_KEY}

POST = Request(
    method="POST",
    target_uri="https://b.example/inbox?page=1",
    path="/inbox?page=1",
    headers=Headers.of([("Host", "b.example"), ("Content-Type", "application/activity+json")]),
    body=b'{"type":"Like"}',
)
GET = Request(
    method="GET",
    target_uri="https://b.example/users/2",
    path="/users/2",
    headers=Headers.of([("Host", "b.example"), ("Accept", "application/activity+json")]),
)


def verification_key(key: keys.SigningKey) -> keys.VerificationKey:
    """The public side, as the actor's document shows it."""
    return keys.VerificationKey(key_id=key.key_id, owner=ACTOR, public=key.private.public_key())


def signed(request: Request, scheme: Scheme, key: keys.SigningKey = RSA_KEY, now: datetime = NOW) -> Request:
    """The request with its signature."""
    return dataclasses.replace(request, headers=request.headers.plus(sign(request, key, scheme, now=now)))


def with_header(request: Request, name: str, *lines: str) -> Request:
    """The request with exactly these lines of one field."""
    pairs = [(other, line) for other, values in request.headers.lines.items() if other != name for line in values]
    return dataclasses.replace(request, headers=Headers.of([*pairs, *((name, line) for line in lines)]))


def accept(request: Request, key: keys.SigningKey = RSA_KEY, now: datetime = NOW) -> Verified:
    """Both steps; raises ``SignatureRefused``."""
    return verify(read(request), request, verification_key(key), now=now)
