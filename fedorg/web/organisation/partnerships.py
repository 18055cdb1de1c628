"""``/api/fedorg/v1/admin/partnerships``: what this node agrees with others, for its administrators.

A partnership is named by the domain of the other node, because there is at most one with each that is not over.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from quart import Blueprint, Response

from fedorg.domain.accounts import User
from fedorg.domain.moderation import Operation
from fedorg.domain.partnerships import GrantChange, PartnershipView
from fedorg.domain.visibility import Reach, Tier
from fedorg.errors import Invalid
from fedorg.node import Node
from fedorg.serializers.partnerships import partnership_entity
from fedorg.services import partnerships
from fedorg.services.partnerships import Invitation
from fedorg.web.auth import Viewer, requires_staff
from fedorg.web.base import json_answer, this_node, written
from fedorg.web.params import Params, read_params

blueprint: Final = Blueprint("partnerships", __name__, url_prefix="/api/fedorg/v1/admin/partnerships")


@blueprint.get("")
@requires_staff(Operation.READ_PARTNERSHIPS)
async def list_partnerships(_viewer: Viewer) -> Response:
    """The latest partnership with each other node, also those that are over."""
    found = await partnerships.list_partnerships(this_node())
    return json_answer(await written(map(partnership_entity, found)))


@blueprint.post("")
@requires_staff(Operation.WRITE_PARTNERSHIPS)
async def invite(viewer: Viewer) -> Response:
    """Offer the node at `domain` a partnership of `tier` `sibling` or `partner`, with `note` and ceilings."""
    params = await read_params()
    tier = params.choice("tier", Tier)
    if tier is None:
        raise Invalid("Validation failed: tier can't be blank")
    draft = Invitation(
        domain=params.required("domain"), tier=tier, change=_change(params), note=params.text("note") or ""
    )
    return _answer(await partnerships.invite(this_node(), draft, viewer.user))


@blueprint.get("/<domain>")
@requires_staff(Operation.READ_PARTNERSHIPS)
async def get_partnership(_viewer: Viewer, domain: str) -> Response:
    """The latest with one node, with its fingerprint and with what a former partner has not confirmed to delete."""
    return _answer(await partnerships.get_view(this_node(), domain))


@blueprint.patch("/<domain>")
@requires_staff(Operation.WRITE_PARTNERSHIPS)
async def change(viewer: Viewer, domain: str) -> Response:
    """Grant more or less: less holds at once, more when the other side grants as much."""
    return _answer(await partnerships.change(this_node(), domain, _change(await read_params()), viewer.user))


@blueprint.post("/<domain>/accept")
@requires_staff(Operation.WRITE_PARTNERSHIPS)
async def accept(viewer: Viewer, domain: str) -> Response:
    """Say yes to an offer; ceilings may be narrower than those offered."""
    return _answer(await partnerships.accept(this_node(), domain, _change(await read_params()), viewer.user))


@blueprint.post("/<domain>/approve")
@requires_staff(Operation.WRITE_PARTNERSHIPS)
async def approve(viewer: Viewer, domain: str) -> Response:
    """Agree, with the `fingerprint` that was compared with the other side's administrators, also when keys changed."""
    compared = (await read_params()).required("fingerprint")
    return _answer(await partnerships.approve(this_node(), domain, compared, viewer.user))


@blueprint.post("/<domain>/decline")
@requires_staff(Operation.WRITE_PARTNERSHIPS)
async def decline(viewer: Viewer, domain: str) -> Response:
    """Say no to an offer, with a `reason`."""
    return await _with_reason(partnerships.decline, viewer, domain)


@blueprint.post("/<domain>/withdraw")
@requires_staff(Operation.WRITE_PARTNERSHIPS)
async def withdraw(viewer: Viewer, domain: str) -> Response:
    """Take an offer back that is not in force yet."""
    return await _with_reason(partnerships.withdraw, viewer, domain)


@blueprint.post("/<domain>/suspend")
@requires_staff(Operation.WRITE_PARTNERSHIPS)
async def suspend(viewer: Viewer, domain: str) -> Response:
    """Stop all exchange with a `reason`, now or, told before, `at` a moment to come; nothing is deleted."""
    params = await read_params()
    at, reason = params.moment("at"), params.text("reason") or ""
    if at is None:
        return _answer(await partnerships.suspend(this_node(), domain, reason, viewer.user))
    return _answer(await partnerships.plan_suspension(this_node(), domain, at, reason, viewer.user))


@blueprint.post("/<domain>/resume")
@requires_staff(Operation.WRITE_PARTNERSHIPS)
async def resume(viewer: Viewer, domain: str) -> Response:
    """End this node's suspension, or call off the one it has planned."""
    return _answer(await partnerships.resume(this_node(), domain, viewer.user))


@blueprint.post("/<domain>/revoke")
@requires_staff(Operation.WRITE_PARTNERSHIPS)
async def revoke(viewer: Viewer, domain: str) -> Response:
    """End a partnership for good, with a `reason`."""
    return await _with_reason(partnerships.revoke, viewer, domain)


async def _with_reason(
    decide: Callable[[Node, str, str, User | None], Awaitable[PartnershipView]], viewer: Viewer, domain: str
) -> Response:
    reason = (await read_params()).text("reason") or ""
    return _answer(await decide(this_node(), domain, reason, viewer.user))


def _change(params: Params) -> GrantChange:
    return GrantChange(
        largest_reach=params.choice("largest_reach", Reach),
        direct_messages=params.flag("direct_messages"),
        directory=params.flag("directory"),
        media=params.flag("media"),
        contact=params.text("contact"),
        retention=params.text("retention"),
        review_at=params.moment("review_at"),
        sets_review=params.has("review_at"),
    )


def _answer(view: PartnershipView) -> Response:
    return json_answer(partnership_entity(view.partnership, view))
