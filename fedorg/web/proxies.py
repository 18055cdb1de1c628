"""Who is really asking: X-Forwarded-* headers, believed only from the proxies that the settings name (S56).

The client is found from the right: each trusted hop vouches for the one before it, the first hop that is not trusted
is the client. Without a trusted proxy in front, the headers are dropped, so that nothing behind can read them but that
somebody unknown asks by way of a proxy (``is_hidden``).
"""

import ipaddress
from collections.abc import Mapping
from functools import lru_cache
from typing import Any, Final, cast

from hypercorn.typing import ASGIFramework, ASGIReceiveCallable, ASGISendCallable, HTTPScope, Scope, WebsocketScope

from fedorg.config import Network

_FORWARDED: Final = frozenset({b"x-forwarded-for", b"x-forwarded-proto", b"x-forwarded-host", b"forwarded"})
# Whether a proxy asked for somebody whom it did not name, or who is not believed to be named, stands in the scope.
_HIDDEN: Final = "fedorg.hidden"
_SCHEMES: Final = {"http": {"http": "http", "https": "https"}, "websocket": {"http": "ws", "https": "wss"}}


class ForwardedHeaders:
    """Around an ASGI application: puts the true client, scheme and host into the scope."""

    def __init__(self, application: ASGIFramework, trusted: tuple[Network, ...]) -> None:
        self._application = application
        self._trusted = trusted

    async def __call__(self, scope: Scope, receive: ASGIReceiveCallable, send: ASGISendCallable) -> None:
        """Answer as the application inside does, with a corrected scope."""
        if scope["type"] in ("http", "websocket"):
            self._correct(scope)
        await self._application(scope, receive, send)

    def _correct(self, scope: HTTPScope | WebsocketScope) -> None:
        forwarded: dict[bytes, str] = {}
        kept: list[tuple[bytes, bytes]] = []
        for name, value in scope["headers"]:
            if name.lower() in _FORWARDED:
                # Several headers of one name are one list.
                before = forwarded.get(name.lower())
                text = value.decode("latin-1")
                forwarded[name.lower()] = text if before is None else f"{before},{text}"
            else:
                kept.append((name, value))
        client, told = scope.get("client"), None
        if client is not None and self._is_trusted(client[0]):
            told = self._client(forwarded.get(b"x-forwarded-for", ""))
            scope["client"] = (told or client[0], 0)
            proto = _last(forwarded.get(b"x-forwarded-proto", "")).lower()
            scope["scheme"] = _SCHEMES[scope["type"]].get(proto, scope["scheme"])
            host = _last(forwarded.get(b"x-forwarded-host", ""))
            if host:
                kept = [(name, value) for name, value in kept if name.lower() != b"host"]
                kept.append((b"host", host.encode("latin-1")))
        scope["headers"] = kept
        cast("dict[str, object]", scope)[_HIDDEN] = bool(forwarded) and told is None

    def _client(self, forwarded_for: str) -> str | None:
        client = None
        for part in reversed(forwarded_for.split(",")):
            hop = _address(part)
            if hop is None:
                break
            client = hop
            if not self._is_trusted(hop):
                break
        return client

    def _is_trusted(self, address: str) -> bool:
        return _is_in(address, self._trusted)


def is_hidden(scope: Mapping[str, Any]) -> bool:
    """Whether the address that asks is that of a proxy, which vouches for nobody."""
    return bool(scope.get(_HIDDEN))


@lru_cache(maxsize=1024)
def _is_in(address: str, networks: tuple[Network, ...]) -> bool:
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)


def _address(text: str) -> str | None:
    hop = text.strip().removeprefix("[")
    hop = hop.split("]", 1)[0] if "]" in hop else hop
    try:
        return str(ipaddress.ip_address(hop))
    except ValueError:
        # Some proxies add the port to an IPv4 address.
        host, _, port = hop.rpartition(":")
        return _address(host) if host and port.isdigit() and ":" not in host else None


def _last(text: str) -> str:
    return text.rpartition(",")[2].strip()
