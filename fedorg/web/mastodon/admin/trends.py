"""``/api/v1/admin/trends``: what ranks, rejected or not. Spec: Mastodon API, methods/admin/trends.

Approving and rejecting are as Mastodon has them. Nothing waits to be approved: what nobody looked at is shown.
"""

from typing import Final

from quart import Blueprint, Response

from fedorg.domain.moderation import Operation
from fedorg.domain.trends import Verdict
from fedorg.ids import CardId, StatusId
from fedorg.serializers.trends import admin_link_entity, admin_status_entity, admin_tag_entity, publisher_entity
from fedorg.services.moderation import trends
from fedorg.web.auth import Viewer, requires_staff
from fedorg.web.base import json_answer, page_answer, this_node
from fedorg.web.params import read_params

blueprint = Blueprint("admin_trends", __name__, url_prefix="/api/v1/admin/trends")

PAGE: Final = 100
PAGE_MAX: Final = 200


@blueprint.get("/tags")
@requires_staff(Operation.READ_TRENDS)
async def list_tags(viewer: Viewer) -> Response:
    """Hashtags that many use these days, rejected ones too."""
    node, window = this_node(), (await read_params()).window(10, 20)
    found = await trends.list_trending_tags(node, viewer.account.id, limit=window.limit, offset=window.offset)
    return json_answer([admin_tag_entity(one, node.uris) for one in found])


@blueprint.get("/statuses")
@requires_staff(Operation.READ_TRENDS)
async def list_statuses(viewer: Viewer) -> Response:
    """Statuses that many like these days, rejected ones too."""
    node, window = this_node(), (await read_params()).window(20, 40)
    found = await trends.list_trending_statuses(node, viewer.account.id, limit=window.limit, offset=window.offset)
    return json_answer([admin_status_entity(one, node.uris) for one in found])


@blueprint.get("/links")
@requires_staff(Operation.READ_TRENDS)
async def list_links(viewer: Viewer) -> Response:
    """Pages that many link to these days, rejected ones too."""
    node, window = this_node(), (await read_params()).window(10, 20)
    found = await trends.list_trending_links(node, viewer.account.id, limit=window.limit, offset=window.offset)
    return json_answer([admin_link_entity(one, node.uris) for one in found])


@blueprint.get("/links/publishers")
@requires_staff(Operation.READ_TRENDS)
async def list_publishers(_viewer: Viewer) -> Response:
    """Sites that pages which trended are of."""
    found = await trends.list_publishers(this_node(), (await read_params()).page(PAGE, PAGE_MAX))
    return page_answer([publisher_entity(one) for one in found], [one.id for one in found])


@blueprint.post("/tags/<id:trend_id>/approve")
@requires_staff(Operation.REVIEW_TRENDS)
async def approve_tag(viewer: Viewer, trend_id: int) -> Response:
    """Let a hashtag trend."""
    return await _review_tag(viewer, trend_id, Verdict.APPROVED)


@blueprint.post("/tags/<id:trend_id>/reject")
@requires_staff(Operation.REVIEW_TRENDS)
async def reject_tag(viewer: Viewer, trend_id: int) -> Response:
    """Let a hashtag trend no more."""
    return await _review_tag(viewer, trend_id, Verdict.REJECTED)


@blueprint.post("/statuses/<id:trend_id>/approve")
@requires_staff(Operation.REVIEW_TRENDS)
async def approve_status(viewer: Viewer, trend_id: StatusId) -> Response:
    """Let a status trend."""
    return await _review_status(viewer, trend_id, Verdict.APPROVED)


@blueprint.post("/statuses/<id:trend_id>/reject")
@requires_staff(Operation.REVIEW_TRENDS)
async def reject_status(viewer: Viewer, trend_id: StatusId) -> Response:
    """Let a status trend no more."""
    return await _review_status(viewer, trend_id, Verdict.REJECTED)


@blueprint.post("/links/<id:trend_id>/approve")
@requires_staff(Operation.REVIEW_TRENDS)
async def approve_link(viewer: Viewer, trend_id: CardId) -> Response:
    """Let a page trend."""
    return await _review_link(viewer, trend_id, Verdict.APPROVED)


@blueprint.post("/links/<id:trend_id>/reject")
@requires_staff(Operation.REVIEW_TRENDS)
async def reject_link(viewer: Viewer, trend_id: CardId) -> Response:
    """Let a page trend no more."""
    return await _review_link(viewer, trend_id, Verdict.REJECTED)


@blueprint.post("/links/publishers/<id:trend_id>/approve")
@requires_staff(Operation.REVIEW_TRENDS)
async def approve_publisher(viewer: Viewer, trend_id: int) -> Response:
    """Let pages of a site trend."""
    return await _review_publisher(viewer, trend_id, Verdict.APPROVED)


@blueprint.post("/links/publishers/<id:trend_id>/reject")
@requires_staff(Operation.REVIEW_TRENDS)
async def reject_publisher(viewer: Viewer, trend_id: int) -> Response:
    """Let pages of a site trend no more."""
    return await _review_publisher(viewer, trend_id, Verdict.REJECTED)


async def _review_tag(viewer: Viewer, tag_id: int, verdict: Verdict) -> Response:
    node = this_node()
    return json_answer(admin_tag_entity(await trends.review_tag(node, viewer.user, tag_id, verdict), node.uris))


async def _review_status(viewer: Viewer, status_id: StatusId, verdict: Verdict) -> Response:
    node = this_node()
    done = await trends.review_status(node, viewer.user, status_id, verdict)
    return json_answer(admin_status_entity(done, node.uris))


async def _review_link(viewer: Viewer, card_id: CardId, verdict: Verdict) -> Response:
    node = this_node()
    return json_answer(admin_link_entity(await trends.review_link(node, viewer.user, card_id, verdict), node.uris))


async def _review_publisher(viewer: Viewer, publisher_id: int, verdict: Verdict) -> Response:
    return json_answer(publisher_entity(await trends.review_publisher(this_node(), viewer.user, publisher_id, verdict)))
