"""Statuses and the activities that brought them, for whoever may see them."""

from typing import Final

from quart import Blueprint, Response, redirect
from werkzeug.wrappers import Response as Redirect

from fedorg.activitypub import serving
from fedorg.ids import QuoteId, StatusId
from fedorg.web.activitypub.requests import count_request, private_document, signed_request, wants_page
from fedorg.web.base import this_node

blueprint: Final = Blueprint("objects", __name__)
blueprint.before_request(count_request)


@blueprint.get("/users/<username>/statuses/<id:status_id>")
async def get_note(username: str, status_id: int) -> Response | Redirect:
    """A status for other servers; its page for browsers."""
    node = this_node()
    if wants_page():
        return redirect(node.uris.status_page(username, StatusId(status_id)))
    signer = await serving.signer_of(node, await signed_request())
    return private_document(await serving.note_document(node, username, StatusId(status_id), signer))


@blueprint.get("/users/<username>/statuses/<id:status_id>/activity")
async def get_activity(username: str, status_id: int) -> Response:
    """The Create or Announce of a status."""
    node = this_node()
    signer = await serving.signer_of(node, await signed_request())
    return private_document(await serving.activity_document(node, username, StatusId(status_id), signer))


@blueprint.get("/users/<username>/quote_authorizations/<id:quote_id>")
async def get_quote_authorization(username: str, quote_id: int) -> Response:
    """The stamp by which an account lets somebody quote it."""
    node = this_node()
    signer = await serving.signer_of(node, await signed_request())
    return private_document(await serving.quote_authorization(node, username, QuoteId(quote_id), signer))
