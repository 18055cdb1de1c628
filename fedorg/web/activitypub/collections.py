"""Collections of an account. The audience collections exist by name only: what is in them is nobody's business."""

from typing import Final

from quart import Blueprint, Response, request

from fedorg.activitypub import serving
from fedorg.domain.statuses import PageQuery
from fedorg.errors import NotFound
from fedorg.ids import ID_MAX
from fedorg.web.activitypub.requests import private_document, signed_request
from fedorg.web.base import this_node

blueprint: Final = Blueprint("collections", __name__)


@blueprint.get("/users/<username>/outbox")
async def get_outbox(username: str) -> Response:
    """What an account posted for everybody."""
    await serving.require_not_refused(this_node(), await signed_request())
    return private_document(await serving.outbox(this_node(), username, page=_page(serving.PAGE)))


@blueprint.get("/users/<username>/followers")
async def get_followers(username: str) -> Response:
    """Who follows an account."""
    await serving.require_not_refused(this_node(), await signed_request())
    return private_document(await serving.followers(this_node(), username, page=_page(serving.ACCOUNTS_PAGE)))


@blueprint.get("/users/<username>/following")
async def get_following(username: str) -> Response:
    """Whom an account follows."""
    await serving.require_not_refused(this_node(), await signed_request())
    return private_document(await serving.following(this_node(), username, page=_page(serving.ACCOUNTS_PAGE)))


@blueprint.get("/users/<username>/collections/featured")
async def get_featured(username: str) -> Response:
    """The pinned statuses of an account."""
    await serving.require_not_refused(this_node(), await signed_request())
    return private_document(await serving.featured(this_node(), username))


@blueprint.get("/audiences/<reach>")
async def get_audience(reach: str) -> Response:  # noqa: ARG001 - the answer is the same for every name
    """Nothing, and quickly: other servers look whether it is a collection they may read."""
    raise NotFound


def _page(limit: int) -> PageQuery | None:
    """The page that is asked for; None when the collection itself is."""
    if "page" not in request.args:
        return None
    max_id = request.args.get("max_id", "")
    is_id = max_id.isascii() and max_id.isdigit() and len(max_id) <= len(str(ID_MAX)) and int(max_id) <= ID_MAX
    return PageQuery(limit=limit, max_id=int(max_id) if is_id else None)
