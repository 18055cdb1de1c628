"""Accounts and servers that were met once and never again: forgotten, so that nobody fills a node by knocking (S32).

Whoever signs a request becomes a row, with keys and profile. A stranger is a remote account to which nothing here is
tied and about which nobody decided anything; a server goes when none of its accounts is left and nothing was
decided about it. That its server is blocked or limited, or hides it, is no decision about an account: it is marked anew
when it is met again.

They are looked for by reads, a part of all accounts each time, and go a few at a time: a row of every table that names
accounts is looked for before one of them goes.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.visibility import Tier
from fedorg.store import cursors
from fedorg.store.beside import beside
from fedorg.store.stale import Stale
from fedorg.store.tables import accounts, deliveries, metadata, partnerships, peers

CURSOR: Final = "strangers"
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


_RULED: Final = sa.select(peers.c.blocked_at).where(peers.c.blocked_at.is_not(None))
_STRANGE: Final = (
    accounts.c.domain.is_not(None),
    accounts.c.deleted_at.is_(None),
    sa.or_(accounts.c.suspended_at.is_(None), accounts.c.suspended_remotely, accounts.c.suspended_at.in_(_RULED)),
    sa.or_(accounts.c.silenced_at.is_(None), accounts.c.silenced_at.in_(_RULED)),
    # Who speaks for a node with which something is agreed will do so again.
    accounts.c.uri.not_in(sa.select(partnerships.c.their_actor).where(partnerships.c.live_domain.is_not(None))),
    *(~sa.exists().where(column == accounts.c.id) for column in _ties()),
)

_STRANGERS: Final = Stale(accounts.c.id, lambda before: sa.and_(accounts.c.fetched_at < before, *_STRANGE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """What one step looked at: how many accounts, where the next step begins, and the strangers among them."""

    looked_at: int
    then: int
    strangers: tuple[int, ...]


def look(conn: Connection, before: datetime, limit: int) -> Look:
    """Look at the next ``limit`` accounts of others last heard of before a moment, from where the last step ended.

    Fewer looked at than ``limit`` is the end, and the next step begins anew.
    """
    old = (
        sa.select(accounts.c.id)
        .where(
            accounts.c.id > cursors.position(conn, CURSOR),
            accounts.c.domain.is_not(None),
            beside(accounts.c.fetched_at) < before,
        )
        .order_by(accounts.c.id)
        .limit(limit)
    )
    ids = conn.execute(old).scalars().all()
    found = conn.execute(sa.select(accounts.c.id).where(accounts.c.id.in_(ids), *_STRANGE)).scalars() if ids else ()
    return Look(looked_at=len(ids), then=ids[-1] if len(ids) == limit else 0, strangers=tuple(found))


def delete_accounts(conn: Connection, before: datetime, ids: Collection[int]) -> int:
    """Forget those of some accounts that are strangers still; how many there were."""
    return _STRANGERS.delete(conn, before, ids)


def _is_of_nobody(before: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(
        peers.c.tier == Tier.OPEN.value,
        peers.c.block_id.is_(None),
        peers.c.allow_id.is_(None),
        peers.c.ceilings.is_(None),
        ~sa.exists().where(partnerships.c.domain == peers.c.domain),
        *(
            sa.or_(moment.is_(None), moment < before)
            for moment in (peers.c.first_seen_at, peers.c.asked_at, peers.c.last_success_at, peers.c.last_failure_at)
        ),
        ~sa.exists().where(accounts.c.peer == peers.c.domain),
        ~sa.exists().where(deliveries.c.domain == peers.c.domain),
    )


PEERS: Final = Stale(peers.c.domain, _is_of_nobody)
"""Servers of nobody, not heard of since a moment."""
