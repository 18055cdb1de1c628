"""Reading relationships, and the private notes about accounts."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.pages import Listed
from fedorg.domain.relationships import FollowState, MutedAccount, Relationship
from fedorg.domain.statuses import PageQuery
from fedorg.domain.visibility import FederationMode
from fedorg.errors import Invalid, NotFound
from fedorg.ids import AccountId
from fedorg.node import Node
from fedorg.store import accounts, domain_blocks, endorsements, relationships

NOTE_CHARACTERS_MAX: Final = 2000


async def list_relationships(node: Node, viewer: AccountId, ids: Sequence[AccountId]) -> list[Relationship]:
    """What each of ``ids`` (those that exist, in their order) is to ``viewer``."""

    def unit(conn: Connection) -> list[Relationship]:
        existing = accounts.list_by_ids(conn, ids)
        wanted = list({account_id: None for account_id in ids if account_id in existing})
        return load(conn, viewer, wanted, node.now())

    return await node.read(unit)


async def get_relationship(node: Node, viewer: AccountId, target_id: AccountId) -> Relationship:
    """The same for one; ``NotFound`` when there is no such account."""
    found = await list_relationships(node, viewer, [target_id])
    if not found:
        raise NotFound
    return found[0]


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
    return load(conn, viewer, [target_id], now)[0]


def load(conn: Connection, viewer: AccountId, ids: Collection[AccountId], now: datetime) -> list[Relationship]:
    """What accounts that exist are to ``viewer``, in a fixed number of queries."""
    found = relationships.follows_between(conn, viewer, ids)
    outgoing = {follow.target_id: follow for follow in found if follow.account_id == viewer}
    incoming = {follow.account_id: follow for follow in found if follow.target_id == viewer}
    blocked = relationships.blocks_between(conn, viewer, ids)
    muted = relationships.mutes_of(conn, viewer, ids, now)
    notes = relationships.notes_of(conn, viewer, ids)
    endorsed = endorsements.endorsed_among(conn, viewer, ids)
    shut_out = _shut_out(conn, viewer, ids)

    def one(account_id: AccountId) -> Relationship:
        out, back = outgoing.get(account_id), incoming.get(account_id)
        follows = out is not None and out.state is FollowState.ACCEPTED
        mutes_notifications, expires_at = muted.get(account_id, (False, None))
        return Relationship(
            target_id=account_id,
            following=follows,
            showing_reblogs=out is not None and out.show_reblogs,
            notifying=out is not None and out.notify,
            languages=() if out is None else out.languages,
            followed_by=back is not None and back.state is FollowState.ACCEPTED,
            requested=out is not None and not follows,
            requested_by=back is not None and back.state is FollowState.PENDING,
            blocking=(viewer, account_id) in blocked,
            blocked_by=(account_id, viewer) in blocked,
            muting=account_id in muted,
            muting_notifications=mutes_notifications,
            muting_expires_at=expires_at,
            domain_blocking=account_id in shut_out,
            endorsed=account_id in endorsed,
            note=notes.get(account_id, ""),
        )

    return [one(account_id) for account_id in ids]


def _shut_out(conn: Connection, viewer: AccountId, ids: Collection[AccountId]) -> frozenset[AccountId]:
    domains = domain_blocks.domains_of(conn, viewer)
    if not domains:
        return frozenset()
    known = accounts.list_by_ids(conn, ids).values()
    return frozenset(account.id for account in known if not domains.isdisjoint({account.domain, account.peer}))


def _hides_collections(conn: Connection, node: Node, viewer: AccountId | None, account_id: AccountId) -> bool:
    account = accounts.get(conn, account_id)
    if viewer == account_id:
        return False
    if viewer is None and FederationMode(node.settings.federation_mode) is not FederationMode.OPEN:
        return True
    is_blocked = viewer is not None and (account_id, viewer) in relationships.blocks_between(conn, viewer, [account_id])
    return account.hide_collections or account.suspended_at is not None or is_blocked
