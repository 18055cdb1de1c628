"""Blocked addresses. Spec: Mastodon API, entities/Admin_EmailDomainBlock and Admin_CanonicalEmailBlock."""

from typing import TypedDict

from fedorg.domain.email_blocks import EmailBlock
from fedorg.serializers.times import moment


class EmailDomainBlockEntity(TypedDict):
    """Mastodon's Admin::EmailDomainBlock. Attempts are not counted, so that its history has no days."""

    id: str
    domain: str
    created_at: str
    history: list[dict[str, str]]


class CanonicalEmailBlockEntity(TypedDict):
    """Mastodon's Admin::CanonicalEmailBlock."""

    id: str
    canonical_email_hash: str


def email_domain_block_entity(block: EmailBlock) -> EmailDomainBlockEntity:
    """A blocked domain."""
    return {"id": str(block.id), "domain": block.value, "created_at": moment(block.created_at), "history": []}


def canonical_email_block_entity(block: EmailBlock) -> CanonicalEmailBlockEntity:
    """A blocked address."""
    return {"id": str(block.id), "canonical_email_hash": block.value}
