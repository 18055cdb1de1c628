"""Accounts that leave: of this node by an administrator's hand, of peers by the word of their own server.

From the first transaction on such an account is invisible and can do nothing; then a job removes what it left, a little
at a time, so that the writer is never held long and a crash loses nothing. Of a local account name and identity stay,
for nobody to have again; its address answers that it is gone. Of a remote account that was suspended here the same
stays, so that it is suspended when it is met again.
"""

from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.jobs import RemoveAccount
from fedorg.errors import Invalid, NotFound
from fedorg.ids import AccountId, UserId
from fedorg.node import Node
from fedorg.services import oauth, pictures, polls
from fedorg.services.statuses.deleting import delete_files, lighten, remove
from fedorg.services.users import require_another_owner
from fedorg.store import accounts, audit, jobs, media, removal, statuses, users

STATUSES_PER_STEP: Final = 8
"""Each of them costs some statements, to learn how much refers to it."""
ROWS_PER_STEP: Final = 500
FILES_PER_STEP: Final = 50
POLLS_PER_STEP: Final = 20
STEPS_PER_RUN: Final = 20
LOOKED_AGAIN_AFTER: Final = timedelta(seconds=10)


async def remove_remote_account(node: Node, account: Account) -> None:
    """Remove an account that its own server deleted, with all it did here; one that is suspended here stays so."""
    if account.is_local:
        raise Invalid("An account of this node is not removed by a peer")

    def unit(conn: Connection) -> None:
        current = accounts.find_for_update(conn, account.id)
        if current is not None and not current.is_barred:
            _begin(conn, node, RemoveAccount(account_id=current.id, peer=current.peer))

    await node.write(unit)


async def delete_member(node: Node, username: str) -> Account:
    """Delete an account of this node, with the login that is its own, for good; the name is never given again."""

    def unit(conn: Connection) -> Account:
        account = users.get_local_account(conn, username)
        if account.uri == node.uris.node_actor:
            raise NotFound(f"There is no account {username}")
        return leave(conn, node, accounts.get_for_update(conn, account.id), by=None)

    return await node.write(unit)


def leave(conn: Connection, node: Node, account: Account, by: UserId | None) -> Account:
    """``delete_member`` as a unit of work; ``account`` is locked."""
    if account.deleted_at is not None:
        raise NotFound(f"There is no account {account.username}")
    users.hold_owners(conn)
    for user in users.list_of_account_for_update(conn, account.id):
        require_another_owner(conn, user)
        oauth.revoke_all(conn, node, user.id)
        users.delete(conn, user.id)
    # Others may act for it too.
    oauth.revoke_account(conn, node, account.id)
    audit.record(
        conn,
        node.ids,
        node.now(),
        action="account.deleted",
        target=account.username,
        user_id=by,
        account_id=account.id,
    )
    _begin(conn, node, RemoveAccount(account_id=account.id))
    return accounts.get(conn, account.id)


def empty(conn: Connection, node: Node, account: Account) -> None:
    """Remove all that a suspended account of a peer did here, but not that it is suspended; ``account`` is locked."""
    _begin(conn, node, RemoveAccount(account_id=account.id, peer=account.peer, keeps_row=True))


async def remove_some(node: Node, job: RemoveAccount) -> bool:
    """Remove a part of what an account left; whether anything is left to do. Doing it again goes on."""
    account_id = job.account_id
    account = await node.read(accounts.find, account_id)
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
            await _finish(node, account, job)
            return False
    return True


def _begin(conn: Connection, node: Node, job: RemoveAccount) -> None:
    now = node.now()
    accounts.set_standing(conn, job.account_id, deleted_at=now, suspended_at=now, suspended_remotely=False)
    jobs.enqueue(conn, node.ids, now, job)


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
        if status is None:
            continue
        if not lighten(conn, node, status):
            return True
        remove(conn, node, status)
    return bool(ids)


async def _finish(node: Node, account: Account, job: RemoveAccount) -> None:
    if await node.read(removal.has_statuses, account.id):
        # They went just before, and much refers to them: all of it would go with the row.
        await node.write(_look_again, node, job)
        return
    if not account.is_local:
        await node.write(_empty_row if job.keeps_row else removal.delete_row, account.id)
        return
    names = {name for name in (account.avatar, account.avatar_static, account.header) if name is not None}
    await pictures.forget(node, names)
    await node.write(removal.strip, account.id)


def _look_again(conn: Connection, node: Node, job: RemoveAccount) -> None:
    now = node.now()
    jobs.enqueue(conn, node.ids, now, job, due_at=now + LOOKED_AGAIN_AFTER)


def _empty_row(conn: Connection, account_id: AccountId) -> None:
    """It did not leave by itself: it is suspended from now on as any other, until that is taken back."""
    removal.strip(conn, account_id)
    accounts.set_standing(conn, account_id, deleted_at=None)
