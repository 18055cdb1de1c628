"""Rows of ``annual_reports``, one for each account and year, and the numbers that reports are made of."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import ColumnElement, Connection

from fedorg import ids
from fedorg.domain.annual_reports import AnnualReport, Archetype, Deeds, Month, ReportData, TagUse
from fedorg.domain.relationships import FollowState
from fedorg.domain.visibility import Visibility
from fedorg.errors import NotFound
from fedorg.ids import AccountId, StatusId
from fedorg.store.tables import annual_reports, follows, polls, status_tags, statuses, tags
from fedorg.store.upsert import insert_ignore

_SHOWN = (Visibility.PUBLIC.value, Visibility.UNLISTED.value)


def list_of_account(conn: Connection, account_id: AccountId) -> list[AnnualReport]:
    """The reports that were made for an account, the latest year first."""
    return [
        one
        for row in conn.execute(
            sa.select(annual_reports)
            .where(annual_reports.c.account_id == account_id)
            .order_by(annual_reports.c.year.desc())
        )
        if (one := _report(row)) is not None
    ]


def get(conn: Connection, account_id: AccountId, year: int) -> AnnualReport:
    """The report that was made for a year."""
    row = conn.execute(sa.select(annual_reports).where(*_key(account_id, year))).one_or_none()
    report = None if row is None else _report(row)
    if report is None:
        raise NotFound
    return report


def is_asked_for(conn: Connection, account_id: AccountId, year: int, since: datetime) -> bool:
    """Whether somebody asked for a report since a moment."""
    asked = sa.exists().where(*_key(account_id, year), annual_reports.c.asked_at > since)
    return bool(conn.execute(sa.select(asked)).scalar())


def ask(conn: Connection, account_id: AccountId, year: int, now: datetime, before: datetime) -> bool:
    """Note that a report is asked for; False when it is there, or was asked for since ``before``."""
    if insert_ignore(conn, annual_reports, [{"account_id": account_id, "year": year, "asked_at": now}]):
        return True
    statement = (
        sa.update(annual_reports)
        .where(*_key(account_id, year), annual_reports.c.schema_version.is_(None), annual_reports.c.asked_at <= before)
        .values(asked_at=now)
    )
    return bool(conn.execute(statement).rowcount)


def put(conn: Connection, report: AnnualReport, schema_version: int) -> None:
    """Keep a report that was asked for."""
    conn.execute(
        sa.update(annual_reports)
        .where(*_key(report.account_id, report.year))
        .values(data=asdict(report.data), schema_version=schema_version)
    )


def mark_read(conn: Connection, account_id: AccountId, year: int, now: datetime) -> None:
    """Note when a report was first read."""
    conn.execute(
        sa.update(annual_reports).where(*_key(account_id, year), annual_reports.c.read_at.is_(None)).values(read_at=now)
    )


# What reports are made of


def count_statuses(conn: Connection, account_id: AccountId, months: Sequence[tuple[datetime, datetime]]) -> int:
    """How much an account posted and boosted in a year."""
    return conn.execute(sa.select(sa.func.count()).where(*_of_year(account_id, months))).scalar_one()


def deeds(conn: Connection, account_id: AccountId, months: Sequence[tuple[datetime, datetime]]) -> Deeds:
    """What it was."""
    is_reblog = statuses.c.reblog_of_id.is_not(None)
    is_reply = statuses.c.in_reply_to_account_id.is_not(None)
    statement = (
        sa.select(
            sa.func.count().filter(~is_reblog, ~is_reply).label("own"),
            sa.func.count().filter(~is_reblog, is_reply).label("replies"),
            sa.func.count().filter(is_reblog).label("reblogs"),
            sa.func.count(polls.c.id).label("polls"),
        )
        .select_from(statuses.outerjoin(polls, polls.c.status_id == statuses.c.id))
        .where(*_of_year(account_id, months))
    )
    row = conn.execute(statement).one()
    return Deeds(own=row.own, replies=row.replies, reblogs=row.reblogs, polls=row.polls)


def by_month(conn: Connection, account_id: AccountId, months: Sequence[tuple[datetime, datetime]]) -> list[Month]:
    """What came in each month."""
    posts = [
        sa.func.count().filter(statuses.c.id >= ids.at(start), statuses.c.id < ids.at(end)) for start, end in months
    ]
    follow = [
        sa.func.count().filter(follows.c.created_at >= start, follows.c.created_at < end) for start, end in months
    ]
    posted = conn.execute(sa.select(*posts).where(*_of_year(account_id, months))).one()
    followed = conn.execute(
        sa.select(*follow).where(
            follows.c.target_id == account_id,
            follows.c.state == FollowState.ACCEPTED.value,
            follows.c.created_at >= months[0][0],
        )
    ).one()
    return [
        Month(month=number, statuses=of_statuses, followers=of_followers)
        for number, (of_statuses, of_followers) in enumerate(zip(posted, followed, strict=True), start=1)
    ]


def find_top_tag(conn: Connection, account_id: AccountId, months: Sequence[tuple[datetime, datetime]]) -> TagUse | None:
    """The hashtag that an account used most."""
    uses = sa.func.count()
    statement = (
        sa.select(tags.c.display_name, uses.label("uses"))
        .select_from(statuses)
        .join(status_tags, status_tags.c.status_id == statuses.c.id)
        .join(tags, tags.c.id == status_tags.c.tag_id)
        .where(*_of_year(account_id, months))
        .group_by(tags.c.id, tags.c.display_name)
        .order_by(uses.desc(), tags.c.id)
        .limit(1)
    )
    row = conn.execute(statement).one_or_none()
    return None if row is None else TagUse(name=row.display_name, count=row.uses)


def find_top_status(
    conn: Connection, account_id: AccountId, months: Sequence[tuple[datetime, datetime]]
) -> StatusId | None:
    """The status of an account that was boosted most."""
    statement = (
        sa.select(statuses.c.id)
        .where(*_of_year(account_id, months), statuses.c.reblogs_count > 0, statuses.c.visibility.in_(_SHOWN))
        .order_by(statuses.c.reblogs_count.desc(), statuses.c.id)
        .limit(1)
    )
    found = conn.execute(statement).scalar_one_or_none()
    return None if found is None else StatusId(found)


def _of_year(account_id: AccountId, months: Sequence[tuple[datetime, datetime]]) -> tuple[ColumnElement[bool], ...]:
    # An id of this node sorts at the moment of its status.
    return (
        statuses.c.account_id == account_id,
        statuses.c.id >= ids.at(months[0][0]),
        statuses.c.id < ids.at(months[-1][1]),
        statuses.c.visibility != Visibility.DIRECT.value,
    )


def _key(account_id: AccountId, year: int) -> tuple[ColumnElement[bool], ...]:
    return (annual_reports.c.account_id == account_id, annual_reports.c.year == year)


def _report(row: sa.Row[Any]) -> AnnualReport | None:
    """The report in a row; None while it is not made."""
    if row.schema_version is None:
        return None
    data = row.data
    return AnnualReport(
        account_id=AccountId(row.account_id),
        year=row.year,
        data=ReportData(
            archetype=Archetype(data["archetype"]),
            months=tuple(Month(**one) for one in data["months"]),
            top_tag=None if data["top_tag"] is None else TagUse(**data["top_tag"]),
            top_status_id=data["top_status_id"],
        ),
    )
