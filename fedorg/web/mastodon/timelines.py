"""Timelines and lists of statuses. Spec: Mastodon API, methods/timelines, favourites, bookmarks, accounts#statuses."""

from collections.abc import Sequence

from quart import Blueprint, Response

from fedorg.domain.statuses import StatusView
from fedorg.domain.timelines import AccountSelection
from fedorg.domain.visibility import Reach
from fedorg.ids import AccountId, ListId
from fedorg.serializers.statuses import status_entity
from fedorg.services import timelines
from fedorg.web.auth import Viewer, id_of, open_to_public, requires
from fedorg.web.base import json_answer, listed_answer, page_answer, this_node
from fedorg.web.params import read_params

blueprint = Blueprint("timelines", __name__, url_prefix="/api/v1")

_TAGS_MAX = 4


@blueprint.get("/timelines/home")
@requires("read:statuses")
async def list_home(viewer: Viewer) -> Response:
    """What those one follows posted and boosted."""
    page = (await read_params()).page(20, 40)
    return _statuses(await timelines.home(this_node(), viewer.account.id, page))


@blueprint.get("/timelines/list/<id:list_id>")
@requires("read:lists")
async def list_of_list(viewer: Viewer, list_id: ListId) -> Response:
    """What the members of a list posted and boosted."""
    page = (await read_params()).page(20, 40)
    return _statuses(await timelines.list_timeline(this_node(), viewer.account.id, list_id, page))


@blueprint.get("/timelines/direct")
@requires("read:statuses")
async def list_direct(viewer: Viewer) -> Response:
    """What one wrote and was sent for addressees only, for older clients."""
    page = (await read_params()).page(20, 40)
    return _statuses(await timelines.direct(this_node(), viewer.account.id, page))


@blueprint.get("/timelines/public")
@open_to_public("read:statuses")
async def list_public(viewer: Viewer | None) -> Response:
    """Public statuses known here, of one ``reach`` if asked; without a token only of reach public (S60)."""
    params = await read_params()
    found = await timelines.public(
        this_node(),
        id_of(viewer),
        params.page(20, 40),
        local_only=params.flag("local") or False,
        remote_only=params.flag("remote") or False,
        media_only=params.flag("only_media") or False,
        reach=params.choice("reach", Reach),
    )
    return _statuses(found)


@blueprint.get("/timelines/tag/<hashtag>")
@open_to_public("read:statuses")
async def list_tagged(viewer: Viewer | None, hashtag: str) -> Response:
    """Public statuses with a hashtag, of one ``reach`` if asked; without a token only of reach public."""
    params = await read_params()
    found = await timelines.tag(
        this_node(),
        id_of(viewer),
        hashtag,
        params.page(20, 40),
        any_of=params.texts("any")[:_TAGS_MAX],
        all_of=params.texts("all")[:_TAGS_MAX],
        none_of=params.texts("none")[:_TAGS_MAX],
        local_only=params.flag("local") or False,
        remote_only=params.flag("remote") or False,
        media_only=params.flag("only_media") or False,
        reach=params.choice("reach", Reach),
    )
    return _statuses(found)


@blueprint.get("/timelines/link")
@open_to_public("read:statuses")
async def list_linked(viewer: Viewer | None) -> Response:
    """Public statuses that link to a page that trends; without a token only those whose reach is public."""
    params = await read_params()
    return _statuses(await timelines.link(this_node(), id_of(viewer), params.required("url"), params.page(20, 40)))


@blueprint.get("/accounts/<id:account_id>/statuses")
@open_to_public("read:statuses")
async def list_of_account(viewer: Viewer | None, account_id: AccountId) -> Response:
    """What an account posted and boosted."""
    params = await read_params()
    page, node = params.page(20, 40), this_node()
    selection = AccountSelection(
        exclude_replies=params.flag("exclude_replies") or False,
        exclude_reblogs=params.flag("exclude_reblogs") or False,
        media_only=params.flag("only_media") or False,
        pinned_only=params.flag("pinned") or False,
        tagged=params.text("tagged") or None,
    )
    if viewer is None:
        found = await timelines.account_statuses(node, None, account_id, page, selection)
    else:
        found = await timelines.visit_statuses(node, viewer.account.id, account_id, page, selection)
    if selection.pinned_only:
        # They are few, and stand in the order of their pins: there is no page after this one.
        return json_answer([status_entity(view, node.uris) for view in found])
    return _statuses(found)


@blueprint.get("/favourites")
@requires("read:favourites")
async def list_favourites(viewer: Viewer) -> Response:
    """What one favourited, the latest favourite first."""
    page = (await read_params()).page(20, 40)
    found = await timelines.favourites(this_node(), viewer.account.id, page)
    return listed_answer(found, status_entity)


@blueprint.get("/bookmarks")
@requires("read:bookmarks")
async def list_bookmarks(viewer: Viewer) -> Response:
    """What one bookmarked, the latest bookmark first."""
    page = (await read_params()).page(20, 40)
    found = await timelines.bookmarks(this_node(), viewer.account.id, page)
    return listed_answer(found, status_entity)


def _statuses(views: Sequence[StatusView]) -> Response:
    uris = this_node().uris
    return page_answer([status_entity(view, uris) for view in views], [view.status.id for view in views])
