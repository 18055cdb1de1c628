"""Activities to JSON. Spec: as in ``federation.parse.activities``."""

from typing import assert_never

from federation.activities import (
    Accept,
    Activity,
    Add,
    Announce,
    Block,
    Create,
    Delete,
    Dislike,
    EmojiReact,
    Flag,
    Follow,
    Join,
    Leave,
    Like,
    Listen,
    Move,
    Offer,
    QuoteRequest,
    Reject,
    Remove,
    Undo,
    UnknownActivity,
    Update,
    View,
)
from federation.actors import Actor
from federation.objects import (
    Acknowledgement,
    Announcement,
    Emoji,
    Hashtag,
    Note,
    Notice,
    QuoteAuthorization,
    Ref,
    Relationship,
    Tombstone,
    UnknownObject,
)
from federation.render import objects
from federation.render.actors import actor
from federation.render.notices import notice
from federation.render.objects import JsonObject, compact, moment

Embedded = (
    Activity | Actor | Note | Notice | QuoteAuthorization | Tombstone | Relationship | UnknownObject | Hashtag | Ref
)


def activity(value: Activity) -> JsonObject:
    """An activity, whole; everything it is about as an id or an embedded object."""
    return compact(
        {
            "id": value.id,
            "type": value.type if isinstance(value, UnknownActivity) else type(value).__name__,
            "actor": value.actor,
            "published": moment(value.published),
            "to": list(value.to) or None,
            "cc": list(value.cc) or None,
            **_about(value),
        }
    )


def embedded(value: Embedded) -> JsonObject | str:  # noqa: PLR0911 -- one line per type
    """Something inside an activity or a collection."""
    match value:
        case Ref():
            return value.id
        case Note():
            return objects.note(value)
        case Actor():
            return actor(value)
        case Announcement() | Acknowledgement():
            return notice(value)
        case Tombstone():
            return objects.tombstone(value)
        case QuoteAuthorization():
            return objects.quote_authorization(value)
        case Relationship():
            return objects.relationship(value)
        case UnknownObject():
            return objects.unknown_object(value)
        case Hashtag():
            return objects.tag(value)
        case _:
            return activity(value)


def _about(value: Activity) -> JsonObject:  # noqa: C901, PLR0911, PLR0912 -- one line per shape
    match value:
        case Create() | Update() | Delete() | Announce() | Dislike():
            return {"object": embedded(value.object), "audience": list(value.audience) or None}
        case Undo():
            undone = {"object": embedded(value.object), "content": value.content or None}
            return {**undone, "audience": list(value.audience) or None}
        case Accept():
            return {"object": embedded(value.object), "result": _result(value.result)}
        case Reject():
            return {"object": embedded(value.object), "content": value.content or None}
        case QuoteRequest():
            return {"object": embedded(value.object), "instrument": embedded(value.instrument)}
        case Follow() | View() | Listen() | Join() | Leave():
            return {"object": embedded(value.object)}
        case Like():
            reaction = {"content": value.content, "tag": _emoji(value.emoji)}
            return {"object": embedded(value.object), **reaction, "audience": list(value.audience) or None}
        case EmojiReact():
            return {"object": embedded(value.object), "content": value.content, "tag": _emoji(value.emoji)}
        case Add() | Remove():
            collected = {"object": embedded(value.object), "target": value.target}
            return {**collected, "audience": list(value.audience) or None}
        case Block() | Move() | Offer():
            return {"object": embedded(value.object), "target": value.target}
        case Flag():
            return {"object": [embedded(reported) for reported in value.objects], "content": value.content or None}
        case UnknownActivity():
            return {}
        case _:
            assert_never(value)


def _result(value: Relationship | str | None) -> JsonObject | str | None:
    return objects.relationship(value) if isinstance(value, Relationship) else value


def _emoji(value: Emoji | None) -> list[JsonObject] | None:
    return None if value is None else [objects.tag(value)]
