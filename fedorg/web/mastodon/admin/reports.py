"""``/api/v1/admin/reports``. Spec: Mastodon API, methods/admin/reports."""

from typing import Final

from quart import Blueprint, Response

from fedorg.domain.moderation import AdminReportView, Operation
from fedorg.domain.reports import ReportCategory, ReportQuery
from fedorg.ids import AccountId, ReportId
from fedorg.serializers.moderation import admin_report_entity
from fedorg.services.moderation import reports
from fedorg.web.auth import Viewer, requires_staff
from fedorg.web.base import json_answer, page_answer, this_node
from fedorg.web.mastodon.reports import rules_in
from fedorg.web.params import Params, id_in, read_params

blueprint = Blueprint("admin_reports", __name__, url_prefix="/api/v1/admin/reports")

PAGE: Final = 100
PAGE_MAX: Final = 200


@blueprint.get("")
@requires_staff(Operation.READ_REPORTS)
async def list_reports(_viewer: Viewer) -> Response:
    """Reports that wait, or with ``resolved`` those that are closed."""
    node, params = this_node(), await read_params()
    query = ReportQuery(
        is_resolved=params.flag("resolved") or False,
        account_id=_account(params, "account_id"),
        target_account_id=_account(params, "target_account_id"),
        target_domain=(params.text("by_target_domain") or "").strip().lower() or None,
    )
    found = await reports.search(node, query, params.page(PAGE, PAGE_MAX))
    return page_answer([admin_report_entity(view, node.uris) for view in found], [view.report.id for view in found])


@blueprint.get("/<id:report_id>")
@requires_staff(Operation.READ_REPORTS)
async def get_report(_viewer: Viewer, report_id: ReportId) -> Response:
    """One report."""
    return _answer(await reports.get(this_node(), report_id))


@blueprint.put("/<id:report_id>")
@requires_staff(Operation.HANDLE_REPORTS)
async def update(viewer: Viewer, report_id: ReportId) -> Response:
    """Change the category of a report and the rules it names."""
    node, params = this_node(), await read_params()
    known = (await reports.get(node, report_id)).report
    category = params.choice("category", ReportCategory) or known.category
    is_violation = category is ReportCategory.VIOLATION
    kept = known.rule_ids if is_violation else ()
    rule_ids = rules_in(params, category) if params.has("rule_ids") else kept
    return _answer(await reports.update(node, viewer.user, report_id, category, rule_ids))


@blueprint.post("/<id:report_id>/assign_to_self")
@requires_staff(Operation.HANDLE_REPORTS)
async def assign_to_self(viewer: Viewer, report_id: ReportId) -> Response:
    """Look into a report oneself."""
    return _answer(await reports.assign_to_self(this_node(), viewer.user, report_id))


@blueprint.post("/<id:report_id>/unassign")
@requires_staff(Operation.HANDLE_REPORTS)
async def unassign(viewer: Viewer, report_id: ReportId) -> Response:
    """Leave a report to somebody else."""
    return _answer(await reports.unassign(this_node(), viewer.user, report_id))


@blueprint.post("/<id:report_id>/resolve")
@requires_staff(Operation.HANDLE_REPORTS)
async def resolve(viewer: Viewer, report_id: ReportId) -> Response:
    """Close a report."""
    return _answer(await reports.resolve(this_node(), viewer.user, report_id))


@blueprint.post("/<id:report_id>/reopen")
@requires_staff(Operation.HANDLE_REPORTS)
async def reopen(viewer: Viewer, report_id: ReportId) -> Response:
    """Let a closed report wait again."""
    return _answer(await reports.reopen(this_node(), viewer.user, report_id))


def _account(params: Params, name: str) -> AccountId | None:
    text = params.text(name)
    # What is no id names nobody.
    return AccountId(id_in(text) or 0) if text else None


def _answer(view: AdminReportView) -> Response:
    return json_answer(admin_report_entity(view, this_node().uris))
