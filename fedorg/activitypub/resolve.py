"""What lives elsewhere, found by handle or address and recorded: ``node.resolver``, and the threads of replies.

To people everything that cannot be had is ``NotFound``, whatever kept it from us; the log names the reason.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from federation import discovery, origin
from federation.errors import FederationError, FetchError, OriginMismatch
from fedorg import log
from fedorg.activitypub import actors, counterparts, fetching, notes, policy
from fedorg.activitypub.fetching import Budget
from fedorg.domain.accounts import Account
from fedorg.domain.jobs import ResolveThread
from fedorg.domain.statuses import RemoteStatus, Status
from fedorg.domain.visibility import FederationMode
from fedorg.errors import FedorgError, Forbidden, Invalid, NotFederated, NotFound, Unavailable
from fedorg.node import Node
from fedorg.services import completion, statuses
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
            raise _not_found(problem) from problem

    async def fresh_account(self, node: Node, name: str) -> Account:
        """See ``Resolver.fresh_account``."""
        found = await self.account(node, name)
        if found.is_local:
            return found
        try:
            return actors.require_not_suspended(await actors.refresh_exactly(node, found.uri, Budget()))
        except (FederationError, Forbidden) as problem:
            raise _not_found(problem) from problem

    async def node_actor(self, node: Node, domain: str) -> Account:
        """See ``Resolver.node_actor``."""
        return await counterparts.find(node, domain)

    async def status(self, node: Node, uri: str) -> Status:
        """See ``Resolver.status``."""
        try:
            return await get_status(node, uri, Budget())
        except (FederationError, Forbidden, Invalid) as problem:
            logger.info("resolve.failed", what="status", reason=str(problem))
            raise NotFound from problem


async def get_status(node: Node, uri: str, budget: Budget) -> Status:
    """The status with an identity (or at a page address), fetched and recorded when it is new."""
    return await _get_status(node, uri, budget, statuses.record_fetched)


async def resolve_thread(node: Node, job: ResolveThread) -> None:
    """Fetch what a status answers, and what that answers, up to something known, the top, or the depth allowed.

    A thread that is found up to where it began is then asked for its other branches as well. Raises what may pass, so
    that the job is tried again.
    """
    status = await node.read(stored_statuses.find, job.status_id)
    if status is None:
        return
    try:
        is_found = await ascend(node, status, Budget(), THREAD_DEPTH_MAX - job.depth)
    except FetchError as problem:
        if fetching.is_temporary(problem):
            raise
        is_found = _give_up(status, problem)
    except Unavailable:
        raise
    except (FederationError, FedorgError) as problem:
        is_found = _give_up(status, problem)
    if job.is_news:
        await statuses.distribute_joined(node, status.id)
    if is_found:
        await completion.enter_thread(node, status.id)


async def ascend(node: Node, status: Status, budget: Budget, depth: int) -> bool:
    """Fetch what is missing above a status, ``depth`` steps at most; whether that led to where the thread began."""
    top, has_joined = await _top(node, status), False
    for _ in range(depth):
        if top.in_reply_to_uri is None or top.in_reply_to_id is not None:
            break
        address = top.in_reply_to_uri
        top = await _get_status(node, address, budget, statuses.record_backfilled)
        if not origin.same_origin(address, top.uri):
            # Whoever is answered could hang all answers below somebody else's status.
            raise OriginMismatch(f"{address} leads to {top.uri}, which belongs to another server.")
        await statuses.join_replies(node, top, address)
        top, has_joined = await _top(node, top), True
    return has_joined and top.in_reply_to_uri is None


async def _top(node: Node, status: Status) -> Status:
    found = await node.read(stored_statuses.find, status.thread_id)
    return status if found is None else found


def _give_up(status: Status, problem: Exception) -> bool:
    logger.info("thread.unresolved", status=status.id, reason=str(problem))
    return False


async def _get_status(
    node: Node, uri: str, budget: Budget, record: Callable[[Node, RemoteStatus], Awaitable[Status | None]]
) -> Status:
    known = await statuses.find_by_uri(node, uri)
    if known is not None:
        return known
    if node.uris.is_ours(uri):
        raise NotFound
    note = await fetching.fetch_note(node, uri, budget)
    status = await record(node, await notes.to_remote_status(node, note, budget))
    if status is None:
        raise NotFound
    return status


async def _account(node: Node, name: str) -> Account:
    if name.startswith(("https://", "http://")):
        return await _account_at(node, name)
    # Before it is looked at as somebody else's, whose domain may have no port.
    username = node.uris.username_in(name)
    if username is not None:
        return _require(await node.read(accounts.find_by_acct, username, None))
    handle = discovery.parse_handle(name, node.client.policy)
    if handle.domain in (node.settings.domain, node.settings.web_domain):
        return _require(await node.read(accounts.find_by_acct, handle.username, None))
    known = await node.glance(accounts.find_by_acct, handle.username, handle.domain)
    if known is not None:
        return await actors.get(node, known.uri, Budget())
    if policy.mode_of(node) is FederationMode.CLOSED:
        raise policy.NotAdmitted(handle.domain)
    found = await discovery.find_actor(policy.asking_client(node), handle)
    return await actors.get(node, found.actor_url, Budget(heard=(handle, found)))


async def _account_at(node: Node, address: str) -> Account:
    username = node.uris.username_of_page(address)
    if username is not None:
        return _require(await node.read(accounts.find_by_acct, username, None))
    known = await node.glance(accounts.find_by_uri, address)
    if known is not None or node.uris.is_ours(address):
        return await actors.get(node, address, Budget())
    budget = Budget()
    actor = await fetching.fetch_actor(node, address, budget)
    return actors.require_not_suspended(await actors.record(node, actor, budget))


def _not_found(problem: Exception) -> NotFound:
    logger.info("resolve.failed", what="account", reason=str(problem))
    return NotFederated(str(problem)) if isinstance(problem, policy.NotAdmitted) else NotFound()


def _require(account: Account | None) -> Account:
    if account is None:
        raise NotFound
    return account
