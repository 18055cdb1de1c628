"""``/api/v1/announcements``. Spec: Mastodon API, methods/announcements."""

from quart import Blueprint, Response

from fedorg.domain.oauth import Credentials
from fedorg.errors import Invalid
from fedorg.serializers.announcements import announcement_entity
from fedorg.services import announcements
from fedorg.web.auth import Viewer, requires, requires_application
from fedorg.web.base import json_answer, this_node, written
from fedorg.web.params import read_params

blueprint = Blueprint("announcements", __name__, url_prefix="/api/v1/announcements")


@blueprint.get("")
@requires_application()
async def list_announcements(credentials: Credentials) -> Response:
    """What administrators announce at present; any token of a member will do."""
    if credentials.account is None:
        raise Invalid("This method requires an authenticated user")
    dismissed_too = (await read_params()).flag("with_dismissed") or False
    node = this_node()
    found = await announcements.list_for(node, credentials.account.id, dismissed_too=dismissed_too)
    return json_answer(await written(announcement_entity(view, node.uris) for view in found))


@blueprint.post("/<id:announcement_id>/dismiss")
@requires("write:accounts")
async def dismiss(viewer: Viewer, announcement_id: int) -> Response:
    """See it no more, unless it waits to be acknowledged."""
    await announcements.dismiss(this_node(), viewer.account.id, announcement_id)
    return json_answer({})


@blueprint.put("/<id:announcement_id>/reactions/<name>")
@requires("write:favourites")
async def react(viewer: Viewer, announcement_id: int, name: str) -> Response:
    """React by an emoji of Unicode, or by the shortcode of one of this node."""
    await announcements.react(this_node(), viewer.account.id, announcement_id, name)
    return json_answer({})


@blueprint.delete("/<id:announcement_id>/reactions/<name>")
@requires("write:favourites")
async def unreact(viewer: Viewer, announcement_id: int, name: str) -> Response:
    """Take a reaction back."""
    await announcements.unreact(this_node(), viewer.account.id, announcement_id, name)
    return json_answer({})
