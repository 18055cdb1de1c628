"""Looking at pages of the web: where this node may look, and when.

A site that is looked at learns that this node looked and nothing else: no signature, no cookie, no name.
"""

import secrets
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from fedorg.domain.visibility import Tier
from fedorg.errors import Forbidden
from fedorg.node import Node
from fedorg.store import peers

HTML: Final = ("text/html", "application/xhtml+xml")
REMOTE_DELAY: Final = timedelta(seconds=60)


def soon() -> timedelta:
    """A moment within a minute, another each time, for links that many servers hear of at once."""
    return REMOTE_DELAY * (secrets.randbelow(1000) / 1000)


def secure(node: Node, url: str) -> str:
    """Only https is spoken; a page that is linked by http is looked for there."""
    return url if node.settings.insecure_loopback else url.replace("http://", "https://", 1)


async def admit(node: Node, host: str, url: str) -> None:
    """Neither this node itself nor a server that is blocked; where inner addresses may be reached, only ``host``."""
    if node.uris.is_ours(url):
        raise Forbidden("It is an address of this server")
    if node.settings.allowed_networks and urlsplit(url).hostname != host:
        raise Forbidden("The page leads to another site")
    domain = urlsplit(url).netloc
    if (await node.read(peers.tiers, [domain]))[domain] is Tier.BLOCKED:
        raise Forbidden(f"{domain} is blocked")
