"""Accounts that leave: those who know a local one are told first, then it is removed part by part."""

from msgspec.structs import replace

from fedorg.activitypub import life
from fedorg.domain.jobs import RemoveAccount
from fedorg.node import Node
from fedorg.services import departures


async def remove_account(node: Node, job: RemoveAccount) -> RemoveAccount | None:
    """The farewell, or some steps of the removal; what is left of the job."""
    if not job.is_announced:
        await life.announce_departure(node, job)
        return replace(job, is_announced=True)
    return job if await departures.remove_some(node, job) else None
