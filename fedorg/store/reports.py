"""Rows of ``reports``."""

from collections.abc import Collection
from dataclasses import asdict
from datetime import datetime
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy import Connection

from fedorg.domain.reports import Report, ReportCategory, ReportQuery, ReportView
from fedorg.domain.statuses import PageQuery
from fedorg.errors import NotFound
from fedorg.ids import AccountId, ReportId, StatusId, UserId
from fedorg.store import accounts, paging, statuses
from fedorg.store.stale import Stale
from fedorg.store.tables import accounts as accounts_table
from fedorg.store.tables import reports
from fedorg.store.upsert import insert_ignore

_BY_ID: Final = sa.select(reports).where(reports.c.id == sa.bindparam("id"))


def insert(conn: Connection, report: Report) -> bool:
    """Add a report; False when it was told before."""
    values = asdict(report) | {
        "status_ids": list(report.status_ids),
        "rule_ids": list(report.rule_ids),
        "category": report.category.value,
    }
    return bool(insert_ignore(conn, reports, [values]))


def get(conn: Connection, report_id: ReportId) -> Report:
    """The report with an id."""
    row = conn.execute(_BY_ID, {"id": report_id}).one_or_none()
    if row is None:
        raise NotFound
    return _report(row)


def get_for_update(conn: Connection, report_id: ReportId) -> Report:
    """The same, which nobody else changes before this transaction ends."""
    conn.execute(sa.select(reports.c.id).where(reports.c.id == report_id).with_for_update())
    return get(conn, report_id)


def search(conn: Connection, query: ReportQuery, page: PageQuery) -> list[Report]:
    """A page of the reports that are asked for, newest first."""
    statement = sa.select(reports)
    if query.is_resolved is not None:
        statement = statement.where(
            reports.c.resolved_at.is_not(None) if query.is_resolved else reports.c.resolved_at.is_(None)
        )
    if query.account_id is not None:
        statement = statement.where(reports.c.account_id == query.account_id)
    if query.target_account_id is not None:
        statement = statement.where(reports.c.target_account_id == query.target_account_id)
    if query.target_domain is not None:
        about = accounts_table.c.id == reports.c.target_account_id
        lives_there = sa.or_(
            accounts_table.c.domain == query.target_domain, accounts_table.c.peer == query.target_domain
        )
        statement = statement.where(sa.exists().where(about, lives_there))
    return [_report(row) for row in paging.rows_of(conn, statement, reports.c.id, page)]


def change(conn: Connection, report: Report, now: datetime) -> None:
    """Write what those who look after the node decide about a report: its kind, its rules, who looks into it."""
    conn.execute(
        sa.update(reports)
        .where(reports.c.id == report.id)
        .values(
            category=report.category.value,
            rule_ids=list(report.rule_ids),
            assigned_to=report.assigned_to,
            updated_at=now,
        )
    )


def list_by_ids(conn: Connection, ids: Collection[int]) -> dict[int, Report]:
    """The reports that exist among ``ids``."""
    if not ids:
        return {}
    return {row.id: _report(row) for row in conn.execute(sa.select(reports).where(reports.c.id.in_(ids)))}


def list_open_about(conn: Connection, account_id: AccountId, limit: int) -> list[ReportId]:
    """Which reports about an account wait."""
    statement = sa.select(reports.c.id).where(
        reports.c.target_account_id == account_id, reports.c.resolved_at.is_(None)
    )
    return [ReportId(number) for number in conn.execute(statement.limit(limit)).scalars()]


def count_open_of_peer(conn: Connection, peer: str, limit: int) -> int:
    """How many reports of a peer wait, counted no further than ``limit``."""
    waiting = (
        sa.select(reports.c.id).where(reports.c.peer == peer, reports.c.resolved_at.is_(None)).limit(limit).subquery()
    )
    return conn.execute(sa.select(sa.func.count()).select_from(waiting)).scalar_one()


def count_open_of_peers(conn: Connection, limit: int) -> int:
    """How many reports of all peers wait, counted no further than ``limit``."""
    waiting = (
        sa.select(reports.c.id).where(reports.c.resolved_at.is_(None), reports.c.peer.is_not(None)).limit(limit)
    ).subquery()
    return conn.execute(sa.select(sa.func.count()).select_from(waiting)).scalar_one()


def resolve(conn: Connection, report_id: ReportId, now: datetime, by: UserId | None) -> bool:
    """Close a report that waits; False when it is closed already."""
    is_open = sa.and_(reports.c.id == report_id, reports.c.resolved_at.is_(None))
    return bool(
        conn.execute(sa.update(reports).where(is_open).values(resolved_at=now, resolved_by=by, updated_at=now)).rowcount
    )


def reopen(conn: Connection, report_id: ReportId, now: datetime) -> bool:
    """Let a closed report wait again; False when it does."""
    is_closed = sa.and_(reports.c.id == report_id, reports.c.resolved_at.is_not(None))
    return bool(
        conn.execute(
            sa.update(reports).where(is_closed).values(resolved_at=None, resolved_by=None, updated_at=now)
        ).rowcount
    )


def delete_resolved(conn: Connection, before: datetime, limit: int) -> int:
    """Forget up to ``limit`` reports closed before a moment; how many there were."""
    stale = sa.select(reports.c.id).where(reports.c.resolved_at < before).limit(limit)
    return conn.execute(sa.delete(reports).where(reports.c.id.in_(stale))).rowcount


UNANSWERED: Final = Stale(
    reports.c.id,
    lambda before: sa.and_(
        reports.c.created_at < before,
        reports.c.resolved_at.is_(None),
        reports.c.assigned_to.is_(None),
        reports.c.peer.is_not(None),
    ),
)
"""Reports of peers from before a moment that nobody resolved and nobody took on."""


def views(conn: Connection, found: Collection[Report]) -> list[ReportView]:
    """The reports with the accounts they speak of."""
    named = {one.target_account_id for one in found} | {one.account_id for one in found if one.account_id is not None}
    people = accounts.list_by_ids(conn, named)
    return [
        ReportView(
            report=one,
            target=people[one.target_account_id],
            reporter=None if one.account_id is None else people.get(one.account_id),
        )
        for one in found
    ]


def status_uris(conn: Connection, status_ids: Collection[StatusId]) -> list[str]:
    """The identities of those statuses that still exist, oldest first."""
    found = statuses.list_by_ids(conn, [StatusId(number) for number in status_ids])
    return [found[number].uri for number in sorted(found)]


def _report(row: sa.Row[Any]) -> Report:
    return Report(
        id=ReportId(row.id),
        uri=row.uri,
        account_id=None if row.account_id is None else AccountId(row.account_id),
        peer=row.peer,
        target_account_id=AccountId(row.target_account_id),
        status_ids=tuple(StatusId(one) for one in row.status_ids),
        comment=row.comment,
        category=ReportCategory(row.category),
        forwarded=row.forwarded,
        created_at=row.created_at,
        resolved_at=row.resolved_at,
        resolved_by=None if row.resolved_by is None else UserId(row.resolved_by),
        rule_ids=tuple(row.rule_ids or ()),
        assigned_to=None if row.assigned_to is None else UserId(row.assigned_to),
        updated_at=row.updated_at,
    )
