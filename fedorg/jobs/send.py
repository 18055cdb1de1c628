"""Activities between two accounts: follows, favourites, blocks and what answers or undoes them."""

from fedorg.activitypub import outgoing
from fedorg.domain.jobs import SendActivity
from fedorg.ids import JobId
from fedorg.node import Node


async def send(node: Node, job: SendActivity, job_id: JobId) -> None:
    """Queue the one delivery."""
    await outgoing.send_activity(node, job, job_id)
