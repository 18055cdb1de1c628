"""Rows of ``account_names``: what accounts are found by, which is how their handles, names and later words of it begin.

All is in lower case as Python knows it, for the embedded database knows it of ASCII alone. It is written with the
account, in the same transaction.
"""

from collections.abc import Collection
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.ids import AccountId
from fedorg.store.prepared import Prepared
from fedorg.store.tables import account_names, accounts
from fedorg.store.upsert import insert_ignore

# Of longer names the first words and letters count: nobody types more, and no index takes a row of any size.
WORDS_MAX: Final = 30
LENGTH_MAX: Final = 200
_OF_ACCOUNT: Final = Prepared(
    sa.select(account_names.c.name).where(account_names.c.account_id == sa.bindparam("account_id"))
)


def add(conn: Connection, account: Account, handle: str) -> None:
    """Let a new account be found, under the spelling of its handle that is unique."""
    _insert(conn, account, _found_by(account, handle))


def put(conn: Connection, account: Account, handle: str) -> None:
    """The same for one that may have been found by something else."""
    wanted = _found_by(account, handle)
    known = {row.name for row in _OF_ACCOUNT.rows(conn, account_id=account.id)}
    if known - wanted:
        _delete(conn, account.id, account_names.c.name.in_(sorted(known - wanted)))
    _insert(conn, account, wanted - known)


def keep_handle(conn: Connection, account_id: AccountId) -> None:
    """Let an account be found by nothing but its handle."""
    handle = sa.select(sa.func.substr(accounts.c.acct_key, 1, LENGTH_MAX)).where(accounts.c.id == account_id)
    _delete(conn, account_id, account_names.c.name != handle.scalar_subquery())


def _found_by(account: Account, handle: str) -> set[str]:
    words = account.display_name.lower().split(" ")
    starts = (" ".join(words[place:]) for place, word in enumerate(words[:WORDS_MAX]) if word)
    return {text[:LENGTH_MAX] for text in (handle, *starts)}


def _insert(conn: Connection, account: Account, names: Collection[str]) -> None:
    is_here = account.domain is None
    rows = [{"is_here": is_here, "name": name, "account_id": account.id} for name in sorted(names)]
    insert_ignore(conn, account_names, rows)


def _delete(conn: Connection, account_id: AccountId, *which: sa.ColumnElement[bool]) -> None:
    conn.execute(sa.delete(account_names).where(account_names.c.account_id == account_id, *which))
