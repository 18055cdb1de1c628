"""``/api/v1/admin/accounts`` and ``/api/v2/admin/accounts``. Spec: Mastodon API, methods/admin/accounts."""

from dataclasses import replace
from typing import Final

from quart import Blueprint, Response

from fedorg.domain.accounts import STAFF
from fedorg.domain.moderation import (
    AccountAction,
    AccountQuery,
    AccountStatus,
    AdminAccountView,
    Operation,
    WarningAction,
)
from fedorg.errors import Invalid
from fedorg.ids import AccountId, ReportId
from fedorg.serializers.accounts import role_of_id
from fedorg.serializers.moderation import admin_account_entity
from fedorg.services.moderation import accounts
from fedorg.web.auth import Viewer, requires_staff
from fedorg.web.base import json_answer, page_answer, this_node
from fedorg.web.params import Params, id_in, read_params

blueprint = Blueprint("admin_accounts", __name__, url_prefix="/api")

PAGE: Final = 100
PAGE_MAX: Final = 200


@blueprint.get("/v1/admin/accounts")
@requires_staff(Operation.READ_ACCOUNTS)
async def list_accounts(_viewer: Viewer) -> Response:
    """Accounts, filtered by switches such as ``local``, ``pending`` and ``staff``."""
    params = await read_params()
    query = _names(params)
    for name, is_local in (("local", True), ("remote", False)):
        if params.flag(name):
            query = replace(query, is_local=is_local)
    if params.flag("staff"):
        query = replace(query, roles=STAFF)
    wanted = frozenset(one for one in AccountStatus if params.flag(one.value))
    return await _page(params, replace(query, statuses=wanted))


@blueprint.get("/v2/admin/accounts")
@requires_staff(Operation.READ_ACCOUNTS)
async def list_accounts_v2(_viewer: Viewer) -> Response:
    """Accounts, filtered by ``origin``, ``status``, ``permissions``, ``role_ids``, ``invited_by`` and names."""
    params = await read_params()
    query = _names(params)
    origin, status = params.text("origin"), params.choice("status", AccountStatus)
    if origin:
        if origin not in ("local", "remote"):
            raise Invalid("Validation failed: Origin is neither local nor remote")
        query = replace(query, is_local=origin == "local")
    if status is not None:
        query = replace(query, statuses=frozenset({status}))
    if params.text("permissions") == "staff":
        query = replace(query, roles=STAFF)
    if params.texts("role_ids"):
        named = frozenset(role for text in params.texts("role_ids") if (role := role_of_id(text)) is not None)
        query = replace(query, roles=named if query.roles is None else named & query.roles)
    if params.text("invited_by"):
        query = replace(query, invited_by=AccountId(id_in(params.required("invited_by")) or 0))
    return await _page(params, query)


@blueprint.get("/v1/admin/accounts/<id:account_id>")
@requires_staff(Operation.READ_ACCOUNTS)
async def get_account(_viewer: Viewer, account_id: AccountId) -> Response:
    """One account."""
    return _answer(await accounts.get(this_node(), account_id))


@blueprint.post("/v1/admin/accounts/<id:account_id>/approve")
@requires_staff(Operation.ACT_ON_ACCOUNTS)
async def approve(viewer: Viewer, account_id: AccountId) -> Response:
    """Let in somebody who waits for approval."""
    return _answer(await accounts.approve(this_node(), viewer.user, account_id))


@blueprint.post("/v1/admin/accounts/<id:account_id>/reject")
@requires_staff(Operation.ACT_ON_ACCOUNTS)
async def reject(viewer: Viewer, account_id: AccountId) -> Response:
    """Remove somebody who waits for approval."""
    return _answer(await accounts.reject(this_node(), viewer.user, account_id))


@blueprint.delete("/v1/admin/accounts/<id:account_id>")
@requires_staff(Operation.DELETE_ACCOUNTS)
async def delete(viewer: Viewer, account_id: AccountId) -> Response:
    """Delete all data of a suspended account, for good."""
    return _answer(await accounts.delete(this_node(), viewer.user, account_id))


@blueprint.post("/v1/admin/accounts/<id:account_id>/action")
@requires_staff(Operation.ACT_ON_ACCOUNTS)
async def act(viewer: Viewer, account_id: AccountId) -> Response:
    """Warn, disable, mark as sensitive, limit or suspend an account."""
    await accounts.act(this_node(), viewer.user, account_id, _action(await read_params()))
    return json_answer({})


@blueprint.post("/v1/admin/accounts/<id:account_id>/enable")
@requires_staff(Operation.ACT_ON_ACCOUNTS)
async def enable(viewer: Viewer, account_id: AccountId) -> Response:
    """Let a disabled member in again."""
    return _answer(await accounts.enable(this_node(), viewer.user, account_id))


@blueprint.post("/v1/admin/accounts/<id:account_id>/unsilence")
@requires_staff(Operation.ACT_ON_ACCOUNTS)
async def unsilence(viewer: Viewer, account_id: AccountId) -> Response:
    """Show a limited account in public timelines again."""
    return _answer(await accounts.unsilence(this_node(), viewer.user, account_id))


@blueprint.post("/v1/admin/accounts/<id:account_id>/unsuspend")
@requires_staff(Operation.ACT_ON_ACCOUNTS)
async def unsuspend(viewer: Viewer, account_id: AccountId) -> Response:
    """Bring a suspended account back."""
    return _answer(await accounts.unsuspend(this_node(), viewer.user, account_id))


@blueprint.post("/v1/admin/accounts/<id:account_id>/unsensitive")
@requires_staff(Operation.ACT_ON_ACCOUNTS)
async def unsensitive(viewer: Viewer, account_id: AccountId) -> Response:
    """Mark an account's media as sensitive no more."""
    return _answer(await accounts.unsensitive(this_node(), viewer.user, account_id))


def _names(params: Params) -> AccountQuery:
    return AccountQuery(
        username=(params.text("username") or "").strip().removeprefix("@"),
        display_name=(params.text("display_name") or "").strip(),
        domain=(params.text("by_domain") or "").strip(),
        email=(params.text("email") or "").strip(),
    )


async def _page(params: Params, query: AccountQuery) -> Response:
    node = this_node()
    # No addresses of people are kept, so that nobody is found by one.
    is_by_address = bool((params.text("ip") or "").strip())
    found = [] if is_by_address else await accounts.search(node, query, params.page(PAGE, PAGE_MAX))
    return page_answer([admin_account_entity(view, node.uris) for view in found], [view.account.id for view in found])


def _answer(view: AdminAccountView) -> Response:
    return json_answer(admin_account_entity(view, this_node().uris))


def _action(params: Params) -> AccountAction:
    kind = params.choice("type", WarningAction) or WarningAction.NONE
    if params.text("warning_preset_id"):
        raise Invalid("Validation failed: Warning preset does not exist")
    report = params.text("report_id")
    return AccountAction(
        action=kind,
        text=params.text("text") or "",
        # What is no id names nothing.
        report_id=ReportId(id_in(report) or 0) if report else None,
        tells=params.flag("send_email_notification") is not False,
    )
