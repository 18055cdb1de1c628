"""What actors do, one value per type; ``Activity`` is their union, made for ``match``.

Every activity has an id and an actor. What it is about is a ``Ref`` or, where the receiver needs more than the id, the
embedded value. An embedded value proves nothing by being there: ``origin`` says which may be believed. Spec:
ActivityStreams 2.0 Vocabulary §2; ActivityPub §7; FEP-1b12 (activities inside ``Announce``); FEP-c0e0 (EmojiReact);
FEP-044f (QuoteRequest).
"""

from dataclasses import dataclass
from datetime import datetime

from federation.actors import Actor
from federation.objects import Emoji, Hashtag, Note, Notice, Ref, Relationship, Tombstone, UnknownObject


@dataclass(frozen=True, slots=True, kw_only=True)
class Create:
    """Something new; ``audience`` names the community it is for (FEP-1b12)."""

    id: str
    actor: str
    object: Note | Notice | UnknownObject | Ref
    audience: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    published: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """A new state of something, whole."""

    id: str
    actor: str
    object: Note | Actor | Notice | Relationship | UnknownObject | Ref
    audience: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    published: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delete:
    """Something is gone; an actor that names itself is gone with all it made."""

    id: str
    actor: str
    object: Tombstone | Ref
    audience: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    published: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Follow:
    """The actor asks to follow."""

    id: str
    actor: str
    object: Ref
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    published: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accept:
    """The answer yes; ``result`` names the stamp that a ``QuoteRequest`` was given.

    The result of an ``Offer`` of a relation is the same relation as the other side has it.
    """

    id: str
    actor: str
    object: "Activity | Ref"
    result: Relationship | str | None = None
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    published: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reject:
    """The answer no, also to what was accepted before; ``content`` says why, in plain text."""

    id: str
    actor: str
    object: "Activity | Ref"
    content: str = ""
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    published: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Undo:
    """What the actor did before no longer holds; ``content`` says why, in plain text."""

    id: str
    actor: str
    object: "Activity | Ref"
    content: str = ""
    audience: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    published: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Like:
    """A favourite; with ``content``, the emoji reaction some software writes as a Like (Misskey)."""

    id: str
    actor: str
    object: Ref
    content: str | None = None
    emoji: Emoji | None = None
    audience: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    published: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EmojiReact:
    """A reaction; ``content`` is one emoji or a shortcode in colons, which ``emoji`` then pictures."""

    id: str
    actor: str
    object: Ref
    content: str
    emoji: Emoji | None = None
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    published: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dislike:
    """A vote against something (Lemmy, PeerTube, Friendica)."""

    id: str
    actor: str
    object: Ref
    audience: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    published: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class QuoteRequest:
    """The actor asks the author of ``object`` for the right to quote it in ``instrument`` (FEP-044f)."""

    id: str
    actor: str
    object: Ref
    instrument: Note | Ref
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    published: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Announce:
    """A boost, or what a community passes on to its followers."""

    id: str
    actor: str
    object: "Note | UnknownObject | Activity | Ref"
    audience: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    published: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """The actor wants nothing to do with the object; a community or server bans somebody from ``target``."""

    id: str
    actor: str
    object: Ref
    target: str | None = None
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    published: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """A report; ``objects`` holds the reported account and statuses, ``content`` is plain text."""

    id: str
    actor: str
    objects: tuple[Ref, ...]
    content: str = ""
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    published: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """The account in ``object`` lives at ``target`` from now on."""

    id: str
    actor: str
    object: Ref
    target: str
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    published: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Add:
    """Something becomes part of the collection ``target``."""

    id: str
    actor: str
    object: Hashtag | Ref
    target: str
    audience: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    published: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Remove:
    """Something is no longer part of the collection ``target``."""

    id: str
    actor: str
    object: Hashtag | Ref
    target: str
    audience: tuple[str, ...] = ()
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    published: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """The actor looked at something (PeerTube)."""

    id: str
    actor: str
    object: Ref
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    published: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Listen:
    """The actor listened to something (Funkwhale, Pleroma)."""

    id: str
    actor: str
    object: Ref
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    published: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Join:
    """The actor asks to become a member, or to take part."""

    id: str
    actor: str
    object: Ref
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    published: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Leave:
    """The actor is a member no more."""

    id: str
    actor: str
    object: Ref
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    published: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """The actor proposes something to ``target``."""

    id: str
    actor: str
    object: Relationship | UnknownObject | Ref
    target: str | None = None
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    published: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UnknownActivity:
    """An activity of a type this library does not know; enough to name it in a log."""

    type: str
    id: str
    actor: str
    to: tuple[str, ...] = ()
    cc: tuple[str, ...] = ()
    published: datetime | None = None


Activity = (
    Create
    | Update
    | Delete
    | Follow
    | Accept
    | Reject
    | Undo
    | Like
    | Dislike
    | EmojiReact
    | QuoteRequest
    | Announce
    | Block
    | Flag
    | Move
    | Add
    | Remove
    | View
    | Listen
    | Join
    | Leave
    | Offer
    | UnknownActivity
)
