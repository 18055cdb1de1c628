"""What accounts are to each other. Spec: Mastodon API, methods/accounts, follow_requests, blocks, mutes."""

from typing import Final

from quart import Blueprint, Response

from fedorg.domain.relationships import Relationship
from fedorg.errors import Invalid
from fedorg.ids import AccountId
from fedorg.serializers.accounts import account_entity
from fedorg.serializers.relationships import muted_account_entity, relationship_entity
from fedorg.services import relationships
from fedorg.web.auth import Viewer, id_of, open_to_public, requires
from fedorg.web.base import json_answer, listed_answer, this_node
from fedorg.web.params import read_params

blueprint = Blueprint("relationships", __name__, url_prefix="/api/v1")

_IDS_MAX: Final = 80
_MUTE_SECONDS_MAX: Final = 10 * 366 * 24 * 3600


@blueprint.get("/accounts/relationships")
@requires("read:follows")
async def list_relationships(viewer: Viewer) -> Response:
    """What several accounts are to the viewer; those that do not exist are left out."""
    ids = [AccountId(number) for number in (await read_params()).ids("id")[:_IDS_MAX]]
    found = await relationships.list_relationships(this_node(), viewer.account.id, ids)
    return json_answer([relationship_entity(one) for one in found])


@blueprint.post("/accounts/<id:account_id>/follow")
@requires("write:follows")
async def follow(viewer: Viewer, account_id: AccountId) -> Response:
    """Follow, or change how one follows."""
    params = await read_params()
    relationship = await relationships.follow(
        this_node(),
        viewer.account,
        account_id,
        reblogs=params.flag("reblogs"),
        notify=params.flag("notify"),
        languages=params.texts("languages") if params.has("languages") else None,
    )
    return _answer(relationship)


@blueprint.post("/accounts/<id:account_id>/unfollow")
@requires("write:follows")
async def unfollow(viewer: Viewer, account_id: AccountId) -> Response:
    """Stop following, or take a request back."""
    return _answer(await relationships.unfollow(this_node(), viewer.account, account_id))


@blueprint.post("/accounts/<id:account_id>/remove_from_followers")
@requires("write:follows")
async def remove_from_followers(viewer: Viewer, account_id: AccountId) -> Response:
    """Make somebody stop following the viewer."""
    return _answer(await relationships.remove_from_followers(this_node(), viewer.account, account_id))


@blueprint.post("/accounts/<id:account_id>/block")
@requires("write:blocks")
async def block(viewer: Viewer, account_id: AccountId) -> Response:
    """Block."""
    return _answer(await relationships.block(this_node(), viewer.account, account_id))


@blueprint.post("/accounts/<id:account_id>/unblock")
@requires("write:blocks")
async def unblock(viewer: Viewer, account_id: AccountId) -> Response:
    """Take a block back."""
    return _answer(await relationships.unblock(this_node(), viewer.account, account_id))


@blueprint.post("/accounts/<id:account_id>/mute")
@requires("write:mutes")
async def mute(viewer: Viewer, account_id: AccountId) -> Response:
    """Mute for a while or for good, with notifications unless told otherwise."""
    params = await read_params()
    seconds = params.integer("duration") or 0
    if not 0 <= seconds <= _MUTE_SECONDS_MAX:
        raise Invalid("Validation failed: Duration must be a number of seconds, 0 for good")
    relationship = await relationships.mute(
        this_node(),
        viewer.account,
        account_id,
        notifications=params.flag("notifications") is not False,
        duration_seconds=seconds,
    )
    return _answer(relationship)


@blueprint.post("/accounts/<id:account_id>/unmute")
@requires("write:mutes")
async def unmute(viewer: Viewer, account_id: AccountId) -> Response:
    """Take a mute back."""
    return _answer(await relationships.unmute(this_node(), viewer.account, account_id))


@blueprint.post("/accounts/<id:account_id>/note")
@requires("write:accounts")
async def set_note(viewer: Viewer, account_id: AccountId) -> Response:
    """Keep a private note about somebody; without a text the note is removed."""
    comment = (await read_params()).text("comment") or ""
    return _answer(await relationships.set_note(this_node(), viewer.account.id, account_id, comment))


@blueprint.get("/accounts/<id:account_id>/followers")
@open_to_public("read:accounts")
async def list_followers(viewer: Viewer | None, account_id: AccountId) -> Response:
    """Who follows an account."""
    page = (await read_params()).page(40, 80)
    found = await relationships.list_followers(this_node(), id_of(viewer), account_id, page)
    return listed_answer(found, account_entity)


@blueprint.get("/accounts/<id:account_id>/following")
@open_to_public("read:accounts")
async def list_following(viewer: Viewer | None, account_id: AccountId) -> Response:
    """Whom an account follows."""
    page = (await read_params()).page(40, 80)
    found = await relationships.list_following(this_node(), id_of(viewer), account_id, page)
    return listed_answer(found, account_entity)


@blueprint.get("/follow_requests")
@requires("read:follows")
async def list_follow_requests(viewer: Viewer) -> Response:
    """Who waits to be let in as a follower."""
    page = (await read_params()).page(40, 80)
    found = await relationships.list_follow_requests(this_node(), viewer.account.id, page)
    return listed_answer(found, account_entity)


@blueprint.post("/follow_requests/<id:account_id>/authorize")
@requires("write:follows")
async def authorize_request(viewer: Viewer, account_id: AccountId) -> Response:
    """Accept a follow request."""
    return _answer(await relationships.authorize_request(this_node(), viewer.account, account_id))


@blueprint.post("/follow_requests/<id:account_id>/reject")
@requires("write:follows")
async def reject_request(viewer: Viewer, account_id: AccountId) -> Response:
    """Refuse a follow request."""
    return _answer(await relationships.reject_request(this_node(), viewer.account, account_id))


@blueprint.get("/blocks")
@requires("read:blocks")
async def list_blocks(viewer: Viewer) -> Response:
    """Whom the viewer blocks."""
    page = (await read_params()).page(40, 80)
    found = await relationships.list_blocks(this_node(), viewer.account.id, page)
    return listed_answer(found, account_entity)


@blueprint.get("/mutes")
@requires("read:mutes")
async def list_mutes(viewer: Viewer) -> Response:
    """Whom the viewer mutes, and until when."""
    page = (await read_params()).page(40, 80)
    node = this_node()
    found = await relationships.list_mutes(node, viewer.account.id, page)
    return listed_answer(found, muted_account_entity)


def _answer(relationship: Relationship) -> Response:
    return json_answer(relationship_entity(relationship))
