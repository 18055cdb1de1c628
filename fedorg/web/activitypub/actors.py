"""Actors: the accounts of this node and the node itself."""

from typing import Final

from quart import Blueprint, Response, redirect
from werkzeug.wrappers import Response as Redirect

from fedorg.activitypub import serving
from fedorg.web.activitypub.requests import (
    count_request,
    gone_document,
    private_document,
    public_document,
    signed_request,
    wants_page,
)
from fedorg.web.base import this_node

blueprint: Final = Blueprint("actors", __name__)
blueprint.before_request(count_request)


@blueprint.get("/users/<username>")
async def get_actor(username: str) -> Response | Redirect:
    """An account for other servers; its page for browsers."""
    node = this_node()
    if wants_page():
        return redirect(node.uris.profile(username))
    await serving.require_not_refused(node, await signed_request())
    tombstone = await serving.find_tombstone(node, node.uris.actor(username))
    if tombstone is not None:
        return gone_document(tombstone)
    if node.settings.unsigned_fetch != "none":
        return public_document(await serving.actor_document(node, node.uris.actor(username)))
    signer = await serving.find_signer(node, await signed_request())
    document = serving.key_document if signer is None else serving.actor_document
    return private_document(await document(node, node.uris.actor(username)))


@blueprint.get("/actor")
async def get_node_actor() -> Response:
    """The node's own actor, whose key signs what the node fetches."""
    node = this_node()
    return public_document(await serving.actor_document(node, node.uris.node_actor))
