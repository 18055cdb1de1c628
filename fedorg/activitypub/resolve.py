"""What lives elsewhere, found by handle or address and recorded: ``node.resolver``, and the threads of replies.

To people everything that cannot be had is ``NotFound``, whatever kept it from us; the log names the reason.
"""

from typing import Final

from federation import discovery
from federation.errors import FederationError, FetchError
from fedorg import log
from fedorg.activitypub import actors, fetching, notes, policy
from fedorg.activitypub.fetching import Budget
from fedorg.domain.accounts import Account
from fedorg.domain.jobs import ResolveThread
from fedorg.domain.statuses import Status
from fedorg.domain.visibility import FederationMode
from fedorg.errors import FedorgError, Forbidden, Invalid, NotFound, Unavailable
from fedorg.node import Node
from fedorg.services import statuses
from fedorg.store import accounts
from fedorg.store import statuses as stored_statuses

THREAD_DEPTH_MAX: Final = 20

logger = log.get_logger()


class NodeResolver:
    """See ``fedorg.node.Resolver``."""

    async def account(self, node: Node, name: str) -> Account:
        """See ``Resolver.account``."""
        try:
            return await _account(node, name.strip())
        except (FederationError, Forbidden) as problem:
            logger.info("resolve.failed", what="account", reason=str(problem))
            raise NotFound from problem

    async def status(self, node: Node, uri: str) -> Status:
        """See ``Resolver.status``."""
        try:
            return await get_status(node, uri, Budget())
        except (FederationError, Forbidden, Invalid) as problem:
            logger.info("resolve.failed", what="status", reason=str(problem))
            raise NotFound from problem


async def get_status(node: Node, uri: str, budget: Budget) -> Status:
    """The status with an identity (or at a page address), fetched and recorded when it is new."""
    known = await statuses.find_by_uri(node, uri)
    if known is not None:
        return known
    if node.uris.is_ours(uri):
        raise NotFound
    note = await fetching.fetch_note(node, uri, budget)
    status = await statuses.record_fetched(node, await notes.to_remote_status(node, note, budget))
    if status is None:
        raise NotFound
    return status


async def resolve_thread(node: Node, job: ResolveThread) -> None:
    """Fetch what a status answers, and what that answers, up to something known, the top, or the depth allowed.

    Raises only what may pass: who names what cannot be had makes this server ask once.
    """
    try:
        await _climb(node, job)
    except FetchError as problem:
        if fetching.is_temporary(problem):
            raise
        logger.info("resolve.failed", what="thread", reason=str(problem))
    except Unavailable:
        raise
    except (FederationError, FedorgError) as problem:
        logger.info("resolve.failed", what="thread", reason=str(problem))


async def _climb(node: Node, job: ResolveThread) -> None:
    budget = Budget()
    status = await node.read(stored_statuses.get, job.status_id)
    for _ in range(job.depth, THREAD_DEPTH_MAX):
        if status.in_reply_to_uri is None or status.in_reply_to_id is not None:
            return
        status = await get_status(node, status.in_reply_to_uri, budget)
        await statuses.join_replies(node, status)


async def _account(node: Node, name: str) -> Account:
    if name.startswith(("https://", "http://")):
        return await _account_at(node, name)
    handle = discovery.parse_handle(name, node.client.policy)
    if handle.domain in (node.settings.domain, node.settings.web_domain):
        return _require(await node.read(accounts.find_by_acct, handle.username, None))
    known = await node.read(accounts.find_by_acct, handle.username, handle.domain)
    if known is not None:
        return await actors.get(node, known.uri, Budget())
    if policy.mode_of(node) is FederationMode.CLOSED:
        raise NotFound
    found = await discovery.find_actor(policy.asking_client(node), handle)
    return await actors.get(node, found.actor_url, Budget())


async def _account_at(node: Node, address: str) -> Account:
    known = await node.read(accounts.find_by_uri, address)
    if known is not None or node.uris.is_ours(address):
        return await actors.get(node, address, Budget())
    budget = Budget()
    return await actors.record(node, await fetching.fetch_actor(node, address, budget), budget)


def _require(account: Account | None) -> Account:
    if account is None:
        raise NotFound
    return account
