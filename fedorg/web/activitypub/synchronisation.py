"""Who of a peer's people follow somebody here, for that peer alone (FEP-8fcf)."""

from typing import Final

from quart import Blueprint, Response

from fedorg.activitypub import serving, synchronising
from fedorg.web.activitypub.requests import private_document, signed_request
from fedorg.web.base import this_node

blueprint: Final = Blueprint("synchronisation", __name__)


@blueprint.get("/users/<username>/followers_synchronization")
async def get_followers_part(username: str) -> Response:
    """The followers at the server that asks."""
    node = this_node()
    signer = await serving.find_signer(node, await signed_request())
    return private_document(await synchronising.followers_part(node, username, signer))
