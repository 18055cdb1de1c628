"""Blocked networks. Spec: Mastodon API, entities/Admin_IpBlock."""

from typing import TypedDict

from fedorg.domain.ip_blocks import IpBlock
from fedorg.serializers.times import moment


class IpBlockEntity(TypedDict):
    """Mastodon's Admin::IpBlock; ``ip`` is a network in CIDR form."""

    id: str
    ip: str
    severity: str
    comment: str
    created_at: str
    expires_at: str | None


def ip_block_entity(block: IpBlock) -> IpBlockEntity:
    """A blocked network."""
    return {
        "id": str(block.id),
        "ip": str(block.network),
        "severity": block.severity.value,
        "comment": block.comment,
        "created_at": moment(block.created_at),
        "expires_at": None if block.expires_at is None else moment(block.expires_at),
    }
