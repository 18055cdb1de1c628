"""Pinned statuses. Spec: Mastodon API, methods/statuses#pin."""

from quart import Blueprint, Response

from fedorg.ids import StatusId
from fedorg.serializers.statuses import status_entity
from fedorg.services import pins, statuses
from fedorg.web.auth import Viewer, requires
from fedorg.web.base import json_answer, this_node

blueprint = Blueprint("pins", __name__, url_prefix="/api/v1/statuses")


@blueprint.post("/<id:status_id>/pin")
@requires("write:accounts")
async def pin(viewer: Viewer, status_id: StatusId) -> Response:
    """Keep a status of one's own at the top of one's profile."""
    await pins.pin(this_node(), viewer.account, status_id)
    return await _answer(viewer, status_id)


@blueprint.post("/<id:status_id>/unpin")
@requires("write:accounts")
async def unpin(viewer: Viewer, status_id: StatusId) -> Response:
    """Take a pin back."""
    await pins.unpin(this_node(), viewer.account, status_id)
    return await _answer(viewer, status_id)


async def _answer(viewer: Viewer, status_id: StatusId) -> Response:
    node = this_node()
    return json_answer(status_entity(await statuses.get_view(node, viewer.account.id, status_id), node.uris))
