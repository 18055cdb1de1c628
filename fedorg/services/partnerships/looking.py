"""Partnerships, read: with what the keys of both nodes give, and what a former partner has not confirmed."""

from typing import Final

from sqlalchemy import Connection

from fedorg.domain.fingerprints import fingerprint
from fedorg.domain.partnerships import Partnership, PartnershipState, PartnershipView
from fedorg.domain.visibility import Tier
from fedorg.errors import NotFound
from fedorg.node import Node
from fedorg.store import accounts, announcements, deliveries, introductions, keys, partnerships, people
from fedorg.text.hosts import canonical_domain

LISTED_MAX: Final = 1000


async def list_partnerships(node: Node) -> list[Partnership]:
    """The latest with each peer."""
    return await node.read(partnerships.list_latest, LISTED_MAX)


async def find_latest(node: Node, domain: str) -> PartnershipView | None:
    """The latest with a peer, over or not."""

    def unit(conn: Connection) -> PartnershipView | None:
        found = partnerships.find_latest(conn, canonical_domain(domain) or domain)
        return None if found is None else view(conn, node, found)

    return await node.read(unit)


async def get_view(node: Node, domain: str) -> PartnershipView:
    """The same; ``NotFound`` if there never was one."""
    found = await find_latest(node, domain)
    if found is None:
        raise NotFound(f"There is no partnership with {domain}")
    return found


def view(conn: Connection, node: Node, partnership: Partnership) -> PartnershipView:
    """A partnership with what stands beside it."""
    ours = _keys_of(conn, node.uris.node_actor)
    theirs = _keys_of(conn, partnership.their_actor)
    return PartnershipView(
        partnership=partnership,
        fingerprint=fingerprint(ours, theirs) if ours and theirs else None,
        introduced_by=tuple(introductions.list_namers(conn, partnership.domain))
        if partnership.state.is_pending
        else (),
        listed=count_listed(conn, node, partnership),
        purge_open=deliveries.count_open_deletes(conn, partnership.domain) if partnership.purge_asked else 0,
    )


def count_listed(conn: Connection, node: Node, partnership: Partnership) -> tuple[int, int]:
    """How many members of this node the other side may list now, and how many announcements are for it."""
    if partnership.state is not PartnershipState.ACTIVE:
        return 0, 0
    return (
        people.count_published(conn) if partnership.effective.directory else 0,
        announcements.count_for_organisation(conn, node.now()) if partnership.tier is Tier.SIBLING else 0,
    )


def _keys_of(conn: Connection, actor_uri: str) -> tuple[str, ...]:
    """The address and the public keys of a node's actor; nothing while they are not known."""
    actor = accounts.find_by_uri(conn, actor_uri)
    known = () if actor is None else keys.list_of_account(conn, actor.id)
    return (actor_uri, *(key.public.strip() for key in known)) if known else ()
