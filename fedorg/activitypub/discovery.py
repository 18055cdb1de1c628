"""How others find our people and what this node says of itself: WebFinger, host-meta, NodeInfo."""

from collections.abc import Mapping
from typing import Final

import fedorg
from federation import discovery, node_actor, nodeinfo
from federation.actors import Actor
from federation.discovery import Handle, Jrd
from federation.errors import FederationError, OriginMismatch
from federation.nodeinfo import NodeInfo
from fedorg import log
from fedorg.activitypub import actors, capabilities, fetching, policy
from fedorg.activitypub.fetching import Budget
from fedorg.domain.accounts import Account
from fedorg.domain.visibility import FederationMode
from fedorg.errors import BadRequest, Forbidden, Gone, NotFound
from fedorg.node import Node
from fedorg.services.instance import get_facts
from fedorg.services.peers import get_peer
from fedorg.store import accounts, peers

_SOFTWARE_MAX: Final = 64

logger = log.get_logger()


async def webfinger(node: Node, resource: str) -> Jrd:
    """The account a handle or an address of this node leads to; ``NotFound`` for everybody else's."""
    if policy.mode_of(node) is FederationMode.CLOSED:
        raise NotFound
    base = resource.rstrip("/")
    if base in (node.uris.base, node.uris.site(node.settings.domain)):
        return node_actor.node_jrd(base, node.uris.node_actor)
    account = await _find(node, resource)
    if account is not None and account.deleted_at is not None:
        raise Gone("This account was deleted")
    if account is None or account.suspended_at is not None:
        raise NotFound
    return discovery.actor_jrd(
        Handle(username=account.username, domain=node.settings.domain),
        actor_url=account.uri,
        profile_url=account.url,
        subscribe_template=None,
    )


def host_meta_template(node: Node) -> str:
    """Where WebFinger questions go, with ``{uri}`` for the resource."""
    return f"{node.uris.base}/.well-known/webfinger?resource={{uri}}"


async def node_info(node: Node) -> NodeInfo:
    """The statement of this node; numbers only where it federates with everybody."""
    facts = await get_facts(node) if policy.mode_of(node) is FederationMode.OPEN else None
    return NodeInfo(
        software_name="fedorg",
        software_version=fedorg.__version__,
        open_registrations=node.settings.registration == "open",
        users_total=None if facts is None else facts.counts.users,
        users_active_month=None if facts is None else facts.counts.active_users,
        users_active_halfyear=None if facts is None else facts.counts.active_half_year,
        local_posts=None if facts is None else facts.counts.statuses,
        node_name=node.settings.name,
        node_description=node.settings.description or None,
    )


async def identify(node: Node, domain: str) -> None:
    """Ask a server what it runs and keep the answer; one that does not say is asked again next week."""
    try:
        info = await nodeinfo.fetch_nodeinfo(policy.asking_client(node), domain)
    except (FederationError, policy.NotAdmitted) as problem:
        logger.info("peer.unidentified", peer=domain, reason=str(problem))
        return
    name, version = (part[:_SOFTWARE_MAX] for part in (info.software_name, info.software_version))
    await node.write(peers.set_software, domain, name, version)


def node_info_links(node: Node) -> Mapping[str, object]:
    """Where the statements of this node are, and which actor speaks for it."""
    is_closed = policy.mode_of(node) is FederationMode.CLOSED
    others = () if is_closed else (node_actor.application_link(node.uris.node_actor),)
    return nodeinfo.render_links(node.uris.base, *others)


async def refresh_peer(node: Node, domain: str) -> None:
    """Ask a known server anew what it runs, which actor speaks for it, and what it can do.

    Raises ``NotFound`` for one this node has never met, ``NotAdmitted`` for one it does not speak with. What the server
    does not say stays as it was.
    """
    name = (await get_peer(node, domain)).peer.domain
    await policy.require_may_ask(node, name)
    await identify(node, name)
    actor = await _find_node_actor(node, name)
    if actor is not None:
        await capabilities.note(node, actor)


async def meet(node: Node, domain: str) -> None:
    """Make the acquaintance of the actor that speaks for a server: then it is known where to deliver."""
    actor = await _find_node_actor(node, domain)
    if actor is not None:
        await actors.record(node, actor, Budget())


async def meet_once(node: Node, domain: str) -> None:
    """The same, unless it was made before."""
    peer = await node.read(peers.find, domain)
    if peer is None or peer.node_actor is None:
        await meet(node, domain)


async def _find_node_actor(node: Node, name: str) -> Actor | None:
    try:
        uri = await node_actor.find_node_actor(policy.asking_client(node), name)
        actor = await fetching.fetch_actor(node, uri, Budget())
        if actor.id != uri:
            raise OriginMismatch(f"{uri} calls itself {actor.id}.")
    except (FederationError, Forbidden) as problem:
        logger.info("peer.without_actor", peer=name, reason=str(problem))
        return None
    await node.write(peers.set_node_actor, name, uri)
    return actor


async def _find(node: Node, resource: str) -> Account | None:
    if node.uris.is_ours(resource):
        username = node.uris.username_of_page(resource)
        if username is not None:
            return await node.read(accounts.find_by_acct, username, None)
        return await node.read(accounts.find_by_uri, resource)
    # Before it is looked at as somebody else's, whose domain may have no port.
    name = node.uris.username_in(resource)
    if name is not None:
        return await node.read(accounts.find_by_acct, name, None)
    try:
        named = discovery.parse_resource(resource, node.client.policy)
    except FederationError as problem:
        raise BadRequest("resource must be acct:name@domain or the address of an account") from problem
    if isinstance(named, str) or named.domain not in (node.settings.domain, node.settings.web_domain):
        return None
    return await node.read(accounts.find_by_acct, named.username, None)
