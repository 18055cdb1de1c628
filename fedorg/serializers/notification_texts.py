"""Notifications in one sentence: for messages to phones, and for clients that do not know a kind."""

from typing import Final, TypedDict

from fedorg.domain.notifications import NotificationType, NotificationView

TITLE_MAX: Final = 140

TITLES: Final = {
    NotificationType.MENTION: "{name} mentioned you",
    NotificationType.STATUS: "{name} posted",
    NotificationType.REBLOG: "{name} boosted what you posted",
    NotificationType.FOLLOW: "{name} follows you now",
    NotificationType.FOLLOW_REQUEST: "{name} would like to follow you",
    NotificationType.FAVOURITE: "{name} favourited what you posted",
    NotificationType.POLL: "A poll of {name} has ended",
    NotificationType.UPDATE: "{name} edited something that you boosted",
    NotificationType.QUOTE: "{name} quoted you",
    NotificationType.QUOTED_UPDATE: "{name} edited something that you quoted",
    NotificationType.SEVERED_RELATIONSHIPS: "You lost connections with somebody who was shut out",
    NotificationType.MODERATION_WARNING: "You were warned by those who look after this server",
    NotificationType.ADDED_TO_COLLECTION: "{name} put you into a collection",
    NotificationType.COLLECTION_UPDATE: "{name} changed a collection that you are in",
    NotificationType.ADMIN_SIGN_UP: "{name} signed up",
    NotificationType.ADMIN_REPORT: "{name} reported somebody",
}


class FallbackEntity(TypedDict):
    """Mastodon's NotificationFallback: a notification in words, for who does not know its kind."""

    title: str
    summary: str
    details: str | None


def fallback_entity(view: NotificationView) -> FallbackEntity:
    """A notification for an app that does not know its kind."""
    summary = "This app does not know such notifications. A newer version, or another app, may show more of it."
    return {"title": notification_title(view), "summary": summary, "details": None}


def notification_title(view: NotificationView) -> str:
    """What happened, by the name of who did it."""
    name = view.account.display_name or view.account.username
    own = view.notification.type is NotificationType.POLL and view.account.id == view.notification.account_id
    title = "Your poll has ended" if own else TITLES[view.notification.type].format(name=name[:TITLE_MAX])
    return title[:TITLE_MAX]
