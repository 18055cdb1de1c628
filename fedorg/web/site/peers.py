"""The page of other servers: what each is to the node and how much passes, and lists of them, for administrators."""

from collections.abc import Mapping
from typing import Final

from quart import Blueprint, Response, request

from fedorg.domain.partnerships import GrantChange
from fedorg.domain.peer_lists import Ending, LineResult, ListKind
from fedorg.domain.visibility import Reach, Tier
from fedorg.errors import FedorgError, Invalid
from fedorg.services import peer_lists, peers
from fedorg.services.users import SignedIn
from fedorg.web.base import this_node
from fedorg.web.organisation.peers import LINES_MAX, kind_named
from fedorg.web.site.partnerships import REFUSED, require_administrator
from fedorg.web.site.sessions import go, members_only, page, page_number

blueprint: Final = Blueprint("peer_pages", __name__, url_prefix="/admin/peers")

_PAGE: Final = 100
_REACHES: Final = tuple(reach.value for reach in Reach if reach is not Reach.NODE)
# What the form says before anything is chosen; what a server is has to be.
_EVERYTHING_PASSES: Final = {
    "largest_reach": Reach.PUBLIC.value,
    "direct_messages": "1",
    "media": "1",
    "directory": "1",
}


@blueprint.get("")
@members_only
async def show_all(visitor: SignedIn) -> Response:
    """Every server this node has heard of, and the forms."""
    require_administrator(visitor)
    return await _page(visitor)


@blueprint.post("")
@members_only
async def change(visitor: SignedIn) -> Response:
    """Say what a server is, and how much passes: a box that is not ticked is a no."""
    require_administrator(visitor)
    form = await request.form
    domain = form.get("domain", "")
    try:
        tier, reach = Tier(form.get("tier", "")), Reach(form.get("largest_reach", ""))
        limits = GrantChange(
            largest_reach=reach,
            direct_messages="direct_messages" in form,
            directory="directory" in form,
            media="media" in form,
        )
        wanted = GrantChange() if tier is Tier.BLOCKED else limits
        await peers.decide(this_node(), domain, tier=tier, wanted=wanted, by=visitor.user)
    except ValueError:
        return await _page(visitor, Invalid("Choose what the server is to us, and how far things may go"), given=form)
    except REFUSED as problem:
        return await _page(visitor, problem, given=form)
    return go("/admin/peers")


@blueprint.get("/<kind>.csv")
@members_only
async def export_csv(visitor: SignedIn, kind: str) -> Response:
    """The servers that are blocked or allowed, in Mastodon's columns."""
    require_administrator(visitor)
    return _file(await peer_lists.export_csv(this_node(), kind_named(kind)), f"{kind}.csv", "text/csv")


@blueprint.get("/servers.json")
@members_only
async def export_json(visitor: SignedIn) -> Response:
    """Everything that was decided about servers."""
    require_administrator(visitor)
    told = await peer_lists.export_json(this_node(), frozenset(ListKind))
    return _file(told, "servers.json", "application/json")


@blueprint.post("/lists")
@members_only
async def import_list(visitor: SignedIn) -> Response:
    """Bring a list into force, or say what that would do."""
    require_administrator(visitor)
    form = await request.form
    uploaded = (await request.files).get("list")
    try:
        kind = kind_named(form["kind"]) if form.get("kind") else None
        listed = peer_lists.read_list(uploaded.read() if uploaded else b"", kind)
        if len(listed) > LINES_MAX:
            raise Invalid(f"At most {LINES_MAX} lines here; `fedorg peer import` takes more")
    except REFUSED as problem:
        return await _page(visitor, problem)
    is_dry = "really" not in form
    results = await peer_lists.import_list(
        this_node(), listed, is_dry=is_dry, overwrites="overwrite" in form, by=visitor.user
    )
    return await _page(visitor, results=results, is_dry=is_dry)


async def _page(
    visitor: SignedIn,
    problem: FedorgError | None = None,
    *,
    given: Mapping[str, str] | None = None,
    results: list[LineResult] | None = None,
    is_dry: bool = False,
) -> Response:
    at = page_number()
    found = await peers.list_peers(this_node(), limit=_PAGE + 1, offset=(at - 1) * _PAGE)
    return await page(
        "peers.html",
        visitor,
        status=200 if problem is None else 422,
        problem=None if problem is None else str(problem),
        given=_EVERYTHING_PASSES if given is None else given,
        peers=found[:_PAGE],
        next_page=at + 1 if len(found) > _PAGE else None,
        tiers=tuple(tier.value for tier in Tier),
        reaches=_REACHES,
        results=results,
        counts={ending.value: sum(one.ending is ending for one in results or ()) for ending in Ending},
        is_dry=is_dry,
    )


def _file(content: str, name: str, kind: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return Response(content, headers=headers, content_type=f"{kind}; charset=utf-8")
