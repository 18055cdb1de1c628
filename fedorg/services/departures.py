"""Accounts that leave: of this node by an administrator's hand, of peers by the word of their own server.

From the first transaction on such an account is invisible and can do nothing; then a job removes what it left, a little
at a time, so that the writer is never held long and a crash loses nothing. Of a local account name and identity stay,
for nobody to have again; its address answers that it is gone.
"""

from dataclasses import replace
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import Account, UserRole
from fedorg.domain.jobs import RemoveAccount
from fedorg.errors import Forbidden, Invalid, NotFound
from fedorg.ids import AccountId, UserId
from fedorg.node import Node
from fedorg.services import oauth, pictures, polls
from fedorg.services.statuses.deleting import delete_files, remove
from fedorg.store import accounts, audit, jobs, media, removal, statuses, users

STATUSES_PER_STEP: Final = 20
ROWS_PER_STEP: Final = 500
FILES_PER_STEP: Final = 50
POLLS_PER_STEP: Final = 20
STEPS_PER_RUN: Final = 20


async def remove_remote_account(node: Node, account: Account) -> None:
    """Remove an account that its own server deleted, with all it did here."""
    if account.is_local:
        raise Invalid("An account of this node is not removed by a peer")

    def unit(conn: Connection) -> None:
        current = accounts.list_by_ids(conn, (account.id,)).get(account.id)
        if current is not None and current.deleted_at is None:
            _begin(conn, node, current)

    await node.write(unit)


async def delete_member(node: Node, username: str, *, by: UserId | None = None) -> Account:
    """Delete an account of this node, with the login that is its own, for good; the name is never given again."""

    def unit(conn: Connection) -> Account:
        account = users.get_local_account(conn, username)
        if account.uri == node.uris.node_actor:
            raise NotFound(f"There is no account {username}")
        for user in users.list_of_account(conn, account.id):
            if user.role is UserRole.OWNER and users.list_accounts_with_roles(conn, (UserRole.OWNER,)) == [account.id]:
                raise Forbidden(f"{user.username} is the only owner of this server; make another one first")
            oauth.revoke_all(conn, node, user.id)
            users.delete(conn, user.id)
        # Others may act for it too.
        oauth.revoke_account(conn, node, account.id)
        removal.withdraw_activities(conn, account.id)
        audit.record(
            conn,
            node.ids,
            node.now(),
            action="account.deleted",
            target=account.username,
            user_id=by,
            account_id=account.id,
        )
        return _begin(conn, node, account)

    return await node.write(unit)


async def remove_some(node: Node, account_id: AccountId) -> bool:
    """Remove a part of what an account left; whether anything is left to do. Doing it again goes on."""
    account = (await node.read(accounts.list_by_ids, (account_id,))).get(account_id)
    if account is None or account.deleted_at is None:
        return False
    for _ in range(STEPS_PER_RUN):
        is_more = (
            await _remove_files(node, account_id)
            or await node.write(_remove_statuses, node, account_id)
            or await node.write(polls.withdraw_votes, node, account_id, POLLS_PER_STEP)
            or await node.write(removal.purge, account_id, ROWS_PER_STEP) > 0
        )
        if not is_more:
            await _finish(node, account)
            return False
    return True


def _begin(conn: Connection, node: Node, account: Account) -> Account:
    now = node.now()
    gone = replace(account, deleted_at=now, suspended_at=now, suspended_remotely=False)
    accounts.update(conn, gone)
    jobs.enqueue(conn, node.ids, now, RemoveAccount(account_id=account.id))
    return gone


async def _remove_files(node: Node, account_id: AccountId) -> bool:
    """The files go before their rows, so that no crash leaves any behind; nobody can see the rows any more."""
    found = await node.read(media.list_of_account, account_id, FILES_PER_STEP)
    if not found:
        return False
    await delete_files(node, tuple(found))
    await node.write(media.delete_many, [one.id for one in found])
    return True


def _remove_statuses(conn: Connection, node: Node, account_id: AccountId) -> bool:
    ids = removal.list_status_ids(conn, account_id, STATUSES_PER_STEP)
    for status_id in ids:
        # A boost of one's own goes with what it boosts.
        status = statuses.find(conn, status_id)
        if status is not None:
            remove(conn, node, status)
    return bool(ids)


async def _finish(node: Node, account: Account) -> None:
    if not account.is_local:
        await node.write(removal.delete_row, account.id)
        return
    names = {name for name in (account.avatar, account.avatar_static, account.header) if name is not None}
    await pictures.forget(node, names)
    await node.write(removal.strip, account.id)
