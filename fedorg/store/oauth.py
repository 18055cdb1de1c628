"""Rows of ``applications``, ``authorization_codes`` and ``tokens``. Secrets are kept as hashes only."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.oauth import Credentials, OAuthApplication, Token
from fedorg.ids import AccountId, ApplicationId, TokenId, UserId
from fedorg.store import accounts, users
from fedorg.store.gathered import Answers, Gathered, Part
from fedorg.store.prepared import Prepared
from fedorg.store.tables import accounts as accounts_table
from fedorg.store.tables import applications, authorization_codes, tokens
from fedorg.store.tables import users as users_table

_APPLICATION: Final = tuple(column for column in applications.c if column.name != "client_secret_hash")
_TOKEN: Final = tuple(column for column in tokens.c if column.name not in ("token_hash", "last_used_at"))
_IS_MEANT: Final = tokens.c.token_hash == sa.bindparam("token_hash", type_=sa.String)
_BY_HASH: Final = sa.select(*_TOKEN).where(_IS_MEANT)
_TOKENS: Final = Part(
    sa.select(tokens.c.id.label("which"), *_TOKEN, tokens.c.last_used_at).where(_IS_MEANT),
    lambda rows: (_token(rows[0]), rows[0].last_used_at),
)
_USERS: Final = Part(
    sa.select(users_table.c.id.label("which"), *users_table.c)
    .join(tokens, tokens.c.user_id == users_table.c.id)
    .where(_IS_MEANT),
    lambda rows: users.from_values(rows[0]._asdict()),
)
_ACCOUNTS: Final = Part(
    sa.select(accounts_table.c.id.label("which"), *accounts.COLUMNS).where(
        accounts_table.c.id.in_(
            sa.union_all(
                sa.select(tokens.c.account_id).where(_IS_MEANT),
                sa.select(users_table.c.account_id).join(tokens, tokens.c.user_id == users_table.c.id).where(_IS_MEANT),
            )
        )
    ),
    lambda rows: accounts.from_values(rows[0]._asdict()),
)
_CREDENTIALS: Final = Gathered(_TOKENS, _USERS, _ACCOUNTS)
_HELD: Final = Prepared(sa.select(tokens.c.id).where(tokens.c.id == sa.bindparam("token_id")))


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorizationCode:
    """A code on its way from the consent page to the client; ``token_id`` is set once it was exchanged."""

    application_id: ApplicationId
    user_id: UserId
    account_id: AccountId
    redirect_uri: str
    scopes: tuple[str, ...]
    code_challenge: str | None
    token_id: TokenId | None
    created_at: datetime
    expires_at: datetime


def insert_application(conn: Connection, application: OAuthApplication, secret_hash: str) -> None:
    """Register a client."""
    conn.execute(
        sa.insert(applications),
        {
            "id": application.id,
            "name": application.name,
            "website": application.website,
            "redirect_uris": list(application.redirect_uris),
            "scopes": list(application.scopes),
            "client_id": application.client_id,
            "client_secret_hash": secret_hash,
            "created_at": application.created_at,
        },
    )


def find_application(conn: Connection, client_id: str) -> tuple[OAuthApplication, str] | None:
    """A client and the hash of its secret."""
    row = conn.execute(sa.select(applications).where(applications.c.client_id == client_id)).one_or_none()
    return None if row is None else (_application(row), row.client_secret_hash)


def list_applications(conn: Connection, ids: tuple[ApplicationId, ...]) -> dict[ApplicationId, OAuthApplication]:
    """The applications that exist among ``ids``."""
    if not ids:
        return {}
    rows = conn.execute(sa.select(*_APPLICATION).where(applications.c.id.in_(sorted(set(ids)))))
    return {row.id: _application(row) for row in rows}


def insert_code(conn: Connection, code_hash: str, code: AuthorizationCode) -> None:
    """Keep a code that was just given out."""
    conn.execute(
        sa.insert(authorization_codes),
        {
            "code_hash": code_hash,
            "application_id": code.application_id,
            "user_id": code.user_id,
            "account_id": code.account_id,
            "redirect_uri": code.redirect_uri,
            "scopes": list(code.scopes),
            "code_challenge": code.code_challenge,
            "token_id": None,
            "created_at": code.created_at,
            "expires_at": code.expires_at,
        },
    )


def find_code(conn: Connection, code_hash: str) -> AuthorizationCode | None:
    """A code that was given out, exchanged or not, expired or not."""
    row = conn.execute(
        sa.select(authorization_codes).where(authorization_codes.c.code_hash == code_hash).with_for_update()
    ).one_or_none()
    if row is None:
        return None
    return AuthorizationCode(
        application_id=row.application_id,
        user_id=row.user_id,
        account_id=row.account_id,
        redirect_uri=row.redirect_uri,
        scopes=tuple(row.scopes),
        code_challenge=row.code_challenge,
        token_id=row.token_id,
        created_at=row.created_at,
        expires_at=row.expires_at,
    )


def mark_code_used(conn: Connection, code_hash: str, token_id: TokenId) -> None:
    """Note which token a code was exchanged for."""
    conn.execute(
        sa.update(authorization_codes).where(authorization_codes.c.code_hash == code_hash).values(token_id=token_id)
    )


def insert_token(conn: Connection, token: Token, token_hash: str) -> None:
    """Add a token."""
    conn.execute(
        sa.insert(tokens),
        {
            "id": token.id,
            "token_hash": token_hash,
            "application_id": token.application_id,
            "user_id": token.user_id,
            "account_id": token.account_id,
            "scopes": list(token.scopes),
            "created_at": token.created_at,
            "last_used_at": None,
        },
    )


def find_token(conn: Connection, token_hash: str) -> Token | None:
    """The token with a hash."""
    row = conn.execute(_BY_HASH, {"token_hash": token_hash}).one_or_none()
    return None if row is None else _token(row)


def is_held(conn: Connection, token_id: TokenId) -> bool:
    """Whether a token was not revoked."""
    return bool(_HELD.rows(conn, token_id=token_id))


def find_credentials(conn: Connection, token_hash: str) -> Credentials | None:
    """What the token with a hash stands for."""
    answers = Answers()
    _CREDENTIALS.ask(conn, answers, token_hash=token_hash)
    found = next(iter(answers.about(_TOKENS).values()), None)
    if found is None:
        return None
    token, used_at = found
    user = next(iter(answers.about(_USERS).values()), None)
    known = {one.id: one for one in accounts.with_moves(conn, list(answers.about(_ACCOUNTS).values()))}
    account = None if token.account_id is None else known.get(token.account_id)
    if user is None or account is None:
        return Credentials(token=token, user=None, account=None, own_account=None, used_at=used_at)
    return Credentials(token=token, user=user, account=account, own_account=known[user.account_id], used_at=used_at)


def touch_token(conn: Connection, token_id: TokenId, now: datetime) -> bool:
    """Note that a token is in use; False when it was revoked."""
    return conn.execute(sa.update(tokens).where(tokens.c.id == token_id).values(last_used_at=now)).rowcount == 1


def list_tokens_of_user(conn: Connection, user_id: UserId, applications_max: int) -> list[Token]:
    """The tokens of a user, newest first, of the applications that got one last."""
    latest = (
        sa.select(tokens.c.application_id)
        .where(tokens.c.user_id == user_id)
        .group_by(tokens.c.application_id)
        .order_by(sa.func.max(tokens.c.id).desc())
        .limit(applications_max)
    )
    statement = sa.select(*_TOKEN).where(tokens.c.user_id == user_id, tokens.c.application_id.in_(latest))
    return [_token(row) for row in conn.execute(statement.order_by(tokens.c.id.desc()))]


def delete_tokens(conn: Connection, condition: Mapping[str, int]) -> list[Token]:
    """Revoke the tokens whose columns have the values of ``condition``; those that were revoked."""
    where = [tokens.c[name] == value for name, value in condition.items()]
    return [_token(row) for row in conn.execute(sa.delete(tokens).where(*where).returning(*_TOKEN))]


def delete_codes(conn: Connection, condition: Mapping[str, int]) -> None:
    """Forget the codes whose columns have the values of ``condition``; one that is just exchanged is waited for."""
    where = [authorization_codes.c[name] == value for name, value in condition.items()]
    conn.execute(sa.delete(authorization_codes).where(*where))


def _application(row: sa.Row[Any]) -> OAuthApplication:
    return OAuthApplication(
        id=row.id,
        name=row.name,
        website=row.website,
        redirect_uris=tuple(row.redirect_uris),
        scopes=tuple(row.scopes),
        client_id=row.client_id,
        created_at=row.created_at,
    )


def _token(row: Any) -> Token:  # noqa: ANN401 - a row or a record
    return Token(
        id=row.id,
        application_id=row.application_id,
        user_id=row.user_id,
        account_id=row.account_id,
        scopes=tuple(row.scopes),
        created_at=row.created_at,
    )
