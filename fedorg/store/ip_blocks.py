"""Rows of ``ip_blocks``: networks that may not use the node, or not register at once."""

import ipaddress
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.ip_blocks import IpBlock, IpBlockSeverity
from fedorg.domain.statuses import PageQuery
from fedorg.errors import NotFound
from fedorg.store import paging
from fedorg.store.prepared import Prepared
from fedorg.store.tables import ip_blocks
from fedorg.store.upsert import insert_ignore

_STORED: Final = Prepared(sa.select(ip_blocks).order_by(ip_blocks.c.id))


def insert(conn: Connection, block: IpBlock) -> bool:
    """Add a block; False when its network has one."""
    return bool(insert_ignore(conn, ip_blocks, [{"id": block.id, "created_at": block.created_at, **_values(block)}]))


def get(conn: Connection, block_id: int) -> IpBlock:
    """The block with an id."""
    row = conn.execute(sa.select(ip_blocks).where(ip_blocks.c.id == block_id)).one_or_none()
    if row is None:
        raise NotFound
    return _block(row)


def find_other(conn: Connection, block: IpBlock) -> IpBlock | None:
    """Another block of the same network."""
    same = sa.select(ip_blocks).where(ip_blocks.c.ip == str(block.network), ip_blocks.c.id != block.id)
    row = conn.execute(same).one_or_none()
    return None if row is None else _block(row)


def update(conn: Connection, block: IpBlock) -> None:
    """Change what a block says."""
    conn.execute(sa.update(ip_blocks).where(ip_blocks.c.id == block.id).values(_values(block)))


def delete(conn: Connection, block_id: int) -> None:
    """Remove a block."""
    conn.execute(sa.delete(ip_blocks).where(ip_blocks.c.id == block_id))


def delete_expired(conn: Connection, before: datetime, limit: int) -> int:
    """Forget up to ``limit`` that ended before a moment."""
    stale = sa.select(ip_blocks.c.id).where(ip_blocks.c.expires_at < before).limit(limit)
    return conn.execute(sa.delete(ip_blocks).where(ip_blocks.c.id.in_(stale))).rowcount


def count(conn: Connection) -> int:
    """How many there are."""
    return conn.execute(sa.select(sa.func.count()).select_from(ip_blocks)).scalar_one()


def list_page(conn: Connection, page: PageQuery) -> list[IpBlock]:
    """A page of the blocks, newest first."""
    return [_block(row) for row in paging.rows_of(conn, sa.select(ip_blocks), ip_blocks.c.id, page)]


def list_all(conn: Connection) -> list[IpBlock]:
    """Every block, newest first."""
    return [_block(row) for row in conn.execute(sa.select(ip_blocks).order_by(ip_blocks.c.id.desc()))]


def list_stored(conn: Connection) -> Sequence[Sequence[Any]]:
    """All that is stored of them, to compare: that costs a tenth of making blocks of it."""
    return _STORED.raw(conn)


def _values(block: IpBlock) -> dict[str, Any]:
    return {
        "ip": str(block.network),
        "severity": block.severity.value,
        "comment": block.comment,
        "expires_at": block.expires_at,
    }


def _block(row: sa.Row[Any]) -> IpBlock:
    return IpBlock(
        id=row.id,
        network=ipaddress.ip_network(row.ip),
        severity=IpBlockSeverity(row.severity),
        comment=row.comment,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )
