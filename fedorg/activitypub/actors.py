"""Actors of peers as accounts of this node: fetched, confirmed, cleaned and recorded.

A handle is believed when its domain and the actor lead to each other (WebFinger both ways, S7); all addresses of an
actor belong to its own server, so that nobody can point our deliveries, or a reach, at somebody else. HTML passes the
sanitiser here, before it is stored (S55).
"""

from dataclasses import replace
from datetime import timedelta
from typing import Final
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from sqlalchemy import Connection

from federation import discovery, origin
from federation.actors import Actor, Multikey, PublicKey
from federation.errors import (
    FederationError,
    FetchError,
    KeyUnavailable,
    MalformedDocument,
    OriginMismatch,
    PeerAnswered,
)
from federation.keys import load_multikey, load_public_pem, public_to_pem
from fedorg.activitypub import capabilities, fetching, moments, policy
from fedorg.activitypub.fetching import Budget
from fedorg.domain.accounts import Account, AccountKey, ActorType, Emoji, Field, KeyAlgorithm
from fedorg.domain.peers import Standing
from fedorg.domain.visibility import Tier
from fedorg.errors import Forbidden, NotFound
from fedorg.ids import AccountId
from fedorg.node import Node
from fedorg.services.accounts import record_remote_account, suspend_by_peer
from fedorg.services.departures import remove_remote_account
from fedorg.store import accounts, peers
from fedorg.text import sanitize

FRESH_FOR: Final = timedelta(days=1)
# Far above what servers let their people write, and far below what would fill a node (S26).
_NAME_MAX: Final = 500
_NOTE_MAX: Final = 20_000
_FIELDS_MAX: Final = 20
_FIELD_MAX: Final = 2_048
_EMOJIS_MAX: Final = 100
_GONE: Final = 410
_PROGRAMS: Final = (ActorType.APPLICATION, ActorType.SERVICE)


async def find_known(node: Node, uri: str) -> Account | None:
    """The account with an identity, as far as this node knows it."""
    return await node.glance(accounts.find_by_uri, uri)


async def get(node: Node, uri: str, budget: Budget) -> Account:
    """The account with an identity, fetched when it is new and refreshed when what is known is a day old.

    What is known serves on when its server does not answer. An address that leads to another actor is no identity of
    it: else its owner could speak as that one (S1). Raises ``Forbidden`` for one that is suspended or whose server this
    node does not speak with, ``NotFound`` for none of ours, and what a fetch raises.
    """
    known = await _find_admitted(node, uri)
    if node.uris.is_ours(uri):
        if known is None:
            raise NotFound
        return known
    if known is None:
        return require_not_suspended(await refresh_exactly(node, uri, budget))
    return await current(node, known, budget)


async def current(node: Node, known: Account, budget: Budget) -> Account:
    """What ``get`` makes of an account of a peer that is known, and whose server this node speaks with."""
    _require_not_barred(known)
    if known.fetched_at is not None and node.now() - known.fetched_at < FRESH_FOR:
        return require_not_suspended(known)
    try:
        return require_not_suspended(await refresh_exactly(node, known.uri, budget))
    except FederationError as problem:
        if _is_gone(problem):
            raise
        return require_not_suspended(known)


async def _find_admitted(node: Node, uri: str) -> Account | None:
    """The account with an identity, if it is known; ``NotAdmitted`` for one of a server that is not spoken with.

    What is not known has to be fetched, and whoever fetches asks about its server.
    """
    admit = policy.admission(node, (uri,), policy.Matter.CONTENT)

    def unit(conn: Connection) -> Account | None:
        known = accounts.find_by_uri(conn, uri)
        if known is not None:
            admit(conn)
        return known

    return await node.glance(unit)


async def refresh(node: Node, uri: str, budget: Budget) -> Account:
    """Fetch an actor now and record it with its keys; it may be suspended by its own server."""
    return await record(node, await _fetch(node, uri, budget), budget)


async def refresh_exactly(node: Node, uri: str, budget: Budget) -> Account:
    """As ``refresh``, where only the actor of that very identity will do (S1)."""
    actor = await _fetch(node, uri, budget)
    if actor.id != uri:
        raise OriginMismatch(f"{uri} leads to {actor.id}, which is somebody else.")
    return await record(node, actor, budget)


async def record(node: Node, actor: Actor, budget: Budget) -> Account:
    """Record what an actor's own server says about it, also that it is suspended there, or is no longer.

    Raises ``Forbidden`` for one that is suspended here, or that was never met and is suspended there.
    """
    known, standing = await _find_with_standing(node, actor.id)
    if known is not None:
        _require_not_barred(known)
    if actor.suspended:
        if known is None:
            raise Forbidden(f"{actor.id} is suspended by its own server")
        return await suspend_by_peer(node, known)
    domain = await _handle_domain(node, actor, known, standing, budget)
    account = _account(node, actor, domain)
    if not standing.ceilings.directory:
        account = replace(account, discoverable=False, indexable=False)
    recorded = await record_remote_account(node, account, _keys(node, actor, account.id))
    await capabilities.note(node, actor)
    _require_not_barred(recorded)
    return recorded


async def _find_with_standing(node: Node, uri: str) -> tuple[Account | None, Standing]:
    """The account with an identity, if it is known, and what its server is to this node."""
    name = policy.domain(node, uri)

    def unit(conn: Connection) -> tuple[Account | None, Standing]:
        return accounts.find_by_uri(conn, uri), peers.standings(conn, (name,))[name]

    return await node.glance(unit)


async def record_counterpart(node: Node, actor: Actor) -> Account:
    """Record the actor that speaks for a server; its handle is asked nowhere, for nobody writes to it."""
    known = await find_known(node, actor.id)
    if known is not None:
        _require_not_barred(known)
    domain = policy.domain(node, actor.id) if known is None or known.domain is None else known.domain
    account = _account(node, actor, domain)
    recorded = await record_remote_account(node, account, _keys(node, actor, account.id))
    await capabilities.note(node, actor)
    return recorded


def require_not_suspended(account: Account) -> Account:
    """The account; raises ``Forbidden`` for one that is suspended, by whomever."""
    if account.suspended_at is not None:
        raise Forbidden(f"{account.acct} is suspended")
    return account


async def _fetch(node: Node, uri: str, budget: Budget) -> Actor:
    """The actor at an address; where its own server says that it is gone for good, so it is here."""
    try:
        return await fetching.fetch_actor(node, uri, budget)
    except PeerAnswered as problem:
        known = await find_known(node, uri) if _is_gone(problem) else None
        if known is not None and not known.is_local and not known.is_barred:
            await remove_remote_account(node, known)
        raise


def _is_gone(problem: FederationError) -> bool:
    return isinstance(problem, PeerAnswered) and problem.status == _GONE


def _require_not_barred(account: Account) -> None:
    if account.is_barred:
        raise Forbidden(f"{account.acct} is suspended")


async def _handle_domain(node: Node, actor: Actor, known: Account | None, standing: Standing, budget: Budget) -> str:
    """The domain in the actor's handle, asked from both sides unless it was and the name is the same."""
    if known is not None and known.domain is not None and known.username == actor.preferred_username:
        return known.domain
    budget.spend()
    try:
        client, name = policy.asking_client(node), actor.preferred_username
        domain = (await discovery.confirm_handle(client, actor.id, name, heard=budget.heard)).domain
    except (FetchError, MalformedDocument) as problem:
        # The actors that servers sign their own requests with are often in no WebFinger; nobody writes to them.
        if ActorType(actor.type) not in _PROGRAMS:
            raise
        if isinstance(problem, FetchError) and fetching.is_temporary(problem):
            raise
        domain = policy.domain(node, actor.id)
    if domain in (node.settings.domain, node.settings.web_domain):
        raise OriginMismatch(f"{actor.id} calls itself by a handle of this server.")
    if domain != policy.domain(node, actor.id):
        await policy.require_not_blocked(node, (domain,))
    elif standing.tier is Tier.BLOCKED:
        raise policy.NotAdmitted(domain)
    return domain


def _account(node: Node, actor: Actor, domain: str) -> Account:
    _require_own(actor, actor.inbox)
    _require_canonical(node, actor.id)
    now = node.now()
    return Account(
        id=AccountId(node.ids.next()),
        username=actor.preferred_username,
        domain=domain,
        uri=actor.id,
        url=_own(actor, actor.url) or actor.id,
        actor_type=ActorType(actor.type),
        display_name=(actor.name or "")[:_NAME_MAX],
        note=sanitize((actor.summary or "")[:_NOTE_MAX]),
        fields=tuple(
            Field(name=row.name[:_NAME_MAX], value=sanitize(row.value[:_FIELD_MAX]))
            for row in actor.fields[:_FIELDS_MAX]
        ),
        emojis=tuple(Emoji(shortcode=emoji.shortcode, url=emoji.url) for emoji in actor.emojis[:_EMOJIS_MAX]),
        avatar=actor.icon.url if actor.icon else None,
        avatar_description=(actor.icon.name or "") if actor.icon else "",
        header=actor.image.url if actor.image else None,
        header_description=(actor.image.name or "") if actor.image else "",
        locked=actor.manually_approves_followers,
        discoverable=bool(actor.discoverable),
        indexable=bool(actor.indexable),
        memorial=actor.memorial,
        inbox=actor.inbox,
        shared_inbox=_own(actor, actor.shared_inbox),
        outbox=_own(actor, actor.outbox) or "",
        followers_uri=_own(actor, actor.followers) or "",
        following_uri=_own(actor, actor.following) or "",
        featured_uri=_own(actor, actor.featured),
        featured_tags_uri=_own(actor, actor.featured_tags),
        also_known_as=actor.also_known_as,
        attribution_domains=actor.attribution_domains,
        moved_to_uri=actor.moved_to,
        created_at=moments.past(actor.published or now, now),
        updated_at=None if actor.updated is None else moments.past(actor.updated, now),
        fetched_at=now,
    )


def _own(actor: Actor, uri: str | None) -> str | None:
    return uri if uri is not None and origin.same_origin(uri, actor.id) else None


def _require_own(actor: Actor, inbox: str) -> None:
    if not origin.same_origin(inbox, actor.id):
        raise OriginMismatch(f"The inbox of {actor.id} is {inbox}, which belongs to another server.")


def _require_canonical(node: Node, uri: str) -> None:
    """One server has one name, in identities too: by it tiers and reach are looked up (S7)."""
    if urlsplit(uri).netloc != policy.domain(node, uri):
        raise MalformedDocument(f"{uri} does not write the name of its server as everybody else does")


def _keys(node: Node, actor: Actor, account_id: AccountId) -> tuple[AccountKey, ...]:
    named: list[PublicKey | Multikey] = [*actor.public_keys, *actor.assertion_methods]
    keys = (_key(node, actor, key, account_id) for key in named)
    return tuple(key for key in keys if key is not None)


def _key(node: Node, actor: Actor, key: PublicKey | Multikey, account_id: AccountId) -> AccountKey | None:
    """The key as it is stored; None for one that cannot be used."""
    try:
        origin.check_key(key, actor)
        public = load_public_pem(key.pem) if isinstance(key, PublicKey) else load_multikey(key.public_key_multibase)
    except (OriginMismatch, KeyUnavailable):
        return None
    return AccountKey(
        uri=key.id,
        account_id=account_id,
        algorithm=KeyAlgorithm.RSA if isinstance(public, RSAPublicKey) else KeyAlgorithm.ED25519,
        public=public_to_pem(public),
        private=None,
        created_at=node.now(),
    )
