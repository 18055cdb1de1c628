"""Servers that a member wants to hear nothing from: out of sight at once, and no follows in either direction.

Follows end in the transaction after the one that shuts the server out, as far as one transaction goes, and the rest in
a job.
"""

from datetime import timedelta
from typing import Final

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
from fedorg.text.hosts import canonical_domain

BLOCKS_MAX: Final = 1000
_ENDED_WITHIN: Final = timedelta(minutes=1)


async def list_blocks(node: Node, account_id: AccountId, page: PageQuery) -> list[Listed[str]]:
    """The servers a member shuts out, the latest first."""
    return await node.read(domain_blocks.list_of_account, account_id, page)


async def block(node: Node, account: Account, domain: str) -> None:
    """Shut a server out: nothing of it is shown any more, and follows from and to its people end."""
    job = SeverForMember(account_id=account.id, domain=_domain(node, domain), cause=node.ids.next())
    job_id = await node.write(_shut, node, job)
    await node.write(_sever_at_once, node, job, job_id)


async def sever_for_member(node: Node, job: SeverForMember) -> SeverForMember | None:
    """End some more of the follows between a member and a server; what is left of the job."""
    return job if await node.write(_sever_some, node, job) else None


async def unblock(node: Node, account_id: AccountId, domain: str) -> None:
    """Let a server in again; follows that ended stay ended."""
    await node.write(domain_blocks.delete, account_id, _domain(node, domain))


def _shut(conn: Connection, node: Node, job: SeverForMember) -> JobId:
    """Put it out of sight. Its follows end in the next transaction, or in the job if that never comes.

    They are not ended here: whoever distributes something holds its author before those it comes to.
    """
    home_timelines.hold_off(conn, job.account_id)
    if domain_blocks.count(conn, job.account_id) >= BLOCKS_MAX:
        raise Invalid(f"Validation failed: You cannot block more than {BLOCKS_MAX} domains")
    domain_blocks.insert(conn, node.ids, node.now(), job.account_id, job.domain)
    home_timelines.remove_domain(conn, job.account_id, job.domain)
    notifications.delete_from_domain(conn, job.account_id, job.domain)
    return jobs.enqueue(conn, node.ids, node.now(), job, due_at=node.now() + _ENDED_WITHIN)


def _sever_at_once(conn: Connection, node: Node, job: SeverForMember, job_id: JobId) -> None:
    jobs.withdraw(conn, job_id)
    if _sever_some(conn, node, job):
        jobs.enqueue(conn, node.ids, node.now(), job)


def _sever_some(conn: Connection, node: Node, job: SeverForMember) -> bool:
    """Whether something may be left; when nothing is, the member is told what was lost."""
    account = accounts.list_by_ids(conn, (job.account_id,)).get(job.account_id)
    if account is None:
        return False
    cause = SeveranceCause(number=job.cause, type=SeveranceType.USER_DOMAIN_BLOCK, target_name=job.domain)
    if domain_blocks.is_blocked(conn, account.id, job.domain):
        tied = domain_blocks.list_tied(conn, account.id, job.domain, severing.ENDED_TOGETHER)
        for other in accounts.list_by_ids(conn, tied).values():
            severing.part(conn, node, cause, account, other)
        if len(tied) == severing.ENDED_TOGETHER:
            return True
    severing.tell(conn, node, cause, AccountId(0))
    return False


def _domain(node: Node, domain: str) -> str:
    name = canonical_domain(domain)
    if name is None or name in (node.settings.domain, node.settings.web_domain):
        raise Invalid("Validation failed: Domain is not a valid domain name")
    return name
