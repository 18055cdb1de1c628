"""What is missing of remote threads and profiles, asked for in the background: when a member looks, and not too often.

Nothing here waits for anybody: it notes that it is time to ask, and queues who will. A visitor without a token makes
this node ask nobody.
"""

import secrets
from dataclasses import dataclass
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
# A first follow is two requests to a server; the dozen that its profile costs need not come in the same moment.
FOLLOWED_PROFILE_AFTER: Final = timedelta(seconds=15)
# What a peer delivers makes this node look into a thread; so often at most, however much it delivers.
ENTERED_AGAIN_AFTER: Final = timedelta(seconds=30)
THREAD_STATUSES_MAX: Final = 1000
_REFRESH_BYTES: Final = 18


@dataclass(frozen=True, slots=True, kw_only=True)
class SeenThread:
    """How complete a thread is that a member looks at: whether it is time to ask for the rest, and what is asked for.

    ``refresh`` is what is being fetched of it, by whomever that was asked for.
    """

    status_id: StatusId
    is_due: bool
    refresh: Refresh | None


def look_at_thread(conn: Connection, node: Node, status: Status) -> SeenThread:
    """A member looks at the thread of a status: parts of it may be missing, if some of it is from elsewhere."""
    before = node.now() - THREAD_AGAIN_AFTER
    asked = completions.find(conn, _thread(status.thread_id), before)
    return SeenThread(
        status_id=status.id,
        is_due=asked is None and _is_incomplete(conn, status),
        refresh=None if asked is None else asked.refresh,
    )


async def see_thread(node: Node, seen: SeenThread) -> Refresh | None:
    """Have the missing parts of a thread asked for, if it is time to; what is being fetched of it."""
    if not seen.is_due:
        return seen.refresh
    await node.write(_ask_for_thread, node, seen.status_id)
    return await node.read(_running, node, seen.status_id)


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
        return account is not None and is_due_profile(conn, node, account)

    if await node.read(unit):
        await node.write(_ask_for_profile, node, account_id)


def expect_profile(conn: Connection, node: Node, account: Account) -> None:
    """A member follows: what the profile shows is asked for a little later, unless somebody looks at it before."""
    now = node.now()
    if account.peer is not None and completions.is_due(conn, _profile(account), now - PROFILE_AGAIN_AFTER):
        job = CompleteProfile(account_id=account.id, peer=account.peer, is_claimed=False)
        jobs.enqueue(conn, node.ids, now, job, due_at=now + FOLLOWED_PROFILE_AFTER)


def claim_profile(conn: Connection, node: Node, account_id: AccountId) -> Account | None:
    """Note that a profile is asked for now: the account, or None when there is nothing to ask for."""
    account = accounts.list_by_ids(conn, (account_id,)).get(account_id)
    if account is None or not is_due_profile(conn, node, account):
        return None
    now = node.now()
    return account if completions.claim(conn, now, _profile(account), now - PROFILE_AGAIN_AFTER) else None


def _ask_for_profile(conn: Connection, node: Node, account_id: AccountId) -> None:
    account = claim_profile(conn, node, account_id)
    if account is not None and account.peer is not None:
        jobs.enqueue(conn, node.ids, node.now(), CompleteProfile(account_id=account.id, peer=account.peer))


def _due_thread(conn: Connection, node: Node, status_id: StatusId) -> StatusId | None:
    status = statuses.find(conn, status_id)
    if status is None:
        return None
    is_due = completions.is_due(conn, _thread(status.thread_id), node.now() - THREAD_AGAIN_AFTER)
    return status.thread_id if is_due and _is_incomplete(conn, status) else None


def _is_incomplete(conn: Connection, status: Status) -> bool:
    """Whether more of a thread may be found elsewhere."""
    if status.audience.visibility is Visibility.DIRECT or threads.find_peer(conn, status.thread_id) is None:
        return False
    return threads.count(conn, status.thread_id, THREAD_STATUSES_MAX) < THREAD_STATUSES_MAX


def _running(conn: Connection, node: Node, status_id: StatusId) -> Refresh | None:
    status = statuses.find(conn, status_id)
    asked = status and completions.find(conn, _thread(status.thread_id), node.now() - THREAD_AGAIN_AFTER)
    return asked.refresh if asked else None


def _ask_for_thread(conn: Connection, node: Node, status_id: StatusId) -> None:
    status = statuses.find(conn, status_id)
    now = node.now()
    if status is None:
        return
    refresh_id = secrets.token_urlsafe(_REFRESH_BYTES)
    if completions.claim(conn, now, _thread(status.thread_id), now - THREAD_AGAIN_AFTER, refresh_id):
        job = CompleteThread(status_id=status.id, peer=_peer_of(conn, status), refresh_id=refresh_id)
        jobs.enqueue(conn, node.ids, now, job)


def is_due_profile(conn: Connection, node: Node, account: Account) -> bool:
    """Whether nobody looked at a profile lately whose server may know more of it."""
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
