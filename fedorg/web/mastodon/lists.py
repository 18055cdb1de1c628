"""``/api/v1/lists``. Spec: Mastodon API, methods/lists."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from quart import Blueprint, Response

from fedorg.domain.accounts import Account
from fedorg.domain.lists import MEMBERS_MAX, ListChange
from fedorg.errors import NotFound
from fedorg.ids import AccountId, ListId
from fedorg.serializers.accounts import AccountEntity, account_entity
from fedorg.serializers.lists import list_entity
from fedorg.services import lists
from fedorg.uris import Uris
from fedorg.web.auth import Viewer, requires
from fedorg.web.base import json_answer, page_answer, this_node, written
from fedorg.web.params import Params, read_params

blueprint = Blueprint("lists", __name__, url_prefix="/api/v1")

# Thousands of accounts take a tenth of a second and more.
_MANY: Final = 400


@blueprint.get("/lists")
@requires("read:lists")
async def list_lists(viewer: Viewer) -> Response:
    """One's lists."""
    return json_answer([list_entity(one) for one in await lists.list_lists(this_node(), viewer.account.id)])


@blueprint.post("/lists")
@requires("write:lists")
async def create_list(viewer: Viewer) -> Response:
    """Make a list."""
    change = _change(await read_params())
    return json_answer(list_entity(await lists.create_list(this_node(), viewer.account.id, change)))


@blueprint.get("/lists/<id:list_id>")
@requires("read:lists")
async def get_list(viewer: Viewer, list_id: ListId) -> Response:
    """One list."""
    return json_answer(list_entity(await lists.get_list(this_node(), viewer.account.id, list_id)))


@blueprint.put("/lists/<id:list_id>")
@requires("write:lists")
async def update_list(viewer: Viewer, list_id: ListId) -> Response:
    """Change title, replies policy, or whether the home timeline is without its members."""
    change = _change(await read_params())
    return json_answer(list_entity(await lists.update_list(this_node(), viewer.account.id, list_id, change)))


@blueprint.delete("/lists/<id:list_id>")
@requires("write:lists")
async def delete_list(viewer: Viewer, list_id: ListId) -> Response:
    """Remove a list."""
    await lists.delete_list(this_node(), viewer.account.id, list_id)
    return json_answer({})


@blueprint.get("/lists/<id:list_id>/accounts")
@requires("read:lists")
async def list_members(viewer: Viewer, list_id: ListId) -> Response:
    """Who is in a list; limit 0 means all."""
    params = await read_params()
    page = params.page(40, 80)
    if params.text("limit") == "0":
        page = replace(page, limit=MEMBERS_MAX)
    node = this_node()
    found = await lists.list_members(node, viewer.account.id, list_id, page)
    accounts = [one.item for one in found]
    if len(accounts) > _MANY:
        # Others have their turn meanwhile.
        entities = await asyncio.to_thread(_entities, accounts, node.uris)
    else:
        entities = _entities(accounts, node.uris)
    return page_answer(await written(entities), [one.row_id for one in found])


@blueprint.post("/lists/<id:list_id>/accounts")
@requires("write:lists")
async def add_members(viewer: Viewer, list_id: ListId) -> Response:
    """Put accounts one follows into a list, all or none."""
    params = await read_params()
    members = [AccountId(number) for number in params.ids("account_ids")]
    if len(members) != len(params.texts("account_ids")):
        raise NotFound
    await lists.add_members(this_node(), viewer.account.id, list_id, members)
    return json_answer({})


@blueprint.delete("/lists/<id:list_id>/accounts")
@requires("write:lists")
async def remove_members(viewer: Viewer, list_id: ListId) -> Response:
    """Take accounts out of a list."""
    members = [AccountId(number) for number in (await read_params()).ids("account_ids")]
    await lists.remove_members(this_node(), viewer.account.id, list_id, members)
    return json_answer({})


@blueprint.get("/accounts/<id:account_id>/lists")
@requires("read:lists")
async def list_holding(viewer: Viewer, account_id: AccountId) -> Response:
    """The lists of one's own that somebody is in."""
    found = await lists.list_holding(this_node(), viewer.account.id, account_id)
    return json_answer([list_entity(one) for one in found])


def _change(params: Params) -> ListChange:
    return ListChange(
        title=params.text("title"),
        replies_policy=params.text("replies_policy"),
        exclusive=params.flag("exclusive"),
    )


def _entities(accounts: Sequence[Account], uris: Uris) -> list[AccountEntity]:
    return [account_entity(one, uris) for one in accounts]
