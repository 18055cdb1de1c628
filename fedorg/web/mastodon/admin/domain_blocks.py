"""Blocked servers. Spec: Mastodon API, methods/admin/domain_blocks."""

from typing import Final

from quart import Blueprint, Response

from fedorg.domain.domain_blocks import Severity
from fedorg.domain.moderation import Operation
from fedorg.serializers.domain_blocks import admin_domain_block_entity
from fedorg.services.moderation import domain_blocks
from fedorg.services.moderation.domain_blocks import AlreadyBlocked, DomainBlockDraft
from fedorg.web.auth import Viewer, requires_staff
from fedorg.web.base import json_answer, page_answer, refusal_of, this_node
from fedorg.web.params import Params, read_params

blueprint = Blueprint("admin_domain_blocks", __name__, url_prefix="/api/v1/admin/domain_blocks")

PAGE: Final = 100
PAGE_MAX: Final = 200
_REFUSED: Final = 422


@blueprint.get("")
@requires_staff(Operation.READ_DOMAIN_BLOCKS)
async def list_blocks(_viewer: Viewer) -> Response:
    """Servers that are kept away, limited, or whose media or reports are refused."""
    found = await domain_blocks.list_blocks(this_node(), (await read_params()).page(PAGE, PAGE_MAX))
    return page_answer([admin_domain_block_entity(one) for one in found], [one.id for one in found])


@blueprint.get("/<id:block_id>")
@requires_staff(Operation.READ_DOMAIN_BLOCKS)
async def get_block(_viewer: Viewer, block_id: int) -> Response:
    """One of them."""
    return json_answer(admin_domain_block_entity(await domain_blocks.get(this_node(), block_id)))


@blueprint.post("")
@requires_staff(Operation.WRITE_DOMAIN_BLOCKS)
async def block(viewer: Viewer) -> Response:
    """Block a server and all below it; refused with the block there is when that one does as much."""
    params = await read_params()
    try:
        made = await domain_blocks.create(this_node(), viewer.user, params.required("domain"), _draft(params))
    except AlreadyBlocked as refusal:
        existing = admin_domain_block_entity(refusal.block)
        return json_answer({**refusal_of(refusal), "existing_domain_block": existing}, _REFUSED)
    return json_answer(admin_domain_block_entity(made))


@blueprint.put("/<id:block_id>")
@requires_staff(Operation.WRITE_DOMAIN_BLOCKS)
async def change_block(viewer: Viewer, block_id: int) -> Response:
    """Change what a block says."""
    draft = _draft(await read_params())
    return json_answer(admin_domain_block_entity(await domain_blocks.change(this_node(), viewer.user, block_id, draft)))


@blueprint.delete("/<id:block_id>")
@requires_staff(Operation.WRITE_DOMAIN_BLOCKS)
async def lift_block(viewer: Viewer, block_id: int) -> Response:
    """Let a server in again; what was hidden comes back, follows do not."""
    await domain_blocks.lift(this_node(), viewer.user, block_id)
    return json_answer({})


def _draft(params: Params) -> DomainBlockDraft:
    return DomainBlockDraft(
        severity=params.choice("severity", Severity),
        reject_media=params.flag("reject_media"),
        reject_reports=params.flag("reject_reports"),
        obfuscate=params.flag("obfuscate"),
        public_comment=params.text("public_comment"),
        private_comment=params.text("private_comment"),
    )
