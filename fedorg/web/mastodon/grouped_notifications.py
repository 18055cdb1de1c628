"""``/api/v2/notifications``. Spec: Mastodon API, methods/grouped_notifications."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, Protocol

from quart import Blueprint, Response

from fedorg.domain.notifications import GROUPABLE, NotificationGroupView, NotificationType
from fedorg.errors import BadRequest
from fedorg.serializers.accounts import account_entity
from fedorg.serializers.notifications import GroupedResultsEntity, Known, grouped_entity, grouped_entity_with_avatars
from fedorg.services import notifications
from fedorg.uris import Uris
from fedorg.web.auth import Viewer, requires
from fedorg.web.base import json_answer, link_header, listed_answer, this_node
from fedorg.web.mastodon.notifications import read_known, read_most, read_query, read_types
from fedorg.web.params import Params, read_params

blueprint = Blueprint("grouped_notifications", __name__, url_prefix="/api/v2/notifications")


class _Form(Protocol):
    def __call__(
        self, groups: Sequence[NotificationGroupView], uris: Uris, known: Known = None
    ) -> GroupedResultsEntity: ...


_FORMS: Final[Mapping[str, _Form]] = {"full": grouped_entity, "partial_avatars": grouped_entity_with_avatars}


@blueprint.get("")
@requires("read:notifications")
async def list_groups(viewer: Viewer) -> Response:
    """What happened that concerns the viewer, told as one where it is the same."""
    params = await read_params()
    node, form, query = this_node(), _form(params), read_query(params)
    if query is None:
        return json_answer(form([], node.uris))
    found = await notifications.list_groups(node, viewer.account.id, params.page(40, 80), query, _grouped(params))
    return json_answer(form(found.items, node.uris, read_known(params)), headers=link_header(found.cursors))


@blueprint.get("/unread_count")
@requires("read:notifications")
async def count_unread(viewer: Viewer) -> Response:
    """How many groups hold something newer than the viewer's marker."""
    params = await read_params()
    query = read_query(params)
    if query is None:
        return json_answer({"count": 0})
    count = await notifications.count_unread_groups(
        this_node(), viewer.account.id, read_most(params), query, _grouped(params)
    )
    return json_answer({"count": count})


@blueprint.get("/<group_key>")
@requires("read:notifications")
async def get_group(viewer: Viewer, group_key: str) -> Response:
    """One group of the viewer's own."""
    params = await read_params()
    form, node = _form(params), this_node()
    found = await notifications.get_group(node, viewer.account.id, group_key)
    return json_answer(form([found], node.uris, read_known(params)))


@blueprint.get("/<group_key>/accounts")
@requires("write:notifications")
async def list_accounts(viewer: Viewer, group_key: str) -> Response:
    """Everybody in a group, the latest first."""
    page = (await read_params()).page(40, 80)
    node = this_node()
    found = await notifications.list_group_accounts(node, viewer.account.id, group_key, page)
    return listed_answer(found, account_entity)


@blueprint.post("/<group_key>/dismiss")
@requires("write:notifications")
async def dismiss_group(viewer: Viewer, group_key: str) -> Response:
    """Remove a whole group; it is no fault when it is gone."""
    await notifications.dismiss_group(this_node(), viewer.account.id, group_key)
    return json_answer({})


def _form(params: Params) -> _Form:
    name = params.text("expand_accounts") or "full"
    if name not in _FORMS:
        raise BadRequest(
            f"Invalid value for 'expand_accounts': '{name[:40]}', allowed values are 'full' and 'partial_avatars'"
        )
    return _FORMS[name]


def _grouped(params: Params) -> Collection[NotificationType]:
    """The kinds that are told as one; without a wish, all that can be."""
    return GROUPABLE & {*read_types(params, "grouped_types")} if params.has("grouped_types") else GROUPABLE
