"""Pages of people and their statuses, for browsers. The services decide what somebody sees, as they do for the API."""

from collections.abc import Sequence
from typing import Final

from quart import Blueprint, Response, redirect, request

from fedorg.domain.accounts import Account
from fedorg.domain.statuses import PageQuery, StatusView
from fedorg.domain.timelines import AccountSelection
from fedorg.domain.visibility import Anonymous, may_see
from fedorg.errors import Gone, NotFound
from fedorg.ids import AccountId, StatusId
from fedorg.serializers.accounts import account_entity
from fedorg.services import accounts, statuses, timelines
from fedorg.services.users import SignedIn
from fedorg.text import field_link, normalise_hashtag
from fedorg.web.base import FRAMED_POLICY, this_node
from fedorg.web.params import id_in
from fedorg.web.site.sessions import common, for_everybody, page, rendered

blueprint = Blueprint("profiles", __name__)

_PAGE: Final = 20
# One more tells whether there is an older page.
_LOOKED_FOR: Final = _PAGE + 1
_DOCUMENT_TYPES: Final = ("application/activity+json", "application/ld+json")


@blueprint.get("/@<username>")
@for_everybody
async def show_profile(visitor: SignedIn | None, username: str) -> Response:
    """Who somebody is, and what they posted, newest first."""
    account = await _account(username)
    if _wants_document():
        return _to_document(account.uri)
    window = PageQuery(limit=_LOOKED_FOR, max_id=id_in(request.args.get("max_id", "")))
    views = await _posted(visitor, account, window, AccountSelection(exclude_replies=True))
    is_first = window.max_id is None
    pinned = await _posted(visitor, account, window, AccountSelection(pinned_only=True)) if is_first else []
    return await _profile(visitor, account, views, pinned=pinned)


@blueprint.get("/@<username>/tagged/<hashtag>")
@for_everybody
async def show_tagged(visitor: SignedIn | None, username: str, hashtag: str) -> Response:
    """What somebody posted under a hashtag, newest first."""
    account = await _account(username)
    window = PageQuery(limit=_LOOKED_FOR, max_id=id_in(request.args.get("max_id", "")))
    views = await _posted(visitor, account, window, AccountSelection(tagged=hashtag))
    return await _profile(visitor, account, views, pinned=[])


@blueprint.get("/tags/<hashtag>")
@for_everybody
async def show_hashtag(visitor: SignedIn | None, hashtag: str) -> Response:
    """What was posted in public under a hashtag, newest first, as far as who looks may see it."""
    name = normalise_hashtag(hashtag)
    if not name:
        raise NotFound
    window = PageQuery(limit=_LOOKED_FOR, max_id=id_in(request.args.get("max_id", "")))
    views = await timelines.tag(this_node(), _viewer(visitor), name, window)
    return await page("tag.html", visitor, name=hashtag, views=views[:_PAGE], older=_older(views))


@blueprint.get("/@<username>/<id:status_id>")
@for_everybody
async def show_status(visitor: SignedIn | None, username: str, status_id: int) -> Response:
    """One status and what it answers and is answered by, a part of it at a time."""
    account = await _account(username)
    node = this_node()
    view = await statuses.get_view(node, _viewer(visitor), StatusId(status_id))
    if view.status.account_id != account.id:
        raise NotFound
    if _wants_document():
        return _to_document(view.status.uri)
    after = id_in(request.args.get("after", ""))
    part = await statuses.get_context_page(
        node, _viewer(visitor), StatusId(status_id), None if after is None else StatusId(after)
    )
    is_open = may_see(view.status.audience, Anonymous())
    return await page(
        "status.html", visitor, view=view, part=part, account=account, handle=_handle(account), is_open=is_open
    )


@blueprint.get("/@<username>/<id:status_id>/embed")
@for_everybody
async def show_embedded(_visitor: SignedIn | None, username: str, status_id: int) -> Response:
    """One status for the frames of other sites: what everybody may see, whoever is signed in (S54)."""
    account, node = await _account(username), this_node()
    view = await statuses.get_view(node, None, StatusId(status_id))
    if view.status.account_id != account.id or view.reblog is not None:
        raise NotFound
    html = await rendered("embed.html", view=view, **common(node))
    return Response(html, headers={"Content-Security-Policy": FRAMED_POLICY}, content_type="text/html; charset=utf-8")


async def _profile(
    visitor: SignedIn | None, account: Account, views: Sequence[StatusView], *, pinned: Sequence[StatusView]
) -> Response:
    return await page(
        "profile.html",
        visitor,
        account=account,
        entity=account_entity(account, this_node().uris),
        handle=_handle(account),
        # The sanitiser leaves no link that says so in what people wrote.
        own_links=[link for field in account.fields if (link := field_link(field.value))],
        pinned=pinned,
        views=views[:_PAGE],
        older=_older(views),
    )


def _handle(account: Account) -> str:
    return f"@{account.username}@{this_node().settings.domain}"


def _older(views: Sequence[StatusView]) -> StatusId | None:
    """Before which status the next page begins; None when nothing is older."""
    return views[_PAGE - 1].status.id if len(views) > _PAGE else None


async def _account(username: str) -> Account:
    account = await accounts.find_local(this_node(), username)
    if account is not None and account.deleted_at is not None:
        raise Gone("This account was deleted")
    if account is None or account.suspended_at is not None or account.uri == this_node().uris.node_actor:
        raise NotFound
    return account


async def _posted(
    visitor: SignedIn | None, account: Account, window: PageQuery, selection: AccountSelection
) -> list[StatusView]:
    return await timelines.account_statuses(this_node(), _viewer(visitor), account.id, window, selection)


def _viewer(visitor: SignedIn | None) -> AccountId | None:
    return None if visitor is None else visitor.account.id


def _wants_document() -> bool:
    accepted = request.headers.get("Accept", "")
    return any(kind in accepted for kind in _DOCUMENT_TYPES)


def _to_document(uri: str) -> Response:
    return redirect(uri, 302)  # type: ignore[return-value] # Quart's redirect makes its own response
