"""``/api/v1/reports``. Spec: Mastodon API, methods/reports."""

from quart import Blueprint, Response

from fedorg.domain.reports import ReportCategory, ReportDraft
from fedorg.ids import AccountId, StatusId
from fedorg.serializers.reports import report_entity
from fedorg.services import reports
from fedorg.web import limits
from fedorg.web.auth import Viewer, requires
from fedorg.web.base import json_answer, spend, this_node
from fedorg.web.params import Params, id_in, read_params

blueprint = Blueprint("reports", __name__, url_prefix="/api/v1/reports")


@blueprint.post("")
@requires("write:reports")
async def file_report(viewer: Viewer) -> Response:
    """Report an account, to its own server too if it is asked to be forwarded."""
    spend(limits.REPORTS, f"user {viewer.user.id}")
    node = this_node()
    view = await reports.file_report(node, viewer.account, _draft(await read_params()))
    return json_answer(report_entity(view, node.uris))


def _draft(params: Params) -> ReportDraft:
    target = id_in(params.required("account_id"))
    category = params.choice("category", ReportCategory) or ReportCategory.OTHER
    return ReportDraft(
        # What is no id names nobody.
        target_id=AccountId(0 if target is None else target),
        status_ids=tuple(StatusId(id_in(text) or 0) for text in params.texts("status_ids")),
        comment=params.text("comment") or "",
        category=category,
        wants_forwarding=params.flag("forward") or False,
        forward_to=params.texts("forward_to_domains"),
        rule_ids=rules_in(params, category),
    )


def rules_in(params: Params, category: ReportCategory) -> tuple[int, ...]:
    """The rules that are said to be broken; they mean something in that category only."""
    if category is not ReportCategory.VIOLATION:
        return ()
    # What is no id names no rule.
    return tuple(dict.fromkeys(id_in(text) or 0 for text in params.texts("rule_ids")))
