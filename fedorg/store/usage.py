"""How much something was used on each of the last seven days: a hashtag, a page. Public statuses are what counts."""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from typing import Final

import sqlalchemy as sa
from sqlalchemy import Column, Connection

from fedorg.domain.statuses import TagUse
from fedorg.domain.visibility import Reach, Visibility
from fedorg.ids import AccountId, at
from fedorg.store.beside import beside
from fedorg.store.tables import statuses

_DAYS: Final = 7
# Ids of two moments that lie a day apart differ by this.
_DAY: Final = at(datetime(1970, 1, 2, tzinfo=UTC))


def is_seen_by(viewer: AccountId | None) -> sa.ColumnElement[bool]:
    """A status that counts as use; visitors learn of those of reach public only."""
    is_public = beside(statuses.c.visibility) == Visibility.PUBLIC.value
    return is_public if viewer is not None else sa.and_(is_public, statuses.c.reach == Reach.PUBLIC.value)


def is_used(
    subject: Column[int], status_id: Column[int], subject_id: sa.ColumnElement[int], viewer: AccountId | None
) -> sa.ColumnElement[bool]:
    """Whether a status that counts uses it; looked for from what is used, whatever the engine knows of the tables."""
    counts = sa.exists().where(statuses.c.id == status_id, is_seen_by(viewer))
    return sa.exists().where(subject == subject_id, counts.correlate(subject.table))


def history(
    conn: Connection,
    subject: Column[int],
    status_id: Column[int],
    ids: Collection[int],
    now: datetime,
    viewer: AccountId | None,
) -> dict[int, tuple[TagUse, ...]]:
    """The use of each of ``ids``, which ``subject`` names beside ``status_id``, today's first; read from those days."""
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    days = [midnight - timedelta(days=number) for number in range(_DAYS)]
    day = (status_id // _DAY).label("day")
    statement = (
        sa.select(
            subject,
            day,
            sa.func.count().label("uses"),
            sa.func.count(statuses.c.account_id.distinct()).label("accounts"),
        )
        .join(statuses, statuses.c.id == status_id)
        .where(subject.in_(ids), status_id >= at(days[-1]), is_seen_by(viewer))
        .group_by(subject, day)
    )
    used = {(row[0], row.day): (row.uses, row.accounts) for row in conn.execute(statement)}
    found: dict[int, tuple[TagUse, ...]] = {}
    for subject_id in ids:
        counts = [(moment, used.get((subject_id, at(moment) // _DAY), (0, 0))) for moment in days]
        found[subject_id] = tuple(TagUse(day=moment, uses=uses, accounts=by) for moment, (uses, by) in counts)
    return found
