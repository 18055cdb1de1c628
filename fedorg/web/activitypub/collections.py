"""Collections of accounts and statuses, for whoever may see what is in them.

The audience collections exist by name only: what is in them is nobody's business.
"""

from typing import Final

from quart import Blueprint, Response, request

from fedorg.activitypub import collections, directory, organisation, serving
from fedorg.activitypub.signed import Signer
from fedorg.domain.statuses import PageQuery
from fedorg.errors import NotFound
from fedorg.ids import AccountId, StatusId
from fedorg.web.activitypub.requests import count_request, private_document, signed_request
from fedorg.web.base import this_node
from fedorg.web.params import id_in

blueprint: Final = Blueprint("collections", __name__)
blueprint.before_request(count_request)

_STATUS: Final = "/users/<username>/statuses/<id:status_id>"


@blueprint.get("/users/<username>/outbox")
async def get_outbox(username: str) -> Response:
    """What an account posted."""
    page = _page(collections.PAGE)
    return private_document(await collections.outbox(this_node(), username, await _signer(), page=page))


@blueprint.get("/users/<username>/followers")
async def get_followers(username: str) -> Response:
    """Who follows an account."""
    page = _page(collections.ACCOUNTS_PAGE)
    return private_document(await collections.followers(this_node(), username, await _signer(), page=page))


@blueprint.get("/users/<username>/following")
async def get_following(username: str) -> Response:
    """Whom an account follows."""
    page = _page(collections.ACCOUNTS_PAGE)
    return private_document(await collections.following(this_node(), username, await _signer(), page=page))


@blueprint.get("/users/<username>/collections/featured")
async def get_featured(username: str) -> Response:
    """The pinned statuses of an account."""
    return private_document(await collections.featured(this_node(), username, await _signer()))


@blueprint.get("/users/<username>/collections/tags")
async def get_featured_tags(username: str) -> Response:
    """The hashtags an account shows on its profile."""
    await _signer()
    return private_document(await collections.tags(this_node(), username))


@blueprint.get(f"{_STATUS}/replies")
async def get_replies(username: str, status_id: int) -> Response:
    """What answers a status."""
    signer = await _signer()
    document = await collections.replies(this_node(), username, StatusId(status_id), signer, after=_after())
    return private_document(document)


@blueprint.get(f"{_STATUS}/context")
async def get_context(username: str, status_id: int) -> Response:
    """The thread that a status began."""
    signer = await _signer()
    document = await collections.context(this_node(), username, StatusId(status_id), signer, after=_after())
    return private_document(document)


@blueprint.get(f"{_STATUS}/likes")
async def get_likes(username: str, status_id: int) -> Response:
    """How many favourited a status."""
    return private_document(await collections.likes(this_node(), username, StatusId(status_id), await _signer()))


@blueprint.get(f"{_STATUS}/shares")
async def get_shares(username: str, status_id: int) -> Response:
    """Who boosted a status."""
    signer = await _signer()
    document = await collections.shares(this_node(), username, StatusId(status_id), signer, after=_after())
    return private_document(document)


@blueprint.get("/directory")
async def get_directory() -> Response:
    """The members that other nodes of the organisation are told of."""
    after = AccountId(id_in(request.args.get("min_id", "")) or 0) if "page" in request.args else None
    return private_document(await directory.document(this_node(), await _signer(), after=after))


@blueprint.get("/organisation")
async def get_organisation() -> Response:
    """The nodes of the organisation that this one vouches for."""
    return private_document(await organisation.document(this_node(), await _signer()))


@blueprint.get("/audiences/<reach>")
async def get_audience(reach: str) -> Response:  # noqa: ARG001 - the answer is the same for every name
    """Nothing, and quickly: other servers look whether it is a collection they may read."""
    raise NotFound


async def _signer() -> Signer | None:
    return await serving.signer_of(this_node(), await signed_request())


def _page(limit: int) -> PageQuery | None:
    """The page that is asked for; None when the collection itself is."""
    if "page" not in request.args:
        return None
    return PageQuery(limit=limit, max_id=id_in(request.args.get("max_id", "")))


def _after() -> StatusId | None:
    """The status that a page of a thread begins after; None for its beginning."""
    number = id_in(request.args.get("min_id", "")) if "page" in request.args else None
    return None if not number else StatusId(number)
