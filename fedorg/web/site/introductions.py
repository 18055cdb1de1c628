"""The forms beside the partnerships in which administrators decide about nodes that siblings introduce."""

from typing import Final

from quart import Blueprint, Response, request

from fedorg.domain.introductions import Policy
from fedorg.errors import Invalid, NotFound
from fedorg.services import introductions
from fedorg.services.users import SignedIn
from fedorg.web.base import this_node
from fedorg.web.site.done import Done
from fedorg.web.site.partnerships import REFUSED, list_page, require_administrator
from fedorg.web.site.sessions import go, members_only

blueprint = Blueprint("introduction_pages", __name__, url_prefix="/admin")

# A browser keeps the fragment of the form where the answer names none, and would not show what was done.
_PAGE: Final = "/admin/partnerships#main"


@blueprint.post("/introductions/<domain>/<decision>")
@members_only
async def decide(visitor: SignedIn, domain: str, decision: str) -> Response:
    """Let an introduced node be a sibling, or suspend one that nobody names any more, if it is meant; or neither."""
    require_administrator(visitor)
    if decision not in ("approve", "dismiss"):
        raise NotFound
    form = await request.form
    try:
        if decision == "dismiss":
            await introductions.dismiss(this_node(), domain, visitor.user)
        elif "confirmed" in form:
            await introductions.approve(this_node(), domain, visitor.user)
        else:
            raise Invalid("Nothing was done: say first that it is meant")
    except REFUSED as problem:
        return await list_page(visitor, problem)
    return go(_PAGE, Done.DECIDED)


@blueprint.post("/introducers/<domain>")
@members_only
async def change_policy(visitor: SignedIn, domain: str) -> Response:
    """Say what is made of those whom a sibling introduces."""
    require_administrator(visitor)
    form = await request.form
    try:
        policy = next((policy for policy in Policy if policy == form.get("policy")), None)
        told = form.get("priority", "").strip()
        if policy is None or (told and not (told.isascii() and told.isdigit() and len(told) <= len("255"))):
            raise Invalid("The policy or the priority cannot be read")
        await introductions.change_policy(this_node(), domain, policy, int(told) if told else None, visitor.user)
    except REFUSED as problem:
        return await list_page(visitor, problem)
    return go(_PAGE, Done.SAVED)
