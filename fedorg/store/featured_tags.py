"""Rows of ``featured_tags``: the hashtags accounts show on their profiles."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from fedorg.domain.featured import FeaturedTag, FeaturedTagView
from fedorg.domain.statuses import Tag
from fedorg.domain.visibility import Visibility
from fedorg.ids import AccountId, IdSource
from fedorg.store import tags as stored_tags
from fedorg.store.beside import beside
from fedorg.store.tables import accounts, featured_tags, status_tags, statuses, tags
from fedorg.store.upsert import insert_ignore

COUNT_MAX: Final = 10_000
_COUNTED = (Visibility.PUBLIC.value, Visibility.UNLISTED.value)
_ROWS = sa.select(featured_tags.c.id, featured_tags.c.name.label("display_name"), tags.c.name).join(
    tags, tags.c.id == featured_tags.c.tag_id
)


def insert(conn: Connection, ids: IdSource, now: datetime, account_id: AccountId, tag: Tag) -> FeaturedTag | None:
    """Show a hashtag on a profile; None when it is there already."""
    row_id = ids.next()
    row = {
        "id": row_id,
        "account_id": account_id,
        "tag_id": stored_tags.get_or_insert(conn, ids, now, tag),
        "name": tag.display_name,
        "created_at": now,
    }
    if not insert_ignore(conn, featured_tags, [row]):
        return None
    return FeaturedTag(id=row_id, name=tag.name, display_name=tag.display_name)


def find_by_name(conn: Connection, account_id: AccountId, name: str) -> FeaturedTag | None:
    """The hashtag of a profile by its normalised name."""
    return _one(conn, _ROWS.where(featured_tags.c.account_id == account_id, tags.c.name == name))


def find(conn: Connection, account_id: AccountId, tag_id: int) -> FeaturedTag | None:
    """The hashtag of a profile by the id of its row; that of nobody else (S45)."""
    return _one(conn, _ROWS.where(featured_tags.c.account_id == account_id, featured_tags.c.id == tag_id))


def delete(conn: Connection, account_id: AccountId, row_id: int) -> bool:
    """Show a hashtag no more; whether it was shown."""
    statement = sa.delete(featured_tags).where(featured_tags.c.account_id == account_id, featured_tags.c.id == row_id)
    return bool(conn.execute(statement).rowcount)


def list_of_account(conn: Connection, account_id: AccountId) -> list[FeaturedTag]:
    """The hashtags of a profile, in the order in which they came there."""
    rows = conn.execute(_ROWS.where(featured_tags.c.account_id == account_id).order_by(featured_tags.c.id))
    return [_tag(row) for row in rows]


def list_for_update(conn: Connection, account_id: AccountId) -> list[FeaturedTag]:
    """The same, held against others that change it at the same moment."""
    conn.execute(sa.select(accounts.c.id).where(accounts.c.id == account_id).with_for_update())
    return list_of_account(conn, account_id)


def with_use(
    conn: Connection, account_id: AccountId, shown: Sequence[FeaturedTag], visible: ColumnElement[bool]
) -> list[FeaturedTagView]:
    """Hashtags of an account with the use it made of them in statuses for which ``visible`` holds, in one query.

    Of each, no more than the newest ``COUNT_MAX`` are counted.
    """
    if not shown:
        return []
    uses = (
        sa.select(tags.c.name, statuses.c.created_at)
        .select_from(status_tags)
        .join(tags, tags.c.id == status_tags.c.tag_id)
        .join(statuses, statuses.c.id == status_tags.c.status_id)
        .where(status_tags.c.author_id == account_id, beside(statuses.c.visibility).in_(_COUNTED), visible)
        .order_by(status_tags.c.status_id.desc())
        .limit(COUNT_MAX)
    )
    counted = [
        sa.select(one.c.name, sa.func.count().label("uses"), sa.func.max(one.c.created_at).label("latest")).group_by(
            one.c.name
        )
        for one in (uses.where(tags.c.name == tag.name).subquery() for tag in shown)
    ]
    used = {row.name: row for row in conn.execute(sa.union_all(*counted))}
    return [
        FeaturedTagView(
            tag=tag,
            statuses_count=used[tag.name].uses if tag.name in used else 0,
            last_status_at=used[tag.name].latest if tag.name in used else None,
        )
        for tag in shown
    ]


def replace(conn: Connection, ids: IdSource, now: datetime, account_id: AccountId, wanted: Sequence[Tag]) -> None:
    """Let a profile show exactly these hashtags."""
    names = {tag.name for tag in wanted}
    shown = list_for_update(conn, account_id)
    for tag in shown:
        if tag.name not in names:
            delete(conn, account_id, tag.id)
    known = {tag.name for tag in shown}
    for new in wanted:
        if new.name not in known:
            insert(conn, ids, now, account_id, new)


def _one(conn: Connection, statement: sa.Select[Any]) -> FeaturedTag | None:
    row = conn.execute(statement).one_or_none()
    return None if row is None else _tag(row)


def _tag(row: sa.Row[Any]) -> FeaturedTag:
    return FeaturedTag(id=row.id, name=row.name, display_name=row.display_name)
