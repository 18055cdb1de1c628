"""Policies and requests as entities. Spec: Mastodon API, entities/NotificationPolicy and NotificationRequest."""

from typing import TypedDict

from fedorg.domain.notification_policy import Handling, NotificationRequestView, PolicySummary
from fedorg.serializers.accounts import AccountEntity, account_entity
from fedorg.serializers.statuses import StatusEntity, status_entity
from fedorg.serializers.times import moment
from fedorg.uris import Uris


class SummaryEntity(TypedDict):
    """How much waits."""

    pending_requests_count: int
    pending_notifications_count: int


class PolicyEntity(TypedDict):
    """Mastodon's NotificationPolicy."""

    for_not_following: str
    for_not_followers: str
    for_new_accounts: str
    for_private_mentions: str
    for_limited_accounts: str
    for_bots: str
    summary: SummaryEntity


class V1PolicyEntity(TypedDict):
    """Mastodon's V1::NotificationPolicy, which knows no more than yes and no."""

    filter_not_following: bool
    filter_not_followers: bool
    filter_new_accounts: bool
    filter_private_mentions: bool
    summary: SummaryEntity


class NotificationRequestEntity(TypedDict):
    """Mastodon's NotificationRequest."""

    id: str
    created_at: str
    updated_at: str
    notifications_count: str
    account: AccountEntity
    last_status: StatusEntity | None


def policy_entity(summary: PolicySummary) -> PolicyEntity:
    """From whom somebody hears."""
    policy = summary.policy
    return {
        "for_not_following": policy.for_not_following,
        "for_not_followers": policy.for_not_followers,
        "for_new_accounts": policy.for_new_accounts,
        "for_private_mentions": policy.for_private_mentions,
        "for_limited_accounts": policy.for_limited_accounts,
        "for_bots": policy.for_bots,
        "summary": _summary(summary),
    }


def v1_policy_entity(summary: PolicySummary) -> V1PolicyEntity:
    """The same for older clients: whatever is not accepted is filtered."""
    policy = summary.policy
    return {
        "filter_not_following": policy.for_not_following is not Handling.ACCEPT,
        "filter_not_followers": policy.for_not_followers is not Handling.ACCEPT,
        "filter_new_accounts": policy.for_new_accounts is not Handling.ACCEPT,
        "filter_private_mentions": policy.for_private_mentions is not Handling.ACCEPT,
        "summary": _summary(summary),
    }


def notification_request_entity(view: NotificationRequestView, uris: Uris) -> NotificationRequestEntity:
    """Somebody who waits for a yes."""
    return {
        "id": str(view.request.id),
        "created_at": moment(view.request.created_at),
        "updated_at": moment(view.request.updated_at),
        "notifications_count": str(view.count),
        "account": account_entity(view.account, uris),
        "last_status": None if view.last_status is None else status_entity(view.last_status, uris),
    }


def _summary(summary: PolicySummary) -> SummaryEntity:
    return {
        "pending_requests_count": summary.requests_count,
        "pending_notifications_count": summary.notifications_count,
    }
