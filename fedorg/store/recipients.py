"""To which inboxes of peers a status could go, with what decides whether it may; rows of ``status_inboxes``.

Nothing here decides: ``services.fanout`` holds each recipient against reach, tier and mode.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from fedorg.domain.peers import Standing
from fedorg.domain.relationships import FollowState
from fedorg.domain.statuses import Status
from fedorg.domain.visibility import Reach, Visibility
from fedorg.ids import AccountId, StatusId
from fedorg.store import peers
from fedorg.store.beside import beside
from fedorg.store.prepared import Prepared, many
from fedorg.store.tables import (
    accounts,
    favourites,
    follows,
    mentions,
    poll_votes,
    polls,
    quotes,
    reactions,
    status_inboxes,
    statuses,
)
from fedorg.store.tables import peers as peers_table
from fedorg.store.upsert import insert_ignore

_INBOX: Final = sa.func.coalesce(accounts.c.shared_inbox, accounts.c.inbox)
_COLUMNS: Final = (
    _INBOX.label("inbox"),
    accounts.c.peer.label("domain"),
)
_IS_REACHED: Final = (accounts.c.peer.is_not(None), accounts.c.suspended_at.is_(None))


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipient:
    """An inbox of a peer and what that peer is to this node."""

    inbox: str
    domain: str
    standing: Standing


def list_followers(conn: Connection, author_id: AccountId) -> list[Recipient]:
    """Distinct inboxes of accepted remote followers."""
    return _with_standings(conn, _FOLLOWERS.rows(conn, author_id=author_id))


def list_mentioned(conn: Connection, status_id: StatusId) -> list[Recipient]:
    """Distinct inboxes of the remote accounts that a status names."""
    return _with_standings(conn, _MENTIONED.rows(conn, status_id=status_id))


def list_accounts(conn: Connection, ids: Collection[AccountId]) -> list[Recipient]:
    """Distinct inboxes of the remote ones among ``ids``."""
    return _with_standings(conn, _BY_IDS.rows(conn, ids=ids)) if ids else []


def list_siblings(conn: Connection) -> list[Recipient]:
    """A shared inbox of every other node of the organisation, as far as one of its actors is known."""
    inbox = (
        sa.select(accounts.c.shared_inbox)
        .where(beside(peers_table.c.domain) == accounts.c.peer, accounts.c.shared_inbox.is_not(None), *_IS_REACHED)
        .limit(1)
        .correlate(peers_table)
        .scalar_subquery()
    )
    known = sa.select(peers_table.c.domain, inbox.label("inbox")).where(
        peers_table.c.domain.in_(peers.list_siblings(conn))
    )
    found = conn.execute(known).all()
    standings = peers.standings(conn, [row.domain for row in found])
    return [
        Recipient(inbox=row.inbox, domain=row.domain, standing=standings[row.domain])
        for row in found
        if row.inbox is not None
    ]


def list_engaged(conn: Connection, status_id: StatusId) -> list[Recipient]:
    """Distinct inboxes of remote accounts that did something with a status (boost it, quote it), or are named in it."""
    boosters = sa.select(statuses.c.account_id).where(statuses.c.reblog_of_id == status_id)
    repliers = sa.select(statuses.c.account_id).where(statuses.c.in_reply_to_id == status_id)
    admirers = sa.select(favourites.c.account_id).where(favourites.c.status_id == status_id)
    reactors = sa.select(reactions.c.account_id).where(reactions.c.status_id == status_id)
    quoters = sa.select(quotes.c.account_id).where(quotes.c.quoted_status_id == status_id)
    engaged = sa.union(boosters, repliers, admirers, reactors, quoters, _mentioned(status_id))
    return _recipients(conn, accounts.c.id.in_(engaged))


def list_voters(conn: Connection, status_id: StatusId) -> list[Recipient]:
    """Distinct inboxes of the remote accounts that voted in the poll of a status."""
    voters = (
        sa.select(poll_votes.c.account_id)
        .join(polls, polls.c.id == poll_votes.c.poll_id)
        .where(polls.c.status_id == status_id)
    )
    return _recipients(conn, accounts.c.id.in_(voters))


def list_holders(conn: Connection, status_id: StatusId) -> list[Recipient]:
    """The inboxes a status was sent to, as far as accounts of their servers are known."""
    # All accounts behind one inbox live on one server: any of them tells which.
    domain = (
        sa.select(accounts.c.peer)
        .where(beside(status_inboxes.c.inbox) == _INBOX, *_IS_REACHED)
        .limit(1)
        .correlate(status_inboxes)
        .scalar_subquery()
    )
    sent = (
        sa.select(status_inboxes.c.inbox, domain.label("domain"))
        .where(status_inboxes.c.status_id == status_id)
        .subquery()
    )
    statement = sa.select(sent.c.inbox, sent.c.domain).where(sent.c.domain.is_not(None))
    return _read(conn, statement)


def list_limited_at(
    conn: Connection, domain: str, after: StatusId, limit: int
) -> list[tuple[StatusId, AccountId, str, str]]:
    """Local statuses of a limited reach that were sent to a server: status, author, identity and an inbox, by status.

    Direct ones are left out: they are letters, and stay with whoever got them.
    """
    at_server = sa.select(_INBOX).where(accounts.c.peer == domain)
    limited = (Reach.ORGANISATION.value, Reach.PARTNERS.value)
    found = (
        sa.select(
            statuses.c.id, statuses.c.account_id, statuses.c.uri, sa.func.min(status_inboxes.c.inbox).label("inbox")
        )
        .join(status_inboxes, status_inboxes.c.status_id == statuses.c.id)
        .where(
            statuses.c.id > after,
            statuses.c.reach.in_(limited),
            statuses.c.visibility != Visibility.DIRECT.value,
            statuses.c.reblog_of_id.is_(None),
            status_inboxes.c.inbox.in_(at_server),
            statuses.c.account_id.in_(sa.select(accounts.c.id).where(accounts.c.domain.is_(None))),
        )
        .group_by(statuses.c.id, statuses.c.account_id, statuses.c.uri)
        .order_by(statuses.c.id)
        .limit(limit)
    )
    return [(StatusId(row.id), AccountId(row.account_id), row.uri, row.inbox) for row in conn.execute(found)]


def list_sent(conn: Connection, status_id: StatusId) -> list[str]:
    """Every inbox a status was sent to."""
    statement = sa.select(status_inboxes.c.inbox).where(status_inboxes.c.status_id == status_id)
    return list(conn.execute(statement).scalars())


def remember(conn: Connection, status_id: StatusId, inboxes: Collection[str]) -> None:
    """A status is about to be sent to these inboxes."""
    insert_ignore(conn, status_inboxes, [{"status_id": status_id, "inbox": inbox} for inbox in sorted(inboxes)])


def list_root_author(conn: Connection, status: Status) -> list[AccountId]:
    """Who began the thread of a status, as far as it is known here."""
    return [AccountId(row.account_id) for row in _AUTHOR.rows(conn, status_id=status.thread_id)]


def _mentioned(status_id: StatusId | ColumnElement[int]) -> sa.Select[tuple[int]]:
    return sa.select(mentions.c.account_id).where(mentions.c.status_id == status_id)


def _inboxes(which: ColumnElement[bool]) -> sa.Select[Any]:
    return sa.select(*_COLUMNS).where(which, *_IS_REACHED, _INBOX != "").distinct()


# From the follows to the accounts, of which there are many more.
_OF_AUTHOR: Final = (
    sa.select(follows.c.account_id)
    .where(follows.c.target_id == sa.bindparam("author_id"), follows.c.state == FollowState.ACCEPTED.value)
    .subquery()
)
_FOLLOWERS: Final = Prepared(_inboxes(accounts.c.id == _OF_AUTHOR.c.account_id))
_MENTIONED: Final = Prepared(_inboxes(accounts.c.id.in_(_mentioned(sa.bindparam("status_id", type_=sa.BigInteger)))))
_BY_IDS: Final = Prepared(_inboxes(accounts.c.id.in_(many("ids"))))
_AUTHOR: Final = Prepared(sa.select(statuses.c.account_id).where(statuses.c.id == sa.bindparam("status_id")))


def _recipients(conn: Connection, which: ColumnElement[bool]) -> list[Recipient]:
    return _read(conn, _inboxes(which))


def _read(conn: Connection, statement: sa.Select[Any]) -> list[Recipient]:
    return _with_standings(conn, conn.execute(statement).all())


def _with_standings(conn: Connection, found: Sequence[Any]) -> list[Recipient]:
    if not found:
        return []
    standings = peers.standings(conn, [row.domain for row in found])
    return [Recipient(inbox=row.inbox, domain=row.domain, standing=standings[row.domain]) for row in found]
