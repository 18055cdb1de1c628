"""Quotes of a status and who may make them. Spec: Mastodon API, methods/statuses (quotes, interaction_policy)."""

from quart import Blueprint, Response

from fedorg.ids import StatusId
from fedorg.serializers.statuses import status_entity
from fedorg.services import quotes, statuses
from fedorg.web.auth import Viewer, requires
from fedorg.web.base import json_answer, listed_answer, this_node
from fedorg.web.mastodon.statuses import quote_policy_in
from fedorg.web.params import read_params

blueprint = Blueprint("quotes", __name__, url_prefix="/api/v1/statuses")


@blueprint.get("/<id:status_id>/quotes")
@requires("read:statuses")
async def list_quotes(viewer: Viewer, status_id: StatusId) -> Response:
    """What quotes a status, as far as the viewer may see it."""
    page = (await read_params()).page(20, 40)
    node = this_node()
    found = await quotes.list_quoting(node, viewer.account.id, status_id, page)
    return listed_answer(found, status_entity)


@blueprint.post("/<id:status_id>/quotes/<id:quoting_status_id>/revoke")
@requires("write:statuses")
async def revoke(viewer: Viewer, status_id: StatusId, quoting_status_id: StatusId) -> Response:
    """Take back that somebody quotes a status of one's own; the answer is the quoting status."""
    node = this_node()
    await quotes.revoke(node, viewer.account, status_id, quoting_status_id)
    return json_answer(status_entity(await statuses.get_view(node, viewer.account.id, quoting_status_id), node.uris))


@blueprint.put("/<id:status_id>/interaction_policy")
@requires("write:statuses")
async def change_interaction_policy(viewer: Viewer, status_id: StatusId) -> Response:
    """Choose who may quote a status of one's own; what was quoted stays quoted."""
    policy = quote_policy_in(await read_params())
    node = this_node()
    await quotes.change_policy(node, viewer.account, status_id, policy)
    return json_answer(status_entity(await statuses.get_view(node, viewer.account.id, status_id), node.uris))
