"""Following across servers: what accounts of peers ask, and what they answer.

Everything may arrive twice or late: a follow is one row whatever its activities are called, and an answer counts only
from the account that was asked.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.jobs import ActivityKind
from fedorg.domain.relationships import Follow, FollowState
from fedorg.ids import AccountId
from fedorg.node import Node
from fedorg.services.relationships.following import complete, send, settle, sever
from fedorg.services.statuses.receiving import bury_unseen
from fedorg.store import accounts, domain_blocks, relationships, seen
from fedorg.store.statuses import is_buried_by


async def receive_follow(node: Node, follower: Account, target: Account, uri: str) -> None:
    """A peer's account asks to follow a local one.

    Accepted and answered at once, kept to be decided when the account is locked or the one who asks is limited here,
    refused where a block stands between, or one of its whole server. Asking again is answered again: the first answer
    may be lost.
    """
    await node.write(_receive_follow, node, follower, target.id, uri)


async def receive_unfollow(
    node: Node, follower: Account, target: Account, uri: str, told_at: datetime | None = None
) -> bool:
    """It stops following, or takes its request back, which came as ``uri``; whether there was one.

    What it takes back before it comes is not heard when it comes. A request that had come before ``told_at``, and ended
    otherwise since, may be made again by the same name.
    """

    def unit(conn: Connection) -> bool:
        if sever(conn, node, follower, target, ActivityKind.UNDO_FOLLOW):
            return True
        if not seen.is_known(conn, uri, told_at or node.now()):
            bury_unseen(conn, node, follower, uri)
        return False

    return await node.write(unit)


async def receive_unfollow_of(node: Node, follower: Account, uri: str) -> bool:
    """Likewise for the follow that the Follow ``uri`` asked for."""

    def unit(conn: Connection) -> bool:
        asked = relationships.find_follow_by_uri(conn, uri)
        if asked is None or asked.account_id != follower.id:
            return False
        return sever(conn, node, follower, accounts.get(conn, asked.target_id), ActivityKind.UNDO_FOLLOW)

    return await node.write(unit)


async def receive_accept(
    node: Node, target: Account, *, follow_uri: str | None = None, follower: Account | None = None
) -> bool:
    """``target`` (remote) accepts the follow named by its uri, else by its local follower; whether there is one."""

    def accept(conn: Connection, asked: Follow) -> None:
        complete(conn, node, asked, accounts.get(conn, asked.account_id), target)

    return await node.write(_answer, target, follow_uri, follower, accept)


async def receive_reject(
    node: Node, target: Account, *, follow_uri: str | None = None, follower: Account | None = None
) -> bool:
    """``target`` (remote) refuses or ends a follow, named as above; whether there was one."""

    def reject(conn: Connection, asked: Follow) -> None:
        sever(conn, node, accounts.get(conn, asked.account_id), target, ActivityKind.REJECT_FOLLOW)

    return await node.write(_answer, target, follow_uri, follower, reject)


async def is_followed_here(node: Node, account: Account) -> bool:
    """Whether anybody of this node follows an account of a peer, accepted."""
    return await node.read(relationships.has_local_follower, account.id)


def _receive_follow(conn: Connection, node: Node, follower: Account, target_id: AccountId, uri: str) -> None:
    relationships.hold_both(conn, follower.id, target_id)
    target = accounts.get(conn, target_id)
    current = accounts.get(conn, follower.id)
    if (
        not target.is_local
        or current.is_local
        or current.suspended_at is not None
        or is_buried_by(conn, uri, current.uri)
    ):
        return
    is_away = target.suspended_at is not None or target.moved_to_uri is not None
    is_unwanted = domain_blocks.has_shut_out(conn, target.id, current.id)
    if is_away or is_unwanted or relationships.is_blocked_between(conn, current.id, target.id):
        send(conn, node, ActivityKind.REJECT_FOLLOW, target, current, uri)
        return
    known = relationships.find_follow(conn, current.id, target.id)
    if known is None:
        known = _new_request(node, current, target, uri)
        if not relationships.insert_follow(conn, known):
            # The identity belongs to another follow: nobody is told apart by it any more.
            return
        settle(conn, node, known, current, target)
    elif known.uri != uri and relationships.find_follow_by_uri(conn, uri) is None:
        known = replace(known, uri=uri)
        relationships.change_follow(conn, known)
    if known.state is FollowState.ACCEPTED:
        send(conn, node, ActivityKind.ACCEPT_FOLLOW, target, current, uri)


def _new_request(node: Node, follower: Account, target: Account, uri: str) -> Follow:
    return Follow(
        id=node.ids.next(),
        account_id=follower.id,
        target_id=target.id,
        uri=uri,
        state=FollowState.PENDING if target.locked or follower.silenced_at is not None else FollowState.ACCEPTED,
        created_at=node.now(),
    )


def _answer(
    conn: Connection,
    target: Account,
    follow_uri: str | None,
    follower: Account | None,
    act: Callable[[Connection, Follow], None],
) -> bool:
    asked = None if follow_uri is None else relationships.find_follow_by_uri(conn, follow_uri)
    if asked is None and follower is not None:
        asked = relationships.find_follow(conn, follower.id, target.id)
    # Only the one who was asked may answer (S5).
    if asked is None or asked.target_id != target.id:
        return False
    act(conn, asked)
    return True
