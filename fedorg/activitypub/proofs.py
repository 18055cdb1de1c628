"""Proofs inside documents: made with the keys of our accounts, checked with those of peers (FEP-8b32).

What others may pass on carries one: a third server then needs to trust nobody on the way. What is for followers or
for those it names alone carries none: a proof would let whoever has it show to others who wrote it. A proof says who
made a document and nothing of who may see it; every rule of reach, tier and block is asked as for the document itself.
"""

import re
from datetime import timedelta
from typing import Final

from federation import integrity, render
from federation.activities import Activity, Add, Announce, Create, Delete, Move, Remove, Undo, Update
from federation.collections import Collection
from federation.errors import SignatureRefused
from federation.integrity import Proven
from federation.objects import Note
from federation.vocabulary import PUBLIC
from fedorg.activitypub import keyring, policy, signed
from fedorg.domain.accounts import Account
from fedorg.errors import Forbidden
from fedorg.ids import AccountId
from fedorg.node import Node

AGE_MAX: Final = timedelta(days=14)
"""Shorter than ids of activities are remembered: what was passed on once is not passed on again as news."""

_AUDIENCE: Final = re.compile(r"https?://[^/]+/audiences/(?:organisation|partners)")


async def sealed(node: Node, account_id: AccountId, value: Activity | Note | Collection) -> bytes:
    """The document as it goes over the wire, with a proof by its local maker where others may pass it on."""
    document = render.document(value)
    key = await keyring.find_ed25519_key(node, account_id) if may_be_passed_on(value) else None
    return render.encode(document if key is None else integrity.add_proof(document, key, now=node.now()))


async def prove(node: Node, document: dict[str, object], sender: str = "") -> tuple[Proven, Account]:
    """Who made a document that came through a third server, from the address ``sender`` if that was just now.

    Raises ``SignatureRefused`` for a proof that is wrong, or too old to be news, ``KeyUnavailable`` when its key
    cannot be had, and ``Forbidden`` for a maker that is suspended or whose server this node does not speak with.
    """
    claim = integrity.read(document)
    if node.uris.is_ours(claim.key_id):
        raise SignatureRefused("what was made here comes from here")
    if node.now() - claim.created > AGE_MAX:
        raise SignatureRefused("the proof is too old")
    await signed.require_admitted(node, claim.key_id)
    proven, account = await signed.check_with_key(
        node, claim.key_id, lambda key: integrity.verify(claim, document, key, now=node.now()), sender
    )
    await policy.require_admitted(node, (account.uri,))
    if account.suspended_at is not None:
        raise Forbidden(f"{account.acct} is suspended")
    return proven, account


def may_be_passed_on(value: Activity | Note | Collection) -> bool:
    """Whether a document of ours is meant for more than followers or addressees."""
    match value:
        case Create(object=Note() as note) | Update(object=Note() as note):
            return is_for_many((*note.to, *note.cc))
        case Note() | Announce():
            return is_for_many((*value.to, *value.cc))
        case Undo():
            return isinstance(value.object, Announce)
        case Create() | Update() | Delete() | Add() | Remove() | Move() | Collection():
            return True
        case _:
            return False


def is_for_many(addressees: tuple[str, ...]) -> bool:
    """Whether everybody is addressed, or a ring of nodes."""
    return PUBLIC in addressees or any(_AUDIENCE.fullmatch(uri) for uri in addressees)
