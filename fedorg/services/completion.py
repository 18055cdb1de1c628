"""What is missing of remote threads and profiles, asked for in the background: when a member looks, and not too often.

Nothing here waits for anybody: it notes that it is time to ask, and queues who will. A visitor without a token makes
this node ask nobody.
"""

import secrets
from datetime import timedelta
from typing import Final

from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.jobs import CompleteProfile, CompleteThread
from fedorg.domain.refreshes import Refresh
from fedorg.domain.statuses import Status
from fedorg.domain.visibility import FederationMode, Visibility
from fedorg.ids import AccountId, StatusId
from fedorg.node import Node
from fedorg.store import accounts, completions, jobs, peers, statuses, threads

THREAD_AGAIN_AFTER: Final = timedelta(minutes=10)
PROFILE_AGAIN_AFTER: Final = timedelta(hours=6)
# What a peer delivers makes this node look into a thread; so often at most, however much it delivers.
ENTERED_AGAIN_AFTER: Final = timedelta(seconds=30)
THREAD_STATUSES_MAX: Final = 1000
_REFRESH_BYTES: Final = 18


async def see_thread(node: Node, status_id: StatusId) -> Refresh | None:
    """A member looks at a thread: its missing parts are asked for, if some of it is from elsewhere.

    Gives what is being fetched of it, by whomever that was asked for.
    """
    if await node.read(_due_thread, node, status_id) is not None:
        await node.write(_ask_for_thread, node, status_id)
    return await node.read(_running, node, status_id)


async def get_refresh(node: Node, refresh_id: str) -> Refresh:
    """Whether a refresh is still running; ``NotFound`` when it is none, or long ago.

    Its name cannot be guessed and says nothing of what is fetched.
    """
    return await node.read(completions.get_refresh, refresh_id, node.now() - THREAD_AGAIN_AFTER)


async def enter_thread(node: Node, status_id: StatusId) -> None:
    """A reply led to a thread unknown before: what else is in it is asked for."""

    def unit(conn: Connection) -> None:
        status = statuses.find(conn, status_id)
        if status is None or _due_thread(conn, node, status_id) is None:
            return
        subject = f"entered {_peer_of(conn, status)}"
        if completions.claim(conn, node.now(), subject, node.now() - ENTERED_AGAIN_AFTER):
            _ask_for_thread(conn, node, status_id)

    await node.write(unit)


async def see_profile(node: Node, account_id: AccountId) -> None:
    """A member looks at a profile: what it shows is asked for, if it is from elsewhere."""

    def unit(conn: Connection) -> bool:
        account = accounts.list_by_ids(conn, (account_id,)).get(account_id)
        return account is not None and _is_due_profile(conn, node, account)

    if await node.read(unit):
        account = await node.read(accounts.get, account_id)
        await node.write(ask_for_profile, node, account)


def ask_for_profile(conn: Connection, node: Node, account: Account) -> None:
    """Ask for what a profile shows, in the transaction of whatever makes it interesting."""
    peer = account.peer
    if peer is None or not _is_due_profile(conn, node, account):
        return
    now = node.now()
    if completions.claim(conn, now, _profile(account), now - PROFILE_AGAIN_AFTER):
        jobs.enqueue(conn, node.ids, now, CompleteProfile(account_id=account.id, peer=peer))


def _due_thread(conn: Connection, node: Node, status_id: StatusId) -> StatusId | None:
    status = statuses.find(conn, status_id)
    if status is None or status.audience.visibility is Visibility.DIRECT:
        return None
    if not completions.is_due(conn, _thread(status.thread_id), node.now() - THREAD_AGAIN_AFTER):
        return None
    if threads.find_peer(conn, status.thread_id) is None:
        return None
    is_large = threads.count(conn, status.thread_id, THREAD_STATUSES_MAX) >= THREAD_STATUSES_MAX
    return None if is_large else status.thread_id


def _running(conn: Connection, node: Node, status_id: StatusId) -> Refresh | None:
    status = statuses.find(conn, status_id)
    if status is None:
        return None
    return completions.find_running(conn, _thread(status.thread_id), node.now() - THREAD_AGAIN_AFTER)


def _ask_for_thread(conn: Connection, node: Node, status_id: StatusId) -> None:
    status = statuses.find(conn, status_id)
    now = node.now()
    if status is None:
        return
    refresh_id = secrets.token_urlsafe(_REFRESH_BYTES)
    if completions.claim(conn, now, _thread(status.thread_id), now - THREAD_AGAIN_AFTER, refresh_id):
        job = CompleteThread(status_id=status.id, peer=_peer_of(conn, status), refresh_id=refresh_id)
        jobs.enqueue(conn, node.ids, now, job)


def _is_due_profile(conn: Connection, node: Node, account: Account) -> bool:
    if account.peer is None or account.suspended_at is not None:
        return False
    standing = peers.standings(conn, [account.peer])[account.peer]
    if not standing.is_admitted(FederationMode(node.settings.federation_mode)):
        return False
    return completions.is_due(conn, _profile(account), node.now() - PROFILE_AGAIN_AFTER)


def _peer_of(conn: Connection, status: Status) -> str:
    return accounts.get(conn, status.account_id).peer or threads.find_peer(conn, status.thread_id) or ""


def _thread(thread_id: StatusId) -> str:
    return f"thread {thread_id}"


def _profile(account: Account) -> str:
    return f"profile {account.id}"
