"""Blocked networks. Spec: Mastodon API, methods/admin/ip_blocks."""

from typing import Final

from quart import Blueprint, Response

from fedorg.domain.moderation import Operation
from fedorg.serializers.ip_blocks import ip_block_entity
from fedorg.services.moderation import ip_blocks
from fedorg.services.moderation.ip_blocks import IpBlockDraft
from fedorg.web.auth import Viewer, requires_staff
from fedorg.web.base import client_address, json_answer, page_answer, this_node
from fedorg.web.params import read_params

blueprint = Blueprint("admin_ip_blocks", __name__, url_prefix="/api/v1/admin/ip_blocks")

PAGE: Final = 100
PAGE_MAX: Final = 200


@blueprint.get("")
@requires_staff(Operation.READ_IP_BLOCKS)
async def list_blocks(_viewer: Viewer) -> Response:
    """Networks that are kept out or have to wait."""
    found = await ip_blocks.list_blocks(this_node(), (await read_params()).page(PAGE, PAGE_MAX))
    return page_answer([ip_block_entity(one) for one in found], [one.id for one in found])


@blueprint.get("/<id:block_id>")
@requires_staff(Operation.READ_IP_BLOCKS)
async def get_block(_viewer: Viewer, block_id: int) -> Response:
    """One of them."""
    return json_answer(ip_block_entity(await ip_blocks.get(this_node(), block_id)))


@blueprint.post("")
@requires_staff(Operation.WRITE_IP_BLOCKS)
async def block_network(viewer: Viewer) -> Response:
    """Block a network."""
    made = await ip_blocks.create(this_node(), viewer.user, await _draft(), asking_from=client_address())
    return json_answer(ip_block_entity(made))


@blueprint.put("/<id:block_id>")
@requires_staff(Operation.WRITE_IP_BLOCKS)
async def change_block(viewer: Viewer, block_id: int) -> Response:
    """Change what a block says."""
    changed = await ip_blocks.change(this_node(), viewer.user, block_id, await _draft(), asking_from=client_address())
    return json_answer(ip_block_entity(changed))


@blueprint.delete("/<id:block_id>")
@requires_staff(Operation.WRITE_IP_BLOCKS)
async def unblock(viewer: Viewer, block_id: int) -> Response:
    """Let a network in again."""
    await ip_blocks.remove(this_node(), viewer.user, block_id)
    return json_answer({})


async def _draft() -> IpBlockDraft:
    params = await read_params()
    return IpBlockDraft(
        ip=params.text("ip"),
        severity=params.text("severity"),
        comment=params.text("comment"),
        sets_expiry=params.has("expires_in"),
        expires_in=params.integer("expires_in"),
    )
