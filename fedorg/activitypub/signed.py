"""Who signed a request: the key from the store, else from its owner's server, once.

A key that its owner lists is recorded with the owner (S8). A signature that fails under a recorded key may mean that
the key was changed: the owner is asked again, but for one key only every few minutes, and a key that could not be had
is not asked for again in that time (S23), or, where the server was only ill, for some seconds. Requests that come while
a key is being fetched wait for it. Anybody may name keys that nobody knows: for one address so many are asked for. A
signature proves something only to those whose server this node speaks with, and never for an account of our own.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeVar

from sqlalchemy import Connection

from federation import origin, parse, signatures
from federation.errors import (
    FederationError,
    FetchError,
    KeyUnavailable,
    OriginMismatch,
    SignatureRefused,
)
from federation.keys import VerificationKey
from federation.signatures import Request, Verified
from fedorg.activitypub import actors, fetching, keyring, policy
from fedorg.activitypub.fetching import Budget
from fedorg.activitypub.policy import Matter
from fedorg.domain.accounts import Account, AccountKey
from fedorg.domain.ceilings import Ceilings
from fedorg.domain.peers import Standing
from fedorg.domain.visibility import Tier
from fedorg.errors import Forbidden, TooManyRequests
from fedorg.node import Node
from fedorg.services import attempts
from fedorg.store import keys

T = TypeVar("T")

ASK_AGAIN_AFTER: Final = timedelta(minutes=5)
ILL_ASK_AGAIN_AFTER: Final = timedelta(seconds=15)
ASKED_MAX: Final = 10_000
ASKING_MAX: Final = 32
ASKING_PER_PEER_MAX: Final = 8
BUSY_SECONDS: Final = 30
FETCHES_MAX: Final = 6
ASKED_PER_SENDER_MAX: Final = 600
SENDERS_SECONDS: Final = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Signer:
    """The actor of a peer that signed a request, and what its server is to this node."""

    account: Account
    domain: str
    tier: Tier
    ceilings: Ceilings
    verified: Verified


async def verify(
    node: Node, request: Request, matter: Matter = Matter.CONTENT, *, speaking_for: tuple[str, ...] = ()
) -> Signer:
    """The signer of a request; raises ``SignatureRefused``, ``KeyUnavailable`` or ``Forbidden``.

    Nothing is fetched unless the node speaks with the servers of ``speaking_for`` as well.
    """
    try:
        claim = signatures.read(request)
    except SignatureRefused:
        await policy.require_admitted(node, speaking_for, matter)
        raise
    if node.uris.is_ours(claim.key_id):
        raise Forbidden("This server does not write to itself")
    standings, known = await _find_admitted(node, claim.key_id, matter, speaking_for)
    verified, account = await _check(
        node, claim.key_id, known, lambda key: signatures.verify(claim, request, key, now=node.now()), request.sender
    )
    domain = policy.domain(node, account.uri)
    if domain not in standings or known is None or account is not known[1]:
        # A server may take its time to show a key, and what it is to this node may have ended meanwhile.
        standings = await node.glance(policy.admission(node, (account.uri, *speaking_for), matter))
    standing = standings[domain]
    if account.is_barred:
        raise Forbidden(f"{account.acct} is suspended")
    return Signer(account=account, domain=domain, tier=standing.tier, ceilings=standing.ceilings, verified=verified)


async def _find_admitted(
    node: Node, key_id: str, matter: Matter, others: tuple[str, ...]
) -> tuple[dict[str, Standing], tuple[VerificationKey, Account] | None]:
    """What these servers are to this node, and the key if it is here, from one look; ``NotAdmitted`` for a no."""
    try:
        admit = policy.admission(node, (key_id, *others), matter)
    except FetchError as problem:
        await policy.require_admitted(node, others, matter)
        raise SignatureRefused("the key id is no address of a server") from problem

    def unit(conn: Connection) -> tuple[dict[str, Standing], tuple[AccountKey, Account] | None]:
        return admit(conn), keys.find(conn, key_id)

    standings, found = await node.glance(unit)
    return standings, None if found is None else keyring.verification_key(*found)


async def require_admitted(node: Node, key_id: str, matter: Matter = Matter.CONTENT) -> None:
    """Raise ``NotAdmitted`` unless the node speaks with the server of a key, before anything is fetched from it."""
    try:
        await policy.require_admitted(node, (key_id,), matter)
    except FetchError as problem:
        raise SignatureRefused("the key id is no address of a server") from problem


async def check_with_key(
    node: Node, key_id: str, check: Callable[[VerificationKey], T], sender: str = ""
) -> tuple[T, Account]:
    """What ``check`` makes of the key with this id, and the account the key speaks for.

    The key comes from the store, else from its owner's server; it is asked for again when ``check`` raises
    ``SignatureRefused`` and enough time has passed. ``sender`` is the address that named it, if that was just now.
    """
    return await _check(node, key_id, await keyring.find_verification_key(node, key_id), check, sender)


async def _check(
    node: Node,
    key_id: str,
    known: tuple[VerificationKey, Account] | None,
    check: Callable[[VerificationKey], T],
    sender: str,
) -> tuple[T, Account]:
    if known is not None:
        key, account = known
        try:
            return check(key), account
        except SignatureRefused:
            if not may_ask(node, key_id):
                # It may have come anew between the look at it and now.
                newer = await keyring.find_verification_key(node, key_id)
                if newer is None or newer[0] == key:
                    raise
                return check(newer[0]), newer[1]
    elif not may_ask(node, key_id):
        raise KeyUnavailable("it could not be had a while ago")
    key, account = await _ask_with_others(node, key_id, sender if known is None else "")
    if known is None:
        # A key met for the first time may be changed right away; only asking in vain, or again, makes one wait.
        node.asked_keys.pop(key_id, None)
    return check(key), account


async def _ask_with_others(node: Node, key_id: str, sender: str) -> tuple[VerificationKey, Account]:
    """Ask for a key, or wait for the answer to whoever is asking already."""
    if sender and key_id not in node.asking_keys:
        _require_room(node, key_id)
        await _count_for(node, sender)
    asking = node.asking_keys.get(key_id)
    if asking is None:
        _require_room(node, key_id)
        asking = asyncio.create_task(_ask(node, key_id))
        node.asking_keys[key_id] = asking
        asking.add_done_callback(lambda _: node.asking_keys.pop(key_id))
    return await asyncio.shield(asking)


def _require_room(node: Node, key_id: str) -> None:
    """Raise ``TooManyRequests`` while many keys are being asked for, or many of this server: it may never answer."""
    peer = policy.domain(node, key_id)
    of_peer = sum(policy.domain(node, asked) == peer for asked in node.asking_keys)
    if len(node.asking_keys) >= ASKING_MAX or of_peer >= ASKING_PER_PEER_MAX:
        raise TooManyRequests("This server is asking for too many keys at the moment", BUSY_SECONDS)


async def _count_for(node: Node, sender: str) -> None:
    """Raise ``TooManyRequests`` where an address has named too many keys that were not known."""
    is_allowed = await node.jot(
        attempts.is_within,
        node,
        "asked_keys",
        sender,
        most=ASKED_PER_SENDER_MAX,
        window=timedelta(seconds=SENDERS_SECONDS),
    )
    if not is_allowed:
        raise TooManyRequests("Too many keys were named that this server does not know", SENDERS_SECONDS)


async def _ask(node: Node, key_id: str) -> tuple[VerificationKey, Account]:
    """Ask the owner's server for a key."""
    note_asked(node, key_id, node.now())
    budget = Budget(FETCHES_MAX)
    try:
        await actors.refresh(node, await _owner_of(node, key_id, budget), budget)
    except FederationError as problem:
        is_temporary = isinstance(problem, FetchError) and fetching.is_temporary(problem)
        if is_temporary:
            note_asked(node, key_id, node.now() - ASK_AGAIN_AFTER + ILL_ASK_AGAIN_AFTER)
        raise KeyUnavailable(str(problem), is_temporary=is_temporary) from problem
    found = await keyring.find_verification_key(node, key_id)
    if found is None:
        raise KeyUnavailable("its owner does not list it")
    return found


async def _owner_of(node: Node, key_id: str, budget: Budget) -> str:
    """The actor a key id leads to: what stands before the fragment, else what the document there says."""
    before, separator, _ = key_id.partition("#")
    if separator:
        return before
    _, document = await fetching.fetch_json(node, key_id, budget)
    owner = parse.key_owner(document, key_id)
    if not origin.same_origin(owner, key_id):
        raise OriginMismatch(f"The key {key_id} names an owner on another server.")
    return owner


def may_ask(node: Node, key_id: str) -> bool:
    """Whether a key may be asked for, or who speaks for a server: not again within a few minutes."""
    asked_at = node.asked_keys.get(key_id)
    return key_id in node.asking_keys or asked_at is None or abs(node.now() - asked_at) >= ASK_AGAIN_AFTER


def note_asked(node: Node, key_id: str, moment: datetime) -> None:
    """Remember when it was asked for."""
    node.asked_keys.pop(key_id, None)
    node.asked_keys[key_id] = moment
    while len(node.asked_keys) > ASKED_MAX:
        node.asked_keys.pop(next(iter(node.asked_keys)))
