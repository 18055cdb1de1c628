"""``/api/v1/notifications``. Spec: Mastodon API, methods/notifications."""

from typing import Final

from quart import Blueprint, Response

from fedorg.domain.notifications import NotificationQuery, NotificationType
from fedorg.ids import AccountId, NotificationId
from fedorg.serializers.notifications import notification_entity
from fedorg.services import notifications
from fedorg.web.auth import Viewer, requires
from fedorg.web.base import json_answer, page_answer, this_node
from fedorg.web.params import Params, read_params

blueprint = Blueprint("notifications", __name__, url_prefix="/api/v1/notifications")

COUNT_DEFAULT: Final = 100
COUNT_MAX: Final = 1000


@blueprint.get("")
@requires("read:notifications")
async def list_notifications(viewer: Viewer) -> Response:
    """What happened that concerns the viewer, newest first; kinds that this node does not make select nothing."""
    params = await read_params()
    query = read_query(params)
    if query is None:
        return page_answer([], [])
    node = this_node()
    found = await notifications.list_notifications(node, viewer.account.id, params.page(40, 80), query)
    known = read_known(params)
    return page_answer([notification_entity(view, node.uris, known) for view in found.items], found.cursors)


@blueprint.get("/unread_count")
@requires("read:notifications")
async def count_unread(viewer: Viewer) -> Response:
    """How many notifications are newer than the viewer's marker, of the kinds that are asked for."""
    params = await read_params()
    query = read_query(params)
    if query is None:
        return json_answer({"count": 0})
    count = await notifications.count_unread(this_node(), viewer.account.id, read_most(params), query)
    return json_answer({"count": count})


@blueprint.get("/<id:notification_id>")
@requires("read:notifications")
async def get(viewer: Viewer, notification_id: NotificationId) -> Response:
    """One notification of the viewer's own."""
    node = this_node()
    view = await notifications.get(node, viewer.account.id, notification_id)
    return json_answer(notification_entity(view, node.uris, read_known(await read_params())))


@blueprint.post("/<id:notification_id>/dismiss")
@requires("write:notifications")
async def dismiss(viewer: Viewer, notification_id: NotificationId) -> Response:
    """Remove one."""
    await notifications.dismiss(this_node(), viewer.account.id, notification_id)
    return json_answer({})


@blueprint.post("/clear")
@requires("write:notifications")
async def clear(viewer: Viewer) -> Response:
    """Remove all."""
    await notifications.clear(this_node(), viewer.account.id)
    return json_answer({})


def read_query(params: Params) -> NotificationQuery | None:
    """Which notifications are asked for; None when only kinds are that nobody knows."""
    types = read_types(params, "types")
    if params.texts("types") and not types:
        return None
    from_account_id = params.integer("account_id")
    return NotificationQuery(
        types=types,
        exclude_types=read_types(params, "exclude_types"),
        from_account_id=None if from_account_id is None else AccountId(from_account_id),
        include_filtered=params.flag("include_filtered") or False,
    )


def read_types(params: Params, name: str) -> tuple[NotificationType, ...]:
    """Kinds by their names, each once, without those that nobody knows."""
    named = frozenset(params.texts(name))
    return tuple(one for one in NotificationType if one.value in named)


def read_known(params: Params) -> frozenset[str] | None:
    """The kinds that the client says it knows; None when it does not say."""
    return frozenset(params.texts("supported_types")) if params.has("supported_types") else None


def read_most(params: Params) -> int:
    """How far to count."""
    limit = params.integer("limit")
    return COUNT_DEFAULT if limit is None else max(1, min(limit, COUNT_MAX))
