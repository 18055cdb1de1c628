"""Rows of ``announcements`` and what members did with them."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.announcements import Announcement, ReactionNews
from fedorg.errors import NotFound
from fedorg.ids import AccountId, IdSource
from fedorg.store.tables import announcement_dismissals, announcement_emojis, announcement_reactions, announcements
from fedorg.store.upsert import insert_ignore


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """How often a name was chosen."""

    name: str
    count: int
    me: bool


def insert(conn: Connection, now: datetime, one: Announcement) -> None:
    """Add an announcement."""
    conn.execute(sa.insert(announcements), _values(one) | {"created_at": now})


def update(conn: Connection, one: Announcement) -> None:
    """Write what it says, when, and whether it is shown."""
    conn.execute(sa.update(announcements).where(announcements.c.id == one.id).values(_values(one)))


def delete(conn: Connection, announcement_id: int) -> bool:
    """Remove one with all reactions; whether it was there."""
    return conn.execute(sa.delete(announcements).where(announcements.c.id == announcement_id)).rowcount == 1


def get(conn: Connection, announcement_id: int) -> Announcement:
    """One, shown or not."""
    row = conn.execute(sa.select(announcements).where(announcements.c.id == announcement_id)).one_or_none()
    if row is None:
        raise NotFound
    return _announcement(row)


def get_shown(conn: Connection, announcement_id: int) -> Announcement:
    """One that members see; ``NotFound`` for any other."""
    one = get(conn, announcement_id)
    if one.published_at is None:
        raise NotFound
    return one


def list_all(conn: Connection, limit: int) -> list[Announcement]:
    """Shown or not, the latest first."""
    statement = sa.select(announcements).order_by(announcements.c.id.desc()).limit(limit)
    return [_announcement(row) for row in conn.execute(statement)]


def list_shown(conn: Connection, now: datetime, account_id: AccountId, *, dismissed_too: bool) -> list[Announcement]:
    """Those that are published and not over, in Mastodon's order: by when they start, else by when they came."""
    begins = sa.func.coalesce(announcements.c.starts_at, announcements.c.published_at)
    statement = (
        sa.select(announcements)
        .where(
            announcements.c.published_at.is_not(None),
            sa.or_(announcements.c.ends_at.is_(None), announcements.c.ends_at > now),
        )
        .order_by(begins, announcements.c.id)
    )
    if not dismissed_too:
        statement = statement.where(
            ~sa.exists().where(
                announcement_dismissals.c.announcement_id == announcements.c.id,
                announcement_dismissals.c.account_id == account_id,
            )
        )
    return [_announcement(row) for row in conn.execute(statement)]


# What members do


def dismiss(conn: Connection, now: datetime, announcement_id: int, account_id: AccountId) -> None:
    """Somebody says that they know; once or twice is the same."""
    row = {"announcement_id": announcement_id, "account_id": account_id, "created_at": now}
    insert_ignore(conn, announcement_dismissals, [row])


def dismissals(conn: Connection, ids: Collection[int], account_id: AccountId) -> dict[int, tuple[int, bool]]:
    """For each of ``ids``: how many said that they know, and whether the account did."""
    own = sa.func.count().filter(announcement_dismissals.c.account_id == account_id)
    statement = (
        sa.select(announcement_dismissals.c.announcement_id, sa.func.count(), own)
        .where(announcement_dismissals.c.announcement_id.in_(ids))
        .group_by(announcement_dismissals.c.announcement_id)
    )
    found = {number: (int(count), bool(mine)) for number, count, mine in conn.execute(statement)}
    return {number: found.get(number, (0, False)) for number in ids}


def reactions(conn: Connection, ids: Collection[int], account_id: AccountId) -> dict[int, list[Count]]:
    """The reactions of each of ``ids``, in the order in which they were first made."""
    own = sa.func.count().filter(announcement_reactions.c.account_id == account_id)
    statement = (
        sa.select(
            announcement_emojis.c.announcement_id,
            announcement_emojis.c.name,
            sa.func.count().label("uses"),
            own.label("mine"),
        )
        .join(announcement_reactions, announcement_reactions.c.emoji_id == announcement_emojis.c.id)
        .where(announcement_emojis.c.announcement_id.in_(ids))
        .group_by(announcement_emojis.c.announcement_id, announcement_emojis.c.name, announcement_emojis.c.id)
        .order_by(announcement_emojis.c.id)
    )
    found: defaultdict[int, list[Count]] = defaultdict(list)
    for row in conn.execute(statement):
        found[row.announcement_id].append(Count(name=row.name, count=row.uses, me=bool(row.mine)))
    return found


def react(
    conn: Connection, ids: IdSource, now: datetime, announcement_id: int, account_id: AccountId, name: str
) -> int:
    """Choose a name; the id of that name, which is what streams tell of."""
    row = {"id": ids.next(), "announcement_id": announcement_id, "name": name, "created_at": now}
    insert_ignore(conn, announcement_emojis, [row])
    emoji_id = _emoji_id(conn, announcement_id, name)
    assert emoji_id is not None, "it was inserted, or was there"
    insert_ignore(conn, announcement_reactions, [{"emoji_id": emoji_id, "account_id": account_id, "created_at": now}])
    return emoji_id


def unreact(conn: Connection, announcement_id: int, account_id: AccountId, name: str) -> int | None:
    """Choose it no more; the id of the name, None when it was not chosen."""
    emoji_id = _emoji_id(conn, announcement_id, name)
    statement = sa.delete(announcement_reactions).where(
        announcement_reactions.c.emoji_id == emoji_id, announcement_reactions.c.account_id == account_id
    )
    return emoji_id if emoji_id is not None and conn.execute(statement).rowcount else None


def find_reaction(conn: Connection, emoji_id: int) -> ReactionNews | None:
    """How a name stands now."""
    statement = (
        sa.select(
            announcement_emojis.c.announcement_id,
            announcement_emojis.c.name,
            sa.func.count(announcement_reactions.c.account_id).label("uses"),
        )
        .outerjoin(announcement_reactions, announcement_reactions.c.emoji_id == announcement_emojis.c.id)
        .where(announcement_emojis.c.id == emoji_id)
        .group_by(announcement_emojis.c.announcement_id, announcement_emojis.c.name)
    )
    row = conn.execute(statement).one_or_none()
    return None if row is None else ReactionNews(announcement_id=row.announcement_id, name=row.name, count=row.uses)


def _emoji_id(conn: Connection, announcement_id: int, name: str) -> int | None:
    named = (announcement_emojis.c.announcement_id == announcement_id, announcement_emojis.c.name == name)
    return conn.execute(sa.select(announcement_emojis.c.id).where(*named)).scalar_one_or_none()


def _announcement(row: sa.Row[Any]) -> Announcement:
    return Announcement(
        id=row.id,
        text=row.text,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        all_day=row.all_day,
        published_at=row.published_at,
        updated_at=row.updated_at,
    )


def _values(one: Announcement) -> dict[str, Any]:
    return {
        "id": one.id,
        "text": one.text,
        "starts_at": one.starts_at,
        "ends_at": one.ends_at,
        "all_day": one.all_day,
        "published_at": one.published_at,
        "updated_at": one.updated_at,
    }
