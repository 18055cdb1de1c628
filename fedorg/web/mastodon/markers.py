"""``/api/v1/markers``. Spec: Mastodon API, methods/markers."""

from typing import Final, get_args

from quart import Blueprint, Response

from fedorg.domain.statuses import TimelineName
from fedorg.errors import Invalid
from fedorg.serializers.markers import markers_entity
from fedorg.services import markers
from fedorg.web.auth import Viewer, requires
from fedorg.web.base import json_answer, this_node
from fedorg.web.params import read_params

blueprint = Blueprint("markers", __name__, url_prefix="/api/v1/markers")

_TIMELINES: Final[tuple[TimelineName, ...]] = get_args(TimelineName)


@blueprint.get("")
@requires("read:statuses")
async def list_markers(viewer: Viewer) -> Response:
    """How far the viewer has read the timelines that are asked for."""
    wanted = (await read_params()).texts("timeline")
    found = await markers.list_markers(this_node(), viewer.account.id, [name for name in _TIMELINES if name in wanted])
    return json_answer(markers_entity(found))


@blueprint.post("")
@requires("write:statuses")
async def set_markers(viewer: Viewer) -> Response:
    """Store how far the viewer has read."""
    params = await read_params()
    last_read: dict[TimelineName, int] = {}
    for name in _TIMELINES:
        number = params.integer(f"{name}[last_read_id]")
        if number is None:
            continue
        if number < 0:
            raise Invalid("Validation failed: last_read_id is not an id")
        last_read[name] = number
    return json_answer(markers_entity(await markers.set_markers(this_node(), viewer.account.id, last_read)))
