"""Rows of ``account_keys``: what accounts sign with (private, ours) and are verified with (public, everybody's)."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.accounts import Account, AccountKey, KeyAlgorithm
from fedorg.ids import AccountId
from fedorg.store import accounts, tables
from fedorg.store.prepared import Prepared
from fedorg.store.tables import account_keys

_OF_ACCOUNT: Final = Prepared(
    sa.select(account_keys).where(account_keys.c.account_id == sa.bindparam("account_id")).order_by(account_keys.c.uri)
)
_IDS_OF_ACCOUNT: Final = Prepared(
    sa.select(account_keys.c.uri).where(account_keys.c.account_id == sa.bindparam("account_id"))
)
_IDS_OF_ACTOR: Final = Prepared(
    sa.select(account_keys.c.uri, account_keys.c.account_id)
    .join(tables.accounts, tables.accounts.c.id == account_keys.c.account_id)
    .where(tables.accounts.c.uri == sa.bindparam("actor"))
)
_LOCAL: Final = (
    sa.select(account_keys)
    .join(tables.accounts, tables.accounts.c.id == account_keys.c.account_id)
    .where(tables.accounts.c.domain.is_(None))
    .order_by(account_keys.c.uri)
)
_BY_URI: Final = Prepared(sa.select(account_keys).where(account_keys.c.uri == sa.bindparam("uri")))
_RSA_OF_ACTOR: Final = Prepared(
    sa.select(account_keys)
    .join(tables.accounts, tables.accounts.c.id == account_keys.c.account_id)
    .where(tables.accounts.c.uri == sa.bindparam("actor"), account_keys.c.algorithm == KeyAlgorithm.RSA.value)
    .limit(2)
)


def insert(conn: Connection, key: AccountKey) -> None:
    """Add a key; its identity must be new."""
    conn.execute(sa.insert(account_keys), accounts.key_values(key))


def replace_all(conn: Connection, account_id: AccountId, made: Iterable[AccountKey]) -> None:
    """Forget the keys of an account for new ones."""
    conn.execute(sa.delete(account_keys).where(account_keys.c.account_id == account_id))
    for key in made:
        insert(conn, key)


def list_ids(conn: Connection, account_id: AccountId) -> frozenset[str]:
    """The identities of the keys of an account."""
    return frozenset(row.uri for row in _IDS_OF_ACCOUNT.rows(conn, account_id=account_id))


def list_ids_of_actor(conn: Connection, uri: str) -> tuple[AccountId, frozenset[str]] | None:
    """The account with an identity, and the identities of its keys; None when it has none."""
    rows = _IDS_OF_ACTOR.rows(conn, actor=uri)
    return (AccountId(rows[0].account_id), frozenset(row.uri for row in rows)) if rows else None


def list_of_account(conn: Connection, account_id: AccountId) -> tuple[AccountKey, ...]:
    """The keys of an account, in order of their identities."""
    return tuple(_key(row) for row in _OF_ACCOUNT.rows(conn, account_id=account_id))


def list_local(conn: Connection) -> tuple[AccountKey, ...]:
    """All keys of the node and of its people, in order of their identities."""
    return tuple(_key(row) for row in conn.execute(_LOCAL))


def find(conn: Connection, key_uri: str) -> tuple[AccountKey, Account] | None:
    """A key, under the name that was asked for, and the account it belongs to.

    An actor's own id, by which PeerTube and some relays call it, names the only RSA key of the actor.
    """
    rows = _BY_URI.rows(conn, uri=key_uri) or _RSA_OF_ACTOR.rows(conn, actor=key_uri)
    if len(rows) != 1:
        return None
    key = _key(rows[0])
    return replace(key, uri=key_uri), accounts.get(conn, key.account_id)


def _key(row: Any) -> AccountKey:  # noqa: ANN401 - a row or a record
    return AccountKey(
        uri=row.uri,
        account_id=row.account_id,
        algorithm=KeyAlgorithm(row.algorithm),
        public=row.public,
        private=row.private,
        created_at=row.created_at,
    )
