"""Polls of peers, asked for when what is known of them is old."""

from typing import Final

from federation.errors import FederationError
from fedorg import log
from fedorg.activitypub import fetching, notes
from fedorg.activitypub.fetching import Budget
from fedorg.domain.accounts import Account
from fedorg.domain.jobs import RefreshPoll
from fedorg.domain.statuses import Status
from fedorg.errors import FedorgError
from fedorg.node import Node
from fedorg.services import polls, statuses

FETCHES_MAX: Final = 5

logger = log.get_logger()


async def refresh(node: Node, job: RefreshPoll) -> None:
    """Ask a peer how its poll stands, and end the poll here if it is over, with the answer or without.

    A server that does not answer is not asked again by this job: voters hear of the end in time, and the numbers come
    with its own ``Update``, or when somebody looks at the poll again.
    """
    found = await polls.find_remote(node, job.poll_id)
    if found is None:
        return
    poll, status, author = found
    if not poll.is_final:
        try:
            await _fetch(node, status, author)
        except (FederationError, FedorgError) as problem:
            logger.info("poll.not_refreshed", peer=job.domain, reason=str(problem))
    await polls.end_if_over(node, job.poll_id)


async def _fetch(node: Node, status: Status, author: Account) -> None:
    budget = Budget(FETCHES_MAX)
    note = await fetching.fetch_note(node, status.uri, budget)
    if note.id == status.uri and note.attributed_to == author.uri:
        await statuses.receive_edit(node, await notes.to_remote_status(node, note, budget))
