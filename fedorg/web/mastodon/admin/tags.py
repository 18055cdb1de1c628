"""``/api/v1/admin/tags``: what hashtags may be. Spec: Mastodon API, entities/Tag#admin; methods as it has them."""

from typing import Final

from quart import Blueprint, Response

from fedorg.domain.moderation import Operation
from fedorg.domain.trends import TagChange
from fedorg.serializers.trends import admin_tag_entity
from fedorg.services.moderation import trends
from fedorg.web.auth import Viewer, requires_staff
from fedorg.web.base import json_answer, page_answer, this_node
from fedorg.web.params import read_params

blueprint = Blueprint("admin_tags", __name__, url_prefix="/api/v1/admin/tags")

PAGE: Final = 100
PAGE_MAX: Final = 200


@blueprint.get("")
@requires_staff(Operation.READ_TRENDS)
async def list_tags(viewer: Viewer) -> Response:
    """Hashtags of public statuses and profiles, with what is allowed of them."""
    node, page = this_node(), (await read_params()).page(PAGE, PAGE_MAX)
    found = await trends.list_tags(node, viewer.account.id, page)
    return page_answer([admin_tag_entity(one, node.uris) for one in found], [one.view.id for one in found])


@blueprint.get("/<id:tag_id>")
@requires_staff(Operation.READ_TRENDS)
async def get_tag(viewer: Viewer, tag_id: int) -> Response:
    """One of them."""
    node = this_node()
    return json_answer(admin_tag_entity(await trends.get_tag(node, viewer.account.id, tag_id), node.uris))


@blueprint.put("/<id:tag_id>")
@requires_staff(Operation.REVIEW_TRENDS)
async def update(viewer: Viewer, tag_id: int) -> Response:
    """Say whether a hashtag may trend, be found and be used, and how it is written."""
    node, params = this_node(), await read_params()
    change = TagChange(
        display_name=(params.text("display_name") or "").strip().removeprefix("#") or None,
        trendable=params.flag("trendable"),
        listable=params.flag("listable"),
        usable=params.flag("usable"),
    )
    return json_answer(admin_tag_entity(await trends.update_tag(node, viewer.user, tag_id, change), node.uris))
