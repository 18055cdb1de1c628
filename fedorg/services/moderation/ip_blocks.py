"""Networks that are kept out, or whose people wait for approval, as administrators decide.

Every request is held against the blocks. A process keeps them for ``FRESH_SECONDS``, so that a block set by another
process or the command line is felt within a second, and costs no query per request.
"""

import time
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import User
from fedorg.domain.ip_blocks import BlockedNetworks, IpBlock, IpBlockSeverity, parse_network
from fedorg.domain.statuses import PageQuery
from fedorg.errors import Invalid
from fedorg.node import Node
from fedorg.store import audit, ip_blocks

BLOCKS_MAX: Final = 10_000
COMMENT_MAX: Final = 1000
FRESH_SECONDS: Final = 0.5
EXPIRY_MAX: Final = timedelta(days=3650)


@dataclass(frozen=True, slots=True, kw_only=True)
class IpBlockDraft:
    """What somebody wants a block to say; None is left as it is, or as a new one is. ``expires_in`` is in seconds."""

    ip: str | None = None
    severity: str | None = None
    comment: str | None = None
    sets_expiry: bool = False
    expires_in: int | None = None


async def severity_for(node: Node, address: str) -> IpBlockSeverity | None:
    """The hardest block that an address lies in."""
    held = node.blocked_networks
    if held.networks is None or held.read_at + FRESH_SECONDS < time.monotonic():
        await _read_anew(node)
    assert held.networks is not None
    return held.networks.severity(address, node.now())


async def list_blocks(node: Node, page: PageQuery) -> list[IpBlock]:
    """A page of the blocks, newest first."""
    return await node.read(ip_blocks.list_page, page)


async def list_all(node: Node) -> list[IpBlock]:
    """Every block, newest first."""
    return await node.read(ip_blocks.list_all)


async def get(node: Node, block_id: int) -> IpBlock:
    """One block."""
    return await node.read(ip_blocks.get, block_id)


async def create(node: Node, by: User | None, draft: IpBlockDraft, *, asking_from: str | None = None) -> IpBlock:
    """Block a network. ``asking_from``: the address of who asks, who must not be shut out by it."""
    network = parse_network(draft.ip or "")
    if network is None:
        raise Invalid("Validation failed: IP is not a valid IP address")
    if draft.severity is None:
        raise Invalid("Validation failed: Severity can't be blank")
    block = _changed(
        node,
        IpBlock(
            id=node.ids.next(),
            network=network,
            severity=IpBlockSeverity.NO_ACCESS,
            comment="",
            created_at=node.now(),
            expires_at=None,
        ),
        draft,
    )
    _spare(node, block, asking_from)

    def unit(conn: Connection) -> None:
        if ip_blocks.count(conn) >= BLOCKS_MAX:
            raise Invalid(f"Validation failed: There can be at most {BLOCKS_MAX} blocks")
        if not ip_blocks.insert(conn, block):
            raise Invalid(_TAKEN)
        _record(conn, node, by, "added", block)

    await node.write(unit)
    await _read_anew(node)
    return block


async def change(
    node: Node, by: User | None, block_id: int, draft: IpBlockDraft, *, asking_from: str | None = None
) -> IpBlock:
    """Change what a block says; what the draft leaves out stays."""

    def unit(conn: Connection) -> IpBlock:
        block = _changed(node, ip_blocks.get(conn, block_id), draft)
        _spare(node, block, asking_from)
        if ip_blocks.find_other(conn, block) is not None:
            raise Invalid(_TAKEN)
        ip_blocks.update(conn, block)
        _record(conn, node, by, "changed", block)
        return block

    block = await node.write(unit)
    await _read_anew(node)
    return block


async def remove(node: Node, by: User | None, block_id: int) -> IpBlock:
    """Let a network in again; what the block was."""

    def unit(conn: Connection) -> IpBlock:
        block = ip_blocks.get(conn, block_id)
        ip_blocks.delete(conn, block_id)
        _record(conn, node, by, "removed", block)
        return block

    block = await node.write(unit)
    await _read_anew(node)
    return block


async def _read_anew(node: Node) -> None:
    read_at, held = time.monotonic(), node.blocked_networks
    if held.networks is not None:
        # Who comes meanwhile goes by what was read before: one reading serves a thousand requests.
        held.read_at = read_at
    rows = await node.read(ip_blocks.list_stored)
    networks = held.networks
    if networks is None or rows != held.rows:
        networks = await node.read(_read_networks)
    # A reading that began earlier and ended later must not bring back what was changed meanwhile.
    if held.networks is not None and read_at < held.read_at:
        return
    held.networks, held.rows, held.read_at = networks, rows, read_at


def _read_networks(conn: Connection) -> BlockedNetworks:
    """A unit of its own, that long ones are made beside the event loop."""
    return BlockedNetworks(ip_blocks.list_all(conn))


def _changed(node: Node, block: IpBlock, draft: IpBlockDraft) -> IpBlock:
    if draft.ip is not None:
        network = parse_network(draft.ip)
        if network is None:
            raise Invalid("Validation failed: IP is not a valid IP address")
        block = replace(block, network=network)
    if draft.severity is not None:
        if draft.severity not in set(IpBlockSeverity):
            raise Invalid("Validation failed: Severity is not included in the list")
        block = replace(block, severity=IpBlockSeverity(draft.severity))
    if draft.comment is not None:
        if len(draft.comment) > COMMENT_MAX:
            raise Invalid(f"Validation failed: Comment is too long (maximum is {COMMENT_MAX} characters)")
        block = replace(block, comment=draft.comment.strip())
    if draft.sets_expiry:
        seconds = draft.expires_in
        if seconds is not None and seconds <= 0:
            raise Invalid("Validation failed: Expires in must be greater than 0")
        lasts = None if seconds is None else timedelta(seconds=min(seconds, int(EXPIRY_MAX.total_seconds())))
        block = replace(block, expires_at=None if lasts is None else node.now() + lasts)
    return block


def _spare(node: Node, block: IpBlock, asking_from: str | None) -> None:
    if block.severity is not IpBlockSeverity.NO_ACCESS or asking_from is None:
        return
    if BlockedNetworks([block]).severity(asking_from, node.now()) is not None:
        raise Invalid("Validation failed: IP is a network you are in; you would lock yourself out")


def _record(conn: Connection, node: Node, by: User | None, what: str, block: IpBlock) -> None:
    audit.record(
        conn,
        node.ids,
        node.now(),
        action=f"ip_block.{what}",
        target=str(block.network),
        user_id=None if by is None else by.id,
        details={"severity": block.severity.value},
    )


_TAKEN: Final = "Validation failed: IP has already been taken"
