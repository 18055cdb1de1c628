"""What administrators decided about servers, kept in their rows of ``peers``: blocks and allows.

A server has at most one of each; the tier ``blocked`` never stands without a block, nor ``partner`` and ``sibling``
without an allow. Whoever writes here has called ``peers.lock_rules`` in the same transaction.
"""

from datetime import datetime
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from fedorg.domain.ceilings import Ceilings
from fedorg.domain.domain_blocks import DomainAllow, DomainBlock, Severity
from fedorg.domain.peer_lists import ListedAllow
from fedorg.domain.peers import lineage
from fedorg.domain.statuses import PageQuery
from fedorg.domain.visibility import Tier
from fedorg.errors import NotFound
from fedorg.ids import IdSource
from fedorg.store import paging
from fedorg.store.peers import upsert_seen
from fedorg.store.tables import partnerships, peers

_IS_SUSPENDED: Final = peers.c.tier == Tier.BLOCKED.value
_BLOCKS: Final = sa.select(
    peers.c.block_id,
    peers.c.domain,
    peers.c.tier,
    peers.c.blocked_at,
    peers.c.is_silenced,
    peers.c.reject_media,
    peers.c.reject_reports,
    peers.c.obfuscate,
    peers.c.public_comment,
    peers.c.private_comment,
).where(peers.c.block_id.is_not(None))
_ALLOWS: Final = sa.select(peers.c.allow_id, peers.c.domain, peers.c.tier, peers.c.allowed_at).where(
    peers.c.allow_id.is_not(None)
)


def is_covered(column: ColumnElement[Any], domain: str) -> ColumnElement[bool]:
    """``column`` holds the name of a server that a block of ``domain`` is about: it has it in its ``lineage``."""
    return sa.or_(
        column == domain,
        column.endswith(f".{domain}", autoescape=True),
        column.startswith(f"{domain}:", autoescape=True),
        column.contains(f".{domain}:", autoescape=True),
    )


# Blocks


def find_block(conn: Connection, domain: str) -> DomainBlock | None:
    """The block of this very domain."""
    row = conn.execute(_BLOCKS.where(peers.c.domain == domain)).one_or_none()
    return None if row is None else _block(row)


def find_closest_block(conn: Connection, domain: str) -> DomainBlock | None:
    """The block of a domain, else that of the nearest host above it."""
    line = lineage(domain)
    found = {row.domain: row for row in conn.execute(_BLOCKS.where(peers.c.domain.in_(line)))}
    return next((_block(found[name]) for name in line if name in found), None)


def get_block(conn: Connection, block_id: int) -> DomainBlock:
    """The block with an id."""
    row = conn.execute(_BLOCKS.where(peers.c.block_id == block_id)).one_or_none()
    if row is None:
        raise NotFound
    return _block(row)


def list_blocks(conn: Connection, page: PageQuery) -> list[DomainBlock]:
    """A page of the blocks, newest first."""
    return [_block(row) for row in paging.rows_of(conn, _BLOCKS, peers.c.block_id, page)]


def list_limiting_blocks(conn: Connection, limit: int) -> list[DomainBlock]:
    """The blocks that people can feel, the hardest first, then by domain."""
    felt = _BLOCKS.where(sa.or_(_IS_SUSPENDED, peers.c.is_silenced))
    hardest = sa.case((_IS_SUSPENDED, 0), else_=1)
    return [_block(row) for row in conn.execute(felt.order_by(hardest, peers.c.domain).limit(limit))]


def write_block(conn: Connection, now: datetime, block: DomainBlock) -> None:
    """Put a block into force, new or changed. A server that is shut out has no other tier, and none to go back to."""
    upsert_seen(conn, now, block.domain)
    values: dict[str, Any] = {
        "block_id": block.id,
        "blocked_at": block.created_at,
        "is_silenced": block.severity is Severity.SILENCE,
        "reject_media": block.reject_media,
        "reject_reports": block.reject_reports,
        "obfuscate": block.obfuscate,
        "public_comment": block.public_comment,
        "private_comment": block.private_comment,
    }
    if block.severity is Severity.SUSPEND:
        values |= {"tier": Tier.BLOCKED.value, "allow_id": None, "allowed_at": None}
    else:
        values["tier"] = _tier_without_block()
    conn.execute(sa.update(peers).where(peers.c.domain == block.domain).values(values))


def delete_block(conn: Connection, domain: str) -> None:
    """Lift the block of a domain."""
    conn.execute(
        sa.update(peers)
        .where(peers.c.domain == domain)
        .values(
            tier=_tier_without_block(),
            block_id=None,
            blocked_at=None,
            is_silenced=False,
            reject_media=False,
            reject_reports=False,
            obfuscate=False,
            public_comment=None,
            private_comment=None,
        )
    )


# Allows


def find_allow(conn: Connection, domain: str) -> DomainAllow | None:
    """The allow of a domain."""
    row = conn.execute(_ALLOWS.where(peers.c.domain == domain)).one_or_none()
    return None if row is None else _allow(row)


def get_allow(conn: Connection, allow_id: int) -> DomainAllow:
    """The allow with an id."""
    row = conn.execute(_ALLOWS.where(peers.c.allow_id == allow_id)).one_or_none()
    if row is None:
        raise NotFound
    return _allow(row)


def list_allows(conn: Connection, page: PageQuery) -> list[DomainAllow]:
    """A page of the allows, newest first."""
    return [_allow(row) for row in paging.rows_of(conn, _ALLOWS, peers.c.allow_id, page)]


def list_decided(conn: Connection, after: str, limit: int) -> list[ListedAllow]:
    """By domain from after ``after`` on, servers that somebody allowed, or whose ceilings somebody set.

    Ceilings of a partnership are part of that, and so not told.
    """
    is_agreed = sa.exists().where(partnerships.c.live_domain == peers.c.domain)
    is_decided = sa.or_(peers.c.allow_id.is_not(None), sa.and_(peers.c.ceilings.is_not(None), ~is_agreed))
    found = sa.select(
        peers.c.domain, peers.c.tier, sa.case((is_agreed, None), else_=peers.c.ceilings).label("ceilings")
    )
    rows = conn.execute(found.where(is_decided, peers.c.domain > after).order_by(peers.c.domain).limit(limit))
    return [
        ListedAllow(
            place="",
            domain=row.domain,
            tier=Tier(row.tier),
            ceilings=None if row.ceilings is None else msgspec.convert(row.ceilings, Ceilings),
        )
        for row in rows
    ]


def set_allow(conn: Connection, ids: IdSource, now: datetime, domain: str, tier: Tier) -> None:
    """Note since when a server is a partner or a sibling, or that it no longer is either."""
    this = peers.c.domain == domain
    if tier in (Tier.PARTNER, Tier.SIBLING):
        conn.execute(
            sa.update(peers).where(this, peers.c.allow_id.is_(None)).values(allow_id=ids.next(), allowed_at=now)
        )
    else:
        conn.execute(sa.update(peers).where(this).values(allow_id=None, allowed_at=None))


def _tier_without_block() -> ColumnElement[str]:
    return sa.case((_IS_SUSPENDED, Tier.OPEN.value), else_=peers.c.tier)


def _block(row: sa.Row[Any]) -> DomainBlock:
    milder = Severity.SILENCE if row.is_silenced else Severity.NOOP
    return DomainBlock(
        id=row.block_id,
        domain=row.domain,
        severity=Severity.SUSPEND if row.tier == Tier.BLOCKED else milder,
        reject_media=row.reject_media,
        reject_reports=row.reject_reports,
        obfuscate=row.obfuscate,
        public_comment=row.public_comment,
        private_comment=row.private_comment,
        created_at=row.blocked_at,
    )


def _allow(row: sa.Row[Any]) -> DomainAllow:
    return DomainAllow(
        id=row.allow_id, domain=row.domain, created_at=row.allowed_at, is_sibling=row.tier == Tier.SIBLING
    )
