"""``/api/v1/push/subscription``. Spec: Mastodon API, methods/push."""

from dataclasses import replace
from typing import Final

from quart import Blueprint, Response

from fedorg.domain.notifications import NotificationType
from fedorg.domain.push import PushAddress, PushChoice, PushPolicy, PushSubscription
from fedorg.serializers.push import push_subscription_entity
from fedorg.services import push
from fedorg.web.auth import Viewer, bearer, requires
from fedorg.web.base import json_answer, this_node
from fedorg.web.params import Params, flag_in, read_params

blueprint = Blueprint("push", __name__, url_prefix="/api/v1/push")

_REQUIRED: Final = ("endpoint", "keys][p256dh", "keys][auth")


@blueprint.post("/subscription")
@requires("push")
async def subscribe(viewer: Viewer) -> Response:
    """Send notifications to an address from now on; a token has one, and a new one takes the place of the old."""
    params = await read_params()
    endpoint, public_key, secret = (params.required(f"subscription[{name}]") for name in _REQUIRED)
    address = PushAddress(
        endpoint=endpoint,
        public_key=public_key,
        secret=secret,
        is_standard=params.flag("subscription[standard]") or False,
    )
    choice = _choice(params, PushChoice(alerts={}, policy=PushPolicy.ALL))
    made = await push.subscribe(this_node(), viewer.account.id, viewer.token, bearer() or "", address, choice)
    return await _answer(made)


@blueprint.get("/subscription")
@requires("push")
async def get_subscription(viewer: Viewer) -> Response:
    """Where the notifications of this token are sent to."""
    return await _answer(await push.find(this_node(), viewer.token))


@blueprint.put("/subscription")
@requires("push")
async def change_subscription(viewer: Viewer) -> Response:
    """Tell other kinds, or of others' doings; what is not sent stays as it is."""
    params = await read_params()
    return await _answer(await push.change(this_node(), viewer.token, lambda before: _choice(params, before)))


@blueprint.delete("/subscription")
@requires("push")
async def unsubscribe(viewer: Viewer) -> Response:
    """Send nothing any more; that nothing was sent is no fault."""
    await push.unsubscribe(this_node(), viewer.token)
    return json_answer({})


def _choice(params: Params, before: PushChoice) -> PushChoice:
    alerts = {
        type_: flag_in(value)
        for type_ in NotificationType
        if (value := params.text(f"data[alerts][{type_.value}]")) is not None
    }
    policy = params.choice("data[policy]", PushPolicy) or params.choice("policy", PushPolicy)
    return replace(before, alerts=alerts or before.alerts, policy=policy or before.policy)


async def _answer(subscription: PushSubscription) -> Response:
    keys = await push.get_keys(this_node())
    return json_answer(push_subscription_entity(subscription, keys.public))
