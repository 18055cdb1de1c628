"""Rows of ``mail_links``: hashes of links that were sent by mail, one of each kind for a user."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.mail import MailKind, MailLink
from fedorg.ids import UserId
from fedorg.store.tables import mail_links


def put(conn: Connection, user_id: UserId, link: MailLink, expires_at: datetime) -> None:
    """Keep a link that is about to be sent; the one before it is void."""
    conn.execute(sa.delete(mail_links).where(mail_links.c.user_id == user_id, mail_links.c.kind == link.kind.value))
    values = {"token_hash": link.token_hash, "kind": link.kind.value, "email": link.email}
    conn.execute(sa.insert(mail_links), {**values, "user_id": user_id, "expires_at": expires_at})


def find(conn: Connection, token_hash: str, kind: MailKind, now: datetime) -> tuple[UserId, str] | None:
    """Whose link it is and where it was sent, if it is still good."""
    statement = sa.select(mail_links.c.user_id, mail_links.c.email).where(
        mail_links.c.token_hash == token_hash, mail_links.c.kind == kind.value, mail_links.c.expires_at > now
    )
    row = conn.execute(statement).one_or_none()
    return None if row is None else (UserId(row.user_id), row.email)


def find_address(conn: Connection, user_id: UserId, kind: MailKind, now: datetime) -> str | None:
    """The address for which a user has a link of a kind that is still good."""
    statement = sa.select(mail_links.c.email).where(
        mail_links.c.user_id == user_id, mail_links.c.kind == kind.value, mail_links.c.expires_at > now
    )
    return conn.execute(statement).scalar_one_or_none()


def delete_of_user(conn: Connection, user_id: UserId) -> None:
    """Make every link of a user void but the one with which an earlier address is taken back.

    Whoever took somebody's login over must not be able to rid themselves of it.
    """
    conn.execute(sa.delete(mail_links).where(mail_links.c.user_id == user_id, mail_links.c.kind != MailKind.UNDO.value))


def delete_undo(conn: Connection, user_id: UserId) -> None:
    """Make that one void too: it was used."""
    conn.execute(sa.delete(mail_links).where(mail_links.c.user_id == user_id, mail_links.c.kind == MailKind.UNDO.value))


def delete_expired(conn: Connection, before: datetime, limit: int) -> int:
    """Forget up to ``limit`` that ended before a moment."""
    stale = sa.select(mail_links.c.token_hash).where(mail_links.c.expires_at < before).limit(limit)
    return conn.execute(sa.delete(mail_links).where(mail_links.c.token_hash.in_(stale))).rowcount
