"""Servers this node federates with because somebody said so. Spec: Mastodon API, methods/admin/domain_allows."""

from typing import Final

from quart import Blueprint, Response

from fedorg.domain.moderation import Operation
from fedorg.serializers.domain_blocks import domain_allow_entity
from fedorg.services.moderation import domain_allows
from fedorg.web.auth import Viewer, requires_staff
from fedorg.web.base import json_answer, page_answer, this_node
from fedorg.web.params import read_params

blueprint = Blueprint("admin_domain_allows", __name__, url_prefix="/api/v1/admin/domain_allows")

PAGE: Final = 100
PAGE_MAX: Final = 200


@blueprint.get("")
@requires_staff(Operation.READ_DOMAIN_ALLOWS)
async def list_allows(_viewer: Viewer) -> Response:
    """Partners and siblings, by when they became that."""
    found = await domain_allows.list_allows(this_node(), (await read_params()).page(PAGE, PAGE_MAX))
    return page_answer([domain_allow_entity(one) for one in found], [one.id for one in found])


@blueprint.get("/<id:allow_id>")
@requires_staff(Operation.READ_DOMAIN_ALLOWS)
async def get_allow(_viewer: Viewer, allow_id: int) -> Response:
    """One of them."""
    return json_answer(domain_allow_entity(await domain_allows.get(this_node(), allow_id)))


@blueprint.post("")
@requires_staff(Operation.WRITE_DOMAIN_ALLOWS)
async def allow(viewer: Viewer) -> Response:
    """Make a server a partner, on a node that federates with partners."""
    domain = (await read_params()).required("domain")
    return json_answer(domain_allow_entity(await domain_allows.allow(this_node(), viewer.user, domain)))


@blueprint.delete("/<id:allow_id>")
@requires_staff(Operation.WRITE_DOMAIN_ALLOWS)
async def disallow(viewer: Viewer, allow_id: int) -> Response:
    """Let a partner be a server like any other; refused for a sibling."""
    await domain_allows.disallow(this_node(), viewer.user, allow_id)
    return json_answer({})
