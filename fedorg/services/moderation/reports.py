"""Reports in the hands of those who look after the node. Nobody handles one about oneself.

``by`` is None for the command line, which closes and reopens reports like everybody else.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import User
from fedorg.domain.moderation import AdminAccountView, AdminReportView, user_id_of
from fedorg.domain.reports import Report, ReportCategory, ReportQuery
from fedorg.domain.statuses import PageQuery
from fedorg.errors import Forbidden
from fedorg.ids import AccountId, ReportId, UserId
from fedorg.node import Node
from fedorg.services import reports as filing
from fedorg.store import accounts, admin_accounts, audit, instance_texts, reports, users, views

STATUSES_OF_PAGE_MAX: Final = 200
"""A page ends before its reports name more statuses than that, beside one that does by itself."""


async def search(node: Node, query: ReportQuery, page: PageQuery) -> list[AdminReportView]:
    """A page of the reports that are asked for, newest first; a shorter one where they name many statuses."""
    return await node.read(lambda conn: _views(conn, node, _few(reports.search(conn, query, page), page)))


async def get(node: Node, report_id: ReportId) -> AdminReportView:
    """One report."""
    return await node.read(lambda conn: _views(conn, node, [reports.get(conn, report_id)])[0])


async def update(
    node: Node, by: User, report_id: ReportId, category: ReportCategory, rule_ids: tuple[int, ...]
) -> AdminReportView:
    """Say what a report is about, and which rules were broken."""

    def change(conn: Connection, report: Report) -> None:
        filing.check_rules(conn, rule_ids)
        reports.change(conn, replace(report, category=category, rule_ids=rule_ids), node.now())
        _audit(conn, node, "report.updated", report, by, category=category.value)

    return await _handle(node, by, report_id, change)


async def assign_to_self(node: Node, by: User, report_id: ReportId) -> AdminReportView:
    """Look into a report oneself."""

    def change(conn: Connection, report: Report) -> None:
        reports.change(conn, replace(report, assigned_to=by.id), node.now())
        _audit(conn, node, "report.assigned", report, by)

    return await _handle(node, by, report_id, change)


async def unassign(node: Node, by: User, report_id: ReportId) -> AdminReportView:
    """Leave a report to somebody else."""

    def change(conn: Connection, report: Report) -> None:
        reports.change(conn, replace(report, assigned_to=None), node.now())
        _audit(conn, node, "report.unassigned", report, by)

    return await _handle(node, by, report_id, change)


async def resolve(node: Node, by: User | None, report_id: ReportId) -> AdminReportView:
    """Close a report; closing it again changes nothing."""

    def change(conn: Connection, report: Report) -> None:
        if reports.resolve(conn, report.id, node.now(), user_id_of(by)):
            _audit(conn, node, "report.resolved", report, by)

    return await _handle(node, by, report_id, change)


async def reopen(node: Node, by: User | None, report_id: ReportId) -> AdminReportView:
    """Let a closed report wait again."""

    def change(conn: Connection, report: Report) -> None:
        if reports.reopen(conn, report.id, node.now()):
            _audit(conn, node, "report.reopened", report, by)

    return await _handle(node, by, report_id, change)


async def _handle(
    node: Node, by: User | None, report_id: ReportId, change: Callable[[Connection, Report], None]
) -> AdminReportView:
    def unit(conn: Connection) -> AdminReportView:
        report = reports.get_for_update(conn, report_id)
        if by is not None and report.target_account_id == by.account_id:
            raise Forbidden("This action is not allowed")
        change(conn, report)
        return _views(conn, node, [reports.get(conn, report_id)])[0]

    return await node.write(unit)


def _few(found: Sequence[Report], page: PageQuery) -> Sequence[Report]:
    """As many of them as name few statuses together, from where the page begins."""
    named = [len(one.status_ids) for one in (found if page.min_id is None else found[::-1])]
    count = max(1, sum(total <= STATUSES_OF_PAGE_MAX for total in accumulate(named)))
    return found[:count] if page.min_id is None else found[-count:]


def _views(conn: Connection, node: Node, found: Sequence[Report]) -> list[AdminReportView]:
    """The reports with all they speak of, in a fixed number of queries."""
    acting = {number for one in found for number in (one.assigned_to, one.resolved_by) if number is not None}
    own = {user.id: user.account_id for user in users.list_by_ids(conn, acting)}
    wanted = {number for one in found for number in (one.target_account_id, one.account_id) if number is not None}
    people = accounts.list_by_ids(conn, wanted | {*own.values()})
    known = {view.account.id: view for view in admin_accounts.views(conn, people.values())}
    shown = views.load_reported(conn, node.now(), sorted({number for one in found for number in one.status_ids}))
    rules = instance_texts.list_rules(conn)

    def user_view(user_id: UserId | None) -> AdminAccountView | None:
        return None if user_id is None else known.get(own.get(user_id, AccountId(0)))

    return [
        AdminReportView(
            report=one,
            target=known[one.target_account_id],
            reporter=None if one.account_id is None else known.get(one.account_id),
            assigned=user_view(one.assigned_to),
            resolver=user_view(one.resolved_by),
            statuses=tuple(shown[number] for number in one.status_ids if number in shown),
            rules=tuple(rule for rule in rules if rule.id in one.rule_ids),
        )
        for one in found
    ]


def _audit(conn: Connection, node: Node, action: str, report: Report, by: User | None, **details: str) -> None:
    about = accounts.get(conn, report.target_account_id)
    audit.record(
        conn,
        node.ids,
        node.now(),
        action=action,
        target=about.acct,
        user_id=user_id_of(by),
        details={"report": str(report.id), **details},
    )
