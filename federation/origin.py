"""Who may say what about which id (FEP-fe34): one server speaks for the ids of its own origin and for no others.

``authorise`` is what a receiver calls after the signature: it reduces embedded values of a foreign origin to ``Ref``
(they are fetched from where they live, S6 and S12) and raises ``OriginMismatch`` for what its actor cannot claim (S5).
An embedded activity that carries an integrity proof of its own is verified, then authorised, by itself.

Ids are all that is known here. Whether the actor is the *author* of what it deletes, and claims across origins
(``Move``, moderators of a community), the receiver compares with what it stored or fetches. Hosts are compared in the
one canonical form (S7).
"""

import re
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final, assert_never

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
from federation.actors import Actor, Multikey, PublicKey
from federation.addresses import canonical_host
from federation.errors import AddressRefused, OriginMismatch
from federation.objects import (
    Acknowledgement,
    Announcement,
    Hashtag,
    Note,
    Notice,
    QuoteAuthorization,
    Ref,
    Relationship,
    Tombstone,
    UnknownObject,
)

Value = Note | Actor | Notice | Tombstone | Relationship | UnknownObject | Hashtag | Activity | Ref

_ABSOLUTE: Final = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9A-Fa-f:.]+\]|[^:/?#\[\]@\\\s]+)(?::(?P<port>[0-9]{1,5}))?(?=[/?#]|\Z)",
    re.IGNORECASE,
)
_DEFAULT_PORT: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, canonical host and port: what an id belongs to."""

    scheme: str
    host: str
    port: int


@lru_cache(maxsize=1024)
def origin_of(uri: str) -> Origin | None:
    """The origin of an http(s) URI; None for anything else, with credentials, or with a host without canonical form."""
    absolute = _ABSOLUTE.match(uri)
    if absolute is None:
        return None
    scheme = absolute["scheme"].lower()
    try:
        host = canonical_host(absolute["host"])
    except AddressRefused:
        return None
    return Origin(scheme, host, int(absolute["port"] or _DEFAULT_PORT[scheme]))


def same_origin(one: str, other: str) -> bool:
    """Whether two URIs belong to one server; False as soon as one of them belongs to none."""
    origin = origin_of(one)
    return origin is not None and origin == origin_of(other)


def authorise(activity: Activity) -> Activity:
    """The activity with nothing left in it that its actor's server cannot vouch for; raises ``OriginMismatch``."""
    trusted = reduce_foreign(activity)
    check(trusted)
    return trusted


def reduce_foreign(activity: Activity) -> Activity:
    """The activity with each embedded value of another origin than its actor's reduced to a ``Ref``, to be fetched.

    What ``Accept`` and ``Reject`` answer is kept: it belongs to the asker by nature, and ``check`` compares it.
    """
    match activity:
        case Create() | Offer() if not isinstance(activity.object, Ref):
            is_own = same_origin(activity.object.id, activity.actor)
            return activity if is_own else replace(activity, object=Ref(id=activity.object.id))
        case Announce() if not isinstance(activity.object, Ref):
            return _reduce_announced(activity, activity.object)
        case QuoteRequest() if not isinstance(activity.instrument, Ref):
            is_own = same_origin(activity.instrument.id, activity.actor)
            return activity if is_own else replace(activity, instrument=Ref(id=activity.instrument.id))
        case _:
            return activity


def check(activity: Activity) -> None:  # noqa: C901, PLR0912 -- one line per type
    """Raise ``OriginMismatch`` unless the actor may say this, judged by ids alone."""
    _require_same_origin(activity.id, activity.actor, "The id of an activity")
    match activity:
        case Create():
            _check_authorship(activity.actor, activity.object)
        case Update():
            _require_same_origin(activity.object.id, activity.actor, "What is updated")
            _check_authorship(activity.actor, activity.object)
        case Delete():
            _require_same_origin(activity.object.id, activity.actor, "What is deleted")
        case Undo():
            _check_undone(activity)
        case Accept() | Reject():
            _check_answered(activity)
        case Announce():
            _check_announced(activity)
        case Add() | Remove():
            _require_same_origin(activity.target, activity.actor, "The collection that is changed")
        case Move():
            _require_same(activity.object.id, activity.actor, "The account that moves")
        case Offer():
            _check_offered(activity)
        case QuoteRequest():
            _require_same_origin(activity.instrument.id, activity.actor, "What quotes")
            _check_authorship(activity.actor, activity.instrument)
        case Follow() | Like() | Dislike() | EmojiReact() | Block() | Flag() | View() | Listen() | Join() | Leave():
            return
        case UnknownActivity():
            return
        case _:
            assert_never(activity)


def check_fetched(uri: str, value: Note | Actor | QuoteAuthorization | Tombstone | Activity) -> None:
    """Raise ``OriginMismatch`` unless a document fetched from ``uri`` (after redirects) may be kept (S1).

    Its id must be that very URI: otherwise the caller fetches the id itself, and asks again. A note must be by an
    actor of its own origin, an activity must pass ``check``.
    """
    _require_same(value.id, uri, "The id of a fetched document")
    match value:
        case Note():
            _require_same_origin(value.attributed_to, value.id, "The author of a fetched document")
        case QuoteAuthorization():
            _require_same_origin(value.attributed_to, value.id, "The author of a stamp")
            _require_same_origin(value.interaction_target, value.id, "What a stamp is about")
        case Actor() | Tombstone():
            return
        case _:
            check(value)


def check_key(key: PublicKey | Multikey, owner: Actor) -> None:
    """Raise ``OriginMismatch`` unless key and owner name each other (S8)."""
    named = key.owner if isinstance(key, PublicKey) else key.controller
    _require_same(named, owner.id, "The owner of a key")
    _require_same_origin(key.id, owner.id, "The id of a key")
    if key not in (*owner.public_keys, *owner.assertion_methods):
        raise OriginMismatch(f"The actor {owner.id} does not list the key {key.id}.")


def uris_of(activity: Activity) -> frozenset[str]:
    """Every URI that says who is involved: ids, actors, authors, objects, targets, at any depth."""
    found = {activity.id, activity.actor}
    match activity:
        case UnknownActivity():
            pass
        case Flag():
            found.update(reported.id for reported in activity.objects)
        case Block() | Move() | Add() | Remove() | Offer():
            found |= _uris_of_value(activity.object)
            found |= {activity.target} if activity.target is not None else set()
        case QuoteRequest():
            found |= _uris_of_value(activity.object) | _uris_of_value(activity.instrument)
        case _:
            found |= _uris_of_value(activity.object)
    return frozenset(found)


def _reduce_announced(announce: Announce, announced: Note | UnknownObject | Activity) -> Announce:
    match announced:
        case Note():
            is_own = same_origin(announced.id, announce.actor) and same_origin(announced.attributed_to, announce.actor)
            kept: Note | UnknownObject | Activity = announced
        case UnknownObject():
            is_own, kept = same_origin(announced.id, announce.actor), announced
        case _:
            kept = reduce_foreign(announced)
            is_own = same_origin(announced.actor, announce.actor) and _may_be_said(kept)
    return replace(announce, object=kept if is_own else Ref(id=announced.id))


def _may_be_said(activity: Activity) -> bool:
    """Whether its actor may say it; of a moderator who acts on others' posts, only the id is left to look up."""
    try:
        check(activity)
    except OriginMismatch:
        return False
    return True


def _check_authorship(actor: str, value: Note | Actor | Notice | Relationship | UnknownObject | Ref) -> None:
    match value:
        case Relationship():
            _require_same_origin(value.id, actor, "What is updated")
            _require_same(value.subject, actor, "Whose relation is updated")
        case Note() | Announcement() | Acknowledgement():
            _require_same_origin(value.id, actor, "What is created or updated")
            _require_same(value.attributed_to, actor, "The author of what is created or updated")
        case Actor():
            _require_same(value.id, actor, "The actor that is updated")
        case UnknownObject():
            _require_same_origin(value.id, actor, "What is created or updated")
        case Ref():
            return
        case _:
            assert_never(value)


def _check_undone(undo: Undo) -> None:
    _require_same_origin(undo.object.id, undo.actor, "What is undone")
    if not isinstance(undo.object, Ref):
        _require_same(undo.object.actor, undo.actor, "The actor of what is undone")


def _check_answered(answer: Accept | Reject) -> None:
    match answer.object:
        case Follow() | Join() as asked:
            _require_same(asked.object.id, answer.actor, "Who was asked")
            _require_same_origin(asked.id, asked.actor, "The id of what was asked")
        case Offer(target=str() as target) as asked:
            _require_same(target, answer.actor, "Who was asked")
            _require_same_origin(asked.id, asked.actor, "The id of what was asked")
            _check_result(answer)
        case QuoteRequest() as asked:
            _require_same_origin(asked.object.id, answer.actor, "What was to be quoted")
            _require_same_origin(asked.id, asked.actor, "The id of what was asked")
            _check_stamp(answer)
        case Ref():
            _check_stamp(answer)
            _check_result(answer)
        case _:
            # The answering handler finds what was asked by its id among its own, and compares there.
            return


def _check_stamp(answer: Accept | Reject) -> None:
    if isinstance(answer, Accept) and isinstance(answer.result, str):
        _require_same_origin(answer.result, answer.actor, "The stamp")


def _check_result(answer: Accept | Reject) -> None:
    if isinstance(answer, Accept) and isinstance(answer.result, Relationship):
        _check_authorship(answer.actor, answer.result)


def _check_announced(announce: Announce) -> None:
    match announce.object:
        case Ref():
            return
        case Note() | UnknownObject():
            _require_same_origin(announce.object.id, announce.actor, "An embedded object")
            if isinstance(announce.object, Note):
                _require_same_origin(announce.object.attributed_to, announce.actor, "The author of an embedded object")
        case _:
            _require_same_origin(announce.object.id, announce.actor, "An embedded activity")
            check(announce.object)


def _check_offered(offer: Offer) -> None:
    if isinstance(offer.object, Relationship):
        _require_same_origin(offer.object.id, offer.actor, "What is offered")
        if offer.actor not in (offer.object.subject, offer.object.object):
            raise OriginMismatch(f"{offer.actor} offers a relationship between others.")


def _require_same_origin(uri: str, owner: str, what: str) -> None:
    if not same_origin(uri, owner):
        raise OriginMismatch(f"{what} is {uri}, which does not belong to the server of {owner}.")


def _require_same(uri: str, owner: str, what: str) -> None:
    if uri != owner or origin_of(uri) is None:
        raise OriginMismatch(f"{what} is {uri}, not {owner}.")


def _uris_of_value(value: Value) -> frozenset[str]:
    match value:
        case Note() | Announcement() | Acknowledgement():
            # What a note or an acknowledgement answers is somebody else's, and looked up by itself.
            return frozenset({value.id, value.attributed_to})
        case Relationship():
            return frozenset({value.id, value.subject, value.object})
        case Hashtag():
            return frozenset({value.href} if value.href is not None else ())
        case Actor() | Tombstone() | UnknownObject() | Ref():
            return frozenset({value.id})
        case _:
            return uris_of(value)
