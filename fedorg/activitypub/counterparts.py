"""The actors that speak for other servers, met to come to terms with those: also where nothing else is said yet.

Nothing is fetched of a server that this node does not speak with but the answer to who speaks for it and that one
actor, and it is asked again only after a while. A server that is blocked is asked for nothing.
"""

from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from federation import node_actor, origin, parse
from federation.actors import Actor
from federation.client import Client
from federation.errors import (
    FederationError,
    FetchError,
    KeyUnavailable,
    MalformedDocument,
    OriginMismatch,
    PeerUnreachable,
)
from federation.vocabulary import PARTNERSHIP
from fedorg.activitypub import actors, fetching, keyring, policy, signed
from fedorg.activitypub.policy import Matter
from fedorg.domain.accounts import Account
from fedorg.errors import Forbidden, NotFound, Unavailable
from fedorg.node import Node
from fedorg.store import accounts, peers

FRESH_FOR: Final = timedelta(days=1)


async def find(node: Node, domain: str) -> Account:
    """The actor that speaks for a server, asked for now.

    Raises ``NotFound`` for a server that is not there, names no such actor or knows no partnerships, ``Unavailable``
    for one that is ill, and ``Forbidden`` for one that is blocked.
    """
    await policy.require_not_blocked(node, (domain,))
    try:
        uri = await node_actor.find_node_actor(client(node), domain)
        actor = await _fetch(node, uri)
        if PARTNERSHIP not in actor.implements:
            raise NotFound(
                f"{domain} knows no partnerships. Say what it is to this node under Other servers,"
                " or with `fedorg peer tier`"
            )
        return await _record(node, actor)
    except FederationError as problem:
        if isinstance(problem, PeerUnreachable):
            raise Unavailable(f"Nothing answers at {domain}. Check the spelling. {problem}") from problem
        if isinstance(problem, FetchError) and fetching.is_temporary(problem):
            raise Unavailable(f"{domain} cannot answer now. Try again later. {problem}") from problem
        raise NotFound(f"{domain} names nobody who speaks for it, as fedorg nodes do. {problem}") from problem


async def meet(node: Node, uri: str) -> None:
    """Make the actor that speaks for a server known here, so that its signature can be checked.

    Raises ``Forbidden`` for one that speaks for no server, ``KeyUnavailable`` for one that cannot be had.
    """
    domain = policy.domain(node, uri)
    peer = await node.read(peers.find, domain)
    known = await node.read(accounts.find_by_uri, uri)
    is_fresh = known is not None and known.fetched_at is not None and node.now() - known.fetched_at < FRESH_FOR
    if peer is not None and peer.node_actor == uri and is_fresh:
        return
    if not signed.may_ask(node, domain):
        raise KeyUnavailable("who speaks for its server was asked a while ago")
    signed.note_asked(node, domain, node.now())
    try:
        if await node_actor.find_node_actor(client(node), domain) != uri:
            raise Forbidden(f"{uri} does not speak for {domain}")
        await _record(node, await _fetch(node, uri))
    except FetchError as problem:
        raise KeyUnavailable(str(problem), is_temporary=fetching.is_temporary(problem)) from problem
    node.asked_keys.pop(domain, None)


async def speaks(node: Node, account: Account) -> bool:
    """Whether an account is the actor that speaks for its server."""
    peer = await node.read(peers.find, account.peer or "")
    return peer is not None and peer.node_actor == account.uri


def client(node: Node) -> Client:
    """The way out to whoever is not blocked, about who they are and what was agreed."""

    async def admit(url: str) -> None:
        if node.uris.is_ours(url):
            raise OriginMismatch(f"{url} is an address of this server")
        await policy.require_admitted(node, (url,), Matter.AGREEMENT)

    return node.client.admitting(admit)


async def _fetch(node: Node, uri: str) -> Actor:
    document = await client(node).fetch_document(uri, signer=await keyring.node_key(node))
    value = parse.resource(document.json) if isinstance(document.json, dict) else None
    if not isinstance(value, Actor) or value.id != uri:
        raise MalformedDocument(f"{uri} is no actor")
    origin.check_fetched(uri, value)
    return value


async def _record(node: Node, actor: Actor) -> Account:
    account = await actors.record_counterpart(node, actor)
    await node.write(_note, node, account)
    return account


def _note(conn: Connection, node: Node, account: Account) -> None:
    domain = account.peer or ""
    peers.upsert_seen(conn, node.now(), domain)
    peers.set_node_actor(conn, domain, account.uri)
