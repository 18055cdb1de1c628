"""Accounts and servers that were met once and never again: forgotten, so that nobody fills a node by knocking (S32).

Whoever signs a request becomes a row, with keys and profile. A stranger is a remote account to which nothing here is
tied and about which nobody decided anything; a server goes when none of its accounts is left and nothing was
decided about it.
"""

from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.visibility import Tier
from fedorg.store.tables import accounts, deliveries, metadata, partnerships, peers

# What an account says of itself, or what was noted on the way, ties it to nothing.
_OWN: Final = frozenset(
    {"account_keys", "account_names", "completions", "dismissed_suggestions", "featured_tags", "pins"}
)


def _ties() -> list[sa.Column[int]]:
    """Every column that names an account, those first by which most accounts are found to be no strangers."""
    named = [
        key.parent
        for table in metadata.sorted_tables
        if table.name not in _OWN
        for key in sorted(table.foreign_keys, key=lambda key: key.parent.name)
        if key.column.table is accounts
    ]
    first = ("statuses", "follows", "mentions")
    return sorted(named, key=lambda column: (column.table.name not in first, column.name != "account_id"))


_UNTIED: Final = [~sa.exists().where(column == accounts.c.id) for column in _ties()]


def delete_accounts(conn: Connection, before: datetime, limit: int) -> int:
    """Forget up to ``limit`` strangers that were last heard of before a moment; how many there were."""
    strangers = (
        sa.select(accounts.c.id)
        .where(
            accounts.c.domain.is_not(None),
            accounts.c.fetched_at < before,
            accounts.c.suspended_at.is_(None),
            accounts.c.silenced_at.is_(None),
            # Who speaks for a node with which something is agreed will do so again.
            accounts.c.uri.not_in(sa.select(partnerships.c.their_actor).where(partnerships.c.live_domain.is_not(None))),
            *_UNTIED,
        )
        .limit(limit)
    )
    return conn.execute(sa.delete(accounts).where(accounts.c.id.in_(strangers))).rowcount


def delete_peers(conn: Connection, before: datetime, limit: int) -> int:
    """Forget up to ``limit`` servers of nobody, not heard of since a moment; how many there were."""
    is_old = [
        sa.or_(moment.is_(None), moment < before)
        for moment in (peers.c.first_seen_at, peers.c.asked_at, peers.c.last_success_at, peers.c.last_failure_at)
    ]
    unknown = (
        sa.select(peers.c.domain)
        .where(
            peers.c.tier == Tier.OPEN.value,
            peers.c.block_id.is_(None),
            peers.c.allow_id.is_(None),
            peers.c.ceilings.is_(None),
            ~sa.exists().where(partnerships.c.domain == peers.c.domain),
            *is_old,
            ~sa.exists().where(accounts.c.peer == peers.c.domain),
            ~sa.exists().where(deliveries.c.domain == peers.c.domain),
        )
        .limit(limit)
    )
    return conn.execute(sa.delete(peers).where(peers.c.domain.in_(unknown))).rowcount
