"""``/api/fedorg/v1/federation``: with whom the node federates, for its members."""

from typing import Final

from quart import Blueprint, Response

from fedorg.serializers.neighbours import neighbour_entity
from fedorg.services import neighbours
from fedorg.web.auth import Viewer, requires
from fedorg.web.base import json_answer, this_node

blueprint: Final = Blueprint("federation", __name__, url_prefix="/api/fedorg/v1/federation")


@blueprint.get("")
@requires("read:accounts")
async def list_neighbours(_viewer: Viewer) -> Response:
    """The siblings and partners of the node, how much passes, since when and why."""
    found = await neighbours.list_neighbours(this_node())
    return json_answer([neighbour_entity(one) for one in found])
