"""Blocked addresses. Spec: Mastodon API, methods/admin/email_domain_blocks and methods/admin/canonical_email_blocks."""

from typing import Final

from quart import Blueprint, Response

from fedorg.domain.email_blocks import EmailBlockKind
from fedorg.domain.moderation import Operation
from fedorg.serializers.email_blocks import canonical_email_block_entity, email_domain_block_entity
from fedorg.services.moderation import email_blocks
from fedorg.web.auth import Viewer, requires_staff
from fedorg.web.base import json_answer, page_answer, this_node
from fedorg.web.params import read_params

blueprint = Blueprint("admin_email_blocks", __name__, url_prefix="/api/v1/admin")

PAGE: Final = 100
PAGE_MAX: Final = 200
_DOMAIN: Final = EmailBlockKind.DOMAIN
_CANONICAL: Final = EmailBlockKind.CANONICAL


@blueprint.get("/email_domain_blocks")
@requires_staff(Operation.READ_EMAIL_DOMAIN_BLOCKS)
async def list_domains(_viewer: Viewer) -> Response:
    """Domains that nobody may register with an address of."""
    found = await email_blocks.list_blocks(this_node(), _DOMAIN, (await read_params()).page(PAGE, PAGE_MAX))
    return page_answer([email_domain_block_entity(one) for one in found], [one.id for one in found])


@blueprint.get("/email_domain_blocks/<id:block_id>")
@requires_staff(Operation.READ_EMAIL_DOMAIN_BLOCKS)
async def get_domain(_viewer: Viewer, block_id: int) -> Response:
    """One of them."""
    return json_answer(email_domain_block_entity(await email_blocks.get(this_node(), _DOMAIN, block_id)))


@blueprint.post("/email_domain_blocks")
@requires_staff(Operation.WRITE_EMAIL_DOMAIN_BLOCKS)
async def block_domain(viewer: Viewer) -> Response:
    """Let nobody register with an address of a domain or of one below it."""
    domain = (await read_params()).required("domain")
    return json_answer(email_domain_block_entity(await email_blocks.block_domain(this_node(), viewer.user, domain)))


@blueprint.delete("/email_domain_blocks/<id:block_id>")
@requires_staff(Operation.WRITE_EMAIL_DOMAIN_BLOCKS)
async def unblock_domain(viewer: Viewer, block_id: int) -> Response:
    """Let people register with addresses of a domain again."""
    await email_blocks.unblock(this_node(), viewer.user, _DOMAIN, block_id)
    return json_answer({})


@blueprint.get("/canonical_email_blocks")
@requires_staff(Operation.READ_CANONICAL_EMAIL_BLOCKS)
async def list_addresses(_viewer: Viewer) -> Response:
    """Addresses that nobody may register with, as hashes."""
    found = await email_blocks.list_blocks(this_node(), _CANONICAL, (await read_params()).page(PAGE, PAGE_MAX))
    return page_answer([canonical_email_block_entity(one) for one in found], [one.id for one in found])


@blueprint.get("/canonical_email_blocks/<id:block_id>")
@requires_staff(Operation.READ_CANONICAL_EMAIL_BLOCKS)
async def get_address(_viewer: Viewer, block_id: int) -> Response:
    """One of them."""
    return json_answer(canonical_email_block_entity(await email_blocks.get(this_node(), _CANONICAL, block_id)))


@blueprint.post("/canonical_email_blocks/test")
@requires_staff(Operation.READ_CANONICAL_EMAIL_BLOCKS)
async def match_address(_viewer: Viewer) -> Response:
    """The blocks that an address meets."""
    found = await email_blocks.list_matching(this_node(), (await read_params()).required("email"))
    return json_answer([canonical_email_block_entity(one) for one in found])


@blueprint.post("/canonical_email_blocks")
@requires_staff(Operation.WRITE_CANONICAL_EMAIL_BLOCKS)
async def block_address(viewer: Viewer) -> Response:
    """Let nobody register with an address, given itself or as its hash."""
    node, params = this_node(), await read_params()
    email = params.text("email")
    if email:
        made = await email_blocks.block_address(node, viewer.user, email)
    else:
        made = await email_blocks.block_hash(node, viewer.user, params.required("canonical_email_hash"))
    return json_answer(canonical_email_block_entity(made))


@blueprint.delete("/canonical_email_blocks/<id:block_id>")
@requires_staff(Operation.WRITE_CANONICAL_EMAIL_BLOCKS)
async def unblock_address(viewer: Viewer, block_id: int) -> Response:
    """Let somebody register with an address again."""
    known = await email_blocks.unblock(this_node(), viewer.user, _CANONICAL, block_id)
    return json_answer(canonical_email_block_entity(known))
