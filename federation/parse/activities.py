"""Activities from JSON: one table, type → reader.

An activity needs an id, a type and an actor. A type without a reader is an ``UnknownActivity``, an embedded object of
an unknown type an ``UnknownObject``: neither is an error. Spec: ActivityPub §7; ActivityStreams 2.0 Vocabulary §2;
FEP-1b12; FEP-c0e0; FEP-044f.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Final, TypedDict

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
from federation.errors import MalformedActivity
from federation.objects import Emoji, Hashtag, Note, Ref
from federation.parse import limits, shapes
from federation.parse.actors import actor
from federation.parse.notices import notice
from federation.parse.objects import note, relationship, tombstone, unknown_object
from federation.parse.shapes import Json
from federation.parse.tags import emoji, hashtag
from federation.vocabulary import ACTOR_TYPES, NOTE_TYPES, NOTICE_TYPES


class _Head(TypedDict):
    id: str
    actor: str
    to: tuple[str, ...]
    cc: tuple[str, ...]
    published: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Source:
    """An activity on its way: the JSON, what all activities share, and how deep inside others it lies."""

    document: Json
    head: _Head
    depth: int

    @property
    def audience(self) -> tuple[str, ...]:
        return shapes.addressees(self.document, "audience")


def activity(document: Json) -> Activity:
    """What an inbox received; raises ``MalformedActivity`` when it is no activity, or one with the wrong shape."""
    return _activity(document, depth=1)


def is_activity(document: Json) -> bool:
    """Whether the document has the type of an activity known here."""
    return shapes.type_among(document, _READERS) is not None


def _activity(document: Json, *, depth: int) -> Activity:
    if not shapes.types_of(document):
        raise MalformedActivity("The document has no `type`.")
    head = _Head(
        id=shapes.required_id(document, "id"),
        actor=shapes.required_id(document, "actor"),
        to=shapes.addressees(document, "to"),
        cc=shapes.addressees(document, "cc"),
        published=shapes.moment(document, "published"),
    )
    kind = shapes.type_among(document, _READERS)
    if kind is None:
        return UnknownActivity(**head, type=shapes.kind(document))
    return _READERS[kind](_Source(document=document, head=head, depth=depth))


def _create(source: _Source) -> Create:
    value = _object(source)
    if isinstance(value, Ref):
        return Create(**source.head, object=value, audience=source.audience)
    if shapes.type_among(value, NOTE_TYPES) is not None:
        return Create(**source.head, object=_own_note(source, value), audience=source.audience)
    if shapes.type_among(value, NOTICE_TYPES) is not None:
        return Create(**source.head, object=notice(value), audience=source.audience)
    return Create(**source.head, object=unknown_object(value), audience=source.audience)


def _update(source: _Source) -> Update:
    value = _object(source)
    if isinstance(value, Ref):
        return Update(**source.head, object=value, audience=source.audience)
    if shapes.type_among(value, NOTE_TYPES) is not None:
        return Update(**source.head, object=_own_note(source, value), audience=source.audience)
    if shapes.type_among(value, ACTOR_TYPES) is not None:
        return Update(**source.head, object=actor(value), audience=source.audience)
    if shapes.type_among(value, NOTICE_TYPES) is not None:
        return Update(**source.head, object=notice(value), audience=source.audience)
    if shapes.type_among(value, ("Relationship",)) is not None:
        return Update(**source.head, object=relationship(value), audience=source.audience)
    return Update(**source.head, object=unknown_object(value), audience=source.audience)


def _delete(source: _Source) -> Delete:
    value = _object(source)
    if isinstance(value, Ref) or shapes.type_among(value, ("Tombstone",)) is None:
        return Delete(**source.head, object=_ref(source), audience=source.audience)
    return Delete(**source.head, object=tombstone(value), audience=source.audience)


def _follow(source: _Source) -> Follow:
    return Follow(**source.head, object=_ref(source))


def _accept(source: _Source) -> Accept:
    given = next(iter(shapes.embedded(source.document, "result")), None)
    if given is not None and shapes.type_among(given, ("Relationship",)) is not None:
        return Accept(**source.head, object=_inner(source), result=relationship(given))
    return Accept(**source.head, object=_inner(source), result=shapes.usable_id(source.document, "result"))


def _reject(source: _Source) -> Reject:
    return Reject(**source.head, object=_inner(source), content=_reason(source))


def _undo(source: _Source) -> Undo:
    return Undo(**source.head, object=_inner(source), content=_reason(source), audience=source.audience)


def _like(source: _Source) -> Like:
    document = source.document
    content = shapes.name(document, "content") or shapes.name(document, "_misskey_reaction")
    return Like(**source.head, object=_ref(source), content=content, emoji=_emoji(document), audience=source.audience)


def _dislike(source: _Source) -> Dislike:
    return Dislike(**source.head, object=_ref(source), audience=source.audience)


def _quote_request(source: _Source) -> QuoteRequest:
    quoting = next(iter(shapes.embedded(source.document, "instrument")), None)
    if quoting is None or shapes.type_among(quoting, NOTE_TYPES) is None:
        instrument: Note | Ref = Ref(id=shapes.required_id(source.document, "instrument"))
    else:
        instrument = _own_note(source, quoting)
    return QuoteRequest(**source.head, object=_ref(source), instrument=instrument)


def _emoji_react(source: _Source) -> EmojiReact:
    content = shapes.name(source.document, "content")
    if content is None:
        raise MalformedActivity("The EmojiReact has no `content`.")
    return EmojiReact(**source.head, object=_ref(source), content=content, emoji=_emoji(source.document))


def _announce(source: _Source) -> Announce:
    value = _object(source)
    if isinstance(value, Ref):
        return Announce(**source.head, object=value, audience=source.audience)
    if is_activity(value):
        return Announce(**source.head, object=_inner(source), audience=source.audience)
    if shapes.type_among(value, NOTE_TYPES) is None:
        return Announce(**source.head, object=unknown_object(value), audience=source.audience)
    # Without its author an embedded note is no more than its id.
    announced = _ref(source) if shapes.first(value, "attributedTo") is None else note(value)
    return Announce(**source.head, object=announced, audience=source.audience)


def _block(source: _Source) -> Block:
    return Block(**source.head, object=_ref(source), target=shapes.optional_id(source.document, "target"))


def _flag(source: _Source) -> Flag:
    reported = shapes.ids(source.document, "object", limits.ADDRESSEES_MAX)
    if not reported:
        raise MalformedActivity("The Flag has no `object`.")
    # Lemmy gives the reason as `summary`.
    texts = (shapes.prose(source.document, key, limits.SUMMARY_MAX) for key in ("content", "summary"))
    content = next((text for text in texts if text is not None), "")
    return Flag(**source.head, objects=tuple(Ref(id=uri) for uri in reported), content=content)


def _move(source: _Source) -> Move:
    return Move(**source.head, object=_ref(source), target=shapes.required_id(source.document, "target"))


def _add(source: _Source) -> Add:
    target = shapes.required_id(source.document, "target")
    return Add(**source.head, object=_collected(source), target=target, audience=source.audience)


def _remove(source: _Source) -> Remove:
    target = shapes.required_id(source.document, "target")
    return Remove(**source.head, object=_collected(source), target=target, audience=source.audience)


def _view(source: _Source) -> View:
    return View(**source.head, object=_ref(source))


def _listen(source: _Source) -> Listen:
    return Listen(**source.head, object=_ref(source))


def _join(source: _Source) -> Join:
    return Join(**source.head, object=_ref(source))


def _leave(source: _Source) -> Leave:
    return Leave(**source.head, object=_ref(source))


def _offer(source: _Source) -> Offer:
    value = _object(source)
    target = shapes.optional_id(source.document, "target")
    if isinstance(value, Ref):
        return Offer(**source.head, object=value, target=target)
    if shapes.type_among(value, ("Relationship",)) is not None:
        return Offer(**source.head, object=relationship(value), target=target)
    return Offer(**source.head, object=unknown_object(value), target=target)


def _object(source: _Source) -> Json | Ref:
    """The embedded object, or a ``Ref`` where there is only an id."""
    value = shapes.first(source.document, "object")
    return value if isinstance(value, dict) and shapes.types_of(value) else _ref(source)


def _ref(source: _Source) -> Ref:
    return Ref(id=shapes.required_id(source.document, "object"))


def _own_note(source: _Source, value: Json) -> Note:
    """The note of a Create or Update; what it leaves out, it takes from the activity, as ActivityPub §6 has it."""
    defaults = {"attributedTo": source.head["actor"], "to": source.head["to"], "cc": source.head["cc"]}
    missing = {key: default for key, default in defaults.items() if value.get(key) is None}
    return note({**value, **{key: list(x) if isinstance(x, tuple) else x for key, x in missing.items()}})


def _inner(source: _Source) -> Activity | Ref:
    """The activity that another is about; one without an actor, or too deep inside others, is only its id."""
    value = _object(source)
    if isinstance(value, Ref):
        return value
    if shapes.first(value, "actor") is None or source.depth == limits.ACTIVITY_DEPTH_MAX:
        return _ref(source)
    if not shapes.first(value, "id"):
        # Some servers undo and accept activities they never named: such a one is a part of its carrier.
        value = {**value, "id": f"{source.head['id'].split('#')[0]}#object"}
    return _activity(value, depth=source.depth + 1)


def _reason(source: _Source) -> str:
    """Why, if that is said in words; anything else is no reason to refuse what was taken back."""
    told = isinstance(shapes.first(source.document, "content"), str)
    return (shapes.prose(source.document, "content", limits.SUMMARY_MAX) or "") if told else ""


def _collected(source: _Source) -> Hashtag | Ref:
    value = _object(source)
    tag = None if isinstance(value, Ref) else hashtag(value)
    return _ref(source) if tag is None else tag


def _emoji(document: Json) -> Emoji | None:
    return next(iter(shapes.readable(emoji, shapes.embedded(document, "tag")[: limits.TAGS_MAX], 1)), None)


_READERS: Final[Mapping[str, Callable[[_Source], Activity]]] = MappingProxyType(
    {
        "Create": _create,
        "Update": _update,
        "Delete": _delete,
        "Follow": _follow,
        "Accept": _accept,
        "Reject": _reject,
        "Undo": _undo,
        "Like": _like,
        "Dislike": _dislike,
        "EmojiReact": _emoji_react,
        "QuoteRequest": _quote_request,
        "Announce": _announce,
        "Block": _block,
        "Flag": _flag,
        "Move": _move,
        "Add": _add,
        "Remove": _remove,
        "View": _view,
        "Listen": _listen,
        "Join": _join,
        "Leave": _leave,
        "Offer": _offer,
    }
)
