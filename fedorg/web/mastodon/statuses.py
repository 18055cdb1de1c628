"""``/api/v1/statuses``. Spec: Mastodon API, methods/statuses."""

import asyncio

from quart import Blueprint, Response, request

from fedorg.domain.policies import QuotePolicy
from fedorg.domain.statuses import MediaChange, StatusChange, StatusDraft
from fedorg.domain.visibility import Reach, Visibility
from fedorg.errors import Forbidden, Invalid, NotFound
from fedorg.ids import MediaId, StatusId
from fedorg.media import parse_focus
from fedorg.serializers.accounts import account_entity
from fedorg.serializers.refreshes import refresh_headers
from fedorg.serializers.scheduled_statuses import scheduled_status_entity
from fedorg.serializers.statuses import (
    context_entity,
    deleted_status_entity,
    edit_entity,
    source_entity,
    status_entity,
)
from fedorg.services import interactions, oauth, polls, quotes, scheduling, statuses
from fedorg.web.auth import Viewer, id_of, open_to_public, requires
from fedorg.web.base import json_answer, listed_answer, this_node, written
from fedorg.web.mastodon.polls import read_poll
from fedorg.web.params import Params, id_in, read_params

blueprint = Blueprint("statuses", __name__, url_prefix="/api/v1/statuses")

_IDS_MAX = 40
_KEY_MAX = 255
# Thousands of statuses take a tenth of a second and more.
_MANY = 400


@blueprint.post("")
@requires("write:statuses")
async def post(viewer: Viewer) -> Response:
    """Post a status, now or at `scheduled_at`; the same Idempotency-Key within an hour gives the same one again."""
    params = await read_params()
    node = this_node()
    draft, scheduled_at = _draft(params, viewer), params.moment("scheduled_at")
    # A moment in the past means now, as in Mastodon.
    if scheduled_at is not None and scheduled_at > node.now():
        scheduled = await scheduling.schedule(node, viewer.account, viewer.user, draft, scheduled_at)
        return json_answer(scheduled_status_entity(scheduled, node.uris))
    # Other servers are asked for those whom the text names, and may take their time.
    still = oauth.while_valid(viewer.token)
    status = await statuses.post_status(node, viewer.account, viewer.user, draft, also=still)
    return await _answer(viewer, status.id)


@blueprint.get("")
@open_to_public("read:statuses")
async def list_by_ids(viewer: Viewer | None) -> Response:
    """Several statuses by id; those that are absent or invisible are left out."""
    params = await read_params()
    ids = [StatusId(number) for number in params.ids("id")[:_IDS_MAX]]
    node = this_node()
    views = await statuses.list_views(node, id_of(viewer), ids)
    return json_answer([status_entity(view, node.uris) for view in views])


@blueprint.get("/<id:status_id>")
@open_to_public("read:statuses")
async def get(viewer: Viewer | None, status_id: StatusId) -> Response:
    """One status; what other servers say of its poll, or of its quote, is asked for anew when that is old."""
    node = this_node()
    view = await statuses.get_view(node, id_of(viewer), status_id)
    if viewer is not None:
        await polls.refresh_if_stale(node, view)
        await quotes.look_again(node, view)
    return json_answer(status_entity(view, node.uris))


@blueprint.get("/<id:status_id>/context")
@open_to_public("read:statuses")
async def get_context(viewer: Viewer | None, status_id: StatusId) -> Response:
    """What the status answers, and what answers it."""
    node = this_node()
    if viewer is None:
        return json_answer(context_entity(await statuses.get_context(node, None, status_id), node.uris))
    context, refresh = await statuses.look_into_thread(node, viewer.account.id, status_id)
    if len(context.ancestors) + len(context.descendants) > _MANY:
        # Others have their turn meanwhile.
        entity = await asyncio.to_thread(context_entity, context, node.uris)
    else:
        entity = context_entity(context, node.uris)
    answer = {"ancestors": await written(entity["ancestors"]), "descendants": await written(entity["descendants"])}
    return json_answer(answer, headers=refresh_headers(refresh))


@blueprint.get("/<id:status_id>/history")
@open_to_public("read:statuses")
async def list_history(viewer: Viewer | None, status_id: StatusId) -> Response:
    """Every version, the first one first."""
    node = this_node()
    view = await statuses.get_view(node, id_of(viewer), status_id)
    edits = await statuses.list_edits(node, id_of(viewer), status_id)
    emojis, quote = view.shown_emojis, view.quote
    return json_answer([edit_entity(edit, view.account, emojis, quote, node.uris) for edit in edits])


@blueprint.get("/<id:status_id>/source")
@requires("read:statuses")
async def get_source(viewer: Viewer, status_id: StatusId) -> Response:
    """The text the author typed, for the author."""
    return json_answer(source_entity(await statuses.get_source(this_node(), viewer.account.id, status_id)))


@blueprint.put("/<id:status_id>")
@requires("write:statuses")
async def edit(viewer: Viewer, status_id: StatusId) -> Response:
    """Change a status of one's own; visibility stays as it is, and another reach is refused."""
    params = await read_params()
    change = StatusChange(
        text=params.text("status"),
        # What some programs leave out is empty, as in Mastodon.
        spoiler_text=params.text("spoiler_text") or "",
        sensitive=params.flag("sensitive") or False,
        language=params.text("language") or None,
        media_ids=tuple(MediaId(number) for number in params.ids("media_ids")),
        media_changes=_media_changes(params),
        poll=read_poll(params),
        quote_policy=quote_policy_in(params),
        reach=_reach_in(params),
        partners=params.listed("partners"),
    )
    await statuses.edit_status(this_node(), viewer.account, status_id, change, also=oauth.while_valid(viewer.token))
    return await _answer(viewer, status_id)


@blueprint.delete("/<id:status_id>")
@requires("write:statuses")
async def delete(viewer: Viewer, status_id: StatusId) -> Response:
    """Delete a status of one's own, or take a boost back; the answer holds what a redraft needs."""
    params = await read_params()
    node = this_node()
    view = await statuses.get_view(node, viewer.account.id, status_id)
    if view.reblog is not None and view.status.account_id == viewer.account.id:
        # Among what somebody posted stand boosts, and tools that delete all of it know one way.
        await interactions.unreblog(node, viewer.account, status_id)
        return json_answer(deleted_status_entity(view, node.uris))
    remove = statuses.delete_status_and_media if params.flag("delete_media") else statuses.delete_status
    return json_answer(deleted_status_entity(await remove(node, viewer.account, status_id), node.uris))


@blueprint.post("/<id:status_id>/favourite")
@requires("write:favourites")
async def favourite(viewer: Viewer, status_id: StatusId) -> Response:
    """Favourite; once or twice is the same."""
    await interactions.favourite(this_node(), viewer.account, status_id)
    return await _answer(viewer, status_id)


@blueprint.post("/<id:status_id>/unfavourite")
@requires("write:favourites")
async def unfavourite(viewer: Viewer, status_id: StatusId) -> Response:
    """Take a favourite back."""
    await interactions.unfavourite(this_node(), viewer.account, status_id)
    return await _answer(viewer, status_id)


@blueprint.post("/<id:status_id>/bookmark")
@requires("write:bookmarks")
async def bookmark(viewer: Viewer, status_id: StatusId) -> Response:
    """Bookmark."""
    await interactions.bookmark(this_node(), viewer.account, status_id)
    return await _answer(viewer, status_id)


@blueprint.post("/<id:status_id>/unbookmark")
@requires("write:bookmarks")
async def unbookmark(viewer: Viewer, status_id: StatusId) -> Response:
    """Remove a bookmark."""
    await interactions.unbookmark(this_node(), viewer.account, status_id)
    return await _answer(viewer, status_id)


@blueprint.post("/<id:status_id>/mute")
@requires("write:mutes")
async def mute_thread(viewer: Viewer, status_id: StatusId) -> Response:
    """Hear nothing more of the thread of a status; once or twice is the same."""
    await statuses.mute_thread(this_node(), viewer.account.id, status_id)
    return await _answer(viewer, status_id)


@blueprint.post("/<id:status_id>/unmute")
@requires("write:mutes")
async def unmute_thread(viewer: Viewer, status_id: StatusId) -> Response:
    """Hear of it again."""
    await statuses.unmute_thread(this_node(), viewer.account.id, status_id)
    return await _answer(viewer, status_id)


@blueprint.post("/<id:status_id>/reblog")
@requires("write:statuses")
async def reblog(viewer: Viewer, status_id: StatusId) -> Response:
    """Boost; the answer is the boost, with the boosted status inside."""
    params = await read_params()
    visibility = params.choice("visibility", Visibility)
    made = await interactions.reblog(this_node(), viewer.account, status_id, visibility=visibility)
    return await _answer(viewer, made.id)


@blueprint.post("/<id:status_id>/unreblog")
@requires("write:statuses")
async def unreblog(viewer: Viewer, status_id: StatusId) -> Response:
    """Take a boost back; the answer is the status that was boosted."""
    original = await interactions.unreblog(this_node(), viewer.account, status_id)
    return await _answer(viewer, original.id)


@blueprint.post("/<id:status_id>/translate")
@requires("read:statuses")
async def translate(viewer: Viewer, status_id: StatusId) -> Response:
    """Nothing is translated here: answered as by a Mastodon without a translation service."""
    view = await statuses.get_view(this_node(), viewer.account.id, status_id)
    if view.status.audience.visibility in (Visibility.PRIVATE, Visibility.DIRECT):
        raise Forbidden("This action is not allowed")
    raise NotFound


@blueprint.get("/<id:status_id>/favourited_by")
@open_to_public("read:statuses")
async def list_favourited_by(viewer: Viewer | None, status_id: StatusId) -> Response:
    """Who favourited a status."""
    page = (await read_params()).page(40, 80)
    node = this_node()
    found = await interactions.list_favourited_by(node, id_of(viewer), status_id, page)
    return listed_answer(found, account_entity)


@blueprint.get("/<id:status_id>/reblogged_by")
@open_to_public("read:statuses")
async def list_reblogged_by(viewer: Viewer | None, status_id: StatusId) -> Response:
    """Who boosted a status."""
    page = (await read_params()).page(40, 80)
    node = this_node()
    found = await interactions.list_reblogged_by(node, id_of(viewer), status_id, page)
    return listed_answer(found, account_entity)


def _draft(params: Params, viewer: Viewer) -> StatusDraft:
    key = request.headers.get("Idempotency-Key", "").strip()
    in_reply_to_id, quoted_status_id = params.integer("in_reply_to_id"), params.integer("quoted_status_id")
    return StatusDraft(
        text=params.text("status") or "",
        spoiler_text=params.text("spoiler_text") or "",
        sensitive=params.flag("sensitive"),
        visibility=Visibility.PUBLIC if _is_local(params) else params.choice("visibility", Visibility),
        reach=_reach_in(params),
        partners=params.listed("partners"),
        language=params.text("language") or None,
        in_reply_to_id=StatusId(in_reply_to_id) if in_reply_to_id is not None else None,
        quoted_status_id=StatusId(quoted_status_id) if quoted_status_id is not None else None,
        quote_policy=quote_policy_in(params),
        media_ids=tuple(MediaId(number) for number in params.ids("media_ids")),
        poll=read_poll(params),
        application_id=viewer.token.application_id,
        idempotency_key=key[:_KEY_MAX] or None,
    )


def _reach_in(params: Params) -> Reach | None:
    """How far a status goes; None when the request does not say."""
    # Two conventions of clients for what stays on the node (Pleroma's and glitch-soc's).
    return Reach.NODE if _is_local(params) or params.flag("local_only") else params.choice("reach", Reach)


def _is_local(params: Params) -> bool:
    return params.text("visibility") == "local"


def quote_policy_in(params: Params) -> QuotePolicy | None:
    """Who may quote a status; None when the request does not say."""
    return params.choice("quote_approval_policy", QuotePolicy)


def _media_changes(params: Params) -> tuple[MediaChange, ...]:
    changes = []
    for row in params.rows("media_attributes"):
        media_id = id_in(row.get("id", ""))
        if media_id is None:
            raise Invalid("Validation failed: media_attributes need an id")
        focus = row.get("focus")
        changes.append(
            MediaChange(
                media_id=MediaId(media_id),
                description=row.get("description"),
                focus=parse_focus(focus) if focus else None,
            )
        )
    return tuple(changes)


async def _answer(viewer: Viewer | None, status_id: StatusId) -> Response:
    node = this_node()
    return json_answer(status_entity(await statuses.get_view(node, id_of(viewer), status_id), node.uris))
