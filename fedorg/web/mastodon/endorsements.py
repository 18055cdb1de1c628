"""Endorsements. Spec: Mastodon API, methods/endorsements and methods/accounts#endorse."""

from collections.abc import Sequence

from quart import Blueprint, Response

from fedorg.domain.accounts import Account
from fedorg.domain.pages import Listed
from fedorg.ids import AccountId
from fedorg.serializers.accounts import account_entity
from fedorg.serializers.relationships import relationship_entity
from fedorg.services import endorsements
from fedorg.web.auth import Viewer, id_of, open_to_public, requires
from fedorg.web.base import json_answer, page_answer, this_node
from fedorg.web.params import read_params

blueprint = Blueprint("endorsements", __name__, url_prefix="/api/v1")


@blueprint.get("/endorsements")
@requires("read:accounts")
async def list_own(viewer: Viewer) -> Response:
    """Whom one recommends."""
    page = (await read_params()).page(40, 80)
    return _accounts(await endorsements.list_endorsed(this_node(), viewer.account.id, viewer.account.id, page))


@blueprint.get("/accounts/<id:account_id>/endorsements")
@open_to_public("read:accounts")
async def list_of_account(viewer: Viewer | None, account_id: AccountId) -> Response:
    """Whom an account recommends."""
    page = (await read_params()).page(40, 80)
    return _accounts(await endorsements.list_endorsed(this_node(), id_of(viewer), account_id, page))


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


def _accounts(found: Sequence[Listed[Account]]) -> Response:
    uris = this_node().uris
    return page_answer([account_entity(one.item, uris) for one in found], [one.row_id for one in found])
