"""The client under test, and how names and peers may answer it."""

import asyncio
import ssl
from pathlib import Path

import trustme

from federation.addresses import AddressPolicy
from federation.client import Client, Limits
from federation.lookups import Lookup, system_lookup
from tests.federation.signing import NOW
from tests.federation.wire import Received

LOOPBACK = AddressPolicy(allow_http_loopback=True)
# Those who are silent are met with limits of their own: a busy machine may stop for seconds.
PATIENT = Limits(total_seconds=60, connect_seconds=20, read_seconds=20)


def client(
    policy: AddressPolicy = LOOPBACK,
    *,
    limits: Limits = PATIENT,
    ca_file: Path | None = None,
    lookup: Lookup = system_lookup,
) -> Client:
    return Client(policy, "fedorg-test/1.0", now=lambda: NOW, ca_file=ca_file, limits=limits, lookup=lookup)


def answers(*addresses: str) -> Lookup:
    """The resolver of somebody who wants us to go there."""

    async def lookup(_host: str) -> list[str]:
        await asyncio.sleep(0)
        return list(addresses)

    return lookup


async def never(_received: Received) -> bytes:
    """A peer that does not answer."""
    await asyncio.Event().wait()
    return b""


async def soon(data: bytes) -> bytes:
    """A peer that answers in its next turn."""
    await asyncio.sleep(0)
    return data


def authority_of(folder: Path, *names: str) -> tuple[Path, ssl.SSLContext]:
    """The file of an authority of one's own, and what a server with a certificate by it serves these names with."""
    authority = trustme.CA()
    file = folder / "ca.pem"
    authority.cert_pem.write_to_path(file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(*names).configure_cert(context)
    return file, context
