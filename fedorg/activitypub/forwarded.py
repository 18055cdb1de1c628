"""What one server passes on of the people of another (ActivityPub §7.1.2): proven, or looked up at its origin.

Server and author must both be ones this node speaks with. What two parties alone have to do with each other (follows,
blocks, answers) is never taken from a third, and what is limited only from the node whose thread it is in: that one
knows who is in the ring. LD signatures prove nothing here (S9).
"""

from dataclasses import replace
from datetime import timedelta
from enum import StrEnum
from typing import Final

from federation import integrity, origin
from federation.activities import (
    Activity,
    Announce,
    Create,
    Delete,
    EmojiReact,
    Like,
    Undo,
    Update,
)
from federation.actors import Actor
from federation.audience import Reach
from federation.errors import FederationError, OriginMismatch, SignatureRefused
from federation.objects import Note, Ref
from federation.vocabulary import PUBLIC
from fedorg.activitypub import policy, proofs
from fedorg.domain.jobs import Change, CheckAtOrigin
from fedorg.errors import Forbidden, Unavailable
from fedorg.node import Node
from fedorg.services import statuses

_TAKEN: Final = (Announce, Create, Delete, EmojiReact, Like, Undo, Update)
_UNDONE: Final = (Announce, EmojiReact, Like)
_PATIENCE: Final = timedelta(minutes=10)


class Standing(StrEnum):
    """On whose word an activity stands."""

    OWN = "own"
    """It came from its actor's own server."""
    PROVEN = "proven"
    """Its actor made it, whoever sent it."""
    CLAIMED = "claimed"
    """Somebody says so."""


async def judge(node: Node, document: dict[str, object], activity: Activity, sender: str) -> Standing:
    """What an activity is worth that another than its actor sent from an address; raises why it is worth nothing."""
    if not _may_be_passed_on(activity) or node.uris.is_ours(activity.actor):
        raise Forbidden("The signature is not that of the activity's actor")
    await policy.require_admitted(node, origin.uris_of(activity))
    problem: FederationError = SignatureRefused("its actor neither signed nor proved it")
    if integrity.has_proof(document):
        try:
            await proofs.prove(node, document, sender)
        except FederationError as refused:
            problem = refused
        else:
            return Standing.PROVEN
    if _can_be_looked_up(activity):
        return Standing.CLAIMED
    raise problem


def claim_of(activity: Activity, sender: str) -> CheckAtOrigin:
    """The job that looks up an activity of standing ``CLAIMED``."""
    changes: dict[type[Activity], Change] = {
        Create: Change.CREATED,
        Update: Change.UPDATED,
        Delete: Change.DELETED,
    }
    assert isinstance(activity, Create | Update | Delete), "nothing else can be looked up"
    note = activity.object
    answers = note.in_reply_to if isinstance(note, Note) else None
    return CheckAtOrigin(
        uri=note.id, actor=activity.actor, sender=sender, change=changes[type(activity)], answers=answers or ""
    )


def without_actor(activity: Activity) -> Activity:
    """An actor that somebody else passes on may be an old version of itself, with old keys: it is fetched."""
    if isinstance(activity, Update) and isinstance(activity.object, Actor):
        return replace(activity, object=Ref(id=activity.object.id))
    return activity


async def require_fitting(node: Node, activity: Activity, sender: str) -> None:
    """Raise ``OriginMismatch`` for a limited status that came from outside the node whose thread it is in.

    Raises ``Unavailable`` while what it answers may still be on its way.
    """
    note = activity.object if isinstance(activity, Create | Update) else None
    if not isinstance(note, Note) or note.reach in (None, Reach.PUBLIC):
        return
    known = await statuses.find_by_uri(node, note.id)
    if known is None and note.in_reply_to is not None:
        known = await statuses.find_by_uri(node, note.in_reply_to)
        if known is None and node.now() - (note.published or node.now()) < _PATIENCE:
            raise Unavailable("what it answers is not here yet")
    if known is None or known.reach_domain != policy.domain(node, sender):
        raise OriginMismatch("It is limited, and another than the node of its thread passed it on.")


def _may_be_passed_on(activity: Activity) -> bool:
    if isinstance(activity, Undo):
        return isinstance(activity.object, _UNDONE)
    return isinstance(activity, _TAKEN)


def _can_be_looked_up(activity: Activity) -> bool:
    match activity:
        case Create() | Update():
            note = activity.object
            addressees = (*activity.to, *activity.cc)
            return isinstance(note, Note | Ref) and (
                PUBLIC in addressees or (isinstance(note, Note) and PUBLIC in (*note.to, *note.cc))
            )
        case Delete():
            return activity.object.id != activity.actor
        case _:
            return False
