"""Scheduled statuses. Spec: Mastodon API, entities/ScheduledStatus.

Beside Mastodon's members one that could not be posted carries ``error``: why not.
"""

from typing import NotRequired, TypedDict

from fedorg.domain.polls import PollDraft
from fedorg.domain.statuses import ScheduledStatus
from fedorg.serializers.media import MediaEntity, media_entity
from fedorg.serializers.times import moment
from fedorg.uris import Uris


class PollParamsEntity(TypedDict):
    """The poll that will be asked."""

    options: list[str]
    expires_in: int
    multiple: bool
    hide_totals: bool


class ScheduledParamsEntity(TypedDict):
    """What the client asked to post; None for what it did not say."""

    text: str
    poll: PollParamsEntity | None
    media_ids: list[str] | None
    sensitive: bool | None
    spoiler_text: str | None
    visibility: str | None
    reach: str | None
    partners: list[str] | None
    in_reply_to_id: int | None
    quoted_status_id: str | None
    quote_approval_policy: str | None
    language: str | None
    application_id: int | None
    scheduled_at: None
    idempotency: str | None
    with_rate_limit: bool


class ScheduledStatusEntity(TypedDict):
    """Mastodon's ScheduledStatus."""

    id: str
    scheduled_at: str
    params: ScheduledParamsEntity
    media_attachments: list[MediaEntity]
    error: NotRequired[str]


def scheduled_status_entity(one: ScheduledStatus, uris: Uris) -> ScheduledStatusEntity:
    """A status that waits for its time."""
    draft = one.draft
    entity: ScheduledStatusEntity = {
        "id": str(one.id),
        "scheduled_at": moment(one.scheduled_at),
        "params": {
            "text": draft.text,
            "poll": None if draft.poll is None else _poll(draft.poll),
            "media_ids": [str(number) for number in draft.media_ids] or None,
            "sensitive": draft.sensitive,
            "spoiler_text": draft.spoiler_text or None,
            "visibility": draft.visibility,
            "reach": draft.reach,
            "partners": None if draft.partners is None else list(draft.partners),
            "in_reply_to_id": draft.in_reply_to_id,
            "quoted_status_id": None if draft.quoted_status_id is None else str(draft.quoted_status_id),
            "quote_approval_policy": draft.quote_policy,
            "language": draft.language,
            "application_id": draft.application_id,
            "scheduled_at": None,
            "idempotency": draft.idempotency_key,
            "with_rate_limit": False,
        },
        "media_attachments": [media_entity(media, uris) for media in one.media],
    }
    if one.error is not None:
        entity["error"] = one.error
    return entity


def _poll(draft: PollDraft) -> PollParamsEntity:
    return {
        "options": list(draft.options),
        "expires_in": draft.expires_in or 0,
        "multiple": draft.multiple,
        "hide_totals": draft.hide_totals,
    }
