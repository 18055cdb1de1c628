"""Polls: news of votes for streams and for other servers, votes in polls of peers, and the end."""

from typing import assert_never

from msgspec.structs import replace

from fedorg.activitypub import outgoing
from fedorg.activitypub import polls as polls_of_peers
from fedorg.domain.jobs import EndPoll, PollJob, RefreshPoll, SendPoll, SendVote, StreamPoll
from fedorg.ids import JobId
from fedorg.node import Node
from fedorg.services import polls


async def run(node: Node, job: PollJob, job_id: JobId) -> PollJob | None:
    """Run a job; what is left of it, None when it is done."""
    match job:
        case StreamPoll():
            await polls.stream(node, job.poll_id)
        case SendPoll():
            await outgoing.send_poll(node, job.poll_id, job_id)
        case SendVote():
            await outgoing.send_vote(node, job.vote_id)
        case RefreshPoll():
            await polls_of_peers.refresh(node, job)
        case EndPoll():
            return await _end(node, job, job_id)
        case _:
            assert_never(job)
    return None


async def _end(node: Node, job: EndPoll, job_id: JobId) -> EndPoll | None:
    """One chunk of voters; the first also tells other servers."""
    after = await polls.end(node, job.poll_id, job.after)
    if job.after is None:
        await outgoing.send_poll(node, job.poll_id, job_id)
    return None if after is None else replace(job, after=after)
