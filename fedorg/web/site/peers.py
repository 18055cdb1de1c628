"""The page of other servers: what each is to the node and how much passes, and lists of them, for administrators."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from quart import Blueprint, Response, request

from fedorg.domain.ceilings import Ceilings, narrower
from fedorg.domain.partnerships import GrantChange
from fedorg.domain.peer_lists import Ending, LineResult, ListKind
from fedorg.domain.peers import Peer
from fedorg.domain.visibility import Reach, Tier
from fedorg.errors import FedorgError, Invalid, NotFound
from fedorg.services import peer_lists, peers
from fedorg.services.peer_lists import KindNotSaid
from fedorg.services.users import SignedIn
from fedorg.web.base import this_node
from fedorg.web.organisation.peers import LINES_MAX, kind_named
from fedorg.web.site.done import Done
from fedorg.web.site.partnerships import REACHES, REFUSED, require_administrator
from fedorg.web.site.sessions import go, members_only, page, page_number

blueprint: Final = Blueprint("peer_pages", __name__, url_prefix="/admin/peers")

_PAGE: Final = 100
_TIERS: Final = {
    Tier.BLOCKED: "nothing passes, and its people are hidden",
    Tier.OPEN: "any other server",
    Tier.PARTNER: "another organisation, such as a customer or a supplier",
    Tier.SIBLING: "a part of our own organisation",
}
_BOXES: Final = ("direct_messages", "media", "directory")
_REACHES: Final = {Reach.NODE: "nothing passes at all", **REACHES}
_NOTHING: Final[Mapping[str, str]] = {}
# What the form says before anything is chosen; what a server is has to be.
_EVERYTHING_PASSES: Final = {
    "largest_reach": Reach.PUBLIC.value,
    **dict.fromkeys(_BOXES, "1"),
}


@blueprint.get("")
@members_only
async def show_all(visitor: SignedIn) -> Response:
    """Every server this node has heard of, and the forms; with ``domain``, what is in force for that server."""
    require_administrator(visitor)
    domain = request.args.get("domain", "")
    known = await _find(domain)
    return await _page(visitor, given=_EVERYTHING_PASSES | {"domain": domain} if known is None else _in_force(known))


@blueprint.post("")
@members_only
async def change(visitor: SignedIn) -> Response:
    """Say what a server is, and how much passes: a box that is not ticked is a no.

    More than is in force has to be sent by somebody to whom that was shown.
    """
    require_administrator(visitor)
    form = (await request.form).to_dict()
    domain = form.get("domain", "")
    try:
        tier, reach = Tier(form.get("tier", "")), Reach(form.get("largest_reach", ""))
    except ValueError:
        return await _page(visitor, Invalid("Choose what the server is to us, and how far things may go"), given=form)
    sent = Ceilings(largest_reach=reach, **{name: name in form for name in _BOXES})
    known = await _find(domain)
    if known is not None and _widens(known, tier, sent):
        now = _in_force(known)
        if form.get("shown") != now["shown"]:
            return await _page(visitor, given=form | {"shown": now["shown"]}, in_force=known)
    limits = GrantChange(
        largest_reach=reach, direct_messages=sent.direct_messages, directory=sent.directory, media=sent.media
    )
    wanted = GrantChange() if tier is Tier.BLOCKED else limits
    try:
        await peers.decide(this_node(), domain, tier=tier, wanted=wanted, by=visitor.user)
    except REFUSED as problem:
        return await _page(visitor, problem, given=form)
    # A browser keeps the fragment of the form where the answer names none, and would not show what was done.
    return go(f"/admin/peers?page={page_number()}#main", Done.SAVED)


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
            raise Invalid(f"At most {LINES_MAX} lines here; the command `fedorg peer import` takes more")
    except KindNotSaid:
        problem = Invalid("The file does not say what it lists. Choose it below: blocked servers or allowed servers.")
        return await _page(visitor, list_problem=problem, list_given=form)
    except REFUSED as problem:
        return await _page(visitor, list_problem=problem, list_given=form)
    is_dry = "really" not in form
    results = await peer_lists.import_list(
        this_node(), listed, is_dry=is_dry, overwrites="overwrite" in form, by=visitor.user
    )
    return await _page(visitor, list_given=form, results=results, is_dry=is_dry)


async def _page(
    visitor: SignedIn,
    problem: FedorgError | None = None,
    *,
    given: Mapping[str, str] = _EVERYTHING_PASSES,
    in_force: Peer | None = None,
    list_problem: FedorgError | None = None,
    list_given: Mapping[str, str] = _NOTHING,
    results: list[LineResult] | None = None,
    is_dry: bool = False,
) -> Response:
    at = page_number()
    found = await peers.list_peers(this_node(), limit=_PAGE + 1, offset=(at - 1) * _PAGE)
    return await page(
        "peers.html",
        visitor,
        status=422 if problem or list_problem or in_force else 200,
        problem=None if problem is None else str(problem),
        given=given,
        in_force=in_force,
        list_problem=None if list_problem is None else str(list_problem),
        list_given=list_given,
        peers=found[:_PAGE],
        this_page=at,
        next_page=at + 1 if len(found) > _PAGE else None,
        tiers=_TIERS,
        reaches=_REACHES,
        results=results,
        counts={ending.value: sum(one.ending is ending for one in results or ()) for ending in Ending},
        is_dry=is_dry,
    )


async def _find(domain: str) -> Peer | None:
    try:
        return (await peers.get_peer(this_node(), domain)).peer if domain else None
    except NotFound:
        return None


def _in_force(peer: Peer) -> dict[str, str]:
    """The form as it is filled for a server that is known; ``shown`` holds what was shown of it."""
    boxes = {name: "1" for name in _BOXES if getattr(peer.ceilings, name)}
    limits = {"tier": peer.tier.value, "largest_reach": peer.ceilings.largest_reach.value}
    filled = {"domain": peer.domain} | limits | boxes
    return filled | {"shown": urlencode(filled)}


def _widens(peer: Peer, tier: Tier, sent: Ceilings) -> bool:
    """Whether more would pass than does now; a tier is chosen for each server, and is no limit but where it blocks."""
    is_lifted = peer.tier is Tier.BLOCKED
    return tier is not Tier.BLOCKED and (is_lifted or narrower(sent, peer.ceilings) != sent)


def _file(content: str, name: str, kind: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "private, no-store"}
    return Response(content, headers=headers, content_type=f"{kind}; charset=utf-8")
