"""Finding people. Spec: Mastodon API, methods/suggestions, methods/directory, methods/accounts#familiar_followers."""

from typing import Final

from quart import Blueprint, Response

from fedorg.ids import AccountId
from fedorg.serializers.accounts import account_entity
from fedorg.services import suggestions
from fedorg.services.suggestions import DirectoryOrder
from fedorg.web.auth import Viewer, id_of, open_to_public, requires
from fedorg.web.base import json_answer, this_node
from fedorg.web.params import read_params

blueprint = Blueprint("suggestions", __name__, url_prefix="/api")

_IDS_MAX: Final = 40


@blueprint.get("/v2/suggestions")
@requires("read")
async def list_suggestions(viewer: Viewer) -> Response:
    """Whom one may want to follow, and why."""
    limit = (await read_params()).page(40, 80).limit
    node = this_node()
    found = await suggestions.list_suggestions(node, viewer.account.id, limit)
    return json_answer(
        [
            {
                "source": one.sources[0].legacy,
                "sources": [source.value for source in one.sources],
                "account": account_entity(one.account, node.uris),
            }
            for one in found
        ]
    )


@blueprint.get("/v1/suggestions")
@requires("read")
async def list_suggested_accounts(viewer: Viewer) -> Response:
    """Whom one may want to follow, for older clients."""
    limit = (await read_params()).page(40, 80).limit
    node = this_node()
    found = await suggestions.list_suggestions(node, viewer.account.id, limit)
    return json_answer([account_entity(one.account, node.uris) for one in found])


@blueprint.delete("/v1/suggestions/<id:account_id>")
@requires("read")
async def dismiss_suggestion(viewer: Viewer, account_id: AccountId) -> Response:
    """Suggest somebody no more."""
    await suggestions.dismiss(this_node(), viewer.account.id, account_id)
    return json_answer({})


@blueprint.get("/v1/directory")
@open_to_public("read:accounts")
async def list_directory(viewer: Viewer | None) -> Response:
    """Accounts that want to be found; for members only, unless the node federates with everybody."""
    params = await read_params()
    node, window = this_node(), params.window(40, 80)
    found = await suggestions.list_directory(
        node,
        id_of(viewer),
        params.choice("order", DirectoryOrder) or DirectoryOrder.ACTIVE,
        local_only=params.flag("local") or False,
        limit=window.limit,
        offset=window.offset,
    )
    return json_answer([account_entity(account, node.uris) for account in found])


@blueprint.get("/v1/accounts/familiar_followers")
@requires("read:follows")
async def list_familiar_followers(viewer: Viewer) -> Response:
    """Whom one follows among the followers of each account that is asked about."""
    ids = [AccountId(number) for number in (await read_params()).ids("id")[:_IDS_MAX]]
    node = this_node()
    found = await suggestions.list_familiar(node, viewer.account.id, ids)
    return json_answer(
        [
            {"id": str(number), "accounts": [account_entity(account, node.uris) for account in known]}
            for number, known in found
        ]
    )
