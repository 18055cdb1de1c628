"""Networks that may not use the node, or not register at once: Mastodon's IP blocks."""

import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeAlias

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network


class IpBlockSeverity(StrEnum):
    """What whoever comes from a network may not do; Mastodon's words, from least to most."""

    SIGN_UP_REQUIRES_APPROVAL = "sign_up_requires_approval"
    SIGN_UP_BLOCK = "sign_up_block"
    NO_ACCESS = "no_access"


_ORDER: Final = tuple(IpBlockSeverity)


@dataclass(frozen=True, slots=True, kw_only=True)
class IpBlock:
    """A block of a network; one that has expired blocks nothing."""

    id: int
    network: Network
    severity: IpBlockSeverity
    comment: str
    created_at: datetime
    expires_at: datetime | None

    def is_in_force(self, now: datetime) -> bool:
        """Whether it still blocks."""
        return self.expires_at is None or self.expires_at > now


class BlockedNetworks:
    """Blocks sorted so that an address costs one look per length of prefix, however many blocks there are."""

    def __init__(self, blocks: Iterable[IpBlock]) -> None:
        self._by_prefix: dict[tuple[int, int], dict[int, IpBlock]] = {}
        for block in blocks:
            network = block.network
            held = self._by_prefix.setdefault((network.version, network.prefixlen), {})
            held[int(network.network_address)] = block

    def severity(self, address: str, now: datetime) -> IpBlockSeverity | None:
        """The hardest block that an address lies in; None for a text that is no address, which lies in none."""
        if not self._by_prefix:
            return None
        try:
            client = ipaddress.ip_address(address)
        except ValueError:
            return None
        # Written as IPv6, an IPv4 address is still the same client.
        if isinstance(client, ipaddress.IPv6Address) and client.ipv4_mapped is not None:
            client = client.ipv4_mapped
        found = [
            block.severity
            for (version, length), held in self._by_prefix.items()
            if version == client.version
            and (block := held.get(_start(int(client), length, client.max_prefixlen))) is not None
            and block.is_in_force(now)
        ]
        return max(found, key=_ORDER.index, default=None)


def parse_network(text: str) -> Network | None:
    """The network in a text, ``192.0.2.0/24`` or a single address; None for what is none. Host bits are dropped."""
    try:
        network = ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None
    mapped = network.network_address.ipv4_mapped if isinstance(network, ipaddress.IPv6Network) else None
    if mapped is not None and network.prefixlen >= _MAPPED_BITS:
        return ipaddress.ip_network((mapped, network.prefixlen - _MAPPED_BITS), strict=False)
    return network


_MAPPED_BITS: Final = 96


def _start(address: int, length: int, bits: int) -> int:
    return address >> (bits - length) << (bits - length)
