"""Accounts that move: other servers are told, and what people here hold about them is carried over."""

from typing import assert_never

from fedorg.activitypub import life
from fedorg.domain.jobs import AnnounceMove, CarryOver
from fedorg.ids import JobId
from fedorg.node import Node
from fedorg.services import carrying


async def run(node: Node, job: AnnounceMove | CarryOver, job_id: JobId) -> CarryOver | None:
    """Run a job; what is left of it, None when it is done."""
    match job:
        case AnnounceMove():
            await life.announce_move(node, job, job_id)
            return None
        case CarryOver():
            return await carrying.carry_over(node, job)
        case _:
            assert_never(job)
