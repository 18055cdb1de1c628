"""Blocking and muting. A block severs follows both ways and hides each from the other; a mute stays a secret."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.jobs import ActivityKind
from fedorg.domain.relationships import FollowState, Relationship
from fedorg.errors import NotFound
from fedorg.ids import AccountId
from fedorg.node import Node
from fedorg.services.relationships.clearing import clear_home
from fedorg.services.relationships.following import send, sever
from fedorg.services.relationships.listing import load_one
from fedorg.services.statuses import quoting
from fedorg.services.statuses.receiving import bury_unseen
from fedorg.store import (
    accounts,
    conversations,
    featured_collections,
    home_timelines,
    relationships,
)
from fedorg.store.notifications import delete_from as delete_notifications
from fedorg.store.statuses import is_buried_by

MUTE_SECONDS_MAX: Final = 10 * 365 * 24 * 3600


async def block(node: Node, account: Account, target_id: AccountId) -> Relationship:
    """Block: both stop following each other and see nothing of each other."""

    def unit(conn: Connection) -> Relationship:
        target = _get_other(conn, account, target_id)
        record_block(conn, node, account, target)
        return load_one(conn, account.id, target.id, node.now())

    return await node.write(unit)


def record_block(conn: Connection, node: Node, account: Account, target: Account) -> bool:
    """Block another account, with all that follows from it; False when it is blocked already."""
    relationships.hold_both(conn, account.id, target.id)
    number = node.ids.next()
    uri = node.uris.activity(account.uri, "block", number)
    is_new = relationships.insert_block(
        conn, block_id=number, account_id=account.id, target_id=target.id, uri=uri, now=node.now()
    )
    if is_new:
        _part(conn, node, account, target)
        if not target.is_local:
            send(conn, node, ActivityKind.BLOCK, account, target, uri)
    return is_new


async def unblock(node: Node, account: Account, target_id: AccountId) -> Relationship:
    """Take a block back; the follows stay severed."""

    def unit(conn: Connection) -> Relationship:
        target = accounts.get(conn, target_id)
        uri = relationships.delete_block(conn, account.id, target.id)
        if uri is not None and not target.is_local:
            send(conn, node, ActivityKind.UNDO_BLOCK, account, target, uri)
        return load_one(conn, account.id, target.id, node.now())

    return await node.write(unit)


async def mute(
    node: Node, account: Account, target_id: AccountId, *, notifications: bool = True, duration_seconds: int = 0
) -> Relationship:
    """Hide what somebody posts, and their notifications unless told otherwise; 0 seconds: for good."""
    seconds = min(max(duration_seconds, 0), MUTE_SECONDS_MAX)

    def unit(conn: Connection) -> Relationship:
        target = _get_other(conn, account, target_id)
        expires_at = node.now() + timedelta(seconds=seconds) if seconds else None
        record_mute(conn, node, account.id, target.id, notifications=notifications, expires_at=expires_at)
        return load_one(conn, account.id, target.id, node.now())

    return await node.write(unit)


def record_mute(
    conn: Connection,
    node: Node,
    account_id: AccountId,
    target_id: AccountId,
    *,
    notifications: bool,
    expires_at: datetime | None,
) -> None:
    """Mute another account, or change a mute; nothing of it is on the home timeline afterwards, nor told any more."""
    # What is being distributed at this moment is cleared with the rest, or comes later and meets the mute. By id, as
    # whoever holds several: so two who mute each other wait in turn.
    for one in sorted((account_id, target_id)):
        if one == account_id:
            home_timelines.hold_off(conn, one)
        else:
            home_timelines.hold_receivers(conn, [one])
    relationships.put_mute(
        conn,
        mute_id=node.ids.next(),
        account_id=account_id,
        target_id=target_id,
        notifications=notifications,
        expires_at=expires_at,
        now=node.now(),
    )
    clear_home(conn, node, account_id, target_id)
    if notifications:
        delete_notifications(conn, account_id, target_id)


async def unmute(node: Node, account: Account, target_id: AccountId) -> Relationship:
    """Take a mute back; what one follows comes back to the home timeline."""

    def unit(conn: Connection) -> Relationship:
        target = accounts.get(conn, target_id)
        relationships.hold_both(conn, account.id, target.id)
        if relationships.delete_mute(conn, account.id, target.id):
            known = relationships.find_follow(conn, account.id, target.id)
            if known is not None and known.state is FollowState.ACCEPTED:
                home_timelines.merge_author(conn, account.id, target.id, node.now())
        return load_one(conn, account.id, target.id, node.now())

    return await node.write(unit)


async def receive_block(node: Node, account: Account, target: Account, uri: str) -> None:
    """A peer's account blocks a local one; blocking twice is blocking once."""

    def unit(conn: Connection) -> None:
        if is_buried_by(conn, uri, account.uri):
            return
        relationships.hold_both(conn, account.id, target.id)
        is_new = relationships.insert_block(
            conn, block_id=node.ids.next(), account_id=account.id, target_id=target.id, uri=uri, now=node.now()
        )
        if is_new:
            _part(conn, node, account, target)

    await node.write(unit)


async def receive_unblock(node: Node, account: Account, target: Account, uri: str) -> bool:
    """It takes the block back, which came as ``uri``; whether there was one."""

    def unit(conn: Connection) -> bool:
        if relationships.delete_block(conn, account.id, target.id) is not None:
            return True
        bury_unseen(conn, node, account, uri)
        return False

    return await node.write(unit)


async def receive_unblock_of(node: Node, account: Account, uri: str) -> bool:
    """It takes the block back that the Block ``uri`` made; whether there was one."""
    return await node.write(relationships.delete_block_of, account.id, uri)


def _get_other(conn: Connection, account: Account, target_id: AccountId) -> Account:
    target = accounts.get(conn, target_id)
    if target.id == account.id:
        raise NotFound
    return target


def _part(conn: Connection, node: Node, account: Account, target: Account) -> None:
    """End what ties the two; ``account`` is the one who blocks."""
    sever(conn, node, account, target, ActivityKind.UNDO_FOLLOW)
    sever(conn, node, target, account, ActivityKind.REJECT_FOLLOW)
    for one, other in ((account, target), (target, account)):
        if one.is_local:
            clear_home(conn, node, one.id, other.id)
    featured_collections.part(conn, account.id, target.id)
    quoting.part(conn, node, account, target)
    delete_notifications(conn, account.id, target.id)
    conversations.delete_with(conn, account.id, target.id)
