"""A node as Mastodon's entities Instance (v2) and V1::Instance."""

from datetime import date
from typing import Any, Final
from urllib.parse import urlsplit

from typing_extensions import TypedDict

from fedorg.config import Settings
from fedorg.domain import limits
from fedorg.domain.instance import InstanceFacts, InstanceText, Rule, TextKind, Week
from fedorg.domain.visibility import FederationMode, Reach, widest_reach
from fedorg.serializers.accounts import AccountEntity
from fedorg.serializers.times import moment
from fedorg.uris import Uris

VERSION: Final = "4.7.0 (compatible; fedorg 0.1.0)"
# Clients take this number for what the server can do: 2 means grouped notifications, 7 quotes, 8 reports of the year,
# 10 collections of people.
_API_VERSION: Final = 10


class WeekEntity(TypedDict):
    """A week of activity; every number is written as a string."""

    week: str
    statuses: str
    logins: str
    registrations: str


class RuleEntity(TypedDict):
    """Mastodon's Rule."""

    id: str
    text: str
    hint: str
    translations: dict[str, object]


class TermsEntity(TypedDict):
    """Mastodon's TermsOfService."""

    effective_date: str
    effective: bool
    content: str
    succeeded_by: str | None


class TextEntity(TypedDict):
    """Mastodon's PrivacyPolicy and ExtendedDescription."""

    updated_at: str | None
    content: str


def rule_entity(rule: Rule) -> RuleEntity:
    """A rule."""
    return {"id": str(rule.id), "text": rule.text, "hint": rule.hint, "translations": {}}


def terms_entity(text: InstanceText, content: str, today: date) -> TermsEntity:
    """Terms of service; ``content`` is their HTML."""
    effective_on = text.effective_on or today
    return {
        "effective_date": effective_on.isoformat(),
        "effective": effective_on <= today and (text.succeeded_on is None or text.succeeded_on > today),
        "content": content,
        "succeeded_by": None if text.succeeded_on is None else text.succeeded_on.isoformat(),
    }


def text_entity(text: InstanceText, content: str) -> TextEntity:
    """A text; ``content`` is its HTML."""
    return {"updated_at": moment(text.updated_at), "content": content}


def instance_entity(
    settings: Settings, uris: Uris, facts: InstanceFacts, contact: AccountEntity | None
) -> dict[str, Any]:
    """The node, for clients of today."""
    counts = facts.counts
    is_limited = settings.federation_mode != "open"
    return {
        "domain": settings.domain,
        "title": settings.name,
        "version": VERSION,
        "source_url": f"{uris.base}/about",
        "description": settings.description,
        "usage": {"users": {"active_month": 0 if is_limited else counts.active_users}},
        "thumbnail": {"url": uris.static("thumbnail.png"), "blurhash": None, "versions": None, "description": ""},
        "icon": [{"src": uris.static("icon-192.png"), "size": "192x192"}],
        "languages": list(settings.languages),
        "configuration": {
            "urls": {
                "streaming": _streaming(settings),
                "status": None,
                "about": f"{uris.base}/about",
                "privacy_policy": _page(uris, facts, TextKind.PRIVACY_POLICY),
                "terms_of_service": _page(uris, facts, TextKind.TERMS_OF_SERVICE),
            },
            "vapid": {"public_key": facts.vapid_key},
            "accounts": {
                "max_featured_tags": limits.FEATURED_TAGS_MAX,
                "max_pinned_statuses": limits.PINS_MAX,
                "max_display_name_length": limits.DISPLAY_NAME_MAX,
                "max_note_length": limits.NOTE_MAX,
                "max_avatar_description_length": limits.DESCRIPTION_MAX,
                "max_header_description_length": limits.DESCRIPTION_MAX,
                "max_profile_fields": limits.FIELDS_MAX,
                "profile_field_name_limit": limits.FIELD_NAME_MAX,
                "profile_field_value_limit": limits.FIELD_VALUE_MAX,
            },
            "timelines_access": {
                "live_feeds": {"local": "public", "remote": "authenticated"},
                "hashtag_feeds": {"local": "public", "remote": "authenticated"},
                "trending_link_feeds": {"local": "authenticated", "remote": "disabled"},
            },
            "limited_federation": is_limited,
            "translation": {"enabled": False},
            **_limits(settings),
        },
        "registrations": {
            "enabled": settings.registration in ("open", "approval"),
            "approval_required": settings.registration == "approval",
            "reason_required": settings.registration == "approval",
            "message": _REGISTRATION_MESSAGES.get(settings.registration),
            "min_age": None,
            "url": None,
        },
        "api_versions": {"mastodon": _API_VERSION},
        "contact": {"email": settings.contact_email, "account": contact},
        "rules": [rule_entity(rule) for rule in facts.rules],
        "wrapstodon": None if facts.reported_year is None else str(facts.reported_year),
        "fedorg": {
            "federation_mode": settings.federation_mode,
            "default_reach": settings.default_reach,
            "federation_url": f"{uris.base}/about/federation",
        },
    }


def v1_instance_entity(
    settings: Settings, uris: Uris, facts: InstanceFacts, contact: AccountEntity | None
) -> dict[str, Any]:
    """The node, for clients of before Mastodon 4."""
    counts = facts.counts
    is_limited = settings.federation_mode != "open"
    return {
        "uri": settings.domain,
        "title": settings.name,
        "short_description": settings.description,
        "description": settings.description,
        "email": settings.contact_email,
        "version": VERSION,
        "urls": {"streaming_api": _streaming(settings)},
        "stats": {
            "user_count": counts.users,
            "status_count": counts.statuses,
            "domain_count": 0 if is_limited else counts.domains,
        },
        "thumbnail": uris.static("thumbnail.png"),
        "languages": list(settings.languages),
        "registrations": settings.registration in ("open", "approval"),
        "approval_required": settings.registration == "approval",
        "invites_enabled": settings.registration != "closed",
        "configuration": {
            "accounts": {"max_featured_tags": limits.FEATURED_TAGS_MAX, "max_pinned_statuses": limits.PINS_MAX},
            **_limits(settings),
        },
        "contact_account": contact,
        "rules": [rule_entity(rule) for rule in facts.rules],
    }


def week_entity(week: Week) -> WeekEntity:
    """A week of activity."""
    return {
        "week": str(int(week.began_at.timestamp())),
        "statuses": str(week.statuses),
        "logins": str(week.sign_ins),
        "registrations": str(week.registrations),
    }


_REGISTRATION_MESSAGES: Final = {
    "invite": "Registration needs an invitation from somebody who looks after this server.",
    "closed": "Accounts on this server are made by its administrators.",
}


def _limits(settings: Settings) -> dict[str, Any]:
    mode = FederationMode(settings.federation_mode)
    return {
        "statuses": {
            "max_characters": settings.status_characters_max,
            "max_media_attachments": limits.ATTACHMENTS_MAX,
            "characters_reserved_per_url": limits.CHARACTERS_PER_URL,
            # Ours: how far a status can go here, the narrowest first, and how far one goes that does not say.
            "reaches": [reach.value for reach in Reach if reach.width <= widest_reach(mode).width],
            "default_reach": settings.default_reach,
        },
        "media_attachments": {
            "supported_mime_types": [*limits.IMAGE_TYPES, *limits.VIDEO_TYPES, *limits.AUDIO_TYPES],
            "description_limit": limits.DESCRIPTION_MAX,
            "image_size_limit": settings.media_bytes_max,
            "image_matrix_limit": limits.IMAGE_PIXELS_MAX,
            "video_size_limit": settings.video_bytes_max,
            "video_frame_rate_limit": limits.VIDEO_FRAME_RATE_MAX,
            "video_matrix_limit": limits.VIDEO_PIXELS_MAX,
        },
        "polls": {
            "max_options": settings.poll_options_max,
            "max_characters_per_option": settings.poll_option_characters_max,
            "min_expiration": settings.poll_seconds_min,
            "max_expiration": settings.poll_seconds_max,
        },
    }


def _page(uris: Uris, facts: InstanceFacts, kind: TextKind) -> str | None:
    return f"{uris.base}/{kind}" if kind in facts.texts else None


def _streaming(settings: Settings) -> str:
    scheme = "wss" if settings.is_secure else "ws"
    return f"{scheme}://{urlsplit(settings.public_url).netloc}"
