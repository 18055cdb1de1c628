"""Reading relationships, and the private notes about accounts."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.pages import Listed
from fedorg.domain.relationships import MutedAccount, Relationship
from fedorg.domain.statuses import PageQuery
from fedorg.domain.visibility import FederationMode
from fedorg.errors import Invalid
from fedorg.ids import AccountId
from fedorg.node import Node
from fedorg.store import accounts, related, relationships

NOTE_CHARACTERS_MAX: Final = 2000


async def list_relationships(node: Node, viewer: AccountId, ids: Sequence[AccountId]) -> list[Relationship]:
    """What each of ``ids`` (those that exist, in their order) is to ``viewer``."""

    def unit(conn: Connection) -> list[Relationship]:
        existing = accounts.list_by_ids(conn, ids)
        wanted = list({account_id: None for account_id in ids if account_id in existing})
        return related.load(conn, viewer, wanted, node.now())

    return await node.read(unit)


async def list_followers(
    node: Node, viewer: AccountId | None, account_id: AccountId, page: PageQuery
) -> list[Listed[Account]]:
    """Who follows an account; empty for others when it hides its collections, and for whom it blocks.

    Empty for visitors, too, unless this node federates with everybody: it would show who works with whom.
    """

    def unit(conn: Connection) -> list[Listed[Account]]:
        hides = _hides_collections(conn, node, viewer, account_id)
        return [] if hides else relationships.list_followers(conn, account_id, page)

    return await node.read(unit)


async def list_following(
    node: Node, viewer: AccountId | None, account_id: AccountId, page: PageQuery
) -> list[Listed[Account]]:
    """Whom an account follows; empty as above."""

    def unit(conn: Connection) -> list[Listed[Account]]:
        hides = _hides_collections(conn, node, viewer, account_id)
        return [] if hides else relationships.list_following(conn, account_id, page)

    return await node.read(unit)


async def list_follow_requests(node: Node, account_id: AccountId, page: PageQuery) -> list[Listed[Account]]:
    """Who waits to be accepted."""
    return await node.read(relationships.list_requests, account_id, page)


async def list_blocks(node: Node, account_id: AccountId, page: PageQuery) -> list[Listed[Account]]:
    """Whom the account blocks."""
    return await node.read(relationships.list_blocks, account_id, page)


async def list_mutes(node: Node, account_id: AccountId, page: PageQuery) -> list[Listed[MutedAccount]]:
    """Whom the account mutes at present."""
    return await node.read(relationships.list_mutes, account_id, node.now(), page)


async def set_note(node: Node, viewer: AccountId, target_id: AccountId, comment: str) -> Relationship:
    """Keep a private note about an account; the empty text removes it."""
    if len(comment) > NOTE_CHARACTERS_MAX:
        raise Invalid(f"Validation failed: Comment is too long (maximum is {NOTE_CHARACTERS_MAX} characters)")

    def unit(conn: Connection) -> Relationship:
        target = accounts.get(conn, target_id)
        relationships.put_note(conn, viewer, target.id, comment.strip())
        return load_one(conn, viewer, target.id, node.now())

    return await node.write(unit)


def load_one(conn: Connection, viewer: AccountId, target_id: AccountId, now: datetime) -> Relationship:
    """What an account that exists is to ``viewer``."""
    return related.load(conn, viewer, [target_id], now)[0]


def _hides_collections(conn: Connection, node: Node, viewer: AccountId | None, account_id: AccountId) -> bool:
    account = accounts.get(conn, account_id)
    if viewer == account_id:
        return False
    if viewer is None and FederationMode(node.settings.federation_mode) is not FederationMode.OPEN:
        return True
    is_blocked = viewer is not None and (account_id, viewer) in relationships.blocks_between(conn, viewer, [account_id])
    return account.hide_collections or account.suspended_at is not None or is_blocked
