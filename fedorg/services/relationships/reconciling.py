"""Settling with a peer who of this node follows one of its accounts, once the two were found to differ."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.jobs import ActivityKind
from fedorg.domain.relationships import FollowState
from fedorg.ids import AccountId
from fedorg.node import Node
from fedorg.services.relationships.following import complete, send, sever
from fedorg.store import accounts, relationships

CHANGES_MAX: Final = 500
"""In one transaction; the next comparison does the rest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """How many follows ended here, and how many the peer was told to end."""

    ended: int
    undone: int


async def list_followers_at(node: Node, account_id: AccountId, peer: str, limit: int) -> list[str]:
    """The identities of a local account's followers that live at a peer."""
    return await node.read(relationships.list_followers_at, account_id, peer, limit)


async def list_local_followers(node: Node, account_id: AccountId, limit: int) -> dict[str, AccountId]:
    """Who of this node follows an account of a peer, by identity."""
    return await node.read(relationships.list_local_followers, account_id, limit)


async def reconcile(node: Node, account: Account, known: Collection[str], listed: Collection[str]) -> Changes:
    """Make the follows of this node those that the account's own server has ``listed``.

    A follow that is not listed ends, without a word, if it was ``known`` before the list was asked for; one that is
    listed and only asked for here counts from now on (S51: the target itself says so); one that is listed and not
    wanted here is undone there.
    """

    def unit(conn: Connection) -> Changes:
        present = relationships.list_local_followers(conn, account.id, len(known) + CHANGES_MAX)
        gone = [uri for uri in sorted(present) if uri in known and uri not in listed]
        ended = 0
        for uri in gone[:CHANGES_MAX]:
            follower = accounts.get(conn, present[uri])
            ended += sever(conn, node, follower, account, ActivityKind.REJECT_FOLLOW)
        strangers = [uri for uri in sorted(listed) if node.uris.is_ours(uri) and uri not in present]
        undone = sum(_settle(conn, node, account, uri) for uri in strangers[:CHANGES_MAX])
        return Changes(ended=ended, undone=undone)

    return await node.write(unit)


def _settle(conn: Connection, node: Node, account: Account, uri: str) -> bool:
    """One whom the peer takes for a follower and this node does not; whether the peer was told."""
    follower = accounts.find_by_uri(conn, uri)
    if follower is None or not follower.is_local:
        return False
    asked = relationships.find_follow(conn, follower.id, account.id)
    if asked is not None:
        if asked.state is FollowState.PENDING:
            complete(conn, node, asked, follower, account)
        return False
    follow_uri = node.uris.activity(follower.uri, "follow", node.ids.next())
    send(conn, node, ActivityKind.UNDO_FOLLOW, follower, account, follow_uri)
    return True
