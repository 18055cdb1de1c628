"""``/api/v1/scheduled_statuses``. Spec: Mastodon API, methods/scheduled_statuses."""

from quart import Blueprint, Response

from fedorg.ids import ScheduledStatusId
from fedorg.serializers.scheduled_statuses import scheduled_status_entity
from fedorg.services import scheduling
from fedorg.web.auth import Viewer, requires
from fedorg.web.base import json_answer, page_answer, this_node
from fedorg.web.params import read_params

blueprint = Blueprint("scheduled_statuses", __name__, url_prefix="/api/v1/scheduled_statuses")


@blueprint.get("")
@requires("read:statuses")
async def list_scheduled(viewer: Viewer) -> Response:
    """What one has scheduled, and what could not be posted then, with the reason in `error`."""
    page = (await read_params()).page(20, 40)
    node = this_node()
    found = await scheduling.list_scheduled(node, viewer.account.id, page)
    return page_answer([scheduled_status_entity(one, node.uris) for one in found], [one.id for one in found])


@blueprint.get("/<id:scheduled_id>")
@requires("read:statuses")
async def get_scheduled(viewer: Viewer, scheduled_id: ScheduledStatusId) -> Response:
    """One scheduled status."""
    node = this_node()
    found = await scheduling.get_scheduled(node, viewer.account.id, scheduled_id)
    return json_answer(scheduled_status_entity(found, node.uris))


@blueprint.put("/<id:scheduled_id>")
@requires("write:statuses")
async def put_off(viewer: Viewer, scheduled_id: ScheduledStatusId) -> Response:
    """Post it at another moment."""
    scheduled_at = (await read_params()).moment("scheduled_at")
    node = this_node()
    changed = await scheduling.put_off(node, viewer.account.id, scheduled_id, scheduled_at)
    return json_answer(scheduled_status_entity(changed, node.uris))


@blueprint.delete("/<id:scheduled_id>")
@requires("write:statuses")
async def cancel(viewer: Viewer, scheduled_id: ScheduledStatusId) -> Response:
    """Post it never."""
    await scheduling.cancel(this_node(), viewer.account.id, scheduled_id)
    return json_answer({})
