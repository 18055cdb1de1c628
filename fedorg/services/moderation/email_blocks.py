"""Addresses that nobody may register with, kept by administrators. Whoever is here already stays."""

import re
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import User
from fedorg.domain.email_blocks import EmailBlock, EmailBlockKind, canonical_hash
from fedorg.domain.statuses import PageQuery
from fedorg.errors import Invalid
from fedorg.node import Node
from fedorg.store import audit, email_blocks
from fedorg.text.hosts import canonical_domain

BLOCKS_MAX: Final = 10_000
_HASH: Final = re.compile(r"[0-9a-f]{64}")


async def list_blocks(node: Node, kind: EmailBlockKind, page: PageQuery) -> list[EmailBlock]:
    """A page of the blocks of a kind, newest first."""
    return await node.read(email_blocks.list_page, kind, page)


async def get(node: Node, kind: EmailBlockKind, block_id: int) -> EmailBlock:
    """One block."""
    return await node.read(email_blocks.get, kind, block_id)


async def list_matching(node: Node, email: str) -> list[EmailBlock]:
    """The blocks of single addresses that keep an address out."""
    return await node.read(email_blocks.list_matching, EmailBlockKind.CANONICAL, _address(email))


async def block_domain(node: Node, by: User, domain: str) -> EmailBlock:
    """Let nobody register with an address of a domain, or of one below it."""
    name = canonical_domain(domain)
    if name is None or ":" in name:
        raise Invalid("Validation failed: Domain is not a valid domain name")
    return await _insert(node, by, EmailBlockKind.DOMAIN, name, "Domain has already been taken")


async def block_address(node: Node, by: User, email: str) -> EmailBlock:
    """Let nobody register with an address, however it is spelt; the address itself is not kept."""
    return await block_hash(node, by, canonical_hash(_address(email)))


async def block_hash(node: Node, by: User, canonical_email_hash: str) -> EmailBlock:
    """The same for an address that is known by its hash only."""
    value = canonical_email_hash.strip().lower()
    if not _HASH.fullmatch(value):
        raise Invalid("Validation failed: Canonical email hash is invalid")
    return await _insert(node, by, EmailBlockKind.CANONICAL, value, "Canonical email hash has already been taken")


async def unblock(node: Node, by: User, kind: EmailBlockKind, block_id: int) -> EmailBlock:
    """Remove a block; what it was."""

    def unit(conn: Connection) -> EmailBlock:
        known = email_blocks.get(conn, kind, block_id)
        email_blocks.delete(conn, kind, block_id)
        audit.record(conn, node.ids, node.now(), action=f"{kind.value}.removed", target=known.value, user_id=by.id)
        return known

    return await node.write(unit)


async def _insert(node: Node, by: User, kind: EmailBlockKind, value: str, taken: str) -> EmailBlock:
    block = EmailBlock(id=node.ids.next(), value=value, created_at=node.now())

    def unit(conn: Connection) -> None:
        if email_blocks.count(conn, kind) >= BLOCKS_MAX:
            raise Invalid(f"Validation failed: There can be at most {BLOCKS_MAX} blocks")
        if not email_blocks.insert(conn, kind, block):
            raise Invalid(f"Validation failed: {taken}")
        audit.record(conn, node.ids, node.now(), action=f"{kind.value}.added", target=value, user_id=by.id)

    await node.write(unit)
    return block


def _address(email: str) -> str:
    local_part, _, host = email.strip().partition("@")
    if not local_part or not host:
        raise Invalid("Validation failed: Email is invalid")
    return email
