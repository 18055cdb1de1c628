"""The page on which a member says how far their posts go when nothing else is said."""

from typing import Final

from quart import Blueprint, Response, request

from fedorg.domain.visibility import Reach
from fedorg.errors import Invalid
from fedorg.services import accounts
from fedorg.services.accounts import PostingDefaults
from fedorg.services.statuses import naming, posting
from fedorg.services.users import SignedIn
from fedorg.web.base import this_node
from fedorg.web.site.done import Done
from fedorg.web.site.sessions import go, members_only, page

blueprint = Blueprint("reach_pages", __name__, url_prefix="/account/reach")

WORDS: Final = {
    Reach.NODE: ("This server only", "Whoever has an account here. It leaves this server by no door."),
    Reach.ORGANISATION: ("Our organisation", "Everybody on the servers of our organisation."),
    Reach.PARTNERS: ("Our partners", "Our organisation and its partners, or those of them that you choose below."),
    Reach.PUBLIC: ("Everybody", "The whole world, other servers and search engines included."),
}


@blueprint.get("")
@members_only
async def show_reach(visitor: SignedIn) -> Response:
    """How far posts go, and for which partners they are."""
    return await _page_of(visitor)


@blueprint.post("")
@members_only
async def change_reach(visitor: SignedIn) -> Response:
    """Say so."""
    form = await request.form
    try:
        reach = Reach(form.get("reach", ""))
        change = PostingDefaults(reach=reach, partners=tuple(form.getlist("partners")))
        await accounts.change_defaults(this_node(), visitor.user, change)
    except (Invalid, ValueError) as problem:
        return await _page_of(visitor, problem=str(problem))
    return go("/account/reach", Done.SAVED)


async def _page_of(visitor: SignedIn, problem: str | None = None) -> Response:
    node, user = this_node(), visitor.user
    return await page(
        "reach.html",
        visitor,
        status=200 if problem is None else 422,
        problem=problem,
        choices=[(reach, *WORDS[reach]) for reach in posting.list_default_reaches(node)],
        chosen=posting.default_reach(node, user),
        partners=await naming.list_partners(node),
        named=user.default_partners,
    )
