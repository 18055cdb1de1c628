"""How others find our people and what this node says of itself: WebFinger, host-meta, NodeInfo."""

from typing import Final

import fedorg
from federation import discovery, nodeinfo
from federation.discovery import Handle, Jrd
from federation.errors import FederationError
from federation.nodeinfo import NodeInfo
from fedorg import log
from fedorg.activitypub import policy
from fedorg.domain.accounts import Account
from fedorg.domain.visibility import FederationMode
from fedorg.errors import BadRequest, Gone, NotFound
from fedorg.node import Node
from fedorg.services.instance import get_facts
from fedorg.store import accounts, peers

_SOFTWARE_MAX: Final = 64

logger = log.get_logger()


async def webfinger(node: Node, resource: str) -> Jrd:
    """The account a handle or an address of this node leads to; ``NotFound`` for everybody else's."""
    if policy.mode_of(node) is FederationMode.CLOSED:
        raise NotFound
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


async def _find(node: Node, resource: str) -> Account | None:
    if node.uris.is_ours(resource):
        by_uri = await node.read(accounts.find_by_uri, resource)
        username = resource.removeprefix(f"{node.uris.base}/@")
        by_page = await node.read(accounts.find_by_acct, username, None) if username != resource else None
        return by_uri or by_page
    try:
        named = discovery.parse_resource(resource, node.client.policy)
    except FederationError as problem:
        raise BadRequest("resource must be acct:name@domain or the address of an account") from problem
    if isinstance(named, str) or named.domain not in (node.settings.domain, node.settings.web_domain):
        return None
    return await node.read(accounts.find_by_acct, named.username, None)
