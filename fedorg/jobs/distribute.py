"""New, edited and deleted statuses, and changed profiles, brought to everybody they concern, here and elsewhere."""

from msgspec.structs import replace

from fedorg.activitypub import featuring, outgoing
from fedorg.domain.jobs import (
    DistributeDelete,
    DistributeEdit,
    DistributeFeaturedTag,
    DistributePin,
    DistributeProfile,
    DistributeStatus,
    DistributeToTagFollowers,
    RefreshStatus,
)
from fedorg.ids import JobId
from fedorg.node import Node
from fedorg.services import fanout, retelling


async def distribute_status(node: Node, job: DistributeStatus) -> DistributeStatus | None:
    """One chunk of local followers; the job of the next chunk, None when all are served. The first also sends."""
    if job.after is None:
        await outgoing.send_status(node, job)
    after = await fanout.distribute_locally(node, job.status_id, job.after)
    return None if after is None else replace(job, after=after)


async def distribute_to_tag_followers(node: Node, job: DistributeToTagFollowers) -> DistributeToTagFollowers | None:
    """One chunk of those who follow a hashtag of it; the job of the next chunk, None when all are served."""
    after = await fanout.distribute_to_tag_followers(node, job.status_id, job.after)
    return None if after is None else replace(job, after=after)


async def distribute_edit(node: Node, job: DistributeEdit) -> None:
    """Tell people here, then other servers."""
    await retelling.distribute_edit_locally(node, job.status_id, job.edited_at)
    await outgoing.send_edit(node, job)


async def refresh_status(node: Node, job: RefreshStatus) -> None:
    """Tell streams here, then other servers."""
    await retelling.refresh_locally(node, job.status_id)
    await outgoing.send_refresh(node, job)


async def distribute_delete(node: Node, job: DistributeDelete) -> None:
    """Tell other servers; here the status went in one transaction with its event."""
    await outgoing.send_delete(node, job)


async def distribute_profile(node: Node, job: DistributeProfile, job_id: JobId) -> None:
    """Tell the servers of followers."""
    await outgoing.send_profile(node, job, job_id)


async def distribute_pin(node: Node, job: DistributePin, job_id: JobId) -> None:
    """Tell the servers that the status goes to."""
    await featuring.send_pin(node, job, job_id)


async def distribute_featured_tag(node: Node, job: DistributeFeaturedTag, job_id: JobId) -> None:
    """Tell the servers of followers."""
    await featuring.send_featured_tag(node, job, job_id)
