"""Rows of ``users``, ``user_accounts``, ``invites`` and ``sign_in_links``."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.accounts import ADMINISTRATORS, Account, Invite, User, UserRole
from fedorg.domain.policies import QuotePolicy
from fedorg.domain.visibility import Reach, Visibility
from fedorg.errors import NotFound
from fedorg.ids import AccountId, InviteId, UserId
from fedorg.store import accounts as account_rows
from fedorg.store import domain_names
from fedorg.store.tables import accounts, invites, sign_in_links, user_accounts, users

_BY_ID: Final = sa.select(users).where(users.c.id == sa.bindparam("id"))


def insert(conn: Connection, user: User) -> None:
    """Add a user who may act for its own account; a taken name or e-mail address raises ``IntegrityError``."""
    conn.execute(sa.insert(users), _values(user))
    allow_account(conn, user.id, user.account_id, user.created_at)


def update(conn: Connection, user: User) -> None:
    """Write everything about a user."""
    values = _values(user)
    del values["id"]
    conn.execute(sa.update(users).where(users.c.id == user.id).values(values))


def get(conn: Connection, user_id: UserId) -> User:
    """The user with an id."""
    user = find(conn, user_id)
    if user is None:
        raise NotFound
    return user


def get_for_update(conn: Connection, user_id: UserId) -> User:
    """The user with an id, which nobody else changes before this transaction ends."""
    row = conn.execute(_BY_ID.with_for_update(), {"id": user_id}).one_or_none()
    if row is None:
        raise NotFound
    return _user(row)


def list_of_account(conn: Connection, account_id: AccountId) -> list[User]:
    """The users whose own account it is."""
    return [_user(row) for row in conn.execute(sa.select(users).where(users.c.account_id == account_id))]


def list_of_account_for_update(conn: Connection, account_id: AccountId) -> list[User]:
    """The same, and nobody else changes them before this transaction ends."""
    return [
        _user(row) for row in conn.execute(sa.select(users).where(users.c.account_id == account_id).with_for_update())
    ]


def list_of_accounts(conn: Connection, account_ids: Collection[AccountId]) -> list[User]:
    """The users whose own accounts these are."""
    return [_user(row) for row in conn.execute(sa.select(users).where(users.c.account_id.in_(account_ids)))]


def list_by_ids(conn: Connection, ids: Collection[UserId]) -> list[User]:
    """The users that exist among ``ids``."""
    return [_user(row) for row in conn.execute(sa.select(users).where(users.c.id.in_(ids)))] if ids else []


def delete(conn: Connection, user_id: UserId) -> None:
    """Remove a login with all that it opened."""
    conn.execute(sa.delete(users).where(users.c.id == user_id))


def touch_sign_in(conn: Connection, user_id: UserId, now: datetime) -> None:
    """Note that a user has just signed in."""
    conn.execute(sa.update(users).where(users.c.id == user_id).values(last_sign_in_at=now))


def find(conn: Connection, user_id: UserId) -> User | None:
    """The user with an id."""
    row = conn.execute(_BY_ID, {"id": user_id}).one_or_none()
    return None if row is None else _user(row)


def find_by_sign_in(conn: Connection, name: str) -> User | None:
    """The user whose name or e-mail address this is; both are kept in lower case."""
    folded = name.strip().lower()
    column = users.c.email if "@" in folded else users.c.username
    row = conn.execute(sa.select(users).where(column == folded)).one_or_none()
    return None if row is None else _user(row)


def list_all(conn: Connection, limit: int) -> list[User]:
    """Users in order of their names."""
    return [_user(row) for row in conn.execute(sa.select(users).order_by(users.c.username).limit(limit))]


def list_waiting(conn: Connection, limit: int) -> list[User]:
    """Those of them who wait to be let in."""
    waiting = sa.select(users).where(users.c.approved_at.is_(None))
    return [_user(row) for row in conn.execute(waiting.order_by(users.c.username).limit(limit))]


def list_administrator_accounts(conn: Connection) -> list[AccountId]:
    """The accounts of the administrators who may sign in."""
    return list_accounts_with_roles(conn, ADMINISTRATORS)


def list_accounts_with_roles(conn: Connection, roles: Collection[UserRole]) -> list[AccountId]:
    """The accounts of those who have one of these roles and may sign in."""
    statement = sa.select(users.c.account_id).where(*_is_in_office(roles))
    return [AccountId(number) for number in conn.execute(statement).scalars()]


def hold_owners(conn: Connection) -> None:
    """Nobody else changes who owns the node before this transaction ends."""
    owners = sa.select(users.c.id).where(users.c.role == UserRole.OWNER.value).order_by(users.c.id)
    conn.execute(owners.with_for_update()).all()


def find_first_with_role(conn: Connection, role: UserRole) -> User | None:
    """The user with a role who has been here the longest."""
    row = conn.execute(sa.select(users).where(users.c.role == role.value).order_by(users.c.id).limit(1)).one_or_none()
    return None if row is None else _user(row)


def get_local_account(conn: Connection, username: str) -> Account:
    """The account of this node with a name, with or without @, unless it left; ``NotFound`` for all others."""
    account = account_rows.find_by_acct(conn, username.strip().removeprefix("@"), None)
    # A handle of elsewhere is no name here, though it is a key there.
    if account is None or not account.is_local or account.deleted_at is not None:
        raise NotFound(f"There is no account {username}")
    return account


def allow_account(conn: Connection, user_id: UserId, account_id: AccountId, now: datetime) -> None:
    """Let a user act for an account."""
    conn.execute(sa.insert(user_accounts), {"user_id": user_id, "account_id": account_id, "created_at": now})


def forbid_account(conn: Connection, user_id: UserId, account_id: AccountId) -> bool:
    """Let a user act for an account no more; False when they did not."""
    statement = sa.delete(user_accounts).where(
        user_accounts.c.user_id == user_id, user_accounts.c.account_id == account_id
    )
    return bool(conn.execute(statement).rowcount)


def may_act_for(conn: Connection, user_id: UserId, account_id: AccountId) -> bool:
    """Whether a user may act for an account."""
    statement = sa.select(user_accounts.c.user_id).where(
        user_accounts.c.user_id == user_id, user_accounts.c.account_id == account_id
    )
    return conn.execute(statement).one_or_none() is not None


def list_accounts(conn: Connection, user_id: UserId) -> list[Account]:
    """The accounts a user may act for, in order of their names."""
    statement = (
        sa.select(*account_rows.COLUMNS)
        .join(user_accounts, user_accounts.c.account_id == accounts.c.id)
        .where(user_accounts.c.user_id == user_id)
        .order_by(accounts.c.username)
    )
    return [account_rows.from_row(row) for row in conn.execute(statement)]


def insert_invite(conn: Connection, invite: Invite) -> None:
    """Add an invite."""
    conn.execute(sa.insert(invites), asdict(invite))


def find_invite(conn: Connection, code: str) -> Invite | None:
    """The invite with a code, used up or not; None when who made it may invite nobody any more."""
    row = conn.execute(sa.select(invites).where(invites.c.code == code, _is_vouched_for())).one_or_none()
    return None if row is None else _invite(row)


def use_invite(conn: Connection, code: str, now: datetime) -> Invite | None:
    """Count one use of an invite that may still be used; None when it may not."""
    row = conn.execute(
        sa.update(invites)
        .where(invites.c.code == code, *_is_usable(now))
        .values(uses=invites.c.uses + 1)
        .returning(invites)
    ).one_or_none()
    return None if row is None else _invite(row)


def end_invite(conn: Connection, invite_id: InviteId, now: datetime, *, of: UserId | None) -> bool:
    """End an invite that may still be used; False when it may not, or when it is not that of the user named."""
    statement = sa.update(invites).where(invites.c.id == invite_id, *_is_usable(now)).values(expires_at=now)
    if of is not None:
        statement = statement.where(invites.c.created_by == of)
    return conn.execute(statement).rowcount > 0


def list_invites(conn: Connection, limit: int) -> list[tuple[Invite, str]]:
    """Invites of those who may still invite, and who made each; newest first."""
    statement = (
        sa.select(invites, users.c.username.label("maker"))
        .join(users, users.c.id == invites.c.created_by)
        .where(*_is_in_office(ADMINISTRATORS))
        .order_by(invites.c.id.desc())
        .limit(limit)
    )
    found = [dict(row) for row in conn.execute(statement).mappings()]
    return [(Invite(**{name: value for name, value in row.items() if name != "maker"}), row["maker"]) for row in found]


def insert_sign_in_link(
    conn: Connection, token_hash: str, user_id: UserId, *, now: datetime, expires_at: datetime
) -> None:
    """Keep a one-time link that was just given out; older links of the user are void."""
    conn.execute(sa.delete(sign_in_links).where(sign_in_links.c.user_id == user_id))
    conn.execute(
        sa.insert(sign_in_links),
        {"token_hash": token_hash, "user_id": user_id, "created_at": now, "expires_at": expires_at},
    )


def find_sign_in_link(conn: Connection, token_hash: str, now: datetime) -> UserId | None:
    """Whom a link signs in, if it is still good."""
    statement = sa.select(sign_in_links.c.user_id).where(
        sign_in_links.c.token_hash == token_hash, sign_in_links.c.expires_at > now
    )
    return conn.execute(statement).scalar_one_or_none()


def take_sign_in_link(conn: Connection, token_hash: str, now: datetime) -> UserId | None:
    """Whom a link signs in, used up by this; None when it is not good any more."""
    row = conn.execute(
        sa.delete(sign_in_links)
        .where(sign_in_links.c.token_hash == token_hash)
        .returning(sign_in_links.c.user_id, sign_in_links.c.expires_at)
    ).one_or_none()
    return None if row is None or row.expires_at <= now else row.user_id


def delete_sign_in_links(conn: Connection, user_id: UserId) -> None:
    """Make every link of a user void."""
    conn.execute(sa.delete(sign_in_links).where(sign_in_links.c.user_id == user_id))


def _is_in_office(roles: Collection[UserRole]) -> tuple[sa.ColumnElement[bool], ...]:
    """The user has one of these roles and may sign in."""
    is_suspended = sa.exists().where(accounts.c.id == users.c.account_id, accounts.c.suspended_at.is_not(None))
    return users.c.role.in_([role.value for role in roles]), users.c.disabled_at.is_(None), ~is_suspended


def _is_vouched_for() -> sa.ColumnElement[bool]:
    """Who made the invite may still invite people."""
    return sa.exists().where(users.c.id == invites.c.created_by, *_is_in_office(ADMINISTRATORS))


def _is_usable(now: datetime) -> tuple[sa.ColumnElement[bool], ...]:
    return (
        _is_vouched_for(),
        sa.or_(invites.c.uses_max.is_(None), invites.c.uses < invites.c.uses_max),
        sa.or_(invites.c.expires_at.is_(None), invites.c.expires_at > now),
    )


def _values(user: User) -> dict[str, Any]:
    return asdict(user) | {
        "role": user.role.value,
        "default_visibility": user.default_visibility.value,
        "default_reach": None if user.default_reach is None else user.default_reach.value,
        "default_partners": domain_names.to_text(user.default_partners),
        "default_quote_policy": user.default_quote_policy.value,
        "username": user.username.lower(),
        "email": None if user.email is None else user.email.lower(),
    }


def from_values(values: dict[str, Any]) -> User:
    """The user whose columns hold ``values``, as the database gave them."""
    reach = values["default_reach"]
    return User(
        **values
        | {
            "role": UserRole(values["role"]),
            "default_visibility": Visibility(values["default_visibility"]),
            "default_reach": None if reach is None else Reach(reach),
            "default_partners": domain_names.from_text(values["default_partners"]),
            "default_quote_policy": QuotePolicy(values["default_quote_policy"]),
        }
    )


def _user(row: sa.Row[Any]) -> User:
    return from_values(dict(row._mapping))  # noqa: SLF001 - SQLAlchemy's public name


def _invite(row: sa.Row[Any]) -> Invite:
    return Invite(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name
