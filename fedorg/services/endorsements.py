"""Recommending some of those one follows, for everybody to see on one's profile."""

from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.pages import Listed
from fedorg.domain.relationships import FollowState, Relationship
from fedorg.domain.statuses import PageQuery
from fedorg.errors import Invalid
from fedorg.ids import AccountId
from fedorg.node import Node
from fedorg.services.relationships.listing import load_one
from fedorg.store import accounts, endorsements, relationships

ENDORSEMENTS_MAX: Final = 100


async def endorse(node: Node, account: Account, target_id: AccountId) -> Relationship:
    """Recommend somebody one follows; ``Invalid`` for anybody else."""

    def unit(conn: Connection) -> Relationship:
        accounts.hold(conn, account.id)
        target = accounts.get(conn, target_id)
        follow = relationships.find_follow(conn, account.id, target.id)
        if follow is None or follow.state is not FollowState.ACCEPTED:
            raise Invalid("Validation failed: You must be already following the person you want to endorse")
        if endorsements.count(conn, account.id) >= ENDORSEMENTS_MAX:
            raise Invalid(f"Validation failed: You cannot endorse more than {ENDORSEMENTS_MAX} people")
        endorsements.insert(conn, node.ids, node.now(), follow)
        return load_one(conn, account.id, target.id, node.now())

    return await node.write(unit)


async def unendorse(node: Node, account: Account, target_id: AccountId) -> Relationship:
    """Recommend somebody no more; not to have done so is no fault."""

    def unit(conn: Connection) -> Relationship:
        target = accounts.get(conn, target_id)
        endorsements.delete(conn, account.id, target.id)
        return load_one(conn, account.id, target.id, node.now())

    return await node.write(unit)


async def list_endorsed(
    node: Node, viewer: AccountId | None, account_id: AccountId, page: PageQuery
) -> list[Listed[Account]]:
    """Whom an account recommends, the latest first; nobody, for whom it blocks."""

    def unit(conn: Connection) -> list[Listed[Account]]:
        account = accounts.get(conn, account_id)
        is_blocked = viewer is not None and relationships.is_blocked_between(conn, viewer, account.id)
        if account.suspended_at is not None or is_blocked:
            return []
        return endorsements.list_of_account(conn, account.id, page)

    return await node.read(unit)
