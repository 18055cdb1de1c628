"""Rows of ``tags`` and ``status_tags``: hashtags by their normalised name."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import asdict, replace
from datetime import datetime
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.statuses import PageQuery, Status, Tag, TagUse, TagView
from fedorg.domain.trends import ReviewedTag, TagChange
from fedorg.domain.visibility import Visibility
from fedorg.errors import NotFound
from fedorg.ids import AccountId, IdSource, StatusId
from fedorg.store import paging, tag_follows, usage
from fedorg.store.beside import beside
from fedorg.store.gathered import Part
from fedorg.store.prefixes import begins_with
from fedorg.store.prepared import Prepared, many
from fedorg.store.tables import featured_tags, status_tags, statuses, tags
from fedorg.store.tables import tag_follows as tag_follows_table
from fedorg.store.upsert import insert_ignore

# So many hashtags that begin alike are ranked at most.
FEW: Final = 1000
LATEST_MAX: Final = 1000
"""So many statuses of somebody tell which hashtags they use, as in Mastodon."""
_UNUSABLE: Final = Prepared(
    sa.select(tags.c.name).where(tags.c.name.in_(many("names")), ~tags.c.usable).order_by(tags.c.name)
)
_TAKEN_UP: Final = Prepared(
    sa.select(tags.c.id).where(tags.c.name.in_(many("names"))).with_for_update(read=True, key_share=True)
)
_OF_STATUSES: Final = Prepared(
    sa.select(status_tags.c.status_id, tags.c.name, tags.c.display_name)
    .join(tags, tags.c.id == status_tags.c.tag_id)
    .where(status_tags.c.status_id.in_(many("ids")))
    .order_by(tags.c.name)
)
OF_STATUSES: Final = Part(
    sa.select(status_tags.c.status_id, tags.c.name, tags.c.display_name)
    .join(tags, tags.c.id == status_tags.c.tag_id)
    .where(status_tags.c.status_id.in_(many("ids"))),
    lambda rows: tuple(Tag(name=row.name, display_name=row.display_name) for row in sorted(rows)),
)
"""The hashtags of statuses, by name."""


def link(conn: Connection, ids: IdSource, now: datetime, status: Status, used: Sequence[Tag]) -> None:
    """Give a status its hashtags; names that are new become rows."""
    rows = [
        {"tag_id": tag_id, "status_id": status.id, "author_id": status.account_id}
        for tag_id in _take_up(conn, ids, now, used)
    ]
    insert_ignore(conn, status_tags, rows)


def get_or_insert(conn: Connection, ids: IdSource, now: datetime, tag: Tag) -> int:
    """The id of a hashtag, which becomes a row when it is new."""
    return _take_up(conn, ids, now, [tag])[0]


def unlink_all(conn: Connection, status_id: StatusId) -> None:
    """Take all hashtags from a status."""
    conn.execute(sa.delete(status_tags).where(status_tags.c.status_id == status_id))


def list_of_statuses(conn: Connection, ids: Collection[StatusId]) -> dict[StatusId, tuple[Tag, ...]]:
    """The hashtags of each status that has any, by name, in one query."""
    if not ids:
        return {}
    found: defaultdict[StatusId, list[Tag]] = defaultdict(list)
    for row in _OF_STATUSES.rows(conn, ids=ids):
        found[row.status_id].append(Tag(name=row.name, display_name=row.display_name))
    return {status_id: tuple(found[status_id]) for status_id in found}


def views(conn: Connection, now: datetime, viewer: AccountId | None, ids: Sequence[int]) -> list[TagView]:
    """Hashtags that exist, in the order of ``ids``, as ``viewer`` sees them, in a fixed number of queries."""
    names = {row.id: row.name for row in conn.execute(sa.select(tags.c.id, tags.c.name).where(tags.c.id.in_(ids)))}
    history = _history(conn, ids, now, viewer)
    found = [TagView(id=tag_id, name=names[tag_id], history=history[tag_id]) for tag_id in ids]
    return found if viewer is None else _for_viewer(conn, viewer, found)


def search(
    conn: Connection, viewer: AccountId, prefix: str, now: datetime, *, limit: int, offset: int
) -> list[TagView]:
    """Hashtags of public statuses that begin with ``prefix`` (normalised), the shortest first.

    What stands in narrower statuses only is not found: its name alone may tell too much. Nor is what was taken out.
    """
    bounded = sa.select(tags.c.id).where(begins_with(tags.c.name, prefix)).limit(FEW).subquery()
    is_few = conn.execute(sa.select(sa.func.count()).select_from(bounded)).scalar_one() < FEW
    # Of many, the first are soon met among all of them from the shortest on.
    name = tags.c.name if is_few else beside(tags.c.name)
    statement = (
        sa.select(tags.c.id)
        .where(begins_with(name, prefix), tags.c.listable, _is_used(viewer))
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
    is_known = sa.or_(_is_used(viewer), _IS_ON_PROFILE, tag_follows.is_followed_by(viewer, tags.c.id))
    statement = sa.select(tags.c.id).where(tags.c.name == name, is_known)
    tag_id = conn.execute(statement).scalar_one_or_none() or 0
    found = TagView(id=tag_id, name=name, history=_history(conn, [tag_id], now, viewer)[tag_id])
    return found if viewer is None else _for_viewer(conn, viewer, [found])[0]


def list_most_used(
    conn: Connection, account_id: AccountId, now: datetime, *, but: Collection[str], limit: int
) -> list[TagView]:
    """The hashtags an account uses most in its latest public statuses, without those named ``but``."""
    uses = sa.func.count()
    latest = (
        sa.select(statuses.c.id, statuses.c.visibility)
        .where(statuses.c.account_id == account_id)
        .order_by(statuses.c.id.desc())
        .limit(LATEST_MAX)
        .subquery()
    )
    statement = (
        sa.select(tags.c.id, tags.c.name)
        .join(status_tags, status_tags.c.tag_id == tags.c.id)
        .join(latest, latest.c.id == status_tags.c.status_id)
        .where(latest.c.visibility == Visibility.PUBLIC.value, tags.c.name.not_in(but))
        .group_by(tags.c.id, tags.c.name)
        .order_by(uses.desc(), tags.c.name)
        .limit(limit)
    )
    return views(conn, now, account_id, [row.id for row in conn.execute(statement)])


def find_unused(conn: Connection, before: datetime, limit: int) -> list[int]:
    """The ids of up to ``limit`` hashtags that came before a moment and that nothing bears and nobody keeps."""
    return list(conn.execute(sa.select(tags.c.id).where(_is_unused(before)).limit(limit)).scalars())


def delete_unused(conn: Connection, before: datetime, ids: Collection[int]) -> int:
    """Forget those of some hashtags that are unused still; how many. What was said of one stays said."""
    is_one = sa.and_(tags.c.id.in_(ids), _is_unused(before))
    # Held first: whoever takes one up at this moment is seen by the second look, or finds it gone.
    held = conn.execute(sa.select(tags.c.id).where(is_one).with_for_update(skip_locked=True)).scalars()
    return conn.execute(sa.delete(tags).where(tags.c.id.in_(list(held)), _is_unused(before))).rowcount


def list_reviewed(conn: Connection, viewer: AccountId, now: datetime, page: PageQuery) -> list[ReviewedTag]:
    """A page of the hashtags that ``viewer`` may know of, the latest used first time first, with what is allowed."""
    statement = sa.select(tags.c.id).where(_is_open_to(viewer))
    ids = [row.id for row in paging.rows_of(conn, statement, tags.c.id, page)]
    return reviewed(conn, viewer, now, ids)


def get_reviewed(conn: Connection, viewer: AccountId, now: datetime, tag_id: int) -> ReviewedTag:
    """One of them."""
    statement = sa.select(tags.c.id).where(tags.c.id == tag_id, _is_open_to(viewer))
    found = reviewed(conn, viewer, now, list(conn.execute(statement).scalars()))
    if not found:
        raise NotFound
    return found[0]


def reviewed(conn: Connection, viewer: AccountId, now: datetime, ids: Sequence[int]) -> list[ReviewedTag]:
    """Hashtags that exist, in the order of ``ids``, with what is allowed of them."""
    statement = sa.select(tags.c.id, tags.c.trendable, tags.c.listable, tags.c.usable, tags.c.reviewed_at)
    rows = {row.id: row for row in conn.execute(statement.where(tags.c.id.in_(ids)))}
    return [
        ReviewedTag(
            view=view,
            trendable=rows[view.id].trendable,
            listable=rows[view.id].listable,
            usable=rows[view.id].usable,
            reviewed_at=rows[view.id].reviewed_at,
        )
        for view in views(conn, now, viewer, ids)
    ]


def review(conn: Connection, tag_id: int, change: TagChange, now: datetime) -> None:
    """Write what is said of a hashtag."""
    said = {name: value for name, value in asdict(change).items() if value is not None}
    conn.execute(sa.update(tags).where(tags.c.id == tag_id).values(reviewed_at=now, **said))


def list_unusable(conn: Connection, names: Collection[str]) -> list[str]:
    """Those of some names that nobody here may use."""
    if not names:
        return []
    return [row.name for row in _UNUSABLE.rows(conn, names=names)]


def _is_unused(before: datetime) -> sa.ColumnElement[bool]:
    is_kept = [
        sa.exists().where(column == tags.c.id)
        for column in (status_tags.c.tag_id, tag_follows_table.c.tag_id, featured_tags.c.tag_id)
    ]
    return sa.and_(tags.c.created_at < before, tags.c.reviewed_at.is_(None), *(~one for one in is_kept))


_IS_ON_PROFILE: Final = sa.exists().where(featured_tags.c.tag_id == tags.c.id)


def _take_up(conn: Connection, ids: IdSource, now: datetime, used: Collection[Tag]) -> list[int]:
    """The ids of hashtags, which become rows when they are new; none of them goes before the transaction ends."""
    by_name = {tag.name: tag for tag in used}
    found = _held(conn, by_name)
    while len(found) < len(by_name):
        rows = [
            {"id": ids.next(), "name": name, "display_name": by_name[name].display_name, "created_at": now}
            for name in sorted(by_name)
        ]
        insert_ignore(conn, tags, rows)
        found = _held(conn, by_name)
    return found


def _held(conn: Connection, names: Collection[str]) -> list[int]:
    return [row.id for row in _TAKEN_UP.rows(conn, names=names)] if names else []


def _is_open_to(viewer: AccountId) -> sa.ColumnElement[bool]:
    """What stands in narrower statuses only is not told to those who look after the node either."""
    return sa.or_(_is_used(viewer), _IS_ON_PROFILE, tags.c.reviewed_at.is_not(None))


def _is_used(viewer: AccountId | None) -> sa.ColumnElement[bool]:
    return usage.is_used(status_tags.c.tag_id, status_tags.c.status_id, tags.c.id, viewer)


def _history(
    conn: Connection, ids: Collection[int], now: datetime, viewer: AccountId | None
) -> dict[int, tuple[TagUse, ...]]:
    return usage.history(conn, status_tags.c.tag_id, status_tags.c.status_id, ids, now, viewer)


def _for_viewer(conn: Connection, viewer: AccountId, found: Sequence[TagView]) -> list[TagView]:
    ids = [one.id for one in found]
    followed = tag_follows.followed_among(conn, viewer, ids)
    statement = sa.select(featured_tags.c.tag_id).where(
        featured_tags.c.account_id == viewer, featured_tags.c.tag_id.in_(ids)
    )
    featured = frozenset(conn.execute(statement).scalars())
    return [replace(one, following=one.id in followed, featuring=one.id in featured) for one in found]
