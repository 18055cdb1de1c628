"""Actors: the accounts of this node and the node itself."""

from typing import Final

from quart import Blueprint, Response, redirect
from werkzeug.wrappers import Response as Redirect

from fedorg.activitypub import agreements, serving
from fedorg.activitypub.policy import Matter
from fedorg.errors import NotFound
from fedorg.ids import PartnershipId
from fedorg.node import Node
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
    uri = node.uris.actor(username)
    try:
        return await _served(node, uri)
    except NotFound:
        tombstone = await serving.find_tombstone(node, uri)
        if tombstone is None:
            raise
        return gone_document(tombstone)


async def _served(node: Node, uri: str) -> Response:
    ceilings = await serving.claimed_ceilings(node, await signed_request())
    if node.settings.unsigned_fetch == "none" and await serving.find_signer(node, await signed_request()) is None:
        return private_document(await serving.key_document(node, uri))
    document = await serving.actor_document(node, uri, ceilings)
    is_for_all = node.settings.unsigned_fetch != "none" and ceilings.directory
    return public_document(document) if is_for_all else private_document(document)


@blueprint.get("/actor")
async def get_node_actor() -> Response:
    """The node's own actor, whose key signs what the node fetches."""
    node = this_node()
    return public_document(await serving.actor_document(node, node.uris.node_actor))


@blueprint.get("/partnerships/<id:partnership_id>")
async def get_partnership(partnership_id: int) -> Response:
    """What this node grants another one, for that one alone."""
    node = this_node()
    signer = await serving.find_signer(node, await signed_request(), Matter.AGREEMENT)
    return private_document(await agreements.document(node, PartnershipId(partnership_id), signer))
