"""What many talk about these days. Spec: Mastodon API, methods/trends.

Visitors, and tokens that may not read statuses, get the ranking made of what is open to everybody.
"""

from quart import Blueprint, Response

from fedorg.serializers.search import tag_entity
from fedorg.serializers.statuses import status_entity
from fedorg.serializers.trends import link_entity
from fedorg.services import trends
from fedorg.web.auth import Viewer, id_of, personal
from fedorg.web.base import json_answer, this_node
from fedorg.web.params import read_params

blueprint = Blueprint("trends", __name__, url_prefix="/api/v1/trends")


@blueprint.get("/tags")
@personal("read:statuses")
async def list_tags(viewer: Viewer | None) -> Response:
    """Hashtags that many use these days."""
    return await _tags(viewer)


@blueprint.get("")
@personal("read:statuses")
async def list_tags_by_their_old_name(viewer: Viewer | None) -> Response:
    """The same under its first name."""
    return await _tags(viewer)


@blueprint.get("/statuses")
@personal("read:statuses")
async def list_statuses(viewer: Viewer | None) -> Response:
    """Statuses that many favourited and boosted these days."""
    node, window = this_node(), (await read_params()).window(20, 40)
    found = await trends.list_statuses(node, id_of(viewer), limit=window.limit, offset=window.offset)
    return json_answer([status_entity(view, node.uris) for view in found])


@blueprint.get("/links")
@personal("read:statuses")
async def list_links(viewer: Viewer | None) -> Response:
    """Pages that many link to these days."""
    node, window = this_node(), (await read_params()).window(10, 20)
    found = await trends.list_links(node, id_of(viewer), limit=window.limit, offset=window.offset)
    return json_answer([link_entity(view, node.uris) for view in found])


async def _tags(viewer: Viewer | None) -> Response:
    node, window = this_node(), (await read_params()).window(10, 20)
    found = await trends.list_tags(node, id_of(viewer), limit=window.limit, offset=window.offset)
    return json_answer([tag_entity(view, node.uris) for view in found])
