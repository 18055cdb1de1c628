"""Rows of ``tags`` and ``status_tags``: hashtags by their normalised name."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.statuses import Tag
from fedorg.ids import IdSource, StatusId
from fedorg.store.tables import status_tags, tags
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


def search(conn: Connection, prefix: str, *, limit: int, offset: int) -> list[Tag]:
    """Hashtags that begin with ``prefix`` (normalised), the shortest first."""
    statement = (
        sa.select(tags.c.name, tags.c.display_name)
        .where(tags.c.name.startswith(prefix, autoescape=True))
        .order_by(sa.func.length(tags.c.name), tags.c.name)
        .limit(limit)
        .offset(offset)
    )
    return [Tag(name=row.name, display_name=row.display_name) for row in conn.execute(statement)]
