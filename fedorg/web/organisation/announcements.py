"""``/api/fedorg/v1/announcements``: saying that one knows what was announced."""

from typing import Final

from quart import Blueprint, Response

from fedorg.serializers.announcements import announcement_entity
from fedorg.services import acknowledging, announcements
from fedorg.web.auth import Viewer, requires
from fedorg.web.base import json_answer, this_node

blueprint: Final = Blueprint("acknowledgements", __name__, url_prefix="/api/fedorg/v1/announcements")


@blueprint.post("/<id:announcement_id>/acknowledge")
@requires("write:accounts")
async def acknowledge(viewer: Viewer, announcement_id: int) -> Response:
    """Say that one knows; the announcement as it stands then."""
    node = this_node()
    await acknowledging.acknowledge(node, viewer.account.id, announcement_id)
    view = await announcements.get_for(node, viewer.account.id, announcement_id)
    return json_answer(announcement_entity(view, node.uris))
