"""Rows of ``custom_emojis``: pictures of this node that stand for ``:shortcode:``."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.emojis import CustomEmoji
from fedorg.store.tables import custom_emojis
from fedorg.store.upsert import insert_ignore


def list_all(conn: Connection) -> list[CustomEmoji]:
    """Every one, by shortcode, disabled or not."""
    return [_emoji(row) for row in conn.execute(sa.select(custom_emojis).order_by(custom_emojis.c.shortcode))]


def find(conn: Connection, shortcode: str) -> CustomEmoji | None:
    """The one of that name."""
    row = conn.execute(sa.select(custom_emojis).where(custom_emojis.c.shortcode == shortcode)).one_or_none()
    return None if row is None else _emoji(row)


def list_usable(conn: Connection, shortcodes: Collection[str]) -> dict[str, CustomEmoji]:
    """Those of ``shortcodes`` that exist and are not disabled, by shortcode."""
    if not shortcodes:
        return {}
    statement = sa.select(custom_emojis).where(
        custom_emojis.c.shortcode.in_(shortcodes), custom_emojis.c.disabled_at.is_(None)
    )
    return {row.shortcode: _emoji(row) for row in conn.execute(statement)}


def insert(conn: Connection, emoji: CustomEmoji) -> bool:
    """Add one; False when its name is taken."""
    row = {column.name: getattr(emoji, column.name) for column in custom_emojis.columns}
    return bool(insert_ignore(conn, custom_emojis, [row]))


def set_disabled(conn: Connection, emoji_id: int, disabled_at: datetime | None) -> None:
    """Nobody can use it from a moment on, or everybody again."""
    conn.execute(sa.update(custom_emojis).where(custom_emojis.c.id == emoji_id).values(disabled_at=disabled_at))


def delete(conn: Connection, emoji_id: int) -> None:
    """Remove one."""
    conn.execute(sa.delete(custom_emojis).where(custom_emojis.c.id == emoji_id))


def _emoji(row: sa.Row[Any]) -> CustomEmoji:
    return CustomEmoji(**row._mapping)  # noqa: SLF001 - SQLAlchemy's public name
