"""``/api/fedorg/v1/admin/introductions`` and ``…/introducers``: whom siblings introduce, and what is made of it."""

from typing import Final

from quart import Blueprint, Response

from fedorg.domain.introductions import Policy
from fedorg.domain.moderation import Operation
from fedorg.errors import Invalid
from fedorg.serializers.introductions import introducer_entity, introduction_entity
from fedorg.services import introductions
from fedorg.web.auth import Viewer, requires_staff
from fedorg.web.base import json_answer, this_node, written
from fedorg.web.params import read_params

blueprint: Final = Blueprint("introductions", __name__, url_prefix="/api/fedorg/v1/admin")


@blueprint.get("/introductions")
@requires_staff(Operation.READ_PARTNERSHIPS)
async def list_introductions(_viewer: Viewer) -> Response:
    """Nodes that siblings introduce; with `waiting=true` those alone about which an administrator decides."""
    is_open = (await read_params()).flag("waiting") or False
    found = await introductions.list_introductions(this_node(), is_open=is_open)
    return json_answer(await written(map(introduction_entity, found)))


@blueprint.post("/introductions/<domain>/approve")
@requires_staff(Operation.WRITE_PARTNERSHIPS)
async def approve(viewer: Viewer, domain: str) -> Response:
    """Let an introduced node be a sibling, or suspend one that nobody introduces any more."""
    decided = await introductions.approve(this_node(), domain, viewer.user)
    return json_answer([introduction_entity(one) for one in decided])


@blueprint.post("/introductions/<domain>/dismiss")
@requires_staff(Operation.WRITE_PARTNERSHIPS)
async def dismiss(viewer: Viewer, domain: str) -> Response:
    """Leave things as they are, and do not ask again."""
    decided = await introductions.dismiss(this_node(), domain, viewer.user)
    return json_answer([introduction_entity(one) for one in decided])


@blueprint.get("/introducers")
@requires_staff(Operation.READ_PARTNERSHIPS)
async def list_introducers(_viewer: Viewer) -> Response:
    """The siblings, with what is made of those whom they introduce."""
    return json_answer([introducer_entity(one) for one in await introductions.list_introducers(this_node())])


@blueprint.patch("/introducers/<domain>")
@requires_staff(Operation.WRITE_PARTNERSHIPS)
async def change_policy(viewer: Viewer, domain: str) -> Response:
    """Say what is made of those whom a server introduces: `policy` `ignore`, `queue` or `accept`, and `priority`."""
    params = await read_params()
    policy = params.choice("policy", Policy)
    if policy is None:
        raise Invalid("Validation failed: policy can't be blank")
    priority = params.integer("priority")
    changed = await introductions.change_policy(this_node(), domain, policy, priority, viewer.user)
    return json_answer(introducer_entity(changed))
