"""Endorsements. Spec: Mastodon API, methods/endorsements and methods/accounts#endorse."""

from quart import Blueprint, Response

from fedorg.ids import AccountId
from fedorg.serializers.accounts import account_entity
from fedorg.serializers.relationships import relationship_entity
from fedorg.services import endorsements
from fedorg.web.auth import Viewer, id_of, open_to_public, requires
from fedorg.web.base import json_answer, listed_answer, this_node
from fedorg.web.params import read_params

blueprint = Blueprint("endorsements", __name__, url_prefix="/api/v1")


@blueprint.get("/endorsements")
@requires("read:accounts")
async def list_own(viewer: Viewer) -> Response:
    """Whom one recommends."""
    page = (await read_params()).page(40, 80)
    found = await endorsements.list_endorsed(this_node(), viewer.account.id, viewer.account.id, page)
    return listed_answer(found, account_entity)


@blueprint.get("/accounts/<id:account_id>/endorsements")
@open_to_public("read:accounts")
async def list_of_account(viewer: Viewer | None, account_id: AccountId) -> Response:
    """Whom an account recommends."""
    page = (await read_params()).page(40, 80)
    found = await endorsements.list_endorsed(this_node(), id_of(viewer), account_id, page)
    return listed_answer(found, account_entity)


@blueprint.post("/accounts/<id:account_id>/endorse")
@blueprint.post("/accounts/<id:account_id>/pin")
@requires("write:accounts")
async def endorse(viewer: Viewer, account_id: AccountId) -> Response:
    """Recommend somebody one follows; `pin` is the older name."""
    return json_answer(relationship_entity(await endorsements.endorse(this_node(), viewer.account, account_id)))


@blueprint.post("/accounts/<id:account_id>/unendorse")
@blueprint.post("/accounts/<id:account_id>/unpin")
@requires("write:accounts")
async def unendorse(viewer: Viewer, account_id: AccountId) -> Response:
    """Recommend somebody no more."""
    return json_answer(relationship_entity(await endorsements.unendorse(this_node(), viewer.account, account_id)))
