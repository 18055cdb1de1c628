"""A push service on this machine and devices that subscribe to it: checks who sends, and opens what was sent.

Written from RFC 8030, 8291 and 8292 and the drafts before them, with nothing of the node's own code.
"""

import asyncio
import base64
import json
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import jwt
from aiohttp import web
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tests.fediverse.nodes import WAIT_SECONDS


def text_of(raw: bytes) -> str:
    """Unpadded base64url."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def bytes_of(text: str) -> bytes:
    """What unpadded base64url says."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass(slots=True)
class Device:
    """Where somebody reads their notifications."""

    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    secret: bytes = b"sixteen bytes ok"

    @property
    def point(self) -> bytes:
        """Its public key."""
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def open(self, headers: Mapping[str, str], body: bytes) -> bytes:
        """The message, by what the headers say of its form."""
        forms = {"aes128gcm": self._open_standard, "aesgcm": self._open_draft}
        return forms[headers["Content-Encoding"]](headers, body)

    def _open_standard(self, _headers: Mapping[str, str], body: bytes) -> bytes:
        salt, size, length = body[:16], int.from_bytes(body[16:20], "big"), body[20]
        sender, record = body[21 : 21 + length], body[21 + length :]
        assert len(record) <= size, "one record holds the whole message"
        info = b"WebPush: info\0" + self.point + sender
        material = _derive(self.secret, self._shared(sender), info, 32)
        key = _derive(salt, material, b"Content-Encoding: aes128gcm\0", 16)
        nonce = _derive(salt, material, b"Content-Encoding: nonce\0", 12)
        padded = AESGCM(key).decrypt(nonce, record, None).rstrip(b"\0")
        assert padded.endswith(b"\2"), "the last record says so"
        return padded[:-1]

    def _open_draft(self, headers: Mapping[str, str], body: bytes) -> bytes:
        salt = bytes_of(headers["Encryption"].removeprefix("salt="))
        named = dict(part.split("=", 1) for part in headers["Crypto-Key"].split(";"))
        sender = bytes_of(named["dh"])
        context = b"P-256\0" + b"".join(len(one).to_bytes(2, "big") + one for one in (self.point, sender))
        material = _derive(self.secret, self._shared(sender), b"Content-Encoding: auth\0", 32)
        key = _derive(salt, material, b"Content-Encoding: aesgcm\0" + context, 16)
        nonce = _derive(salt, material, b"Content-Encoding: nonce\0" + context, 12)
        padded = AESGCM(key).decrypt(nonce, body, None)
        return padded[2 + int.from_bytes(padded[:2], "big") :]

    def _shared(self, sender: bytes) -> bytes:
        return self.key.exchange(ec.ECDH(), ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), sender))


def _derive(salt: bytes, material: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(material)


@dataclass(slots=True)
class FakePushService:
    """The service; each device has an address of its own below ``url``."""

    url: str = ""
    devices: dict[str, Device] = field(default_factory=dict)
    opened: list[dict[str, Any]] = field(default_factory=list)
    """Every message that was taken, opened."""
    claims: list[dict[str, Any]] = field(default_factory=list)
    """What each sender said of itself."""
    headers: list[Mapping[str, str]] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    """What the next messages are answered with; 201 when nothing is left."""
    asked: int = 0
    stalled: asyncio.Event | None = None
    """While set to an event, messages are answered only after it."""

    def address(self, name: str) -> str:
        """Where messages for a device go."""
        return f"{self.url}/send/{name}"

    def subscription(self, name: str, **changes: object) -> dict[str, object]:
        """What a client tells of a new device."""
        device = self.devices.setdefault(name, Device())
        keys = {"p256dh": text_of(device.point), "auth": text_of(device.secret)}
        return {"endpoint": self.address(name), "keys": keys, "standard": True, **changes}

    async def wait_for(self, count: int) -> list[dict[str, Any]]:
        """All messages, once there are so many."""
        await self._wait(lambda: len(self.opened) >= count)
        return self.opened

    async def wait_for_requests(self, count: int) -> None:
        """Until so many messages came, whatever they were answered with."""
        await self._wait(lambda: self.asked >= count)

    @staticmethod
    async def _wait(is_so: Callable[[], bool]) -> None:
        async with asyncio.timeout(WAIT_SECONDS):
            while True:
                if is_so():
                    return
                await asyncio.sleep(0.02)

    async def take(self, request: web.Request) -> web.Response:
        """Answer a message as the service would."""
        body = await request.read()
        self.asked += 1
        if self.stalled is not None:
            await self.stalled.wait()
        status = self.answers.pop(0) if self.answers else 201
        if status >= 300:
            return web.Response(status=status, headers={"Location": f"{self.url}/elsewhere"})
        device = self.devices[request.match_info["name"]]
        self.claims.append(self._check_sender(request.headers))
        self.headers.append(request.headers)
        self.opened.append(json.loads(device.open(request.headers, body)))
        return web.Response(status=status)

    def _check_sender(self, headers: Mapping[str, str]) -> dict[str, Any]:
        kind, _, said = headers["Authorization"].partition(" ")
        if kind == "vapid":
            named = dict(part.strip().split("=", 1) for part in said.split(","))
            token, point = named["t"], named["k"]
        else:
            assert kind == "WebPush", kind
            named = dict(part.split("=", 1) for part in headers["Crypto-Key"].split(";"))
            token, point = said, named["p256ecdsa"]
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bytes_of(point))
        claims: dict[str, Any] = jwt.decode(token, key=key, algorithms=["ES256"], audience=self.url)
        return claims | {"key": point}


@asynccontextmanager
async def running_push_service(tls: ssl.SSLContext) -> AsyncIterator[FakePushService]:
    """The service on a free port of this machine, spoken to as ``localhost``."""
    service = FakePushService()
    application = web.Application()
    application.router.add_post("/send/{name}", service.take)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    service.url = f"https://localhost:{runner.addresses[0][1]}"
    try:
        yield service
    finally:
        await runner.cleanup()
