"""Rules about whole servers, for administrators and for those to whom blocks are told.

Spec: Mastodon API, entities/Admin_DomainBlock, Admin_DomainAllow and DomainBlock.
"""

import hashlib
from typing import TypedDict

from fedorg.domain.domain_blocks import DomainAllow, DomainBlock
from fedorg.serializers.times import moment


class DomainBlockEntity(TypedDict):
    """Mastodon's DomainBlock. By the digest of the whole name those who know it find it."""

    domain: str
    digest: str
    severity: str
    comment: str | None


class AdminDomainBlockEntity(TypedDict):
    """Mastodon's Admin::DomainBlock."""

    id: str
    domain: str
    digest: str
    created_at: str
    severity: str
    reject_media: bool
    reject_reports: bool
    private_comment: str | None
    public_comment: str | None
    obfuscate: bool


class DomainAllowEntity(TypedDict):
    """Mastodon's Admin::DomainAllow."""

    id: str
    domain: str
    created_at: str


def domain_block_entity(block: DomainBlock) -> DomainBlockEntity:
    """A block as it is told."""
    return {
        "domain": block.told_domain,
        "digest": _digest(block),
        "severity": block.severity.value,
        "comment": block.public_comment,
    }


def admin_domain_block_entity(block: DomainBlock) -> AdminDomainBlockEntity:
    """A block as administrators see it."""
    return {
        "id": str(block.id),
        "domain": block.domain,
        "digest": _digest(block),
        "created_at": moment(block.created_at),
        "severity": block.severity.value,
        "reject_media": block.reject_media,
        "reject_reports": block.reject_reports,
        "private_comment": block.private_comment,
        "public_comment": block.public_comment,
        "obfuscate": block.obfuscate,
    }


def domain_allow_entity(allow: DomainAllow) -> DomainAllowEntity:
    """A server this node federates with because somebody said so."""
    return {"id": str(allow.id), "domain": allow.domain, "created_at": moment(allow.created_at)}


def _digest(block: DomainBlock) -> str:
    return hashlib.sha256(block.domain.encode()).hexdigest()
