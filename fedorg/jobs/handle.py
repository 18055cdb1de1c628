"""What came in: activities taken at the door, and the threads they hang in."""

from fedorg.activitypub import discovery, dispatch, forwarding, resolve
from fedorg.activitypub.completing import profiles, threads
from fedorg.domain.jobs import (
    CheckAtOrigin,
    CompleteProfile,
    CompleteThread,
    HandleActivity,
    IdentifyPeer,
    PassOnAnswer,
    ResolveThread,
)
from fedorg.ids import JobId, moment_of
from fedorg.node import Node
from fedorg.services import completion


async def handle(node: Node, job: HandleActivity, job_id: JobId) -> None:
    """Act on an activity, which was taken when its job was made."""
    await dispatch.dispatch(node, job, moment_of(job_id))


async def check_at_origin(node: Node, job: CheckAtOrigin) -> None:
    """Look where a status lives for what another server said of it."""
    await dispatch.check_at_origin(node, job)


async def pass_on_answer(node: Node, job: PassOnAnswer) -> None:
    """Pass on a reply whose thread was not whole when it came."""
    await forwarding.later(node, job)


async def identify_peer(node: Node, job: IdentifyPeer) -> None:
    """Note what software a server runs."""
    await discovery.identify(node, job.domain)


async def resolve_thread(node: Node, job: ResolveThread) -> None:
    """Fetch what a reply answers."""
    await resolve.resolve_thread(node, job)


async def complete_thread(node: Node, job: CompleteThread) -> None:
    """Fetch what is missing of a thread."""
    await threads.complete(node, job)


async def complete_profile(node: Node, job: CompleteProfile) -> None:
    """Fetch what a profile shows, unless somebody looked at it since and had it fetched."""
    if not job.is_claimed and await node.write(completion.claim_profile, node, job.account_id) is None:
        return
    await profiles.complete(node, job)
