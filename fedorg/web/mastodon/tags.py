"""``/api/v1/tags`` and ``/api/v1/followed_tags``. Spec: Mastodon API, methods/tags, methods/followed_tags."""

from quart import Blueprint, Response

from fedorg.serializers.search import tag_entity
from fedorg.services import tags
from fedorg.web.auth import Viewer, id_of, open_to_public, requires
from fedorg.web.base import json_answer, listed_answer, this_node
from fedorg.web.params import read_params

blueprint = Blueprint("tags", __name__, url_prefix="/api/v1")


@blueprint.get("/tags/<name>")
@open_to_public("read:statuses")
async def get_tag(viewer: Viewer | None, name: str) -> Response:
    """A hashtag, its use in the last days, and whether one follows it."""
    node = this_node()
    return json_answer(tag_entity(await tags.get_tag(node, id_of(viewer), name), node.uris))


@blueprint.post("/tags/<name>/follow")
@requires("write:follows")
async def follow_tag(viewer: Viewer, name: str) -> Response:
    """Let what has a hashtag come to one's home timeline."""
    node = this_node()
    return json_answer(tag_entity(await tags.follow(node, viewer.account.id, name), node.uris))


@blueprint.post("/tags/<name>/unfollow")
@requires("write:follows")
async def unfollow_tag(viewer: Viewer, name: str) -> Response:
    """Follow a hashtag no more."""
    node = this_node()
    return json_answer(tag_entity(await tags.unfollow(node, viewer.account.id, name), node.uris))


@blueprint.get("/followed_tags")
@requires("read:follows")
async def list_followed_tags(viewer: Viewer) -> Response:
    """The hashtags one follows."""
    page = (await read_params()).page(100, 200)
    node = this_node()
    found = await tags.list_followed(node, viewer.account.id, page)
    return listed_answer(found, tag_entity)
