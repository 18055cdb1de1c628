"""What is sent to a subscription, and what its service's answer means for it."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import msgspec

from fedorg import text
from fedorg.domain.notifications import NotificationView
from fedorg.errors import Forbidden, NotFound
from fedorg.ids import NotificationId, PushSubscriptionId
from fedorg.node import Node
from fedorg.serializers.push import push_payload
from fedorg.services import notifications, oauth
from fedorg.services.push.keys import get_keys, unseal
from fedorg.services.push.messages import PAYLOAD_MAX, Message, compose
from fedorg.store import push

PATIENCE: Final = timedelta(hours=12)
"""What could not be told within this time is told no more."""
GIVE_UP: Final = timedelta(days=7)
"""A subscription to which nothing could be sent for this long has ended."""
_BODY_MAX: Final = 140


@dataclass(frozen=True, slots=True, kw_only=True)
class Push:
    """A message on its way to a subscription."""

    subscription_id: PushSubscriptionId
    failing_since: datetime | None
    message: Message


async def prepare(node: Node, subscription_id: PushSubscriptionId, notification_id: NotificationId) -> Push | None:
    """The message that tells a subscription of a notification; None when there is nothing to tell any more.

    What its account may see no longer, what is old, and what waits for a yes is not told; nor is anything to somebody
    who was kept out meanwhile.
    """
    keys = await get_keys(node)
    try:
        subscription = await node.read(push.get, subscription_id)
        token = unseal(keys, subscription.sealed_token)
        # The door that every other use of the token goes through.
        credentials = await oauth.authenticate(node, token)
        view = await notifications.get(node, subscription.account_id, notification_id)
    except (NotFound, Forbidden):
        return None
    is_late = view.notification.created_at < node.now() - PATIENCE
    if credentials is None or credentials.user is None or view.notification.filtered or is_late:
        return None
    subject = f"mailto:{node.settings.contact_email}" if node.settings.contact_email else node.settings.public_url
    payload = _payload(node, view, token, credentials.user.locale)
    message = await asyncio.to_thread(compose, payload, subscription.address, keys, subject, node.now())
    return Push(subscription_id=subscription_id, failing_since=subscription.failing_since, message=message)


async def record_success(node: Node, sent: Push) -> None:
    """It arrived."""
    if sent.failing_since is not None:
        await node.write(push.mark, sent.subscription_id, None)


async def record_gone(node: Node, sent: Push) -> None:
    """The service knows the subscription no more."""
    await node.write(push.delete, sent.subscription_id)


async def record_failure(node: Node, sent: Push) -> bool:
    """It could not be sent; whether another try is worth it."""
    if sent.failing_since is None:
        await node.write(push.mark, sent.subscription_id, node.now())
    elif sent.failing_since < node.now() - GIVE_UP:
        await node.write(push.delete, sent.subscription_id)
        return False
    return True


def _payload(node: Node, view: NotificationView, token: str, locale: str) -> bytes:
    told = push_payload(view, _body(view), token, locale, node.uris)
    payload = msgspec.json.encode(told)
    if len(payload) > PAYLOAD_MAX:
        # Only an address can be this long.
        payload = msgspec.json.encode({**told, "icon": node.uris.static("avatar.png")})
    return payload


def _body(view: NotificationView) -> str:
    """What the status says, or warns of; of an account what it says of itself."""
    if view.status is None:
        said = text.to_plain(view.account.note)
    else:
        shown = view.status.status
        said = shown.spoiler_text or text.to_plain(shown.content)
    return said if len(said) <= _BODY_MAX else f"{said[: _BODY_MAX - 1]}…"
