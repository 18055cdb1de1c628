"""Where the published description of Mastodon's API is wrong or silent, and what its documentation says instead.

Each correction names the note it follows. ``PRESENT`` holds what the documentation calls nullable but not optional:
such members are there, with null.
"""

import copy
from collections.abc import Iterator, Mapping
from typing import Any, Final

Schemas = dict[str, Any]

_ID: Final = "^-?[0-9]+$"
# What is named like an id and is a text of its own kind.
_NO_IDS: Final = frozenset({"client_id", "AsyncRefresh.id"})

_ACCOUNT: Final = ("url", "discoverable", "last_status_at", "hide_collections")

PRESENT: Final[Mapping[str, tuple[str, ...]]] = {
    "Account": _ACCOUNT,
    "CredentialAccount": _ACCOUNT,
    "MutedAccount": (*_ACCOUNT, "mute_expires_at"),
    "Field": ("verified_at",),
    "Status": (
        "in_reply_to_id",
        "in_reply_to_account_id",
        "reblog",
        "poll",
        "card",
        "language",
        "edited_at",
        "url",
        "quote",
        "quote_approval",
    ),
    "Poll": ("expires_at", "voters_count"),
    "PollOption": ("votes_count",),
    "MediaAttachment": ("url", "preview_url", "remote_url", "meta", "description", "blurhash"),
    "PreviewCard": ("image", "blurhash", "published_at"),
    "Relationship": ("languages",),
    "Filter": ("expires_at",),
    "V1Filter": ("expires_at",),
    "FilterResult": ("keyword_matches", "status_matches"),
    "Quote": ("quoted_status",),
    "ShallowQuote": ("quoted_status_id",),
    "Conversation": ("last_status",),
    "FeaturedTag": ("last_status_at",),
    "Announcement": ("starts_at", "ends_at"),
    "Report": ("action_taken_at", "status_ids", "rule_ids"),
    "Application": ("website",),
    "CredentialApplication": ("website", "client_secret_expires_at"),
    "Preferences": ("posting:default:language",),
    "Collection": ("url", "language", "tag"),
    "AnnualReport": ("data", "schema_version", "share_url", "account_id"),
    "Profile": ("avatar", "avatar_static", "header", "header_static", "hide_collections", "discoverable"),
    "V1Instance": ("thumbnail", "contact_account"),
}


def correct(document: dict[str, Any]) -> None:
    """Make the description say what the documentation says."""
    schemas = document["components"]["schemas"]
    for change in _CORRECTIONS:
        change(schemas)
    _want_decimal_ids(schemas)
    for name, members in PRESENT.items():
        schemas[name]["required"] = [*schemas[name].get("required", []), *members]
    schemas["DeletedStatus"] = _deleted_status(schemas["Status"])
    for operation, schema in _answers().items():
        method, path = operation.split()
        responses = document["paths"][path][method.lower()]["responses"]
        responses["200"]["content"] = {"application/json": {"schema": schema}}


def _entity(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _list(schema: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": schema}


def _wrapped(**members: dict[str, Any]) -> dict[str, Any]:
    return {"type": "object", "properties": members, "required": list(members)}


def _answers() -> dict[str, dict[str, Any]]:
    """Answers of operations that the description leaves out or has wrong."""
    reports = _wrapped(
        annual_reports=_list(_entity("AnnualReport")),
        accounts=_list(_entity("Account")),
        statuses=_list(_entity("Status")),
    )
    collection = _wrapped(collection=_entity("Collection"))
    collections = _wrapped(collections=_list(_entity("Collection")))
    text = {"type": "string"}
    return {
        # collections
        "POST /api/v1/collections": collection,
        "PATCH /api/v1/collections/{id}": collection,
        "POST /api/v1/collections/{collection_id}/items": _wrapped(collection_item=_entity("CollectionItem")),
        "GET /api/v1/accounts/{account_id}/collections": collections,
        "GET /api/v1/accounts/{account_id}/in_collections": collections,
        # annual_report
        "GET /api/v1/annual_reports": reports,
        "GET /api/v1/annual_reports/{year}": reports,
        "GET /api/v1/annual_reports/{year}/state": _wrapped(
            state={"enum": ["available", "generating", "eligible", "ineligible"]}
        ),
        # v1_filters_is_array
        "GET /api/v1/filters": _list(_entity("V1Filter")),
        # delete_filter_status
        "DELETE /api/v2/filters/statuses/{id}": {
            "anyOf": [_entity("FilterStatus"), {"type": "object", "maxProperties": 0}]
        },
        # delete_status
        "DELETE /api/v1/statuses/{id}": _entity("DeletedStatus"),
        # preferences
        "GET /api/v1/preferences": _entity("Preferences"),
        # userinfo
        "GET /oauth/userinfo": _wrapped(
            iss={"type": "string", "format": "uri"},
            sub={"type": "string", "format": "uri"},
            name=text,
            preferred_username=text,
            profile={"type": "string", "format": "uri"},
            picture={"type": "string", "format": "uri"},
        ),
        # health
        "GET /health": _wrapped(status={"const": "UP"}),
        # translation_languages
        "GET /api/v1/instance/translation_languages": {"type": "object", "additionalProperties": _list(text)},
    }


def _want_decimal_ids(schemas: Schemas) -> None:
    for name, schema in schemas.items():
        for member, inner in _members(schema):
            is_id = member == "id" or member.endswith("_id")
            if is_id and not {member, f"{name}.{member}"} & _NO_IDS:
                kinds = inner.get("type")
                if kinds == "string" or (isinstance(kinds, list) and "string" in kinds):
                    # A hashtag that nobody used has no id; Mastodon sends "".
                    inner["pattern"] = _ID if name != "Tag" else "^[0-9]*$"
            elif member.endswith("_ids") and inner.get("items", {}).get("type") == "string":
                inner["items"] = {"type": "string", "pattern": _ID}


def _members(schema: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from schema.get("properties", {}).items()


def _deleted_status(status: dict[str, Any]) -> dict[str, Any]:
    # delete_status: content is absent and text present.
    deleted = copy.deepcopy(status)
    deleted["required"] = [*(name for name in deleted["required"] if name != "content"), "text"]
    return deleted


def _allow_no_contact_email(schemas: Schemas) -> None:
    # contact_email: Mastodon sends "" when none is configured.
    del schemas["V1Instance"]["properties"]["email"]["format"]
    del schemas["Instance"]["properties"]["contact"]["properties"]["email"]["format"]


def _allow_no_extended_description(schemas: Schemas) -> None:
    # extended_description: updated_at is null while none was set.
    schemas["ExtendedDescription"]["properties"]["updated_at"]["type"] = ["string", "null"]


def _allow_no_language(schemas: Schemas) -> None:
    # source_language: "" for an account without a default language.
    schemas["CredentialAccount"]["properties"]["source"]["properties"]["language"].pop("format", None)


def _allow_cards_without_urls(schemas: Schemas) -> None:
    # card_urls: "" for absent author_url, provider_url and embed_url.
    for card in ("PreviewCard", "TrendsLink"):
        for name in ("author_url", "provider_url", "embed_url"):
            schemas[card]["properties"][name].pop("format", None)
    schemas["PreviewCardAuthor"]["properties"]["url"].pop("format", None)


def _know_all_kinds_in_groups(schemas: Schemas) -> None:
    # group_types, most_recent_id.
    schemas["NotificationGroupTypeEnum"]["enum"] = list(schemas["NotificationTypeEnum"]["enum"])
    schemas["NotificationGroup"]["properties"]["most_recent_notification_id"] = {
        "type": ["integer", "string"],
        "pattern": _ID,
    }


def _read_subscriptions(schemas: Schemas) -> None:
    # push_subscription: an integer as id; alerts hold what was sent.
    subscription = schemas["WebPushSubscription"]["properties"]
    subscription["id"] = {"type": ["integer", "string"]}
    subscription["alerts"] = {"type": "object", "additionalProperties": {"type": "boolean"}}


def _read_scheduled_params(schemas: Schemas) -> None:
    # scheduled_params: null for what was not sent; ids as they were sent.
    params = schemas["ScheduledStatus"]["properties"]["params"]
    params["required"] = ["text"]
    for name in ("visibility", "quote_approval_policy"):
        params["properties"][name] = {"type": ["string", "null"]}
    for name in ("in_reply_to_id", "application_id", "quoted_status_id"):
        params["properties"][name] = {"type": ["integer", "string", "null"]}
    params["properties"]["poll"] = {"type": ["object", "null"]}
    params["properties"]["media_ids"]["items"] = {"type": ["integer", "string"]}


def _read_reports_of_a_year(schemas: Schemas) -> None:
    # annual_report: data depends on schema_version; version 2 holds less.
    data = schemas["AnnualReport"]["properties"]["data"]
    data["required"] = ["archetype", "time_series", "top_hashtags", "top_statuses"]


def _read_oembed(schemas: Schemas) -> None:
    # oembed: width and height are whole numbers or null.
    for name in ("width", "height"):
        schemas["OEmbedResponse"]["properties"][name] = {"type": ["integer", "null"]}
    schemas["OEmbedResponse"]["required"].append("height")


def _read_preferences(schemas: Schemas) -> None:
    # preferences: the quote policy belongs to them.
    schemas["Preferences"]["properties"]["posting:default:quote_policy"] = {"enum": ["public", "followers", "nobody"]}
    schemas["Preferences"]["required"].append("posting:default:quote_policy")


def _tell_quotes_apart(schemas: Schemas) -> None:
    # A quote and a shallow one are told apart by what PRESENT wants of them; both may hold more.
    for name in ("Status", "StatusEdit"):
        quote = schemas[name]["properties"]["quote"]
        quote["anyOf"] = quote.pop("oneOf")


def _allow_reporters_that_left(schemas: Schemas) -> None:
    # Ours: a report outlives the one who made it.
    schemas["AdminReport"]["properties"]["account"] = {"oneOf": [_entity("AdminAccount"), {"type": "null"}]}


def _read_admin_accounts(schemas: Schemas) -> None:
    # admin_locale: accounts that nobody signs in for here have no locale, and no address or role either.
    properties = schemas["AdminAccount"]["properties"]
    properties["email"] = {"type": ["string", "null"]}
    properties["locale"] = {"type": ["string", "null"]}
    properties["role"] = {"oneOf": [_entity("Role"), {"type": "null"}]}


_CORRECTIONS: Final = (
    _allow_reporters_that_left,
    _read_admin_accounts,
    _allow_no_contact_email,
    _allow_no_extended_description,
    _allow_no_language,
    _allow_cards_without_urls,
    _know_all_kinds_in_groups,
    _read_subscriptions,
    _read_scheduled_params,
    _read_reports_of_a_year,
    _read_oembed,
    _read_preferences,
    _tell_quotes_apart,
)
