"""``/api/v1/notifications``. Spec: Mastodon API, methods/notifications."""

from typing import TypedDict

from quart import Blueprint, Response

from fedorg.domain.notifications import NotificationType
from fedorg.ids import AccountId, NotificationId
from fedorg.serializers.notifications import notification_entity
from fedorg.services import notifications
from fedorg.web.auth import Viewer, requires
from fedorg.web.base import json_answer, page_answer, this_node
from fedorg.web.params import Params, read_params

blueprint = Blueprint("notifications", __name__, url_prefix="/api/v1/notifications")

_COUNT_DEFAULT = 100
_COUNT_MAX = 1000


@blueprint.get("")
@requires("read:notifications")
async def list_notifications(viewer: Viewer) -> Response:
    """What happened that concerns the viewer, newest first; kinds that this node does not make select nothing."""
    params = await read_params()
    chosen = _chosen(params)
    if chosen is None:
        return page_answer([], [])
    node = this_node()
    found = await notifications.list_notifications(node, viewer.account.id, params.page(40, 80), **chosen)
    return page_answer(
        [notification_entity(view, node.uris) for view in found], [view.notification.id for view in found]
    )


@blueprint.get("/unread_count")
@requires("read:notifications")
async def count_unread(viewer: Viewer) -> Response:
    """How many notifications are newer than the viewer's marker, of the kinds that are asked for."""
    params = await read_params()
    limit, chosen = params.integer("limit"), _chosen(params)
    if chosen is None:
        return json_answer({"count": 0})
    most = _COUNT_DEFAULT if limit is None else max(1, min(limit, _COUNT_MAX))
    return json_answer({"count": await notifications.count_unread(this_node(), viewer.account.id, most, **chosen)})


@blueprint.get("/<id:notification_id>")
@requires("read:notifications")
async def get(viewer: Viewer, notification_id: NotificationId) -> Response:
    """One notification of the viewer's own."""
    node = this_node()
    view = await notifications.get(node, viewer.account.id, notification_id)
    return json_answer(notification_entity(view, node.uris))


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


class _Chosen(TypedDict):
    types: tuple[NotificationType, ...]
    exclude_types: tuple[NotificationType, ...]
    from_account_id: AccountId | None


def _chosen(params: Params) -> _Chosen | None:
    """Which notifications are asked for; None when only kinds are that this node does not make."""
    types, by = _types(params, "types"), params.integer("account_id")
    if params.texts("types") and not types:
        return None
    return {
        "types": types,
        "exclude_types": _types(params, "exclude_types"),
        "from_account_id": None if by is None else AccountId(by),
    }


def _types(params: Params, name: str) -> tuple[NotificationType, ...]:
    return tuple(NotificationType(text) for text in params.texts(name) if text in _KNOWN)


_KNOWN = frozenset(NotificationType)
