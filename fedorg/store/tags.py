"""Rows of ``tags`` and ``status_tags``: hashtags by their normalised name."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from fedorg.domain.statuses import Tag, TagUse, TagView
from fedorg.domain.visibility import Reach, Visibility
from fedorg.ids import AccountId, IdSource, StatusId, at
from fedorg.store import tag_follows
from fedorg.store.tables import featured_tags, status_tags, statuses, tags
from fedorg.store.upsert import insert_ignore


def link(conn: Connection, ids: IdSource, now: datetime, status_id: StatusId, used: Sequence[Tag]) -> None:
    """Give a status its hashtags; names that are new become rows."""
    if not used:
        return
    by_name = {tag.name: tag for tag in used}
    rows = [
        {"id": ids.next(), "name": name, "display_name": by_name[name].display_name, "created_at": now}
        for name in sorted(by_name)
    ]
    insert_ignore(conn, tags, rows)
    found = conn.execute(sa.select(tags.c.id).where(tags.c.name.in_(list(by_name)))).scalars()
    insert_ignore(conn, status_tags, [{"tag_id": tag_id, "status_id": status_id} for tag_id in found])


def get_or_insert(conn: Connection, ids: IdSource, now: datetime, tag: Tag) -> int:
    """The id of a hashtag, which becomes a row when it is new."""
    insert_ignore(
        conn, tags, [{"id": ids.next(), "name": tag.name, "display_name": tag.display_name, "created_at": now}]
    )
    return int(conn.execute(sa.select(tags.c.id).where(tags.c.name == tag.name)).scalar_one())


def unlink_all(conn: Connection, status_id: StatusId) -> None:
    """Take all hashtags from a status."""
    conn.execute(sa.delete(status_tags).where(status_tags.c.status_id == status_id))


def list_of_statuses(conn: Connection, ids: Collection[StatusId]) -> dict[StatusId, tuple[Tag, ...]]:
    """The hashtags of each status that has any, by name, in one query."""
    found: defaultdict[StatusId, list[Tag]] = defaultdict(list)
    statement = (
        sa.select(status_tags.c.status_id, tags.c.name, tags.c.display_name)
        .join(tags, tags.c.id == status_tags.c.tag_id)
        .where(status_tags.c.status_id.in_(ids))
        .order_by(tags.c.name)
    )
    for row in conn.execute(statement):
        found[row.status_id].append(Tag(name=row.name, display_name=row.display_name))
    return {status_id: tuple(found[status_id]) for status_id in found}


def views(conn: Connection, now: datetime, viewer: AccountId | None, ids: Sequence[int]) -> list[TagView]:
    """Hashtags that exist, in the order of ``ids``, as ``viewer`` sees them, in a fixed number of queries."""
    names = {row.id: row.name for row in conn.execute(sa.select(tags.c.id, tags.c.name).where(tags.c.id.in_(ids)))}
    history = _history(conn, ids, now, _use_seen_by(viewer))
    found = [TagView(id=tag_id, name=names[tag_id], history=history[tag_id]) for tag_id in ids]
    return found if viewer is None else _for_viewer(conn, viewer, found)


def search(
    conn: Connection, viewer: AccountId, prefix: str, now: datetime, *, limit: int, offset: int
) -> list[TagView]:
    """Hashtags of public statuses that begin with ``prefix`` (normalised), the shortest first.

    What stands in narrower statuses only is not found: its name alone may tell too much.
    """
    statement = (
        sa.select(tags.c.id)
        .where(tags.c.name.startswith(prefix, autoescape=True), sa.exists().where(_IS_PUBLIC_USE))
        .order_by(sa.func.length(tags.c.name), tags.c.name)
        .limit(limit)
        .offset(offset)
    )
    return views(conn, now, viewer, list(conn.execute(statement).scalars()))


def get_view(conn: Connection, viewer: AccountId | None, name: str, now: datetime) -> TagView:
    """A hashtag by its normalised name, with its use in public statuses; visitors learn of those of reach public.

    One that stands in no such status and on no profile, and that the viewer does not follow, looks like one that nobody
    ever used, with the id 0.
    """
    use = _use_seen_by(viewer)
    is_on_profile = sa.exists().where(featured_tags.c.tag_id == tags.c.id)
    is_known = sa.or_(sa.exists().where(use), is_on_profile, tag_follows.is_followed_by(viewer, tags.c.id))
    statement = sa.select(tags.c.id).where(tags.c.name == name, is_known)
    tag_id = conn.execute(statement).scalar_one_or_none() or 0
    found = TagView(id=tag_id, name=name, history=_history(conn, [tag_id], now, use)[tag_id])
    return found if viewer is None else _for_viewer(conn, viewer, [found])[0]


def list_most_used(
    conn: Connection, account_id: AccountId, now: datetime, *, but: Collection[str], limit: int
) -> list[TagView]:
    """The hashtags an account uses most in public statuses, without those named ``but``."""
    uses = sa.func.count()
    statement = (
        sa.select(tags.c.id, tags.c.name)
        .join(status_tags, status_tags.c.tag_id == tags.c.id)
        .join(statuses, statuses.c.id == status_tags.c.status_id)
        .where(
            statuses.c.account_id == account_id,
            statuses.c.visibility == Visibility.PUBLIC.value,
            tags.c.name.not_in(but),
        )
        .group_by(tags.c.id, tags.c.name)
        .order_by(uses.desc(), tags.c.name)
        .limit(limit)
    )
    return views(conn, now, account_id, [row.id for row in conn.execute(statement)])


_HISTORY_DAYS: Final = 7
# Ids of two moments that lie a day apart differ by this.
_DAY: Final = at(datetime(1970, 1, 2, tzinfo=UTC))
_IS_PUBLIC_USE: Final = sa.and_(
    status_tags.c.tag_id == tags.c.id,
    statuses.c.id == status_tags.c.status_id,
    statuses.c.visibility == Visibility.PUBLIC.value,
)


def _use_seen_by(viewer: AccountId | None) -> ColumnElement[bool]:
    """Visitors learn of public statuses of reach public only."""
    return _IS_PUBLIC_USE if viewer is not None else sa.and_(_IS_PUBLIC_USE, statuses.c.reach == Reach.PUBLIC.value)


def _history(
    conn: Connection, ids: Collection[int], now: datetime, use: ColumnElement[bool]
) -> dict[int, tuple[TagUse, ...]]:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    days = [midnight - timedelta(days=number) for number in range(_HISTORY_DAYS)]
    day = (statuses.c.id // _DAY).label("day")
    statement = (
        sa.select(
            status_tags.c.tag_id,
            day,
            sa.func.count().label("uses"),
            sa.func.count(statuses.c.account_id.distinct()).label("accounts"),
        )
        .join(statuses, statuses.c.id == status_tags.c.status_id)
        .join(tags, tags.c.id == status_tags.c.tag_id)
        .where(status_tags.c.tag_id.in_(ids), use, statuses.c.id >= at(days[-1]))
        .group_by(status_tags.c.tag_id, day)
    )
    used = {(row.tag_id, row.day): (row.uses, row.accounts) for row in conn.execute(statement)}
    history: dict[int, tuple[TagUse, ...]] = {}
    for tag_id in ids:
        counts = [(moment, used.get((tag_id, at(moment) // _DAY), (0, 0))) for moment in days]
        history[tag_id] = tuple(TagUse(day=moment, uses=uses, accounts=by) for moment, (uses, by) in counts)
    return history


def _for_viewer(conn: Connection, viewer: AccountId, found: Sequence[TagView]) -> list[TagView]:
    ids = [one.id for one in found]
    followed = tag_follows.followed_among(conn, viewer, ids)
    statement = sa.select(featured_tags.c.tag_id).where(
        featured_tags.c.account_id == viewer, featured_tags.c.tag_id.in_(ids)
    )
    featured = frozenset(conn.execute(statement).scalars())
    return [replace(one, following=one.id in followed, featuring=one.id in featured) for one in found]
