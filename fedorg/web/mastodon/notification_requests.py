"""Whom one hears from, and who waits for a yes. Spec: Mastodon API, methods/notifications."""

from typing import Final

from quart import Blueprint, Response

from fedorg.domain.notification_policy import Handling
from fedorg.ids import NotificationRequestId
from fedorg.serializers.notification_requests import (
    notification_request_entity,
    policy_entity,
    v1_policy_entity,
)
from fedorg.services import notification_requests
from fedorg.web.auth import Viewer, requires
from fedorg.web.base import json_answer, page_answer, this_node
from fedorg.web.params import Params, read_params

blueprint = Blueprint("notification_requests", __name__, url_prefix="/api")

_MEMBERS: Final = (
    "for_not_following",
    "for_not_followers",
    "for_new_accounts",
    "for_private_mentions",
    "for_limited_accounts",
    "for_bots",
)
_V1_MEMBERS: Final = ("not_following", "not_followers", "new_accounts", "private_mentions")


@blueprint.get("/v2/notifications/policy")
@requires("read:notifications")
async def get_policy(viewer: Viewer) -> Response:
    """From whom one hears at once, after a yes or never, and how much waits."""
    return json_answer(policy_entity(await notification_requests.get_policy(this_node(), viewer.account.id)))


@blueprint.route("/v2/notifications/policy", methods=["PUT", "PATCH"])
@requires("write:notifications")
async def change_policy(viewer: Viewer) -> Response:
    """Want something else from now on."""
    changes = _handlings(await read_params())
    return json_answer(
        policy_entity(await notification_requests.change_policy(this_node(), viewer.account.id, changes))
    )


@blueprint.get("/v1/notifications/policy")
@requires("read:notifications")
async def get_v1_policy(viewer: Viewer) -> Response:
    """The same for older clients, which know only what is filtered and what is not."""
    return json_answer(v1_policy_entity(await notification_requests.get_policy(this_node(), viewer.account.id)))


@blueprint.route("/v1/notifications/policy", methods=["PUT", "PATCH"])
@requires("write:notifications")
async def change_v1_policy(viewer: Viewer) -> Response:
    """Filter something, or accept it."""
    params = await read_params()
    asked = {name: params.flag(f"filter_{name}") for name in _V1_MEMBERS}
    changes = {
        f"for_{name}": Handling.FILTER if is_filtered else Handling.ACCEPT
        for name, is_filtered in asked.items()
        if is_filtered is not None
    }
    return json_answer(
        v1_policy_entity(await notification_requests.change_policy(this_node(), viewer.account.id, changes))
    )


@blueprint.get("/v1/notifications/requests")
@requires("read:notifications")
async def list_requests(viewer: Viewer) -> Response:
    """Who waits for a yes, the latest first."""
    page = (await read_params()).page(40, 80)
    node = this_node()
    found = await notification_requests.list_requests(node, viewer.account.id, page)
    return page_answer(
        [notification_request_entity(view, node.uris) for view in found], [view.request.id for view in found]
    )


@blueprint.get("/v1/notifications/requests/merged")
@requires("read:notifications")
async def are_merged(viewer: Viewer) -> Response:
    """Whether everything that was accepted stands among the notifications."""
    return json_answer({"merged": await notification_requests.is_merged(this_node(), viewer.account.id)})


@blueprint.get("/v1/notifications/requests/<id:request_id>")
@requires("read:notifications")
async def get_request(viewer: Viewer, request_id: NotificationRequestId) -> Response:
    """One who waits."""
    node = this_node()
    view = await notification_requests.get_request(node, viewer.account.id, request_id)
    return json_answer(notification_request_entity(view, node.uris))


@blueprint.post("/v1/notifications/requests/<id:request_id>/accept")
@requires("write:notifications")
async def accept(viewer: Viewer, request_id: NotificationRequestId) -> Response:
    """Hear of somebody from now on, and of what waited."""
    await notification_requests.accept(this_node(), viewer.account.id, request_id)
    return json_answer({})


@blueprint.post("/v1/notifications/requests/<id:request_id>/dismiss")
@requires("write:notifications")
async def dismiss(viewer: Viewer, request_id: NotificationRequestId) -> Response:
    """Never see what waits; they may ask again."""
    await notification_requests.dismiss(this_node(), viewer.account.id, request_id)
    return json_answer({})


@blueprint.post("/v1/notifications/requests/accept")
@requires("write:notifications")
async def accept_many(viewer: Viewer) -> Response:
    """Likewise several at once."""
    await notification_requests.accept_many(this_node(), viewer.account.id, _ids(await read_params()))
    return json_answer({})


@blueprint.post("/v1/notifications/requests/dismiss")
@requires("write:notifications")
async def dismiss_many(viewer: Viewer) -> Response:
    """Likewise several at once."""
    await notification_requests.dismiss_many(this_node(), viewer.account.id, _ids(await read_params()))
    return json_answer({})


def _handlings(params: Params) -> dict[str, Handling]:
    return {name: wanted for name in _MEMBERS if (wanted := params.choice(name, Handling)) is not None}


_IDS_MAX: Final = 500


def _ids(params: Params) -> tuple[NotificationRequestId, ...]:
    return tuple(NotificationRequestId(number) for number in params.ids("id")[:_IDS_MAX])
