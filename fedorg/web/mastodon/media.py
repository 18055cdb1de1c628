"""Files for statuses. Spec: Mastodon API, methods/media."""

from typing import BinaryIO, cast

from quart import Blueprint, Response

from fedorg.domain.media import MediaState
from fedorg.domain.statuses import MediaAttachment
from fedorg.errors import FedorgError, Invalid
from fedorg.ids import MediaId
from fedorg.media import parse_focus
from fedorg.serializers.media import media_entity
from fedorg.services import films, media
from fedorg.web import limits
from fedorg.web.auth import Viewer, requires
from fedorg.web.base import json_answer, spend, this_node
from fedorg.web.params import Params, read_params

blueprint = Blueprint("media", __name__, url_prefix="/api")


@blueprint.post("/v2/media")
@requires("write:media")
async def upload(viewer: Viewer) -> Response:
    """Keep a file: a picture is ready when the answer comes, of anything else the answer is 202."""
    return _answer(await _upload(viewer), 202)


@blueprint.post("/v1/media")
@requires("write:media")
async def upload_as_before(viewer: Viewer) -> Response:
    """The same for older clients: the answer comes when the file is ready, or it takes long."""
    kept = await _upload(viewer)
    return _answer(await films.wait_until_made(this_node(), viewer.account.id, kept.id), 202)


@blueprint.get("/v1/media/<id:media_id>")
@requires("write:media")
async def get(viewer: Viewer, media_id: MediaId) -> Response:
    """A file of one's own that no status shows yet; 206 until it is ready, 422 if nothing can be made of it."""
    return _answer(await media.get_unattached(this_node(), viewer.account.id, media_id), 206)


@blueprint.put("/v1/media/<id:media_id>")
@requires("write:media")
async def change(viewer: Viewer, media_id: MediaId) -> Response:
    """Describe a file that no status shows yet, move its focus, or show it by another picture."""
    params = await read_params()
    await _set_thumbnail(viewer, media_id, params)
    changed = await media.change(
        this_node(), viewer.account.id, media_id, description=params.text("description"), focus=_focus(params)
    )
    return _answer(changed, 206)


@blueprint.delete("/v1/media/<id:media_id>")
@requires("write:media")
async def delete(viewer: Viewer, media_id: MediaId) -> Response:
    """Delete a file that no status shows."""
    await media.delete_unattached(this_node(), viewer.account.id, media_id)
    return json_answer({})


async def _upload(viewer: Viewer) -> MediaAttachment:
    spend(limits.MEDIA, f"user {viewer.user.id}")
    params = await read_params()
    files = params.files("file")
    if not files:
        raise Invalid("Validation failed: File can't be blank")
    kept = await media.upload(
        this_node(),
        viewer.account,
        cast("BinaryIO", files[0].stream),
        description=params.text("description") or "",
        focus=_focus(params),
    )
    try:
        await _set_thumbnail(viewer, kept.id, params)
    except FedorgError:
        await media.delete_unattached(this_node(), viewer.account.id, kept.id)
        raise
    return await media.get_unattached(this_node(), viewer.account.id, kept.id)


async def _set_thumbnail(viewer: Viewer, media_id: MediaId, params: Params) -> None:
    thumbnails = params.files("thumbnail")
    if thumbnails:
        spend(limits.MEDIA, f"user {viewer.user.id}")
        stream = cast("BinaryIO", thumbnails[0].stream)
        await media.set_thumbnail(this_node(), viewer.account.id, media_id, stream)


def _focus(params: Params) -> tuple[float, float] | None:
    text = params.text("focus")
    return parse_focus(text) if text else None


def _answer(attachment: MediaAttachment, status_while_processing: int) -> Response:
    if attachment.state is MediaState.FAILED:
        raise Invalid(films.FAILED)
    status = 200 if attachment.state is MediaState.READY else status_while_processing
    return json_answer(media_entity(attachment, this_node().uris), status)
