"""What those who look after a node see ranked: one query for each dimension, of which the greatest rows are read."""

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from fedorg.domain.measures import DAYS_IN_ID, DimensionKey, Period, Ranked, Target
from fedorg.domain.relationships import FollowState
from fedorg.domain.visibility import Visibility
from fedorg.store.beside import beside
from fedorg.store.tables import accounts, applications, follows, media_attachments, status_tags, statuses

_UNKNOWN: Final = "und"
_LANGUAGE: Final = sa.func.coalesce(statuses.c.language, _UNKNOWN)
_IS_WRITTEN: Final = beside(statuses.c.reblog_of_id).is_(None)
_ROWS: Final = statuses.join(accounts, accounts.c.id == statuses.c.account_id).outerjoin(
    applications, applications.c.id == statuses.c.application_id
)


def rank(
    conn: Connection, key: DimensionKey, period: Period, target: Target, own_domain: str, limit: int
) -> list[Ranked]:
    """The greatest rows of a dimension that is counted; ``own_domain`` is what this node is called beside others."""
    if key is DimensionKey.INSTANCE_ACCOUNTS:
        return _most_followed(conn, target, limit)
    name, counted = _counted(key, period, target, own_domain)
    uses, label = sa.func.count().label("value"), name.label("key")
    statement = sa.select(label, uses).select_from(_ROWS).where(*counted)
    found = conn.execute(statement.group_by(label).order_by(uses.desc(), label).limit(limit))
    return [Ranked(key=row.key, value=str(row.value)) for row in found]


def database_bytes(conn: Connection) -> int:
    """How much space the database takes."""
    if conn.dialect.name == "sqlite":
        pages, size = (conn.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in ("page_count", "page_size"))
        return int(pages) * int(size)
    return int(conn.execute(sa.select(sa.func.pg_database_size(sa.func.current_database()))).scalar_one())


def database_version(conn: Connection) -> str:
    """Which database it is, in numbers."""
    if conn.dialect.name == "sqlite":
        return str(conn.execute(sa.select(sa.func.sqlite_version())).scalar_one())
    return str(conn.exec_driver_sql("SHOW server_version").scalar_one()).split()[0]


def media_bytes(conn: Connection) -> int:
    """How much space the files of statuses take."""
    statement = sa.select(sa.func.coalesce(sa.func.sum(media_attachments.c.size_bytes), 0))
    return int(conn.execute(statement).scalar_one())


def _counted(
    key: DimensionKey, period: Period, target: Target, own_domain: str
) -> tuple[ColumnElement[Any], tuple[ColumnElement[bool], ...]]:
    """What is counted by, and which statuses."""
    is_in_time = (statuses.c.id >= period.begin * DAYS_IN_ID, statuses.c.id < period.end * DAYS_IN_ID)
    is_tagged = (
        sa.exists().where(status_tags.c.tag_id == target.tag_id, status_tags.c.status_id == statuses.c.id),
        statuses.c.visibility == Visibility.PUBLIC.value,
        *is_in_time,
    )
    match key:
        case DimensionKey.LANGUAGES:
            return _LANGUAGE, (statuses.c.is_local, _IS_WRITTEN, *is_in_time)
        case DimensionKey.SOURCES:
            # A program that is known no more was, for all that can be said, the node's own pages.
            return sa.func.coalesce(applications.c.name, "web"), (statuses.c.is_local, _IS_WRITTEN, *is_in_time)
        case DimensionKey.SERVERS:
            return accounts.c.peer, (accounts.c.peer.is_not(None), *is_in_time)
        case DimensionKey.TAG_SERVERS:
            return sa.func.coalesce(accounts.c.peer, own_domain), is_tagged
        case DimensionKey.TAG_LANGUAGES:
            return _LANGUAGE, is_tagged
        case _:
            return _LANGUAGE, (accounts.c.peer == target.domain, _IS_WRITTEN, *is_in_time)


def _most_followed(conn: Connection, target: Target, limit: int) -> list[Ranked]:
    """Accounts of a server that most follow from here."""
    followers = sa.func.count(follows.c.id)
    is_followed = sa.and_(follows.c.target_id == accounts.c.id, follows.c.state == FollowState.ACCEPTED.value)
    statement = (
        sa.select(accounts.c.username.label("key"), followers.label("value"))
        .outerjoin(follows, is_followed)
        .where(accounts.c.peer == target.domain)
        .group_by(accounts.c.id, accounts.c.username)
        .order_by(followers.desc(), accounts.c.username)
        .limit(limit)
    )
    return [Ranked(key=row.key, value=str(row.value)) for row in conn.execute(statement)]
