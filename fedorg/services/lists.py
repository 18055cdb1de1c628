"""Lists of an account: made, changed and read by their owner only."""

from collections.abc import Collection
from dataclasses import replace
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.lists import LISTS_MAX, MEMBERS_MAX, TITLE_MAX, AccountList, ListChange, RepliesPolicy
from fedorg.domain.pages import Listed
from fedorg.domain.statuses import PageQuery
from fedorg.errors import Invalid, NotFound
from fedorg.ids import AccountId, ListId
from fedorg.node import Node
from fedorg.store import accounts, lists

_POLICIES: Final = frozenset(policy.value for policy in RepliesPolicy)


async def list_lists(node: Node, account_id: AccountId) -> list[AccountList]:
    """Every list of the account, the oldest first."""
    return await node.read(lists.list_of_account, account_id)


async def list_holding(node: Node, account_id: AccountId, member_id: AccountId) -> list[AccountList]:
    """The lists of the account that somebody is in; ``NotFound`` for somebody who does not exist."""

    def unit(conn: Connection) -> list[AccountList]:
        return lists.list_holding(conn, account_id, accounts.get(conn, member_id).id)

    return await node.read(unit)


async def get_list(node: Node, account_id: AccountId, list_id: ListId) -> AccountList:
    """A list of the account."""
    return await node.read(lists.get, account_id, list_id)


async def create_list(node: Node, account_id: AccountId, change: ListChange) -> AccountList:
    """Make an empty list."""

    def unit(conn: Connection) -> AccountList:
        accounts.hold(conn, account_id)
        if len(lists.list_of_account(conn, account_id)) >= LISTS_MAX:
            raise Invalid(f"Validation failed: You have reached the maximum number of lists ({LISTS_MAX})")
        made = _changed(AccountList(id=ListId(node.ids.next()), account_id=account_id, title=""), change)
        lists.insert(conn, node.now(), made)
        return made

    return await node.write(unit)


async def update_list(node: Node, account_id: AccountId, list_id: ListId, change: ListChange) -> AccountList:
    """Change a list of the account."""

    def unit(conn: Connection) -> AccountList:
        accounts.hold(conn, account_id)
        changed = _changed(lists.get(conn, account_id, list_id), change)
        lists.update(conn, changed)
        return changed

    return await node.write(unit)


async def delete_list(node: Node, account_id: AccountId, list_id: ListId) -> None:
    """Remove a list of the account; who was in it is still followed."""
    await node.write(lists.delete, account_id, list_id)


async def list_members(node: Node, account_id: AccountId, list_id: ListId, page: PageQuery) -> list[Listed[Account]]:
    """Who is in a list of the account, the latest first."""

    def unit(conn: Connection) -> list[Listed[Account]]:
        return lists.list_members(conn, lists.get(conn, account_id, list_id).id, page)

    return await node.read(unit)


async def add_members(node: Node, account_id: AccountId, list_id: ListId, members: Collection[AccountId]) -> None:
    """Put accounts that are followed, or asked to be, into a list, all or none.

    ``NotFound`` when one of them is not followed, ``Invalid`` when one is in the list already.
    """

    def unit(conn: Connection) -> None:
        accounts.hold(conn, account_id)
        one = lists.get(conn, account_id, list_id)
        wanted = dict.fromkeys(members)
        followed = lists.follows_of(conn, account_id, wanted)
        if any(member not in followed and member != account_id for member in wanted):
            raise NotFound
        if lists.members_among(conn, one.id, wanted):
            raise Invalid("Validation failed: Account has already been taken")
        if lists.count_members(conn, one.id) + len(wanted) > MEMBERS_MAX:
            raise Invalid(f"Validation failed: A list holds at most {MEMBERS_MAX} accounts")
        lists.insert_members(conn, node.ids, one.id, [(member, followed.get(member)) for member in wanted])

    await node.write(unit)


async def remove_members(node: Node, account_id: AccountId, list_id: ListId, members: Collection[AccountId]) -> None:
    """Take accounts out of a list; who is not in it is no fault."""

    def unit(conn: Connection) -> None:
        lists.delete_members(conn, lists.get(conn, account_id, list_id).id, members)

    await node.write(unit)


def _changed(before: AccountList, change: ListChange) -> AccountList:
    title = before.title if change.title is None else change.title.strip()
    policy = change.replies_policy or before.replies_policy.value
    if not title:
        raise Invalid("Validation failed: Title can't be blank")
    if len(title) > TITLE_MAX:
        raise Invalid(f"Validation failed: Title is too long (maximum is {TITLE_MAX} characters)")
    if policy not in _POLICIES:
        raise Invalid(f"'{policy}' is not a valid replies_policy")
    exclusive = before.exclusive if change.exclusive is None else change.exclusive
    return replace(before, title=title, replies_policy=RepliesPolicy(policy), exclusive=exclusive)
