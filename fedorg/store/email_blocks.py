"""Rows of ``email_domain_blocks`` and ``canonical_email_blocks``: addresses that nobody may register with."""

from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.email_blocks import EmailBlock, EmailBlockKind, canonical_hash, domains_above
from fedorg.domain.statuses import PageQuery
from fedorg.errors import NotFound
from fedorg.ids import AccountId
from fedorg.store import paging
from fedorg.store.tables import canonical_email_blocks, email_domain_blocks
from fedorg.store.upsert import insert_ignore

_VALUES: Final[dict[EmailBlockKind, sa.Column[str]]] = {
    EmailBlockKind.DOMAIN: email_domain_blocks.c.domain,
    EmailBlockKind.CANONICAL: canonical_email_blocks.c.canonical_email_hash,
}


def insert(conn: Connection, kind: EmailBlockKind, block: EmailBlock) -> bool:
    """Add a block; False when there is one like it."""
    column = _VALUES[kind]
    row = {"id": block.id, column.name: block.value, "created_at": block.created_at}
    return bool(insert_ignore(conn, _table(kind), [row]))


def reserve(conn: Connection, block: EmailBlock, account_id: AccountId) -> None:
    """Keep an address from registering for as long as an account is suspended; one that is blocked already stays so."""
    row = {
        "id": block.id,
        "canonical_email_hash": block.value,
        "reference_account_id": account_id,
        "created_at": block.created_at,
    }
    insert_ignore(conn, canonical_email_blocks, [row])


def release(conn: Connection, account_id: AccountId) -> None:
    """Take back what ``reserve`` did for an account."""
    conn.execute(sa.delete(canonical_email_blocks).where(canonical_email_blocks.c.reference_account_id == account_id))


def get(conn: Connection, kind: EmailBlockKind, block_id: int) -> EmailBlock:
    """The block with an id."""
    row = conn.execute(_select(kind).where(_table(kind).c.id == block_id)).one_or_none()
    if row is None:
        raise NotFound
    return _block(row)


def delete(conn: Connection, kind: EmailBlockKind, block_id: int) -> None:
    """Remove a block."""
    conn.execute(sa.delete(_table(kind)).where(_table(kind).c.id == block_id))


def count(conn: Connection, kind: EmailBlockKind) -> int:
    """How many there are."""
    return conn.execute(sa.select(sa.func.count()).select_from(_table(kind))).scalar_one()


def list_page(conn: Connection, kind: EmailBlockKind, page: PageQuery) -> list[EmailBlock]:
    """A page of the blocks, newest first."""
    return [_block(row) for row in paging.rows_of(conn, _select(kind), _table(kind).c.id, page)]


def list_matching(conn: Connection, kind: EmailBlockKind, email: str) -> list[EmailBlock]:
    """The blocks that keep an address out: of its domain or one above it, or of the address itself."""
    wanted = domains_above(email) if kind is EmailBlockKind.DOMAIN else [canonical_hash(email)]
    return [_block(row) for row in conn.execute(_select(kind).where(_VALUES[kind].in_(wanted)))]


def _table(kind: EmailBlockKind) -> sa.Table:
    table = _VALUES[kind].table
    assert isinstance(table, sa.Table)
    return table


def _select(kind: EmailBlockKind) -> sa.Select[tuple[int, str, datetime]]:
    table = _table(kind)
    return sa.select(table.c.id, _VALUES[kind].label("value"), table.c.created_at)


def _block(row: sa.Row[Any]) -> EmailBlock:
    return EmailBlock(id=row.id, value=row.value, created_at=row.created_at)
