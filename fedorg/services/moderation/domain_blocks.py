"""Blocks of whole servers, as administrators make, change and lift them.

``fedorg peer tier`` is another door to the same: a block of severity ``suspend`` is the tier ``blocked``.
"""

from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import User
from fedorg.domain.domain_blocks import DomainBlock, Severity
from fedorg.domain.moderation import user_id_of
from fedorg.domain.statuses import PageQuery
from fedorg.errors import Invalid
from fedorg.node import Node
from fedorg.services import shutting_out
from fedorg.store import audit, peer_rules, peers
from fedorg.text.hosts import canonical_domain

COMMENT_MAX: Final = 1000


class AlreadyBlocked(Invalid):
    """A block that is there already does as much; ``block`` is that one."""

    def __init__(self, block: DomainBlock) -> None:
        super().__init__(f"You have already imposed stricter limits on {block.domain}.")
        self.block = block


@dataclass(frozen=True, slots=True, kw_only=True)
class DomainBlockDraft:
    """What somebody wants a block to say; None is left as it is, or as a new one is."""

    severity: Severity | None = None
    reject_media: bool | None = None
    reject_reports: bool | None = None
    obfuscate: bool | None = None
    public_comment: str | None = None
    private_comment: str | None = None


async def list_blocks(node: Node, page: PageQuery) -> list[DomainBlock]:
    """A page of the blocks, newest first."""
    return await node.read(peer_rules.list_blocks, page)


async def get(node: Node, block_id: int) -> DomainBlock:
    """One block."""
    return await node.read(peer_rules.get_block, block_id)


async def create(node: Node, by: User | None, domain: str, draft: DomainBlockDraft) -> DomainBlock:
    """Block a server and all below it; limited unless the draft says more, or less.

    ``AlreadyBlocked`` when it has a block, or when that of a host above it is as strict.
    """
    name = canonical_domain(domain)
    if name is None:
        raise Invalid("Validation failed: Domain is not a valid domain name")
    shutting_out.require_not_own(node, name)
    new = DomainBlock(id=node.ids.next(), domain=name, severity=Severity.SILENCE, created_at=node.now())
    block = _changed(new, draft)

    def unit(conn: Connection) -> DomainBlock:
        peers.lock_rules(conn)
        known = peer_rules.find_closest_block(conn, name)
        if known is not None and (known.domain == name or not block.is_stricter_than(known)):
            raise AlreadyBlocked(known)
        shutting_out.impose(conn, node, block, None)
        _record(conn, node, by, "added", block)
        return block

    return await node.write(unit)


async def change(node: Node, by: User | None, block_id: int, draft: DomainBlockDraft) -> DomainBlock:
    """Change what a block says; what the draft leaves out stays."""

    def unit(conn: Connection) -> DomainBlock:
        peers.lock_rules(conn)
        known = peer_rules.get_block(conn, block_id)
        block = _changed(known, draft)
        shutting_out.impose(conn, node, block, known)
        _record(conn, node, by, "changed", block)
        return block

    return await node.write(unit)


async def lift(node: Node, by: User | None, block_id: int) -> None:
    """Take a block back; follows that it ended stay ended."""

    def unit(conn: Connection) -> None:
        peers.lock_rules(conn)
        block = peer_rules.get_block(conn, block_id)
        shutting_out.lift(conn, node, block)
        _record(conn, node, by, "removed", block)

    await node.write(unit)


def _changed(block: DomainBlock, draft: DomainBlockDraft) -> DomainBlock:
    return replace(
        block,
        severity=block.severity if draft.severity is None else draft.severity,
        reject_media=block.reject_media if draft.reject_media is None else draft.reject_media,
        reject_reports=block.reject_reports if draft.reject_reports is None else draft.reject_reports,
        obfuscate=block.obfuscate if draft.obfuscate is None else draft.obfuscate,
        public_comment=_comment("Public", draft.public_comment, block.public_comment),
        private_comment=_comment("Private", draft.private_comment, block.private_comment),
    )


def _comment(which: str, wanted: str | None, before: str | None) -> str | None:
    if wanted is None:
        return before
    if len(wanted) > COMMENT_MAX:
        raise Invalid(f"Validation failed: {which} comment is too long (maximum is {COMMENT_MAX} characters)")
    return wanted.strip() or None


def _record(conn: Connection, node: Node, by: User | None, what: str, block: DomainBlock) -> None:
    flags = ("reject_media", "reject_reports", "obfuscate")
    audit.record(
        conn,
        node.ids,
        node.now(),
        action=f"domain_block.{what}",
        target=block.domain,
        user_id=user_id_of(by),
        details={"severity": block.severity.value, **{name: "yes" for name in flags if getattr(block, name)}},
    )
