"""``/api/v1/domain_blocks``: a member's own. Spec: Mastodon API, methods/domain_blocks."""

from quart import Blueprint, Response

from fedorg.services import domain_blocks
from fedorg.web.auth import Viewer, requires
from fedorg.web.base import json_answer, page_answer, this_node
from fedorg.web.params import read_params

blueprint = Blueprint("domain_blocks", __name__, url_prefix="/api/v1/domain_blocks")


@blueprint.get("")
@requires("read:blocks")
async def list_blocks(viewer: Viewer) -> Response:
    """The servers one shuts out."""
    page = (await read_params()).page(100, 200)
    found = await domain_blocks.list_blocks(this_node(), viewer.account.id, page)
    return page_answer([one.item for one in found], [one.row_id for one in found])


@blueprint.post("")
@requires("write:blocks")
async def block_domain(viewer: Viewer) -> Response:
    """Shut a server out; follows from and to its people end."""
    await domain_blocks.block(this_node(), viewer.account, (await read_params()).required("domain"))
    return json_answer({})


@blueprint.delete("")
@requires("write:blocks")
async def unblock_domain(viewer: Viewer) -> Response:
    """Let a server in again."""
    await domain_blocks.unblock(this_node(), viewer.account.id, (await read_params()).required("domain"))
    return json_answer({})
