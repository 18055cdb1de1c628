"""Subscriptions to Web Push as entities, and what is told by them. Spec: Mastodon API, methods/push."""

from typing import TypedDict

from fedorg.domain.notifications import NotificationView
from fedorg.domain.push import PushSubscription
from fedorg.serializers.accounts import account_entity
from fedorg.serializers.notification_texts import notification_title
from fedorg.uris import Uris


class PushSubscriptionEntity(TypedDict):
    """Mastodon's WebPushSubscription."""

    id: str
    endpoint: str
    standard: bool
    alerts: dict[str, bool]
    policy: str
    server_key: str


class PushPayload(TypedDict):
    """What a message says. Numbers are numbers here, as apps expect them."""

    access_token: str
    preferred_locale: str
    notification_id: int
    notification_type: str
    icon: str
    title: str
    body: str


def push_subscription_entity(subscription: PushSubscription, server_key: str) -> PushSubscriptionEntity:
    """A subscription as the one whose it is sees it."""
    return {
        "id": str(subscription.id),
        "endpoint": subscription.address.endpoint,
        "standard": subscription.address.is_standard,
        "alerts": {type_.value: is_wanted for type_, is_wanted in subscription.choice.alerts.items()},
        "policy": subscription.choice.policy,
        "server_key": server_key,
    }


def push_payload(view: NotificationView, body: str, token: str, locale: str, uris: Uris) -> PushPayload:
    """A notification as a message tells it; ``body`` is its text without markup."""
    return {
        "access_token": token,
        "preferred_locale": locale,
        "notification_id": view.notification.id,
        "notification_type": view.notification.type,
        "icon": account_entity(view.account, uris)["avatar_static"],
        "title": notification_title(view),
        "body": body,
    }
