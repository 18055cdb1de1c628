"""Servers that a member wants to hear nothing from: out of sight at once, and no follows in either direction.

Nothing of it comes from the transaction on that shuts it out. What has come goes before the answer, a little at a time
and the newest first, but for what is very much; so do the first of the follows that end. A job does the rest, and all
of it where the answer never comes.
"""

from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Final, TypeVar

from msgspec.structs import replace
from sqlalchemy import Connection

from fedorg.domain.accounts import Account
from fedorg.domain.jobs import SeverForMember
from fedorg.domain.pages import Listed
from fedorg.domain.severances import SeveranceCause, SeveranceType
from fedorg.domain.statuses import PageQuery
from fedorg.errors import Invalid
from fedorg.ids import AccountId, JobId
from fedorg.node import Node
from fedorg.services import severing
from fedorg.store import accounts, domain_blocks, home_timelines, jobs, notifications
from fedorg.store.notifications import requests
from fedorg.text.hosts import canonical_domain

BLOCKS_MAX: Final = 1000
CHUNK: Final = 500
AT_ONCE: Final = 200
"""Steps that an answer waits for: a hundred thousand rows are looked at."""
T = TypeVar("T")

_ENDED_WITHIN: Final = timedelta(minutes=1)


async def list_blocks(node: Node, account_id: AccountId, page: PageQuery) -> list[Listed[str]]:
    """The servers a member shuts out, the latest first."""
    return await node.read(domain_blocks.list_of_account, account_id, page)


async def block(node: Node, account: Account, domain: str) -> None:
    """Shut a server out: nothing of it is shown any more, and follows from and to its people end."""
    job = SeverForMember(account_id=account.id, domain=_domain(node, domain), cause=node.ids.next())
    job_id = await node.write(_shut, node, job)
    rest = await _clear(node, job)
    tied = await node.read(domain_blocks.list_tied, job.account_id, job.domain, severing.ENDED_TOGETHER)
    await node.write(_sever_at_once, node, rest, job_id, tied)


async def sever_for_member(node: Node, job: SeverForMember) -> SeverForMember | None:
    """Take away some more of what a server brought, then end some follows with it; what is left of the job."""
    rest = await _clear(node, job)
    if _is_shown(rest):
        return rest
    tied = await node.read(domain_blocks.list_tied, job.account_id, job.domain, severing.FOUND_MAX)
    is_blocked = True
    for start in range(0, len(tied), severing.ENDED_TOGETHER):
        is_blocked = await node.write(_sever, node, job, tied[start : start + severing.ENDED_TOGETHER])
    if is_blocked and len(tied) == severing.FOUND_MAX:
        return rest
    await node.write(severing.tell, node, _cause(job), AccountId(0))
    return None


async def unblock(node: Node, account_id: AccountId, domain: str) -> None:
    """Let a server in again; follows that ended stay ended."""
    await node.write(domain_blocks.delete, account_id, _domain(node, domain))


def _shut(conn: Connection, node: Node, job: SeverForMember) -> JobId:
    """Let nothing of it come any more. Its follows end in a later transaction, or in the job if that never comes.

    They are not ended here: whoever distributes something holds its author before those it comes to.
    """
    home_timelines.hold_off(conn, job.account_id)
    if domain_blocks.count(conn, job.account_id) >= BLOCKS_MAX:
        raise Invalid(f"Validation failed: You cannot block more than {BLOCKS_MAX} domains")
    domain_blocks.insert(conn, node.ids, node.now(), job.account_id, job.domain)
    requests.forget_domain(conn, job.account_id, job.domain)
    return jobs.enqueue(conn, node.ids, node.now(), job, due_at=node.now() + _ENDED_WITHIN)


async def _clear(node: Node, job: SeverForMember) -> SeverForMember:
    """Take away what a server brought, in up to ``AT_ONCE`` steps; what is left of the job."""
    for _ in range(AT_ONCE):
        if not _is_shown(job):
            break
        job = await _clear_some(node, job)
    return job


async def _clear_some(node: Node, job: SeverForMember) -> SeverForMember:
    # To look for it takes long where it is little among much, and must not keep the writer.
    where = job.account_id, job.domain
    if job.home_below is not None:
        shown, home_below = await node.read(home_timelines.list_of_domain, *where, job.home_below, CHUNK)
        is_blocked = not shown or await node.write(_remove, job, home_timelines.remove, shown)
        return replace(job, home_below=home_below if is_blocked else None)
    assert job.told_below is not None
    told, told_below = await node.read(notifications.list_from_domain, *where, job.told_below, CHUNK)
    is_blocked = not told or await node.write(_remove, job, notifications.delete_some, told)
    return replace(job, told_below=told_below if is_blocked else None)


def _remove(
    conn: Connection, job: SeverForMember, remove: Callable[[Connection, AccountId, list[T]], None], ids: list[T]
) -> bool:
    """Remove what was found, unless the server was let in again; whether it was not."""
    is_blocked = domain_blocks.is_blocked(conn, job.account_id, job.domain)
    if is_blocked:
        remove(conn, job.account_id, ids)
    return is_blocked


def _is_shown(job: SeverForMember) -> bool:
    """Whether something of the server may still be shown."""
    return job.home_below is not None or job.told_below is not None


def _sever_at_once(
    conn: Connection, node: Node, job: SeverForMember, job_id: JobId, tied: Collection[AccountId]
) -> None:
    jobs.withdraw(conn, job_id)
    is_blocked = _sever(conn, node, job, tied)
    if _is_shown(job) or (is_blocked and len(tied) == severing.ENDED_TOGETHER):
        jobs.enqueue(conn, node.ids, node.now(), job)
    else:
        severing.tell(conn, node, _cause(job), AccountId(0))


def _sever(conn: Connection, node: Node, job: SeverForMember, tied: Collection[AccountId]) -> bool:
    """End the follows between a member and some of a server, unless it was let in again; whether it was not."""
    account = accounts.list_by_ids(conn, (job.account_id,)).get(job.account_id)
    if account is None or not domain_blocks.is_blocked(conn, job.account_id, job.domain):
        return False
    for other in accounts.list_by_ids(conn, tied).values():
        severing.part(conn, node, _cause(job), account, other)
    return True


def _cause(job: SeverForMember) -> SeveranceCause:
    return SeveranceCause(number=job.cause, type=SeveranceType.USER_DOMAIN_BLOCK, target_name=job.domain)


def _domain(node: Node, domain: str) -> str:
    name = canonical_domain(domain)
    if name is None or name in (node.settings.domain, node.settings.web_domain):
        raise Invalid("Validation failed: Domain is not a valid domain name")
    return name
