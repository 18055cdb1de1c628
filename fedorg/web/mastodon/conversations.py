"""``/api/v1/conversations``. Spec: Mastodon API, methods/conversations."""

from quart import Blueprint, Response

from fedorg.ids import ConversationId
from fedorg.serializers.conversations import conversation_entity
from fedorg.services import conversations
from fedorg.web.auth import Viewer, requires
from fedorg.web.base import json_answer, page_answer, this_node
from fedorg.web.params import read_params

blueprint = Blueprint("conversations", __name__, url_prefix="/api/v1/conversations")


@blueprint.get("")
@requires("read:statuses")
async def list_conversations(viewer: Viewer) -> Response:
    """What is said among a few, the liveliest first."""
    page = (await read_params()).page(20, 40)
    node = this_node()
    found = await conversations.list_conversations(node, viewer.account.id, page)
    return page_answer([conversation_entity(view, node.uris) for view in found.items], found.cursors)


@blueprint.post("/<id:conversation_id>/read")
@requires("write:conversations")
async def mark_read(viewer: Viewer, conversation_id: ConversationId) -> Response:
    """Nothing in it is unread any more."""
    node = this_node()
    view = await conversations.mark_read(node, viewer.account.id, conversation_id)
    return json_answer(conversation_entity(view, node.uris))


@blueprint.delete("/<id:conversation_id>")
@requires("write:conversations")
async def forget(viewer: Viewer, conversation_id: ConversationId) -> Response:
    """Take it out of one's list until something new is said in it; the statuses stay."""
    await conversations.forget(this_node(), viewer.account.id, conversation_id)
    return json_answer({})
