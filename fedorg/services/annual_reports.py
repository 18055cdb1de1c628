"""Reports of a year: offered in December, made by a job for whoever asks, read by their owner alone."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.annual_reports import (
    ASKED_AGAIN_AFTER,
    SCHEMA_VERSION,
    STATUSES_MIN,
    AnnualReport,
    AnnualReportsView,
    ReportData,
    ReportState,
    archetype_of,
    is_offered,
    months_of,
)
from fedorg.domain.jobs import MakeAnnualReport
from fedorg.errors import NotFound
from fedorg.ids import AccountId
from fedorg.node import Node
from fedorg.store import annual_reports, jobs, views

_YEAR_MAX: Final = 9998


async def list_reports(node: Node, account: Account) -> AnnualReportsView:
    """Every report that was made for an account."""

    def unit(conn: Connection) -> AnnualReportsView:
        return _view(conn, node, account, annual_reports.list_of_account(conn, account.id))

    return await node.read(unit)


async def get_report(node: Node, account: Account, year: int) -> AnnualReportsView:
    """The report of a year; ``NotFound`` when none was made."""
    _check(year)

    def unit(conn: Connection) -> AnnualReportsView:
        return _view(conn, node, account, [annual_reports.get(conn, account.id, year)])

    return await node.read(unit)


async def get_state(node: Node, account_id: AccountId, year: int) -> ReportState:
    """Whether there is a report of a year, or could be."""
    return await node.read(_state, node, account_id, year)


async def ask(node: Node, account_id: AccountId, year: int) -> ReportState:
    """Have the report of a year made, if it is offered and there is none; how it stands then."""

    def unit(conn: Connection) -> ReportState:
        state, now = _state(conn, node, account_id, year), node.now()
        if state is not ReportState.ELIGIBLE:
            return state
        if annual_reports.ask(conn, account_id, year, now, now - ASKED_AGAIN_AFTER):
            jobs.enqueue(conn, node.ids, now, MakeAnnualReport(account_id=account_id, year=year))
        return ReportState.GENERATING

    return await node.write(unit)


async def mark_read(node: Node, account_id: AccountId, year: int) -> None:
    """Note that a report was read; ``NotFound`` when none was made."""
    _check(year)

    def unit(conn: Connection) -> None:
        report = annual_reports.get(conn, account_id, year)
        annual_reports.mark_read(conn, account_id, report.year, node.now())

    await node.write(unit)


async def make(node: Node, job: MakeAnnualReport) -> None:
    """Count what an account did in a year, and keep it; making it twice is making it once."""
    months = months_of(job.year)

    def count(conn: Connection) -> ReportData:
        return ReportData(
            archetype=archetype_of(annual_reports.deeds(conn, job.account_id, months)),
            months=tuple(annual_reports.by_month(conn, job.account_id, months)),
            top_tag=annual_reports.find_top_tag(conn, job.account_id, months),
            top_status_id=annual_reports.find_top_status(conn, job.account_id, months),
        )

    data = await node.read(count)
    report = AnnualReport(account_id=job.account_id, year=job.year, data=data)
    await node.write(annual_reports.put, report, SCHEMA_VERSION)


def _state(conn: Connection, node: Node, account_id: AccountId, year: int) -> ReportState:
    now = node.now()
    if not 0 < year <= _YEAR_MAX:
        return ReportState.INELIGIBLE
    if any(report.year == year for report in annual_reports.list_of_account(conn, account_id)):
        return ReportState.AVAILABLE
    if annual_reports.is_asked_for(conn, account_id, year, now - ASKED_AGAIN_AFTER):
        return ReportState.GENERATING
    if is_offered(year, now) and annual_reports.count_statuses(conn, account_id, months_of(year)) >= STATUSES_MIN:
        return ReportState.ELIGIBLE
    return ReportState.INELIGIBLE


def _view(conn: Connection, node: Node, account: Account, reports: Sequence[AnnualReport]) -> AnnualReportsView:
    named = [report.data.top_status_id for report in reports if report.data.top_status_id is not None]
    shown = views.load_views(conn, node.now(), account.id, named)
    return AnnualReportsView(reports=tuple(reports), account=account, statuses=tuple(shown))


def _check(year: int) -> None:
    if not 0 < year <= _YEAR_MAX:
        raise NotFound
