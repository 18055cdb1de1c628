"""Rows of ``quotes``: one for each status that quotes another, counted at what it quotes while it is accepted."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from fedorg.domain.pages import Listed
from fedorg.domain.quotes import Quote, QuoteState
from fedorg.domain.statuses import PageQuery
from fedorg.ids import AccountId, QuoteId, StatusId
from fedorg.store import paging, statuses
from fedorg.store.gathered import Part
from fedorg.store.prepared import Prepared, many
from fedorg.store.tables import accounts as accounts_table
from fedorg.store.tables import quote_inboxes, quotes
from fedorg.store.tables import statuses as statuses_table
from fedorg.store.upsert import insert_ignore

_OF_STATUSES: Final = Prepared(sa.select(quotes).where(quotes.c.status_id.in_(many("ids"))))
OF_STATUSES: Final = Part(
    sa.select(quotes.c.status_id.label("which"), *quotes.c).where(quotes.c.status_id.in_(many("ids"))),
    lambda rows: Quote(**rows[0]._asdict() | {"state": QuoteState(rows[0].state)}),
)
"""What statuses quote."""
_STANDING: Final = (QuoteState.PENDING.value, QuoteState.ACCEPTED.value)


def insert(conn: Connection, quote: Quote) -> bool:
    """Add and count a quote; False when that status quotes something already."""
    is_new = bool(insert_ignore(conn, quotes, [_values(quote)]))
    if is_new:
        _count(conn, quote, 1)
    return is_new


def change(conn: Connection, before: Quote, after: Quote) -> None:
    """Write what a quote is now; ``before`` was held since it was read."""
    _count(conn, before, -1)
    conn.execute(sa.update(quotes).where(quotes.c.id == after.id).values(_values(after)))
    _count(conn, after, 1)


def touch(conn: Connection, quote_id: QuoteId, *, checked_before: datetime, now: datetime) -> bool:
    """Note that a stamp is looked at; False when somebody did since ``checked_before``."""
    is_due = sa.and_(quotes.c.id == quote_id, quotes.c.checked_at < checked_before)
    return bool(conn.execute(sa.update(quotes).where(is_due).values(checked_at=now)).rowcount)


def delete(conn: Connection, quote: Quote) -> None:
    """Take a quote out of its status."""
    _count(conn, quote, -1)
    conn.execute(sa.delete(quotes).where(quotes.c.id == quote.id))


def find(conn: Connection, quote_id: QuoteId) -> Quote | None:
    """The quote with an id."""
    return _find(conn, quotes.c.id == quote_id)


def find_of_status(conn: Connection, status_id: StatusId) -> Quote | None:
    """What a status quotes."""
    return list_of_statuses(conn, [status_id]).get(status_id)


def find_by_request(conn: Connection, request_uri: str, quoted_account_id: AccountId) -> Quote | None:
    """The quote that ``quoted_account_id`` was asked for."""
    return _find(conn, _is_asked(request_uri, quoted_account_id))


def hold(conn: Connection, quote_id: QuoteId) -> Quote | None:
    """The quote with an id, held against other writers."""
    return _find(conn, quotes.c.id == quote_id, for_update=True)


def hold_of_status(conn: Connection, status_id: StatusId) -> Quote | None:
    """What a status quotes, held against other writers."""
    return _find(conn, quotes.c.status_id == status_id, for_update=True)


def hold_by_request(conn: Connection, request_uri: str, quoted_account_id: AccountId) -> Quote | None:
    """The quote that ``quoted_account_id`` was asked for, held against other writers."""
    return _find(conn, _is_asked(request_uri, quoted_account_id), for_update=True)


def find_accepted_by_approval(conn: Connection, approval_uri: str) -> Quote | None:
    """The quote that a stamp allows."""
    is_stamped = sa.and_(quotes.c.approval_uri == approval_uri, quotes.c.state == QuoteState.ACCEPTED.value)
    return _find(conn, is_stamped)


def hold_by_approval(conn: Connection, approval_uri: str, quoted_account_id: AccountId) -> list[Quote]:
    """Every quote that names a stamp of ``quoted_account_id``, rightly or not, held against other writers."""
    statement = (
        sa.select(quotes)
        .where(quotes.c.approval_uri == approval_uri, quotes.c.quoted_account_id == quoted_account_id)
        .order_by(quotes.c.id)
        .with_for_update()
    )
    return [_quote(row) for row in conn.execute(statement)]


def list_of_statuses(conn: Connection, ids: Collection[StatusId]) -> dict[StatusId, Quote]:
    """What each of these statuses quotes."""
    if not ids:
        return {}
    rows = (record._asdict() for record in _OF_STATUSES.rows(conn, ids=ids))
    return {row["status_id"]: Quote(**row | {"state": QuoteState(row["state"])}) for row in rows}


def list_quoting(
    conn: Connection, quoted_id: StatusId, visible: ColumnElement[bool], page: PageQuery
) -> list[Listed[StatusId]]:
    """The statuses with an accepted quote of one, as far as ``visible`` (on ``statuses``) holds."""
    statement = (
        sa.select(quotes.c.id, quotes.c.status_id)
        .join(statuses_table, statuses_table.c.id == quotes.c.status_id)
        .where(quotes.c.quoted_status_id == quoted_id, quotes.c.state == QuoteState.ACCEPTED.value, visible)
    )
    rows = paging.rows_of(conn, statement, quotes.c.id, page)
    return [Listed(row_id=row.id, item=StatusId(row.status_id)) for row in rows]


def list_local_quoting(conn: Connection, quoted_id: StatusId, after: QuoteId, limit: int) -> list[Quote]:
    """The accepted quotes by accounts of this node, by id from ``after`` on."""
    statement = (
        sa.select(quotes)
        .join(accounts_table, accounts_table.c.id == quotes.c.account_id)
        .where(
            quotes.c.quoted_status_id == quoted_id,
            quotes.c.state == QuoteState.ACCEPTED.value,
            accounts_table.c.domain.is_(None),
            quotes.c.id > after,
        )
        .order_by(quotes.c.id)
        .limit(limit)
    )
    return [_quote(row) for row in conn.execute(statement)]


def hold_between(conn: Connection, quoted_account_id: AccountId, account_id: AccountId) -> list[Quote]:
    """What ``account_id`` quotes of ``quoted_account_id`` and was not ended yet, held against other writers."""
    statement = (
        sa.select(quotes)
        .where(
            quotes.c.quoted_account_id == quoted_account_id,
            quotes.c.account_id == account_id,
            quotes.c.state.in_(_STANDING),
        )
        .order_by(quotes.c.id)
        .with_for_update()
    )
    return [_quote(row) for row in conn.execute(statement)]


def part_with(conn: Connection, status_id: StatusId, limit: int) -> None:
    """A status is about to go: it counts no longer at what it quotes, and nobody's consent to quote it will come.

    Of those who wait for that up to ``limit`` wait no more; see ``disappoint``.
    """
    own = hold_of_status(conn, status_id)
    if own is not None:
        delete(conn, own)
    disappoint(conn, status_id, limit)


def disappoint(conn: Connection, status_id: StatusId, limit: int) -> int:
    """Let up to ``limit`` who wait for consent to quote a status that goes wait no more; how many those were."""
    waiting = sa.select(quotes.c.id).where(
        quotes.c.quoted_status_id == status_id, quotes.c.state == QuoteState.PENDING.value
    )
    ended = sa.update(quotes).where(quotes.c.id.in_(waiting.limit(limit))).values(state=QuoteState.DELETED.value)
    return conn.execute(ended).rowcount


# Who has a stamp of ours


def remember_inbox(conn: Connection, quote_id: QuoteId, inbox: str) -> None:
    """A server fetched the stamp of a quote."""
    insert_ignore(conn, quote_inboxes, [{"quote_id": quote_id, "inbox": inbox}])


def list_inboxes(conn: Connection, quote_id: QuoteId) -> list[str]:
    """Where the end of a stamp must be told."""
    return list(conn.execute(sa.select(quote_inboxes.c.inbox).where(quote_inboxes.c.quote_id == quote_id)).scalars())


def _is_asked(request_uri: str, quoted_account_id: AccountId) -> ColumnElement[bool]:
    return sa.and_(quotes.c.request_uri == request_uri, quotes.c.quoted_account_id == quoted_account_id)


def _find(conn: Connection, which: ColumnElement[bool], *, for_update: bool = False) -> Quote | None:
    statement = sa.select(quotes).where(which).limit(1)
    row = conn.execute(statement.with_for_update() if for_update else statement).one_or_none()
    return None if row is None else _quote(row)


def _count(conn: Connection, quote: Quote, by: int) -> None:
    if quote.state is QuoteState.ACCEPTED and quote.quoted_status_id is not None:
        statuses.count_quote(conn, quote.quoted_status_id, by)


def _values(quote: Quote) -> dict[str, Any]:
    return asdict(quote) | {"state": quote.state.value}


def _quote(row: sa.Row[Any]) -> Quote:
    return Quote(**dict(row._mapping) | {"state": QuoteState(row.state)})  # noqa: SLF001 - SQLAlchemy's public name
