"""Accounts as those who look after the node list them, with their users."""

from collections.abc import Collection
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from fedorg.domain.accounts import Account
from fedorg.domain.moderation import AccountQuery, AccountStatus, AdminAccountView
from fedorg.domain.statuses import PageQuery
from fedorg.ids import AccountId
from fedorg.store import accounts as account_rows
from fedorg.store import names, paging
from fedorg.store import users as user_rows
from fedorg.store.prefixes import begins_with
from fedorg.store.tables import account_names, accounts, invites, users

_inviters: Final = users.alias("inviters")
_neighbours: Final = accounts.alias("neighbours")
_OWN: Final = users.c.account_id == accounts.c.id


def _has_user(*which: ColumnElement[bool]) -> ColumnElement[bool]:
    """Found from the users, who are few among all accounts."""
    return accounts.c.id.in_(sa.select(users.c.account_id).where(*which))


# Until it is confirmed and approved, an account is as closed to others as a suspended one.
_IS_WAITING: Final = sa.and_(
    accounts.c.suspended_at == accounts.c.created_at,
    sa.exists().where(_OWN, sa.or_(users.c.approved_at.is_(None), users.c.confirmed_at.is_(None))),
)
_IS_SUSPENDED: Final = sa.and_(accounts.c.suspended_at.is_not(None), ~_IS_WAITING)
_STANDINGS: Final[dict[AccountStatus, ColumnElement[bool]]] = {
    AccountStatus.ACTIVE: sa.and_(
        accounts.c.suspended_at.is_(None), ~sa.exists().where(_OWN, users.c.disabled_at.is_not(None))
    ),
    AccountStatus.PENDING: _has_user(users.c.approved_at.is_(None)),
    AccountStatus.DISABLED: _has_user(users.c.disabled_at.is_not(None)),
    AccountStatus.SILENCED: accounts.c.silenced_at.is_not(None),
    AccountStatus.SUSPENDED: _IS_SUSPENDED,
    AccountStatus.SENSITIZED: accounts.c.sensitized_at.is_not(None),
}


def search(conn: Connection, node_actor: str, query: AccountQuery, page: PageQuery) -> list[AdminAccountView]:
    """A page of the accounts that are asked for, newest first, without those that left and the node's own actor."""
    conditions = [accounts.c.uri != node_actor, accounts.c.deleted_at.is_(None), *_conditions(query)]
    statement = sa.select(*account_rows.COLUMNS).where(*conditions)
    found = [account_rows.from_row(row) for row in paging.rows_of(conn, statement, accounts.c.id, page)]
    return views(conn, account_rows.with_moves(conn, found))


def views(conn: Connection, found: Collection[Account]) -> list[AdminAccountView]:
    """The accounts with the users whose own they are."""
    ids = [one.id for one in found]
    own = {user.account_id: user for user in user_rows.list_of_accounts(conn, ids)}
    statement = (
        sa.select(users.c.account_id, _inviters.c.account_id.label("inviter"))
        .join(invites, invites.c.id == users.c.invite_id)
        .join(_inviters, _inviters.c.id == invites.c.created_by)
        .where(users.c.account_id.in_(ids))
    )
    inviters = {row.account_id: AccountId(row.inviter) for row in conn.execute(statement)}
    return [AdminAccountView(account=one, user=own.get(one.id), invited_by=inviters.get(one.id)) for one in found]


def _conditions(query: AccountQuery) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = [_STANDINGS[one] for one in sorted(query.statuses)]
    if query.is_local is not None:
        conditions.append(accounts.c.domain.is_(None) if query.is_local else accounts.c.domain.is_not(None))
    if query.roles is not None:
        roles = [role.value for role in query.roles]
        conditions.append(_has_user(users.c.role.in_(roles)))
    if query.invited_by is not None:
        conditions.append(
            _has_user(
                invites.c.id == users.c.invite_id,
                _inviters.c.id == invites.c.created_by,
                _inviters.c.account_id == query.invited_by,
            )
        )
    for column, start in ((accounts.c.username, query.username), (accounts.c.display_name, query.display_name)):
        if start:
            conditions += [_is_found_by(start), _begins(column, start)]
    if query.domain:
        conditions.append(_lives_at(query.domain.lower()))
    if query.email:
        conditions.append(_has_user(_begins(users.c.email, query.email)))
    return conditions


def _lives_at(domain: str) -> ColumnElement[bool]:
    """Found from the accounts of a server, and not among all that are newer or older."""
    return accounts.c.id.in_(sa.select(_neighbours.c.id).where(_neighbours.c.domain == domain))


def _is_found_by(start: str) -> ColumnElement[bool]:
    """A name or handle begins so; a handle that now is another's is listed under an address."""
    return accounts.c.id.in_(
        sa.union_all(
            *(
                sa.select(account_names.c.account_id).where(
                    account_names.c.is_here.is_(is_here), begins_with(account_names.c.name, one)
                )
                for is_here in (True, False)
                for one in (start.lower()[: names.LENGTH_MAX], "http")
            )
        )
    )


def _begins(column: sa.Column[Any], start: str) -> ColumnElement[bool]:
    return sa.func.lower(column).startswith(start.lower(), autoescape=True)
