"""Accounts that leave, and statuses that much refers to: who knows a local one is told, then it goes part by part."""

from msgspec.structs import replace

from fedorg.activitypub import life, outgoing
from fedorg.domain.jobs import RemoveAccount, RemoveStatus
from fedorg.node import Node
from fedorg.services import departures
from fedorg.services.statuses import deleting


async def remove_account(node: Node, job: RemoveAccount) -> RemoveAccount | None:
    """The farewell, or some steps of the removal; what is left of the job."""
    if not job.is_announced:
        await life.announce_departure(node, job)
        return replace(job, is_announced=True)
    return job if await departures.remove_some(node, job) else None


async def remove_status(node: Node, job: RemoveStatus) -> RemoveStatus | None:
    """The end of it told, or some steps of the removal; what is left of the job."""
    if not job.is_told:
        await outgoing.send_delete(node, await deleting.find_told(node, job))
        return replace(job, is_told=True)
    return job if await deleting.remove_some(node, job) else None
