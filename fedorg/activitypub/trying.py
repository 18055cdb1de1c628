"""Does the way to another node work? Each step of what a delivery and a fetch need, tried one by one, for people."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from federation import node_actor, nodeinfo, parse
from federation.client import Document
from federation.errors import FederationError
from federation.objects import Relationship
from fedorg.activitypub import agreements, counterparts, keyring, policy
from fedorg.domain.partnerships import TheirSide
from fedorg.errors import FedorgError, Invalid
from fedorg.node import Node
from fedorg.store import partnerships
from fedorg.text.hosts import canonical_domain

CLOCKS_APART_MAX: Final = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """One step: what was tried, whether it works, and what was found or is wrong."""

    step: str
    works: bool
    told: str


async def try_peer(node: Node, domain: str) -> list[Trial]:
    """Software, the actor that speaks for the server, a signed fetch, the clock, and what the other side grants.

    Raises ``Invalid`` for what is no domain, ``NotAdmitted`` for a server that is blocked.
    """
    name = canonical_domain(domain)
    if name is None:
        raise Invalid(f"{domain!r} is not a domain; give a host name such as sales.org.example")
    await policy.require_not_blocked(node, (name,))
    client = counterparts.client(node)
    found: list[str] = []

    async def software() -> str:
        info = await nodeinfo.fetch_nodeinfo(client, name)
        return f"{info.software_name} {info.software_version}"

    async def actor() -> str:
        found.append(await node_actor.find_node_actor(client, name))
        return found[0]

    async def signed() -> str:
        document = await client.fetch_document(found[0], signer=await keyring.node_key(node))
        return f"answered, signature {document.scheme.value if document.scheme else 'not asked for'}"

    async def clock() -> str:
        document = await client.fetch_json(f"{client_base(found[0])}/.well-known/nodeinfo", ("application/json",))
        return _apart(node, document)

    async def granted() -> str:
        return await _granted(node, name)

    trials = [await _tried("NodeInfo", software), await _tried("Node actor", actor)]
    if found:
        trials += [await _tried("Signed fetch", signed), await _tried("Clock", clock)]
    trials.append(await _tried("What they grant us", granted))
    return trials


def client_base(uri: str) -> str:
    """Scheme and host of an address."""
    scheme, _, rest = uri.partition("://")
    return f"{scheme}://{rest.split('/', 1)[0]}"


async def look(node: Node, domain: str) -> tuple[list[Trial], TheirSide | None]:
    """All of that, and what the other side shows this node; None where it shows nothing."""
    try:
        theirs = await their_side(node, domain)
    except (FederationError, FedorgError):
        theirs = None
    return await try_peer(node, domain), theirs


async def _tried(step: str, attempt: Callable[[], Awaitable[str]]) -> Trial:
    try:
        return Trial(step=step, works=True, told=await attempt())
    except (FederationError, FedorgError) as problem:
        return Trial(step=step, works=False, told=str(problem))


def _apart(node: Node, document: Document) -> str:
    if document.answered_at is None:
        return "it does not tell the time"
    apart = abs(node.now() - document.answered_at)
    if apart > CLOCKS_APART_MAX:
        raise Invalid(f"the two clocks are {apart.total_seconds():.0f} seconds apart: signatures will be refused")
    return f"{apart.total_seconds():.0f} seconds apart"


async def their_side(node: Node, domain: str) -> TheirSide | None:
    """The other side of a partnership, as the other node shows it to this one now; None: there is none.

    Raises ``FederationError`` or ``FedorgError`` when it cannot be had.
    """
    partnership = await node.read(partnerships.find_live, canonical_domain(domain) or domain)
    if partnership is None or partnership.their_uri is None:
        return None
    client = counterparts.client(node)
    document = await client.fetch_document(partnership.their_uri, signer=await keyring.node_key(node))
    value = parse.resource(document.json) if isinstance(document.json, dict) else None
    if not isinstance(value, Relationship) or value.terms is None or value.subject != partnership.their_actor:
        raise Invalid(f"{partnership.their_uri} shows no partnership")
    return agreements.their_side(value)


async def _granted(node: Node, name: str) -> str:
    theirs = await their_side(node, name)
    if theirs is None:
        return "there is no partnership"
    limits = theirs.grant.ceilings
    parts = {"direct messages": limits.direct_messages, "directory": limits.directory, "files": limits.media}
    stand = "suspended" if theirs.is_suspended else "approved" if theirs.is_approved else "not approved"
    allowed = ", ".join(name for name, is_granted in parts.items() if is_granted) or "nothing beside"
    return f"{stand}; statuses up to reach {limits.largest_reach}; {allowed}"
