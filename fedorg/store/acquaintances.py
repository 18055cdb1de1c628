"""Which servers may know an account of this node.

Those it was ever bound to, or sent anything that is still on record; and each server known here that has one inbox for
all its accounts, since it may have fetched what somebody boosted. Whether this node speaks with them is asked when a
delivery is due.
"""

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.ids import AccountId
from fedorg.store.tables import (
    accounts,
    blocks,
    favourites,
    follows,
    mentions,
    reactions,
    reports,
    status_inboxes,
    statuses,
)

INBOXES_MAX: Final = 50_000

_INBOX: Final = sa.func.coalesce(accounts.c.shared_inbox, accounts.c.inbox)


def list_inboxes(conn: Connection, account_id: AccountId) -> tuple[str, ...]:
    """The distinct inboxes of the servers that may know an account."""
    sent = sa.select(status_inboxes.c.inbox).where(
        status_inboxes.c.status_id.in_(sa.select(statuses.c.id).where(statuses.c.account_id == account_id))
    )
    found = set(conn.execute(sent.distinct().limit(INBOXES_MAX)).scalars())
    bound = sa.or_(accounts.c.shared_inbox.is_not(None), *(accounts.c.id.in_(group) for group in _bound_to(account_id)))
    found |= set(conn.execute(_inboxes(bound)).scalars())
    return tuple(sorted(found))


def list_all_inboxes(conn: Connection, _account_id: AccountId) -> tuple[str, ...]:
    """The distinct inboxes of all servers known here: whom the node itself may have asked for something."""
    return tuple(sorted(conn.execute(_inboxes(sa.true())).scalars()))


def _inboxes(which: sa.ColumnElement[bool]) -> sa.Select[Any]:
    return (
        sa.select(_INBOX)
        .where(which, accounts.c.domain.is_not(None), accounts.c.suspended_at.is_(None), _INBOX != "")
        .distinct()
        .limit(INBOXES_MAX)
    )


def _bound_to(account_id: AccountId) -> tuple[sa.Select[Any], ...]:
    own = sa.select(statuses.c.id).where(statuses.c.account_id == account_id).scalar_subquery()
    liked = sa.select(favourites.c.status_id).where(favourites.c.account_id == account_id).scalar_subquery()
    boosted, answers = statuses.alias("boosted"), statuses.alias("answers")
    boosts = sa.select(statuses.c.reblog_of_id).where(
        statuses.c.account_id == account_id, statuses.c.reblog_of_id.is_not(None)
    )
    return (
        sa.select(follows.c.account_id).where(follows.c.target_id == account_id),
        sa.select(follows.c.target_id).where(follows.c.account_id == account_id),
        sa.select(blocks.c.target_id).where(blocks.c.account_id == account_id),
        sa.select(mentions.c.account_id).where(mentions.c.status_id.in_(own)),
        sa.select(favourites.c.account_id).where(favourites.c.status_id.in_(own)),
        sa.select(reactions.c.account_id).where(reactions.c.status_id.in_(own)),
        sa.select(statuses.c.in_reply_to_account_id).where(
            statuses.c.account_id == account_id, statuses.c.in_reply_to_account_id.is_not(None)
        ),
        sa.select(answers.c.account_id).where(answers.c.in_reply_to_id.in_(own)),
        sa.select(boosted.c.account_id).where(boosted.c.id.in_(boosts)),
        sa.select(boosted.c.account_id).where(boosted.c.id.in_(liked)),
        sa.select(reports.c.account_id).where(
            reports.c.target_account_id == account_id, reports.c.account_id.is_not(None)
        ),
    )
