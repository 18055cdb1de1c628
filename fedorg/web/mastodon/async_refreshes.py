"""``/api/v1_alpha/async_refreshes``. Spec: Mastodon API, methods/async_refreshes."""

from quart import Blueprint, Response

from fedorg.serializers.refreshes import refresh_entity
from fedorg.services import completion
from fedorg.web.auth import Viewer, requires
from fedorg.web.base import json_answer, this_node

blueprint = Blueprint("async_refreshes", __name__, url_prefix="/api/v1_alpha/async_refreshes")


@blueprint.get("/<refresh_id>")
@requires("read")
async def show(_viewer: Viewer, refresh_id: str) -> Response:
    """Whether what an answer announced has come."""
    return json_answer(refresh_entity(await completion.get_refresh(this_node(), refresh_id)))
