"""Rows of ``announcements`` and what members did with them."""

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.announcements import Announcement, ReactionNews, Tally
from fedorg.errors import NotFound
from fedorg.ids import AccountId, IdSource
from fedorg.store import peers
from fedorg.store.tables import (
    announcement_acknowledgements,
    announcement_counts,
    announcement_dismissals,
    announcement_emojis,
    announcement_reactions,
    announcements,
    users,
)
from fedorg.store.upsert import insert_ignore, upsert

_IS_ASKED: Final = (users.c.confirmed_at.is_not(None), users.c.approved_at.is_not(None), users.c.disabled_at.is_(None))


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


def find(conn: Connection, announcement_id: int) -> Announcement | None:
    """One, shown or not."""
    row = conn.execute(sa.select(announcements).where(announcements.c.id == announcement_id)).one_or_none()
    return None if row is None else _announcement(row)


def get(conn: Connection, announcement_id: int) -> Announcement:
    """The same; ``NotFound`` when there is none."""
    found = find(conn, announcement_id)
    if found is None:
        raise NotFound
    return found


def get_shown(conn: Connection, announcement_id: int) -> Announcement:
    """One that members see; ``NotFound`` for any other."""
    one = get(conn, announcement_id)
    if one.published_at is None or (one.peer is not None and one.peer not in peers.list_siblings(conn)):
        raise NotFound
    return one


def find_by_uri(conn: Connection, uri: str) -> Announcement | None:
    """One that another node told."""
    row = conn.execute(sa.select(announcements).where(announcements.c.uri == uri)).one_or_none()
    return None if row is None else _announcement(row)


def count_of_peer(conn: Connection, domain: str) -> int:
    """How many another node told that are here."""
    statement = sa.select(sa.func.count()).select_from(announcements).where(announcements.c.peer == domain)
    return conn.execute(statement).scalar_one()


def count_for_organisation(conn: Connection, now: datetime) -> int:
    """How many of this node's own the other nodes of the organisation see now."""
    statement = (
        sa.select(sa.func.count())
        .select_from(announcements)
        .where(
            announcements.c.peer.is_(None),
            announcements.c.for_organisation,
            announcements.c.published_at.is_not(None),
            sa.or_(announcements.c.ends_at.is_(None), announcements.c.ends_at > now),
        )
    )
    return conn.execute(statement).scalar_one()


def delete_of_peers(conn: Connection, before: datetime, limit: int) -> int:
    """Forget up to ``limit`` that other nodes told and have not changed since a moment; how many there were."""
    old = sa.select(announcements.c.id).where(announcements.c.peer.is_not(None), announcements.c.updated_at < before)
    return conn.execute(sa.delete(announcements).where(announcements.c.id.in_(old.limit(limit)))).rowcount


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
            # Whoever is no node of the organisation any more asks nothing of its members.
            sa.or_(announcements.c.peer.is_(None), announcements.c.peer.in_(peers.list_siblings(conn))),
            sa.or_(announcements.c.ends_at.is_(None), announcements.c.ends_at > now),
        )
        .order_by(begins, announcements.c.id)
    )
    if not dismissed_too:
        is_unanswered = sa.and_(
            announcements.c.needs_acknowledgement, ~_has_done(announcement_acknowledgements, account_id)
        )
        statement = statement.where(sa.or_(is_unanswered, ~_has_done(announcement_dismissals, account_id)))
    return [_announcement(row) for row in conn.execute(statement)]


# What members do


def dismiss(conn: Connection, now: datetime, announcement_id: int, account_id: AccountId) -> None:
    """Somebody wants to see it no more; once or twice is the same."""
    row = {"announcement_id": announcement_id, "account_id": account_id, "created_at": now}
    insert_ignore(conn, announcement_dismissals, [row])


def dismissals(conn: Connection, ids: Collection[int], account_id: AccountId) -> dict[int, tuple[int, bool]]:
    """For each of ``ids``: how many want to see it no more, and whether the account is one of them."""
    return _counted(conn, announcement_dismissals, ids, account_id)


def acknowledge(conn: Connection, now: datetime, announcement_id: int, account_id: AccountId) -> bool:
    """Somebody says that they know; whether they had not said so before."""
    row = {"announcement_id": announcement_id, "account_id": account_id, "created_at": now}
    return bool(insert_ignore(conn, announcement_acknowledgements, [row]))


def acknowledgements(conn: Connection, ids: Collection[int], account_id: AccountId) -> dict[int, tuple[int, bool]]:
    """For each of ``ids``: how many members of this node said that they know, and whether the account did."""
    return _counted(conn, announcement_acknowledgements, ids, account_id)


def count_members(conn: Connection) -> int:
    """How many people of this node are asked."""
    return conn.execute(sa.select(sa.func.count()).select_from(users).where(*_IS_ASKED)).scalar_one()


def list_missing(conn: Connection, announcement_id: int, limit: int) -> list[str]:
    """The names of members of this node who have not said that they know, in alphabetical order."""
    said = sa.exists().where(
        announcement_acknowledgements.c.announcement_id == announcement_id,
        announcement_acknowledgements.c.account_id == users.c.account_id,
    )
    statement = sa.select(users.c.username).where(*_IS_ASKED, ~said).order_by(users.c.username).limit(limit)
    return list(conn.execute(statement).scalars())


def put_count(conn: Connection, now: datetime, announcement_id: int, tally: Tally) -> None:
    """Write what another node tells of its members."""
    row = {
        "announcement_id": announcement_id,
        "peer": tally.peer,
        "acknowledged_count": tally.acknowledged_count,
        "members_count": tally.members_count,
        "updated_at": now,
    }
    upsert(conn, announcement_counts, row, key=["announcement_id", "peer"])


def list_counts(conn: Connection, announcement_id: int) -> list[Tally]:
    """What other nodes told of their members, by their names."""
    statement = (
        sa.select(announcement_counts)
        .where(announcement_counts.c.announcement_id == announcement_id)
        .order_by(announcement_counts.c.peer)
    )
    return [
        Tally(peer=row.peer, acknowledged_count=row.acknowledged_count, members_count=row.members_count)
        for row in conn.execute(statement)
    ]


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


def _has_done(what: sa.Table, account_id: AccountId) -> sa.ColumnElement[bool]:
    return sa.exists().where(what.c.announcement_id == announcements.c.id, what.c.account_id == account_id)


def _counted(
    conn: Connection, what: sa.Table, ids: Collection[int], account_id: AccountId
) -> dict[int, tuple[int, bool]]:
    own = sa.func.count().filter(what.c.account_id == account_id)
    statement = (
        sa.select(what.c.announcement_id, sa.func.count(), own)
        .where(what.c.announcement_id.in_(ids))
        .group_by(what.c.announcement_id)
    )
    found = {number: (int(count), bool(mine)) for number, count, mine in conn.execute(statement)}
    return {number: found.get(number, (0, False)) for number in ids}


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
        needs_acknowledgement=row.needs_acknowledgement,
        for_organisation=row.for_organisation,
        uri=row.uri,
        peer=row.peer,
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
        "needs_acknowledgement": one.needs_acknowledgement,
        "for_organisation": one.for_organisation,
        "uri": one.uri,
        "peer": one.peer,
        "published_at": one.published_at,
        "updated_at": one.updated_at,
    }
