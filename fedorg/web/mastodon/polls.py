"""``/api/v1/polls``, and the ``poll`` that comes with a status. Spec: Mastodon API, methods/polls."""

from quart import Blueprint, Response

from fedorg.domain.polls import PollDraft
from fedorg.errors import BadRequest, Invalid
from fedorg.ids import PollId
from fedorg.serializers.polls import poll_entity
from fedorg.services import polls
from fedorg.web.auth import Viewer, id_of, open_to_public, requires
from fedorg.web.base import json_answer, this_node
from fedorg.web.params import Params, id_in, read_params

blueprint = Blueprint("polls", __name__, url_prefix="/api/v1/polls")


@blueprint.get("/<id:poll_id>")
@open_to_public("read:statuses")
async def get(viewer: Viewer | None, poll_id: PollId) -> Response:
    """How a poll stands; one of another server is asked for, when what is known is old, and told as it is known."""
    return await _answer(viewer, poll_id)


@blueprint.post("/<id:poll_id>/votes")
@requires("write:statuses")
async def vote(viewer: Viewer, poll_id: PollId) -> Response:
    """Vote; a vote cannot be taken back."""
    params = await read_params()
    await polls.vote(this_node(), viewer.account, poll_id, _choices(params))
    return await _answer(viewer, poll_id)


def read_poll(params: Params) -> PollDraft | None:
    """The poll that a status is to have; None when none was sent."""
    if not any(name.startswith("poll[") for name in params.values):
        return None
    return PollDraft(
        options=params.texts("poll[options]"),
        expires_in=params.integer("poll[expires_in]"),
        multiple=params.flag("poll[multiple]") or False,
        hide_totals=params.flag("poll[hide_totals]") or False,
    )


def _choices(params: Params) -> list[int]:
    sent = params.texts("choices")
    if not any(sent):
        raise BadRequest("param is missing or the value is empty or invalid: choices")
    choices = [id_in(choice.strip()) for choice in sent]
    if None in choices:
        raise Invalid("Validation failed: The chosen vote option does not exist")
    return [choice for choice in choices if choice is not None]


async def _answer(viewer: Viewer | None, poll_id: PollId) -> Response:
    node = this_node()
    view = await polls.get_view(node, id_of(viewer), poll_id)
    assert view.poll is not None, "a status is found by its poll"
    if viewer is not None:
        await polls.refresh_if_stale(node, view)
    return json_answer(poll_entity(view.poll, view.shown_emojis))
